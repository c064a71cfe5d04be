"""One group's estimate of one metric, for itself: from counts, sums and rankings, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from fairtransfer.findings.counts import Block, Numbers, Tally, View
from fairtransfer.findings.estimates.averages import MacroAverage
from fairtransfer.findings.estimates.base import Estimate, Observed
from fairtransfer.findings.estimates.changes import PairedDifference
from fairtransfer.findings.estimates.contrasts import RateRatioContrast
from fairtransfer.findings.estimates.means import mean_estimate
from fairtransfer.findings.estimates.moving import MovingRateChange
from fairtransfer.findings.estimates.rankings import NO_CHANGE, ranking_estimate
from fairtransfer.findings.estimates.rates import Rate
from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.findings.f1 import f1_estimate
from fairtransfer.findings.study import Study
from fairtransfer.findings.sums import Key, PerSeed, key_of
from fairtransfer.formats import plural
from fairtransfer.outcomes.classes import why_empty
from fairtransfer.outcomes.metric import RANKED, Metric
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.group_order import in_order

Side = Literal["group", "rest"]
Model = Literal["before", "after"]
MODELS: tuple[Model, Model] = ("before", "after")
Group = dict[str, str]


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two models on one benchmark.

    Attributes
    ----------
    stage
        ``change`` (before and after) or ``gain`` (from scratch and after), as the evidence names it.
    """

    benchmark: str
    stage: Literal["change", "gain"]
    strategy: str
    budget: str


@dataclass(frozen=True)
class GroupEstimates:
    """Estimates of groups that know nothing of each other; `fairtransfer.findings.query` asks for them."""

    study: Study

    @property
    def procedure(self) -> bool:
        """Whether claims are about the recipe, over seeds."""
        return self.study.claim == "procedure"

    def clustered(self, benchmark: str) -> bool:
        """Whether rows of this benchmark share units."""
        return self.study.benchmark(benchmark).clustered

    def block(self, pairing: Pairing) -> Block | None:
        """Return the joint counts of two models."""
        return self.study.counts.block(pairing.benchmark, pairing.stage, pairing.strategy, pairing.budget)

    def groups(self, pairing: Pairing, view: View) -> list[Group]:
        """Return the groups of a view, in order."""
        block = self.block(pairing)
        found = [] if block is None else list(block.tally(view, "wrong", "").groups)
        return in_order(found, self.study.group_order) if self.study.group_order else found

    def pairings(self, benchmark: str, stage: Literal["change", "gain"]) -> Iterator[Pairing]:
        """Yield the pairs of models there are counts for, in the study's order."""
        found = set(self.study.counts.names)
        for strategy, budget in self.study.models:
            if (benchmark, stage, strategy, budget) in found:
                yield Pairing(benchmark, stage, strategy, budget)

    def level(
        self, pairing: Pairing, model: Model, group: Group, metric: str, of: str | None, side: Side = "group"
    ) -> Estimate | NotEstimable:
        """Return a metric of one model: of a group, or of everyone outside it."""
        kind = metric_named(metric)
        if kind.of_shares:
            parts = [self._level(pairing, model, group, kind, label, side) for label in self._classes(kind, of)]
            return _combine(parts, kind)
        if kind.estimator == "f1":
            return self._f1(pairing, (model,), group, kind, of, side)
        return self._valued(pairing, model, group, kind, of, side)

    def change(
        self, pairing: Pairing, group: Group, metric: str, of: str | None, side: Side = "group"
    ) -> Estimate | NotEstimable:
        """Return the change of a metric from the first model to the second, on the same people: a group, or all others."""
        kind = metric_named(metric)
        if not kind.has_changes:
            return NotEstimable("undefined", f"`{metric}` has no change with limits")
        if kind.of_shares:
            return _combine(
                [self._change(pairing, group, kind, label, side) for label in self._classes(kind, of)], kind
            )
        if kind.estimator == "f1":
            return self._f1(pairing, ("after", "before"), group, kind, of, side)
        return self._valued(pairing, None, group, kind, of, side)

    def proportion(
        self,
        pairing: Pairing,
        group: Group,
        other: Group | None,
        metric: str,
        of: str | None,
        limit: float,
        *,
        turned: bool = False,
    ) -> RateRatioContrast | NotEstimable:
        """Return a rate of the second model in a group less `limit` times that of another; `turned`: the other way round."""
        kind = metric_named(metric)
        (label,) = self._classes(kind, of)  # a ratio is of one class
        one = self._level(pairing, "after", group, kind, label, "group")
        two = self._level(pairing, "after", other or group, kind, label, side_of(other))
        if isinstance(one, NotEstimable):
            return one
        if isinstance(two, NotEstimable):
            return two
        return RateRatioContrast(two, one, limit) if turned else RateRatioContrast(one, two, limit)

    def _valued(
        self, pairing: Pairing, model: Model | None, group: Group, kind: Metric, of: str | None, side: Side
    ) -> Estimate | NotEstimable:
        """Return a metric that is no share: of one model, or how it changed (None)."""
        ranked, change = kind.estimator in RANKED, model is None
        if change and ranked and kind.estimator != "ranking":
            return NotEstimable("not_measured", NO_CHANGE)
        rows = self.rows(pairing, model, group, kind, of, side)
        if rows is None:
            return NotEstimable("not_measured", _not_given(kind, change=change))
        found: Estimate | NotEstimable
        if ranked:
            found = ranking_estimate(kind, rows, change=change, procedure=self.procedure)
        else:
            found = mean_estimate(kind, of, rows, change=change, procedure=self.procedure)
        return replace(found, seeds=len(rows.by_seed)) if isinstance(found, NotEstimable) and self.procedure else found

    def rows(
        self, pairing: Pairing, model: Model | None, group: Group, kind: Metric, of: str | None, side: Side = "group"
    ) -> PerSeed | None:
        """Return what the evidence holds of a value or a ranking: of a model, or of the change between two (None)."""
        if kind.estimator in RANKED:
            return self.study.rankings.of(self._key(pairing, model, side, group, kind.name, of or ""))
        return self.study.sums.of(self._key(pairing, model, side, group, kind.summed, of or ""))

    def _classes(self, kind: Metric, of: str | None) -> list[str]:
        if not kind.of_class:
            return [""]
        return list(self.study.classes) if of is None else [of]

    def _level(
        self, pairing: Pairing, model: Model, group: Group, kind: Metric, of: str, side: Side
    ) -> Rate | NotEstimable:
        tally, column = self._column(pairing, group, kind.adds, of)
        den, num = (tally.den_first, tally.first) if model == "before" else (tally.den_second, tally.second)
        if model == "before" and not self.study.before_has_seeds and pairing.stage == "change":
            den, num = den[:1], num[:1]  # the model as published is one model, whatever the seeds of the others
        sizes = den.sum(axis=1) - den[:, column] if side == "rest" else den[:, column]
        if (sizes == 0).any():
            return NotEstimable("undefined", why_empty(kind.adds, of), float(sizes.mean()))
        moments = self.study.sums.moments(self._key(pairing, model, side, group, kind.adds, of))
        if tally.weighted:
            if moments.m == 0:
                return NotEstimable("undefined", "all weights are 0", float(sizes.mean()))
            hits = np.array([moments.rate]) * sizes
        else:
            hits = num.sum(axis=1) - num[:, column] if side == "rest" else num[:, column]
        return Rate(
            tuple(hits.tolist()),
            tuple(sizes.tolist()),
            moments,
            self.clustered(pairing.benchmark),
            self.procedure,
            kind.complement,
            tally.weighted,
        )

    def _change(
        self, pairing: Pairing, group: Group, kind: Metric, of: str, side: Side
    ) -> PairedDifference | MovingRateChange | NotEstimable:
        if not kind.changes_pair:
            return self._moving(pairing, group, kind, of, side)
        tally, column = self._column(pairing, group, kind.adds, of)
        sizes = tally.den_second[:, column]
        n = float((tally.den_second.sum(axis=1) - sizes if side == "rest" else sizes).mean())
        if n == 0:
            return NotEstimable("undefined", why_empty(kind.adds, of), 0)
        moments = self.study.sums.moments(self._key(pairing, None, side, group, kind.adds, of))

        def per_seed(table: Numbers) -> tuple[float, ...]:
            values = tally.outside(table, column) if side == "rest" else table[:, column]
            return tuple(values.tolist())

        return PairedDifference(
            gained=per_seed(tally.gained),
            lost=per_seed(tally.lost),
            before=per_seed(tally.first),
            after=per_seed(tally.second),
            pairs=n,
            moments=moments,
            clustered=self.clustered(pairing.benchmark),
            procedure=self.procedure,
            sign=-1 if kind.complement else 1,
            weighted=tally.weighted,
        )

    def _moving(
        self, pairing: Pairing, group: Group, kind: Metric, of: str, side: Side
    ) -> MovingRateChange | NotEstimable:
        """Return the change of a rate whose denominator moves with the model."""
        before, after = (self._level(pairing, model, group, kind, of, side) for model in MODELS)
        if isinstance(before, NotEstimable):
            return before
        if isinstance(after, NotEstimable):
            return after
        return MovingRateChange(
            before, after, self.study.sums.row(self._key(pairing, None, side, group, kind.adds, of))
        )

    def _f1(
        self, pairing: Pairing, models: Sequence[Model], group: Group, kind: Metric, of: str | None, side: Side
    ) -> Estimate | NotEstimable:
        """Return an F1 score of a model, or how it changed to the first of two models from the second."""
        block = self.block(pairing)
        assert block is not None, "questions are asked of pairs that exist"
        said = {"before": block.first, "after": block.second}
        sides = [
            (said[model], lambda label, model=model: self._level(pairing, model, group, kind, label, side))
            for model in models
        ]
        inside = block.members(group) if side == "group" else ~block.members(group)
        return f1_estimate(block, inside, self._classes(kind, of), sides)

    def _column(self, pairing: Pairing, group: Group, event: str, of: str) -> tuple[Tally, int]:
        block = self.block(pairing)
        assert block is not None, "questions are asked of pairs that exist"
        tally = block.tally(tuple(group), event, of)
        return tally, tally.groups.index(group)

    def _key(self, pairing: Pairing, model: Model | None, side: Side, group: Group, adds: str, of: str) -> Key:
        """Return the key of rows of the evidence: of one model, or of the change between two (None)."""
        asked = (pairing.strategy, pairing.budget)
        if model == "before":
            stage, found = self.study.compared_with(pairing.stage, asked)
        else:
            stage, found = pairing.stage if model is None else model, asked
        return key_of(pairing.benchmark, stage, found, side, group, adds, of)


def side_of(other: Group | None) -> Side:
    """Return on which side the other group stands: everyone else where none is named."""
    return "rest" if other is None else "group"


def _not_given(kind: Metric, *, change: bool) -> str:
    """Return why nothing was measured."""
    if change and kind.estimator == "ranking":
        return "scores of both models for the same cases were not counted"
    what = "scores" if kind.of_scores else "numbers" if kind.of_numbers else "values"
    return f"no {what} of this model were given"


def _combine(parts: Sequence[Observed | NotEstimable], kind: Metric) -> Estimate | NotEstimable:
    found = tuple(part for part in parts if not isinstance(part, NotEstimable))
    missing = [part for part in parts if isinstance(part, NotEstimable)]
    if missing:
        more = f" (and {plural(len(missing) - 1, 'more class', 'more classes')})" if len(missing) > 1 else ""
        return NotEstimable(missing[0].status, missing[0].reason + more, missing[0].n)
    return found[0] if len(found) == 1 else MacroAverage(found, independent=kind.adds == "true_positive")
