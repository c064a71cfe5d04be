"""Whole decisions: how many stay open where the answer is plain, by the rules as they were and as they would be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from covering import estimates as es
from covering.margins import SHARED
from covering.promises import ALPHA, Array, Flags, Line, Promise, Table, rng_of
from covering.trainings import Counts, World, sampled
from fairtransfer.stats.intervals import Interval, normal_quantile
from fairtransfer.stats.sequential import spent_at

DESIGNS = ((6, 150, 3), (6, 150, 5), (12, 500, 5), (40, 300, 5))
"""Groups, people in each, seeds."""

SPREAD = 0.035
"""Standard deviation over seeds of what moves all groups, and of what moves each for itself."""

ALIKE = 0.8
"""How much of an answer is settled by how hard the example is, whatever the model."""

FIRST = spent_at(1, ALPHA)
"""What the first of any number of evaluations spends."""


HARM_SEEN = tuple(Promise(budget, most=0.1) for budget in ("single", "first", "of 20"))
"""A group that is clearly harmed stays undecided in at most one run of ten, whatever was planned."""


class Truth(NamedTuple):
    """A gate and a truth that it should tell: error rates after, by the number of groups; before they are 30 %."""

    after: Callable[[int], tuple[float, ...]]
    margin: float
    separate: es.Limits
    lent: es.Limits
    estimate: Callable[[Counts], Array]


def _change(counts: Counts) -> Array:
    return es.change(counts).by_seed.mean(axis=-1)


def _rate(counts: Counts) -> Array:
    return es.rate(counts).by_seed.mean(axis=-1)


def _gap(counts: Counts) -> Array:
    found: Array = _rate(counts) - es.rest(counts).by_seed.mean(axis=-1)
    return found


TRUTHS: dict[str, Truth] = {
    "no_harm 5: all 5 better": Truth(lambda g: (0.25,) * g, 0.05, es.separate_change, es.lent_change, _change),
    "worst_group 40 %: all at 25 %": Truth(lambda g: (0.25,) * g, 0.40, es.separate_rate, es.lent_rate, _rate),
    "gap 10: all alike": Truth(lambda g: (0.30,) * g, 0.10, es.separate_gap, es.lent_gap, _gap),
    "no_harm 5: one 25 worse": Truth(
        lambda g: (0.55, *[0.25] * (g - 1)), 0.05, es.separate_change, es.lent_change, _change
    ),
    "gap 5: one 25 worse": Truth(lambda g: (0.55, *[0.30] * (g - 1)), 0.05, es.separate_gap, es.lent_gap, _gap),
}


def open_share(bounds: Callable[[float], Interval], margin: float, passing: float, failing: float) -> float:
    """Return the share of samples that neither pass (all upper bounds at `passing`) nor fail (Holm's first step at `failing`)."""
    upper, groups = bounds(1 - passing).high, bounds(1 - passing).high.shape[1]
    passed: Flags = (upper < margin).all(axis=1)
    failed: Flags = (bounds(1 - failing / groups).low > margin).any(axis=1)
    return float(1 - (passed | failed).mean())


def known_spread(estimates: Array) -> Callable[[float], Interval]:
    """Return bounds of somebody who knows how far every group's estimate spreads: nothing that holds can be shorter."""
    error = estimates.std(axis=0, ddof=1)
    return lambda level: Interval(
        estimates - normal_quantile(level) * error, estimates + normal_quantile(level) * error
    )


def _shares(truth: Truth, counts: Counts) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield, by rule, the share that stays open: of a single evaluation, the first of any number, one of twenty planned."""
    was = lambda level: truth.separate(counts, level)  # noqa: E731  # a name for the rule, used three times below
    lent = lambda level: truth.lent(counts, level)  # noqa: E731  # as above
    best = known_spread(truth.estimate(counts))
    budgets = {"single": ALPHA, "first": FIRST, "of 20": SHARED}
    yield "was", {name: open_share(was, truth.margin, alpha, alpha) for name, alpha in budgets.items()}
    yield "would be", {name: open_share(lent, truth.margin, alpha, ALPHA) for name, alpha in budgets.items()}
    yield "known spread", {name: open_share(best, truth.margin, alpha, ALPHA) for name, alpha in budgets.items()}


def stay_open(*, quick: bool) -> Table:
    """Measure the share of verdicts that stay open."""
    title, lines = "verdicts that stay open where the answer is plain", []
    rng = rng_of(title)
    for (groups, size, seeds), (name, truth) in product(DESIGNS[:2] if quick else DESIGNS, TRUTHS.items()):
        many = 200 if quick else max(150, 900_000 // (groups * size * seeds))
        world = World((size,) * groups, 0.30, truth.after(groups), seeds, SPREAD, SPREAD, alike=ALIKE)
        counts = sampled(world, many, rng)
        for rule, shares in _shares(truth, counts):
            promised = HARM_SEEN if rule == "would be" and "worse" in name and seeds >= 5 else ()
            lines.append(Line(f"{groups} x {size}, {seeds} seeds, {name}", rule, shares, promised, many))
    return Table(title, "simulated", lines)


def open_markdown(table: Table) -> str:
    """Return the table with a row per design and truth, and the rules side by side, as the page of methods holds it."""
    names = list(table.lines[0].figures)
    rules = list(dict.fromkeys(line.method for line in table.lines))
    heads = [f"{budget}: {rule}" for budget in names for rule in rules]
    rows = [f"### {table.title} ({table.how})", "", f"| design and truth | {' | '.join(heads)} |"]
    rows.append("|---" * (len(heads) + 1) + "|")
    by_setting: dict[str, dict[str, dict[str, float]]] = {}
    for line in table.lines:
        by_setting.setdefault(line.setting, {})[line.method] = line.figures
    for setting, found in by_setting.items():
        cells = [f"{found[rule][budget]:.2f}" for budget in names for rule in rules]
        rows.append(f"| {setting} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def mean_open(table: Table, seeds: int) -> dict[str, dict[str, float]]:
    """Return the mean share that stays open over the designs with so many seeds, by rule and budget."""
    chosen = [line for line in table.lines if f" {seeds} seeds" in line.setting]
    rules = dict.fromkeys(line.method for line in chosen)
    return {
        rule: {
            name: float(np.mean([line.figures[name] for line in chosen if line.method == rule]))
            for name in chosen[0].figures
        }
        for rule in rules
    }
