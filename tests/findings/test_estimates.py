"""Estimates answer for themselves: nobody asks what kind one is, and every kind keeps the same laws."""

import ast
import inspect
import math
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from support.contrasts import level, paired
from support.value_rows import once

import fairtransfer
import fairtransfer.findings.estimates as room
from fairtransfer.findings.estimates.averages import MacroAverage
from fairtransfer.findings.estimates.base import Estimate, Observed
from fairtransfer.findings.estimates.contrasts import RateRatioContrast
from fairtransfer.findings.estimates.f1 import F1Score
from fairtransfer.findings.estimates.means import BoundedMean, DrawnMean, DrawnRoot, SkewedMean
from fairtransfer.findings.estimates.moving import MovingRateChange
from fairtransfer.findings.estimates.rankings import BinnedError, Ranking, RankingChange, Slope
from fairtransfer.findings.sums import PerSeed
from fairtransfer.stats.planning import POWER
from fairtransfer.stats.power import NO_SEED_SPREAD, Claim

pytestmark = pytest.mark.fast

PACKAGE = Path(fairtransfer.__file__).parent


def kinds() -> set[type[Estimate]]:
    for module in pkgutil.iter_modules(room.__path__):
        import_module(f"{room.__name__}.{module.name}")
    found, open_ = set(), [Estimate]
    while open_:
        open_ += (fresh := [kind for kind in open_.pop().__subclasses__() if kind not in found])
        found |= set(fresh)
    return {kind for kind in found if kind.__module__.startswith("fairtransfer.")}


def asked_of(source: str, names: set[str]) -> Iterator[str]:
    """Yield where a text asks whether something is one of these classes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "issubclass"):
            asked = {getattr(part, "id", getattr(part, "attr", "")) for part in ast.walk(node.args[1])}
        elif isinstance(node, ast.MatchClass):
            asked = {getattr(node.cls, "id", getattr(node.cls, "attr", ""))}
        else:
            continue
        yield from (f"{node.lineno}: {name}" for name in sorted(asked & names))


def test_nobody_asks_what_kind_an_estimate_is() -> None:
    names = {kind.__name__ for kind in kinds()} | {"Estimate"}
    found = [
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if "stats" not in path.parts
        for line in asked_of(path.read_text(encoding="utf-8"), names)
    ]
    assert not found, "let the estimate answer itself"


@pytest.mark.parametrize(
    "line", ["isinstance(x, Rate)", "isinstance(x, int | rates.Rate)", "issubclass(x, (Rate, int))"]
)
def test_the_search_would_find_one(line: str) -> None:
    assert list(asked_of(f"if {line}:\n    pass", {"Rate"})) == ["1: Rate"]
    assert list(asked_of("match x:\n    case Rate():\n        pass", {"Rate"})) == ["2: Rate"]
    assert not list(asked_of("Rate(x)", {"Rate"}))


SQUARES = [((i * 7) % 60 / 60) ** 2 for i in range(60)]


def ranks(**more: float) -> dict[str, object]:
    sizes = {"n": 100, "positives": 40, "units": 100, "units_positive": 40, "units_negative": 60}
    return {"seed": None, **sizes, "value": 0.8, "variance": 0.002, **more}


def ranked(row: dict[str, object]) -> PerSeed:
    return PerSeed((row,), row)


def moving() -> MovingRateChange:
    """Of 100 people, who was put into a class before (m) and after, and rightly so (x); both models for each."""
    m = {"_before": np.arange(100) < 60, "": (np.arange(100) >= 10) & (np.arange(100) < 68)}
    x = {end: m[end] & (np.arange(100) % 3 > 0) for end in m}
    row: dict[str, object] = {"units": 100}
    for end in m:
        parts = {"m": m[end], "x": x[end], "mm": m[end], "xm": x[end], "xx": x[end]}
        row |= {f"{name}{end}": float(part.sum()) for name, part in parts.items()}
    crossed = {"xx": (x, x), "xm": (x, m), "mx": (m, x), "mm": (m, m)}
    row |= {f"{name}_both": float((one[""] & two["_before"]).sum()) for name, (one, two) in crossed.items()}
    old, new = (level(int(x[end].sum()), int(m[end].sum())) for end in ("_before", ""))
    return MovingRateChange(old, new, row)


CHANGED = ranks(value=0.1, auc_before=0.7, auc_after=0.8, variance_before=0.002, covariance=0.001)
EXAMPLES: list[Estimate] = [
    level(12, 80),
    paired(9, 4, 80),
    moving(),
    F1Score((level(30, 50),), (), np.eye(1), 80, 40),
    F1Score((level(30, 50), level(60, 90)), (level(28, 52), level(61, 90)), np.eye(4), 80, 40),
    level(12, 80).less(level(60, 600)),
    paired(9, 4, 80).less(paired(30, 40, 600)),
    MacroAverage((level(12, 80), level(30, 90)), independent=True),
    RateRatioContrast(level(30, 80), level(300, 600), 0.8),
    BoundedMean(once(SQUARES), procedure=False, bounds=(0.0, 1.0)),
    BoundedMean(once(SQUARES), False, (0.0, 1.0)).less(BoundedMean(once(SQUARES[:40]), False, (0.0, 1.0))),
    SkewedMean(once(SQUARES), procedure=False, bounds=(0.0, math.inf)),
    DrawnMean(once(SQUARES), procedure=False, bounds=(0.0, math.inf)),
    DrawnRoot(once(SQUARES), procedure=False, bounds=(0.0, math.inf)),
    DrawnMean(once(SQUARES), False, (0.0, math.inf)).less(DrawnMean(once(SQUARES[:40]), False, (0.0, math.inf))),
    Ranking(ranked(ranks()), procedure=False, bounds=(0.0, 1.0)),
    RankingChange(ranked(CHANGED), procedure=False, bounds=(-1.0, 1.0)),
    Slope(ranked(ranks(value=1.1)), procedure=False, bounds=(-math.inf, math.inf)),
    BinnedError(ranked(ranks(value=0.01)), procedure=False, bounds=(-1.0, 1.0)),
]


def test_every_kind_has_an_example() -> None:
    concrete = {kind for kind in kinds() if not inspect.isabstract(kind) and "examples" in dir(kind)}
    used = {type(example) for example in EXAMPLES}
    assert {k for k in concrete if not any(k in other.__mro__ for other in used)} == set()


@pytest.mark.parametrize("found", EXAMPLES, ids=lambda found: type(found).__name__)
def test_limits_hold_the_value_and_widen_with_the_level(found: Estimate) -> None:
    last = (found.estimate, found.estimate)
    for one_sided in (0.8, 0.95, 0.975, 0.999):
        low, high = found.limits(one_sided)
        assert low <= last[0] <= found.estimate <= last[1] <= high
        assert found.range[0] <= low <= high <= found.range[1]
        last = (low, high)


@pytest.mark.parametrize("found", EXAMPLES, ids=lambda found: type(found).__name__)
def test_what_an_estimate_rests_on_is_told(found: Estimate) -> None:
    assert found.parts, "an estimate without parts would be judged as one of no cases"
    assert all(isinstance(part, Observed) for part in found.parts)
    assert found.smallest == min(part.n for part in found.parts) > 0
    assert found.own.smallest >= found.smallest
    assert 0 < found.effective_share(0.95) <= 1
    assert found.method
    assert found.fewest_units is None, "no example shares units"


@pytest.mark.parametrize("found", EXAMPLES, ids=lambda found: type(found).__name__)
def test_what_is_detectable_and_what_it_takes_are_told(found: Estimate) -> None:
    assert found.detectable() > 0
    sign = -1 if isinstance(found, RateRatioContrast) else 1  # less of a ratio is the harm
    few, more = (
        found.cases_needed(sign, sign * found.estimate + distance, Claim("pass", 0.05, POWER), NO_SEED_SPREAD, 10**6)
        for distance in (0.2, 0.05)
    )
    assert few is not None
    assert more is not None
    assert 0 < few < more
