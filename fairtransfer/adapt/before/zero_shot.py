"""Before adaptation, without labels: each text is compared with one sentence per class."""

from __future__ import annotations

import torch
from torch import Tensor

from fairtransfer.adapt.strategy import Adapted, Setting
from fairtransfer.data.inputs import Texts
from fairtransfer.errors import DefinitionError, Problem
from fairtransfer.models.backbone import Prepared
from fairtransfer.models.text import PreparedTexts, TextBackbone, classifier_logits
from fairtransfer.spec.before import ZeroShotOptions

SIMILARITY_SCALE = 20.0
"""Cosine similarities are multiplied by this before the softmax: the scale sentence encoders are trained with."""


def zero_shot(setting: Setting, options: ZeroShotOptions) -> Adapted:
    """Return the model as published, asked by similarity or, for an entailment checkpoint, by entailment.

    A sentence encoder's score of a class is the cosine similarity of the text with the class's sentence. A checkpoint
    with an `entailment` label scores how much the text entails the sentence (Yin et al. 2019).
    """
    backbone = setting.backbone
    if not isinstance(backbone, TextBackbone):
        raise DefinitionError(
            [
                Problem(
                    "FT-M018",
                    "`zero_shot` compares texts; this is an image model",
                    "before: native_head | probe",
                    path="before",
                )
            ]
        )
    if setting.task.multilabel:
        found = "`zero_shot` has no threshold for several labels at once"
        raise DefinitionError([Problem("FT-M019", found, "before: native_head | probe", path="before")])
    sentences = prompts(options, setting.task.classes)
    labels = [str(v).lower() for v in (backbone.checkpoint.config.get("id2label") or {}).values()]
    if "entailment" in labels:
        return _by_entailment(setting, backbone, sentences, labels)
    return _by_similarity(setting, backbone, sentences)


def prompts(options: ZeroShotOptions, classes: tuple[str, ...]) -> list[str]:
    """Return one sentence per class; a class without words of its own is named by itself, underscores as spaces."""
    words = [options.words.get(name, name.replace("_", " ").replace("-", " ")) for name in classes]
    return [options.prompt.replace("{label}", word) for word in words]


def _by_similarity(setting: Setting, backbone: TextBackbone, sentences: list[str]) -> Adapted:
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


def _by_entailment(setting: Setting, backbone: TextBackbone, sentences: list[str], labels: list[str]) -> Adapted:
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
