"""What a verdict holds, as verdict.json keeps it: how gates came out, their comparisons, and what would settle open ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from fairtransfer.display import Display, Displayed, Grid
from fairtransfer.errors import IntegrityError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.json_record import LEFT_OUT, OTHERS, Record, UnreadableRecord
from fairtransfer.evidence.reuse import Place
from fairtransfer.findings.candidate import Chosen
from fairtransfer.findings.gap_details import Group
from fairtransfer.findings.rows import Finding
from fairtransfer.formats import OUTCOME_WORDS, POLICY_WORDS
from fairtransfer.outcomes.row_value import is_mean, mean_named

Side = Literal["over", "below"]
Outcome = Literal["pass", "fail", "inconclusive", "not_applicable", "error"]


@dataclass(frozen=True, slots=True)
class ContrastResult(Record):
    """How one comparison of a gate came out.

    Attributes
    ----------
    benchmark
        The benchmark's id.
    against, against_group
        What the group is compared with, in words, and the group, where it is one.
    n
        The smallest denominator.
    harm, upper, lower, margin
        Oriented so that larger is worse; harm and bounds are None where there are none.
    p_adjusted
        After Holm's correction over every comparison of the audit.
    blocked
        Why it could not be judged: reason codes.
    side
        Where harm lies, of the value as the metric has it: `over` the limit, and `harm` is that value; or `below` it, and
        `harm` is the value with its sign turned. (Of a ratio: of the ratio itself.)
    recorded
        What its gate keeps besides: of a ratio `ratio` and its bounds.
    metric
        What is compared, where the gate judges several metrics; else it is the gate's.
    """

    benchmark: str
    group: Group
    against: str
    against_group: Group | None
    n: float
    harm: float | None
    upper: float | None
    lower: float | None
    margin: float
    p_adjusted: float | None
    blocked: tuple[str, ...]
    side: Side
    outcome: Outcome
    recorded: Annotated[Mapping[str, float | None], OTHERS]
    metric: Annotated[str | None, LEFT_OUT] = None


@dataclass(frozen=True, slots=True)
class Needed(Record):
    """What would settle an open comparison if today's estimates were the truth.

    Attributes
    ----------
    have
        Today's cases of the group.
    people, seeds, units
        What it takes; None: that is not what is missing.
    settles
        As what, as it looks today; None where it cannot be judged yet.
    detectable
        The smallest harm that today's cases would have told from none.
    metric
        What is compared, where the gate judges several metrics.
    counted
        Which cases of the group count, in words, where not all do: of the class, put into it.
    answers
        Whether it takes knowing what answers mean that are none of the classes: no number of cases settles it.
    """

    benchmark: str
    group: Group
    against_group: Group | None
    have: float
    people: int | None = None
    seeds: int | None = None
    settles: Literal["pass", "fail"] | None = None
    detectable: float | None = None
    have_seeds: Annotated[int | None, LEFT_OUT] = None
    units: Annotated[int | None, LEFT_OUT] = None
    have_units: Annotated[float | None, LEFT_OUT] = None
    metric: Annotated[str | None, LEFT_OUT] = None
    counted: Annotated[str | None, LEFT_OUT] = None
    answers: Annotated[bool | None, LEFT_OUT] = None

    @property
    def lies_on_limit(self) -> bool:
        """Whether the comparison can be judged and lies so close to the limit that no realistic number settles it."""
        return self.settles is not None and not (self.people or self.seeds or self.units)


@dataclass(frozen=True, slots=True)
class GateResult(Record):
    """How one gate came out, and why.

    Attributes
    ----------
    decided_by
        The contrasts that decided: those that failed; those in the way; for a pass the one closest to its margin.
    needed
        What would settle each contrast in the way.
    smallest_margin
        The smallest margin (of `ratio` the largest share) at which the gate would have passed; null when something could
        not be evaluated.
    measured_in
        The unit of margin, harm and bounds, where it is that of a label that is a number; None for rates and scores.
    asks
        What a gate of this kind asks, in a sentence.
    """

    id: str
    kind: str
    outcome: Outcome
    reason: str
    reason_codes: tuple[str, ...]
    decided_by: tuple[ContrastResult, ...]
    needed: tuple[Needed, ...]
    smallest_margin: float | None
    contrasts: tuple[ContrastResult, ...]
    margin: float
    line: int
    monitored: tuple[Group, ...]
    measured_in: str | None = None
    asks: str = ""

    @property
    def metric(self) -> str:
        """The metric the gate is about; of several the first."""
        metric = self.target[0]
        return metric if is_mean(metric) else metric.partition("[")[0].partition("+")[0]

    @property
    def target(self) -> tuple[str, str]:
        """The metric with its class, and the groups (with the benchmark), as the gate's name holds them."""
        rest = self.id.partition(":")[2]
        places = [place for place, sign in enumerate(rest) if sign == ":"]
        if "[" in rest[: places[0]]:  # the name of a class may have the sign in it
            places = [rest.rindex("]:") + 1]
        if is_mean(rest):  # the name of such a metric has the sign in it
            places = [place for place in reversed(places) if mean_named(rest[:place]) is not None]
        return rest[: places[0]], rest[places[0] + 1 :]


@dataclass(frozen=True, slots=True)
class OtherModel(Record):
    """How an adapted model would have come out that is not the candidate; outcomes by gate id."""

    strategy: str
    label_budget: str | None
    outcome: Outcome
    gates: dict[str, Outcome]


@dataclass(frozen=True, slots=True)
class Evaluation(Record):
    """What a verdict tells of its run's place in the reuse ledger of a benchmark; see `fairtransfer.evidence.reuse.Place`."""

    benchmark: str
    evaluation: int
    planned: int
    spent: float
    alpha: float
    exhausted: bool

    @classmethod
    def at(cls, place: Place) -> Evaluation:
        """Return what is told of a place."""
        return cls(place.benchmark, place.evaluation, place.planned, place.spent, place.alpha, place.exhausted)


@dataclass(frozen=True, slots=True, repr=False)
class Verdict(Record, Displayed):
    """What the gates say about the candidate.

    Attributes
    ----------
    outcome
        The worst of the gates'.
    notes
        What limits it, in words.
    alpha, alpha_run
        The policy's error rate, and this run's part of it.
    family
        How many comparisons a failure is corrected for.
    exploratory
        There are fewer seeds than a claim about a procedure should have.

    Examples
    --------
    >>> import pandas as pd
    >>> import fairtransfer as ft
    >>> answers = pd.DataFrame({"y": [0, 1] * 60, "new": [0, 1, 1, 1] * 30, "region": ["north", "south", "south"] * 40})
    >>> ft.measure(answers, label="y", after="new", groups="region", gates="worst_group:by=region,at_most=0.5").verdict
    MEETS POLICY: new (the predictions given)
    Gate                           Outcome  Why
    worst_group:error_rate:region  PASS     all 2 comparisons inside the limit of 50.0%; closest is
                                            north 25.0% against the limit (upper bound 38.7%)
    """

    outcome: Outcome
    candidate: Chosen | None
    gates: tuple[GateResult, ...]
    others: tuple[OtherModel, ...]
    notes: tuple[str, ...]
    alpha: float
    alpha_run: float
    family: int
    exploratory: bool
    on_inconclusive: Literal["block", "warn"]
    reuse: tuple[Evaluation, ...] = ()
    schema: Literal["1"] = "1"

    @property
    def exit_code(self) -> int:
        """0 pass, 1 fail, 3 could not run, 4 inconclusive and blocked, 5 nothing evaluated."""
        if self.outcome == "inconclusive":
            return 4 if self.on_inconclusive == "block" else 0
        return {"pass": 0, "fail": 1, "error": 3, "not_applicable": 5}[self.outcome]

    def display(self) -> Display:
        """Return the verdict and every gate with its reason."""
        gates = tuple((gate.id, OUTCOME_WORDS[gate.outcome], gate.reason) for gate in self.gates)
        others = [f"{other.strategy}: {OUTCOME_WORDS[other.outcome]}" for other in self.others]
        listed = (f"other models: {', '.join(others)}",) if others else ()
        title = "no model has a result" if self.candidate is None else f"{self.candidate.name} ({self.candidate.rule})"
        grid = Grid("", ("Gate", "Outcome", "Why"), gates, words=3)
        return Display(title, POLICY_WORDS[self.outcome], self.outcome, (*self.notes, *listed), (grid,))


class Results(NamedTuple):
    """What findings.json holds of a run: every row, and the verdict."""

    rows: tuple[Finding, ...]
    verdict: Verdict


def read_results(path: Path) -> Results:
    """Read a run's findings.json.

    Raises
    ------
    IntegrityError
        When it is not what this version writes.
    """
    content = read_json(path)
    try:
        return Results(tuple(map(Finding.from_json, content["rows"])), Verdict.from_json(content["verdict"]))
    except (UnreadableRecord, KeyError, TypeError) as error:
        raise IntegrityError(
            f"{path} is not what this version writes ({error}); render it with the version in environment.json, or `run` the "
            "audit again: finished jobs are kept"
        ) from error
