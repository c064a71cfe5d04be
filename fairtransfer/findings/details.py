"""What only some rows of results have beside counts and an estimate: one class for each kind of row.

In `findings.json` details are one flat object whose keys tell which kind it is; here every kind is a type, so that whoever shows
a row, or hides one, has to say what becomes of each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, get_args

from fairtransfer.evidence.json_record import AMONG, LEFT_OUT, Key, Record, UnreadableRecord
from fairtransfer.findings.gap_details import Ends, GapChangeDetails, GapDetails


@dataclass(frozen=True, slots=True)
class Screening(Record):
    """The exploratory p-value of a change (`fairtransfer.findings.screening`).

    Attributes
    ----------
    label
        That it is screening, and no verdict.
    adjusted
        By Benjamini-Hochberg over the family.
    """

    label: str
    p: float
    method: str
    adjusted: float


@dataclass(frozen=True, slots=True)
class ChangeDetails(Record):
    """Of the change of a rate: reported, and never used by a verdict.

    Attributes
    ----------
    churn
        Share of answers that went from right to wrong or back.
    mcnemar_midp
        McNemar's mid-p of "no change"; for one seed without units or weights.
    """

    kind: ClassVar[str] = "change"
    marks: ClassVar[frozenset[str]] = frozenset({"churn"})

    churn: float
    mcnemar_midp: Annotated[float | None, LEFT_OUT] = None
    screening: Annotated[Screening | None, LEFT_OUT] = None


@dataclass(frozen=True, slots=True)
class MembershipDetails(Record):
    """Of the rate of a group beside people whose membership is not recorded.

    Attributes
    ----------
    if_unknown_belonged
        The least and the largest rate of the group, depending on who they are.
    with_chance
        The same with an allowance for chance; for one seed without units.
    difference
        Bounds of the rate less that of all other recorded groups together.
    """

    kind: ClassVar[str] = "membership"
    marks: ClassVar[frozenset[str]] = frozenset({"if_unknown_belonged"})

    if_unknown_belonged: Ends
    with_chance: Annotated[Ends | None, LEFT_OUT, Key("if_unknown_belonged_ci")] = None
    difference: Annotated[Ends | None, LEFT_OUT, Key("difference_if_unknown_belonged")] = None


@dataclass(frozen=True, slots=True)
class MixedUp(Record):
    """The AUCs between a group and everyone else; None where a side has too few cases.

    Attributes
    ----------
    bpsn
        The others' positives against the group's negatives.
    bnsp
        The group's positives against the others' negatives.
    """

    bpsn: float | None
    bnsp: float | None


@dataclass(frozen=True, slots=True)
class GeneralisedMean(Record):
    """The generalised means of the AUCs of a view's groups; None where no group has enough cases.

    Attributes
    ----------
    groups, groups_left_out
        How many groups there are, and how many of few cases were left out.
    """

    attributes: tuple[str, ...]
    power: float
    groups: int
    groups_left_out: int
    subgroup: float | None
    bpsn: float | None
    bnsp: float | None


@dataclass(frozen=True, slots=True)
class ScoreDetails(Record):
    """Of a metric made of scores.

    Attributes
    ----------
    positives
        Cases that have the class; None where no single class is meant.
    mixed_up
        Of the AUC of a group.
    generalised_means
        Of the AUC of everyone: one for each view.
    """

    kind: ClassVar[str] = "scores"
    marks: ClassVar[frozenset[str]] = frozenset({"positives", "bpsn", "generalised_means"})

    positives: Annotated[float | None, LEFT_OUT] = None
    mixed_up: Annotated[MixedUp | None, AMONG] = None
    generalised_means: Annotated[tuple[GeneralisedMean, ...] | None, LEFT_OUT] = None


@dataclass(frozen=True, slots=True)
class NumberDetails(Record):
    """Of a metric of numbers: the label's unit."""

    kind: ClassVar[str] = "numbers"
    marks: ClassVar[frozenset[str]] = frozenset({"measured_in"})

    measured_in: str


@dataclass(frozen=True, slots=True)
class ComparisonDetails(Record):
    """Of a comparison of two groups: both sides' estimates, and the other side's counts as a row has its own.

    Attributes
    ----------
    own, other
        None where there are too few cases.
    """

    kind: ClassVar[str] = "comparison"
    marks: ClassVar[frozenset[str]] = frozenset({"other_n"})

    other_n: float
    own: Annotated[float | None, LEFT_OUT] = None
    other: Annotated[float | None, LEFT_OUT] = None
    other_k: Annotated[float | None, LEFT_OUT] = None
    other_k_by_seed: Annotated[tuple[float, ...] | None, LEFT_OUT] = None
    other_n_before_errors: Annotated[float | None, LEFT_OUT] = None
    other_n_after_errors: Annotated[float | None, LEFT_OUT] = None
    other_n_new_errors: Annotated[float | None, LEFT_OUT] = None
    other_n_fixed_errors: Annotated[float | None, LEFT_OUT] = None
    measured_in: Annotated[str | None, LEFT_OUT] = None


Details = (
    ChangeDetails | MembershipDetails | ScoreDetails | ComparisonDetails | GapChangeDetails | GapDetails | NumberDetails
)

DETAILS: tuple[type[Details], ...] = get_args(Details)
"""Every kind; an object is of the first that it has a mark of, as left out groups and a unit stand in several."""


def unit_of(details: Details | None) -> str:
    """Return the unit of a label that is a number, where details tell it; else nothing."""
    if isinstance(details, NumberDetails | ComparisonDetails | GapDetails | GapChangeDetails):
        return details.measured_in or ""
    return ""


def read_details(content: Mapping[str, Any]) -> Details:
    """Return the details that were written as this object.

    Raises
    ------
    UnreadableRecord
        When it is of no kind, or has a key that its kind has not.
    """
    for known in DETAILS:
        if not known.marks.isdisjoint(content):
            return known.from_json(content)
    raise UnreadableRecord(f"details of no known kind: {', '.join(content) or 'none'}")
