"""The ways to ask the model as published, and the options each of them takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from fairtransfer.spec.strict import Strict
from fairtransfer.spec.transfer_options import ProbeOptions


class ZeroShotOptions(Strict):
    """Compare each input with one sentence per class: by entailment (Yin et al. 2019), or by similarity."""

    prompt: Annotated[
        str, Field(min_length=1, max_length=500, description="a sentence with {label} where the class goes")
    ]
    words: dict[str, str] = Field({}, description="the words that stand for a class in the prompt; default: its name")


class NativeHeadOptions(Strict):
    """Use the head the checkpoint was published with, and map its labels to the benchmark's classes."""

    labels: dict[str, str] = Field({}, description="checkpoint label -> class; default: equal names")


class BeforeProbeOptions(ProbeOptions):
    """A frozen probe stands for the model as published; it needs labels, so it exists for every seed."""


BEFORE_OPTIONS: dict[str, type[Strict]] = {
    "zero_shot": ZeroShotOptions,
    "native_head": NativeHeadOptions,
    "probe": BeforeProbeOptions,
}


@dataclass(frozen=True, slots=True)
class BeforeSpec:
    """How the model as published is asked for its answers."""

    kind: str
    options: Strict
