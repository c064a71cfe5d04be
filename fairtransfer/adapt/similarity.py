"""Classes as sentences: a text is compared with one sentence per class, by similarity or by entailment."""

from __future__ import annotations

import torch
from torch import Tensor

from fairtransfer.adapt.strategy import Adapted, Setting
from fairtransfer.data.inputs import Texts
from fairtransfer.models.backbone import Prepared
from fairtransfer.models.text import TextBackbone, classifier_logits
from fairtransfer.models.tokens import PreparedTexts

SIMILARITY_SCALE = 20.0
"""Cosine similarities are multiplied by this before the softmax: the scale sentence encoders are trained with."""


def by_similarity(setting: Setting, backbone: TextBackbone, sentences: list[str]) -> Adapted:
    """Return a sentence encoder asked for the cosine similarity of a text with each class's sentence."""
    anchors = torch.nn.functional.normalize(setting.frozen.of(backbone.prepare(Texts(tuple(sentences)))), dim=1)

    def logits(prepared: Prepared) -> Tensor:
        return SIMILARITY_SCALE * torch.nn.functional.normalize(setting.frozen.of(prepared), dim=1) @ anchors.T

    return Adapted(
        logits,
        {
            "method": "cosine similarity with one sentence per class",
            "sentences": sentences,
            "trainable_parameters": 0,
            "trials": 0,
        },
    )


def by_entailment(setting: Setting, backbone: TextBackbone, sentences: list[str], labels: list[str]) -> Adapted:
    """Return a checkpoint with an `entailment` label asked how much a text entails each sentence (Yin et al. 2019)."""
    model = backbone.classifier()
    column = labels.index("entailment")

    def logits(prepared: Prepared) -> Tensor:
        assert isinstance(prepared, PreparedTexts), "a text backbone prepares texts"
        pairs = [backbone.prepare_pairs(prepared.texts, sentence) for sentence in sentences]
        scores = [classifier_logits(model, pair, setting.runner)[:, column] for pair in pairs]
        return torch.stack(scores, dim=1)

    return Adapted(
        logits,
        {
            "method": "entailment of one sentence per class",
            "sentences": sentences,
            "trainable_parameters": 0,
            "trials": 0,
        },
    )
