"""A strategy with a grid of settings: each is trained from the same start, and validation chooses among the models.

The rule is the strategy's own, by which it has chosen its checkpoint or penalty. Test rows are not here to be looked at.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from fairtransfer.adapt.selection import Score
from fairtransfer.adapt.strategy import Adapted, Diverged, Setting, Strategy
from fairtransfer.spec.grids import GRIDDED, grid_of
from fairtransfer.spec.transfer_options import Options

CRITERIA = ("validation_worst_error", "validation_error", "validation_loss")
"""What a record tells of a score, in the order in which it decides; the first where the worst group or cell does."""


class AllDiverged(Diverged):
    """No setting of a grid gave a model."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(f"all {len(reasons)} settings did; the first: {reasons[0]}")


@dataclass(frozen=True)
class _Model:
    """A model, and by what it is compared with others."""

    score: Score
    number: int
    adapted: Adapted


def fit_best(strategy: Strategy[Any], setting: Setting, options: Options) -> Adapted:
    """Adapt the model with every setting of the options' grid, one after the other, and return the one validation prefers.

    Seed, rows and order are the same for all. Of two models there are at a time, the best and the one in training, one is
    kept. A setting that diverges has lost. Options without a grid are fitted as they are.

    Raises
    ------
    Diverged
        When no setting gives a model.
    """
    settings = settings_of(options)
    if not settings:
        return strategy.fit(setting, options)
    best: _Model | None = None
    tried: list[dict[str, Any]] = []
    for number, (chosen, asked) in enumerate(settings):
        given = replace(setting, progress=_part(setting.progress, number, len(settings)))
        found = _fitted(strategy, given, asked, number)
        tried.append({**chosen, **_told(found)})
        if isinstance(found, _Model) and (best is None or found.score < best.score):
            best = found
        del found  # the loser must not be there while the next one is trained
    if best is None:
        raise AllDiverged([trial["reason"] for trial in tried])
    return _with_trials(best, tried)


def settings_of(options: Options) -> list[tuple[dict[str, float], Options]]:
    """Return every setting of a grid with the options that have this setting alone; empty where there is no grid."""
    training = options.trained
    if training is None:
        return []
    grid = grid_of({name: getattr(training, name) for name in GRIDDED})
    each = [(setting, training.model_copy(update=setting)) for setting in grid]
    if training is options:
        return list(each)
    return [(setting, options.model_copy(update={"training": one})) for setting, one in each]


def _part(progress: Callable[[float], None], number: int, of: int) -> Callable[[float], None]:
    return lambda share: progress((number + share) / of)


def _fitted(strategy: Strategy[Any], setting: Setting, options: Options, number: int) -> _Model | str:
    """Return the model of one setting, or why there is none."""
    try:
        adapted = strategy.fit(setting, options)
    except (Diverged, FloatingPointError) as error:
        return str(error)
    score = tuple(adapted.record[name] for name in CRITERIA if name in adapted.record)
    return _Model(score, number, adapted) if all(map(math.isfinite, score)) else "the validation loss is not finite"


def _told(found: _Model | str) -> dict[str, Any]:
    """Return what the evidence keeps of one trial."""
    if isinstance(found, str):
        return {"status": "diverged", "reason": found}
    return {"status": "ok", **{name: found.adapted.record[name] for name in CRITERIA if name in found.adapted.record}}


def _with_trials(best: _Model, tried: list[dict[str, Any]]) -> Adapted:
    """Return the chosen model, whose record tells every trial."""
    record = best.adapted.record
    setting = {name: tried[best.number][name] for name in GRIDDED}
    among = f"of {len(tried)} settings by the same numbers, the first listed on ties"
    told = {
        "selection": f"{record['selection']}; {among}",
        "selected": {**record["selected"], **setting},
        "trials": len(tried) * record["trials"],
        "grid": tried,
    }
    return replace(best.adapted, record={**record, **told})
