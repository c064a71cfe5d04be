"""Before adaptation, without labels: each text is compared with one sentence per class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, final

from pydantic import Field, field_validator

from fairtransfer.adapt.before.way import Asked, Before
from fairtransfer.adapt.strategy import Adapted, Setting
from fairtransfer.errors import DefinitionError, Problem
from fairtransfer.models.checkpoint import Checkpoint
from fairtransfer.models.head_labels import labels_by_id
from fairtransfer.models.sentence import sentence_settings
from fairtransfer.spec.strict import Strict, refuse


class ZeroShotOptions(Strict):
    """Compare each input with one sentence per class: by entailment (Yin et al. 2019), or by similarity."""

    prompt: Annotated[
        str, Field(min_length=1, max_length=500, description="a sentence with {label} where the class goes")
    ]
    words: dict[str, str] = Field({}, description="the words that stand for a class in the prompt; default: its name")

    @field_validator("prompt")
    @classmethod
    def _has_a_place_for_the_class(cls, value: str) -> str:
        if "{label}" not in value:
            raise refuse("FT-Y043", "the prompt has no `{label}`", "a sentence with `{label}`", "add it")
        return value


@final
class ZeroShot(Before[ZeroShotOptions]):
    """The model as published, asked by similarity or, for an entailment checkpoint, by entailment."""

    kind = "zero_shot"
    options = ZeroShotOptions
    words = "asked without labels, by comparing each text with one sentence per class"

    def classes_named(self, options: Strict) -> Mapping[str, tuple[str, ...]]:
        """Return the classes that have words of their own."""
        assert isinstance(options, ZeroShotOptions), "its own options"
        return {name: ("words", name) for name in options.words}

    def refused(self, asked: Asked, options: ZeroShotOptions) -> list[Problem]:  # noqa: ARG002  # the interface
        """Return why texts cannot be compared: there are none, or by similarity the published model has a layer of its own."""
        if asked.reads != "text":
            return [_NO_TEXTS]
        if asked.multilabel:
            return [_SEVERAL]
        if asked.checkpoint.trained is not None or _by_entailment(asked.checkpoint):
            return []
        if not sentence_settings(asked.checkpoint).dense:
            return []
        found = "the checkpoint compares texts behind a layer (Dense) that is not used here"
        return [Problem("FT-M048", found, "", "use `before: probe`")]

    def ask(self, setting: Setting, options: ZeroShotOptions) -> Adapted:
        """Return the model, asked.

        A sentence encoder's score of a class is the cosine similarity of the text with the class's sentence. A checkpoint
        with an `entailment` label scores how much the text entails the sentence (Yin et al. 2019).
        """
        from fairtransfer.adapt.similarity import by_entailment, by_similarity
        from fairtransfer.models.text import TextBackbone

        backbone = setting.backbone
        if not isinstance(backbone, TextBackbone):
            raise DefinitionError([_NO_TEXTS])
        if setting.task.multilabel:
            raise DefinitionError([_SEVERAL])
        sentences = prompts(options, setting.task.classes)
        if _by_entailment(backbone.checkpoint):
            return by_entailment(setting, backbone, sentences, _lower_labels(backbone.checkpoint))
        return by_similarity(setting, backbone, sentences)


def _by_entailment(checkpoint: Checkpoint) -> bool:
    return "entailment" in _lower_labels(checkpoint)


def _lower_labels(checkpoint: Checkpoint) -> list[str]:
    return [label.lower() for label in labels_by_id(checkpoint, checkpoint.config.get("id2label") or {})]


_INSTEAD = "before: native_head | probe"
_NO_TEXTS = Problem("FT-M018", "`zero_shot` compares texts; this is an image model", _INSTEAD, path="before")
_SEVERAL = Problem("FT-M019", "`zero_shot` has no threshold for several labels at once", _INSTEAD, path="before")


def prompts(options: ZeroShotOptions, classes: tuple[str, ...]) -> list[str]:
    """Return one sentence per class; a class without words of its own is named by itself, underscores as spaces."""
    words = [options.words.get(name, name.replace("_", " ").replace("-", " ")) for name in classes]
    return [options.prompt.replace("{label}", word) for word in words]
