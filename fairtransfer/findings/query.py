"""From a question (which metric, which models, which group) to an estimate, or to the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Protocol

from fairtransfer.findings.counts import Block, View
from fairtransfer.findings.estimates.base import Estimate, GroupContrast
from fairtransfer.findings.estimates.contrasts import RateRatioContrast
from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.findings.group_estimates import Group, GroupEstimates, Model, Pairing, Side, side_of
from fairtransfer.findings.seeds_together import SeedsTogether
from fairtransfer.findings.study import Study
from fairtransfer.findings.sums import PerSeed
from fairtransfer.formats import group_name
from fairtransfer.outcomes.metric import Metric
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.questions import class_meant


class _Judged(Protocol):
    """Asks for what a gate judges of one group."""

    __name__: str

    def __call__(
        self, pairing: Pairing, group: Group, metric: str, of: str | None, side: Side = "group"
    ) -> Estimate | NotEstimable: ...


@dataclass(frozen=True)
class EvidenceQuery:
    """Answers questions from a study's evidence."""

    study: Study

    @cached_property
    def alone(self) -> GroupEstimates:
        """Estimates of groups that know nothing of each other."""
        return GroupEstimates(self.study)

    @cached_property
    def _together(self) -> SeedsTogether:
        lending = self.alone.procedure and self.study.policy.seeds == "together"
        return SeedsTogether(self.groups, self._others, self.study.policy.min_group, lending)

    def _others(self, pairing: Pairing) -> Iterator[Pairing]:
        """Yield the other adapted models at the same label budget."""
        for other in self.pairings(pairing.benchmark, pairing.stage):
            alike = other.budget == pairing.budget and other.strategy != pairing.strategy
            if alike and self.study.scratch not in (other.strategy, pairing.strategy):
                yield other

    def block(self, pairing: Pairing) -> Block | None:
        """Return the joint counts of two models."""
        return self.alone.block(pairing)

    def groups(self, pairing: Pairing, view: View) -> list[Group]:
        """Return the groups of a view, in order."""
        return self.alone.groups(pairing, view)

    def pairings(self, benchmark: str, stage: Literal["change", "gain"]) -> Iterator[Pairing]:
        """Yield the pairs of models there are counts for, in the study's order."""
        return self.alone.pairings(benchmark, stage)

    def rows(
        self, pairing: Pairing, model: Model | None, group: Group, kind: Metric, of: str | None, side: Side = "group"
    ) -> PerSeed | None:
        """Return what the evidence holds of a value or a ranking: of a model, or of the change between two (None)."""
        return self.alone.rows(pairing, model, group, kind, of, side)

    def measured_in(self, metric: str) -> str | None:
        """Return the unit of a metric's limits: that of the label, empty where it is not known; None for rates and scores."""
        known = metric_named(metric)
        return None if not known.in_a_unit else self.study.measured_in if known.unit == "label" else ""

    def meant(self, metric: str, of: str | None) -> str | None:
        """Return the class a gate is about: the one it names, else the positive class, else none."""
        return class_meant(metric, of, self.study.positive_class, self.study.favourable_class)

    def level(
        self, pairing: Pairing, model: Model, group: Group, metric: str, of: str | None, side: Side = "group"
    ) -> Estimate | NotEstimable:
        """Return a metric of one model: of a group, or of everyone outside it."""
        question = ("level", model, metric, of, side)
        return self._together.answer(
            question, pairing, group, lambda one, them: self.alone.level(one, model, them, metric, of, side)
        )

    def change(
        self, pairing: Pairing, group: Group, metric: str, of: str | None, side: Side = "group"
    ) -> Estimate | NotEstimable:
        """Return the change of a metric from the first model to the second, on the same people: a group, or all others."""
        question = ("change", metric, of, side)
        return self._together.answer(
            question, pairing, group, lambda one, them: self.alone.change(one, them, metric, of, side)
        )

    def judged_level(
        self, pairing: Pairing, group: Group, metric: str, of: str | None, side: Side = "group"
    ) -> Estimate | NotEstimable:
        """Return what a gate judges of the adapted model."""
        return _judged(self.level(pairing, "after", group, metric, of, side))

    def judged_change(
        self, pairing: Pairing, group: Group, metric: str, of: str | None, side: Side = "group"
    ) -> Estimate | NotEstimable:
        """Return what a gate judges of a change on the same people."""
        return _judged(self.change(pairing, group, metric, of, side))

    def judged_difference(
        self, pairing: Pairing, group: Group, other: Group | None, metric: str, of: str | None
    ) -> GroupContrast | NotEstimable:
        """Return how far a metric of the adapted model lies above that of another group, or of everyone else (None)."""
        if (nobody := self._nobody(pairing, other)) is not None:
            return nobody
        return self._apart(self.judged_level, pairing, group, other, metric, of)

    def judged_change_difference(
        self, pairing: Pairing, group: Group, other: Group | None, metric: str, of: str | None
    ) -> GroupContrast | NotEstimable:
        """Return how much more a metric changed for a group than for another, or for everyone else (None)."""
        if (nobody := self._nobody(pairing, other)) is not None:
            return nobody
        return self._apart(self.judged_change, pairing, group, other, metric, of)

    def _apart(
        self, judged: _Judged, pairing: Pairing, group: Group, other: Group | None, metric: str, of: str | None
    ) -> GroupContrast | NotEstimable:
        """Return what a gate judges of a group less the same of another, or of everyone else."""

        def ask(one: Pairing, them: Group) -> GroupContrast | NotEstimable:
            return _less(judged(one, them, metric, of), judged(one, other or them, metric, of, side_of(other)))

        question = ("apart", judged.__name__, metric, of, None if other is None else group_name(other))
        return self._together.answer(question, pairing, group, ask, common=False)  # type: ignore[return-value]  # as asked

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
        """Return a rate of the second model in a group less `limit` times that of another, or of everyone else (None).

        `turned`: the other's less `limit` times the group's.
        """
        if (nobody := self._nobody(pairing, other)) is not None:
            return nobody
        question = ("proportion", metric, of, None if other is None else group_name(other), limit, turned)

        def ask(one: Pairing, them: Group) -> RateRatioContrast | NotEstimable:
            return self.alone.proportion(one, them, other, metric, of, limit, turned=turned)

        return self._together.answer(question, pairing, group, ask, common=False)  # type: ignore[return-value]  # as asked

    def _nobody(self, pairing: Pairing, other: Group | None) -> NotEstimable | None:
        """Return why there is nothing to compare with, where nobody belongs to the group that is asked for."""
        if other is None or other in self.groups(pairing, tuple(other)):
            return None
        return NotEstimable("undefined", f"nobody belongs to the group {group_name(other)}", 0)


def _judged(found: Estimate | NotEstimable) -> Estimate | NotEstimable:
    """Return an estimate that a verdict may rest on, or why it may not."""
    if isinstance(found, NotEstimable) or (reason := found.unjudged) is None:
        return found
    return replace(reason, seeds=found.seeds_count) if found.of_procedure else reason


def _less(one: Estimate | NotEstimable, two: Estimate | NotEstimable) -> GroupContrast | NotEstimable:
    """Return the difference of two estimates of one metric, or why one of them is missing."""
    if isinstance(one, NotEstimable):
        return one
    return two if isinstance(two, NotEstimable) else one.less(two)
