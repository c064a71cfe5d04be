"""What a gate is: its options, its comparisons, the truths that plans are made for, and its words. One class, one file.

A gate decides nothing itself: the rule for pass, fail and not enough evidence is the same for all (`decide`). It says who is
compared with whom and in which direction lies harm; everything else asks it.

Files of gates are imported by every `validate`, so that they load no numbers: what needs numpy is imported where it is used.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from fairtransfer import formats
from fairtransfer.spec.gates import GateOptions, GateSpec

if TYPE_CHECKING:
    from fairtransfer.findings.query import EvidenceQuery
    from fairtransfer.gates.alphas import Alphas
    from fairtransfer.gates.contrast import Contrast, Target
    from fairtransfer.gates.results import ContrastResult
    from fairtransfer.stats.truths import Truth

Group = dict[str, str]
Pair = tuple[int, int | None]
"""A group's place among the groups, and that of the group it is compared with; None for everyone else, or for nobody."""


class Expected(NamedTuple):
    """What is assumed where nothing is known yet.

    Attributes
    ----------
    error
        Share of cases on the harmful side of any rate, in (0, 1).
    change
        Share of cases whose answer changes, as many for the better as for the worse.
    """

    error: float = 0.2
    change: float = 0.2


class OwnTable(NamedTuple):
    """A table that documents show of every comparison of a gate: the heading of its column, and a note."""

    heading: str
    note: str


class PlannedSide(NamedTuple):
    """A question that a plan asks of every pair of groups.

    Attributes
    ----------
    metric
        What is compared, where the gate judges several metrics.
    turned
        Harm lies on the other side than usual: a rate that is too good beside its comparison's.
    """

    metric: str | None = None
    turned: bool = False


class Gate(GateOptions):
    """One gate: what it asks of whom, and how that is planned, told and drawn.

    Attributes
    ----------
    assumes
        What plans take to be true, in words; ``{change}``, ``{error}`` and ``{given}`` (one less it) stand for what is expected.
    spread_of
        What has to be known of errors that are numbers to plan this gate: how they change, or how large they are.
    compares_groups
        Groups are compared with each other; otherwise each stands alone.
    on_value
        The limit is on the metric's value; otherwise on a change of it, or a difference.
    drawn_on
        The side of the chart of a view on which its limit is drawn, if it is.
    levels_down
        It can be met by making those worse who are served best.
    sees_everyone
        It notices a group that gets worse, whichever it is.
    own_table
        What documents show of its comparisons besides the verdict.
    nobody
        Why there is nothing to judge, where there is nothing.
    """

    assumes: ClassVar[str]
    spread_of: ClassVar[Literal["changes", "sizes"]]
    compares_groups: ClassVar[bool] = False
    on_value: ClassVar[bool] = False
    drawn_on: ClassVar[Literal["value", "change"] | None] = None
    levels_down: ClassVar[bool] = False
    sees_everyone: ClassVar[bool] = False
    own_table: ClassVar[OwnTable | None] = None
    nobody: ClassVar[str] = "there is no group to judge"

    # --- judging

    @abc.abstractmethod
    def contrasts(self, query: EvidenceQuery, target: Target) -> Iterator[Contrast]:
        """Yield every comparison: an estimate or why there is none, the direction of harm, the margin."""

    def smallest_margin(self, contrasts: Sequence[Contrast], alpha: float) -> float:
        """Return the smallest margin with which all of these would have passed at this level."""
        return max(contrast.upper(alpha) for contrast in contrasts)

    def slack(self, contrast: Contrast, alpha: float) -> float:
        """Return how far inside its margin a comparison stays; negative outside."""
        return contrast.margin - contrast.upper(alpha)

    def recorded(self, contrast: Contrast, alphas: Alphas) -> dict[str, float | None]:  # noqa: ARG002  # most keep nothing more
        """Return what verdict.json keeps of a comparison besides harm and bounds."""
        return {}

    # --- planning

    @abc.abstractmethod
    def truth(self, expected: Expected, ratio: float, times: float) -> Truth:
        """Return what is taken to be true in a plan.

        Parameters
        ----------
        ratio
            How many times as large the other side of a comparison is.
        times
            How many times the margin the harm is: 0 where nothing is wrong, 1 on the limit, 2 for the harm that plans look for.
        """

    def planned_sides(self, pairs: Sequence[Pair]) -> tuple[PlannedSide, ...]:  # noqa: ARG002  # as `sides_of`
        """Return what a plan asks of every pair."""
        return (PlannedSide(),)

    def truth_of(self, side: PlannedSide, expected: Expected, ratio: float, times: float) -> Truth:  # noqa: ARG002  # most have one
        """Return what is taken to be true of one side; arguments as `truth`."""
        return self.truth(expected, ratio, times)

    def null_truth(self, expected: Expected, ratio: float) -> Truth:
        """Return the truth in which nothing is wrong."""
        return self.truth(expected, ratio, 0.0)

    def harm_truth(self, expected: Expected, ratio: float) -> Truth:
        """Return the truth in which the harm is twice the margin."""
        return self.truth(expected, ratio, 2.0)

    @property
    def harm_limit(self) -> float:
        """The largest harm that is acceptable, on the scale of `truth`."""
        return self.limit

    @property
    def null_distance(self) -> float:
        """How far from the limit a truth lies in which nothing is wrong."""
        return self.limit

    def sides_of(self, pairs: Sequence[Pair]) -> int:  # noqa: ARG002  # for most it does not depend on who is compared
        """Return on how many sides of a group's value harm can lie."""
        return 2 if self.measures.two_sided else 1

    def pairs(self, groups: Sequence[Group]) -> list[Pair]:
        """Return who is compared with whom, of groups in their order."""
        return [(place, None) for place in range(len(groups))]

    # --- words

    def told(self, value: float | None, measured_in: str | None, beside: float | None = None) -> str:
        """Return a value, a change or a difference in words, with the metric's own sign.

        Parameters
        ----------
        measured_in
            As `Contrast` has it.
        beside
            The limit it stands beside, which it is told apart from; the limit itself stands beside itself.
        """
        if measured_in is not None:
            return formats.limit_in_unit(value, measured_in, level=self.on_value, beside=beside)
        return formats.limit_of(value, level=self.on_value, rate=self.measures.unit == "share", beside=beside)

    @property
    def signed_limit(self) -> float:
        """The limit on the metric's own scale: a fall of what is good to have lies below 0."""
        return self.limit if self.on_value else self.harm_sign * self.limit

    def stated(self, measured_in: str | None) -> str:
        """Return the limit as the policy states it, in words."""
        return self._in_words(self.signed_limit, measured_in)

    def _in_words(self, limit: float, measured_in: str | None) -> str:
        if self.measures.unit == "own":
            return formats.limit_in_unit(limit, "", level=self.on_value, beside=limit)
        if measured_in is None:
            return self.told(limit, None, limit)
        return formats.stated_limit(limit, measured_in, level=self.on_value)

    def limit_of(self, contrast: Contrast) -> str:
        """Return the limit of one comparison, which may be one of two."""
        return self.stated(contrast.measured_in)

    def demanded(self, measured_in: str | None) -> str:
        """Return the limit as a table shows it."""
        return f"{'at most' if self.harm_sign > 0 else 'at least'} {self.stated(measured_in)}"

    def described(self, contrast: Contrast, alphas: Alphas, *, failed: bool) -> str:
        """Return what was found of a group and the bound that decided, as the metric has them."""
        bound = contrast.lower(alphas.failing) if failed else contrast.upper(alphas.passing)
        value, limit = (self._own(contrast, harm) for harm in (contrast.harm, bound))
        side = "lower" if failed == (contrast.sign > 0) else "upper"
        return f"{value} against {contrast.against} ({side} bound {limit})"

    def measured(self, contrast: Contrast, alphas: Alphas) -> str:
        """Return what was found of a group with both one-sided bounds, each at the level at which it would decide."""
        ends = sorted(contrast.sign * end for end in (contrast.lower(alphas.failing), contrast.upper(alphas.passing)))
        beside = contrast.sign * contrast.margin
        low, high = (self.told(end, contrast.measured_in, beside) for end in ends)
        return f"{self._own(contrast, contrast.harm)}, {low.partition(' ')[0]} to {high}"

    def _own(self, contrast: Contrast, harm: float | None) -> str:
        value = None if harm is None else contrast.sign * harm
        return self.told(value, contrast.measured_in, contrast.sign * contrast.margin)

    def own_cell(self, entry: ContrastResult) -> str:
        """Return what the gate's own table tells of a comparison, as verdict.json has it."""
        raise NotImplementedError(f"`{self.kind}` has no table of its own")


def gate_of(spec: GateSpec) -> Gate:
    """Return the gate that a definition asks for."""
    assert isinstance(spec.options, Gate), f"`{spec.kind}` is registered among the gates and is none"
    return spec.options
