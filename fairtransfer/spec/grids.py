"""Learning rates and weight decays a training may be given: one number, or a stated grid of few to choose among on validation."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, Tag

from fairtransfer.spec.strict import refuse

MOST_SETTINGS = 12
"""A choice of ours: about what a head tries in penalties, of which there are 13."""

GRIDDED = ("lr", "weight_decay")
"""The options that may be lists, in the order in which settings are listed: the last one changes first."""

LearningRate = Annotated[float, Field(gt=0, le=10)]
WeightDecay = Annotated[float, Field(ge=0, le=10)]

OneOrSeveral = float | tuple[float, ...]


def _kind(value: Any) -> str:
    return "<list>" if isinstance(value, tuple | list) else "<number>"


def _each_once(values: tuple[float, ...]) -> OneOrSeveral:
    """Refuse numbers listed twice; a list of one number is this number, so that both are the same job."""
    twice = next((value for i, value in enumerate(values) if value in values[:i]), None)
    if twice is not None:
        raise refuse("FT-Y101", f"{twice:g} is listed twice", "", "list each number once")
    return values if len(values) > 1 else values[0]


_ListedRates = Annotated[tuple[LearningRate, ...], Field(min_length=1), AfterValidator(_each_once)]
_ListedDecays = Annotated[tuple[WeightDecay, ...], Field(min_length=1), AfterValidator(_each_once)]
LearningRates = Annotated[
    Annotated[LearningRate, Tag("<number>")] | Annotated[_ListedRates, Tag("<list>")], Discriminator(_kind)
]
WeightDecays = Annotated[
    Annotated[WeightDecay, Tag("<number>")] | Annotated[_ListedDecays, Tag("<list>")], Discriminator(_kind)
]


def one(value: OneOrSeveral) -> float:
    """Return the number of one setting: a grid is taken apart before anything is trained with it."""
    assert not isinstance(value, tuple), "a training has one setting"
    return value


def listed(value: OneOrSeveral | list[float]) -> tuple[float, ...]:
    """Return the numbers an option holds."""
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def grid_of(options: Mapping[str, Any]) -> list[dict[str, float]]:
    """Return every setting of a training's options, as they stand in definitions or evidence; empty where there is one."""
    asked = [name for name in GRIDDED if isinstance(options.get(name), tuple | list)]
    if not asked:
        return []
    numbers = (listed(options[name]) for name in GRIDDED)
    return [dict(zip(GRIDDED, setting, strict=True)) for setting in product(*numbers)]


def trained_with(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the options of the training inside a strategy's: its own, or those it fine-tunes with."""
    return options.get("training") or options


def settings_in(options: Mapping[str, Any]) -> int:
    """Return how many settings a strategy with these options trains."""
    return max(1, len(grid_of(trained_with(options))))


def few_enough(options: Mapping[str, Any]) -> None:
    """Refuse a grid of more settings than a reader can weigh up, and that validation rows can tell apart.

    Raises
    ------
    PydanticCustomError
        ``FT-Y100``.
    """
    if (found := len(grid_of(options))) > MOST_SETTINGS:
        what = f"`lr` and `weight_decay` make {found} settings"
        raise refuse("FT-Y100", what, f"at most {MOST_SETTINGS}", "list fewer numbers")
