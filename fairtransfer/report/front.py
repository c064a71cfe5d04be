"""The decision page, one printed side: what is longer stands in a later section, and the page says where."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fairtransfer import formats
from fairtransfer.gates.results import GateResult, Needed, OtherModel, Outcome
from fairtransfer.report import results, sentences
from fairtransfer.report.charts import Figure
from fairtransfer.report.subject import Subject

MOST_FINDINGS = 5
"""Sentences of findings on the page, shared by the benchmarks, of which each keeps at least `LEAST_FINDINGS`."""

LEAST_FINDINGS = 3

MOST_UNKNOWNS = 6
"""Sentences about what cannot be told, and their characters: fewer are shown where they are long."""

MOST_CHARACTERS = 450
LEAST_UNKNOWNS = 3

MOST_SETTLED = 2
"""Comparisons of an open gate for which the page says what would settle them."""

MOST_MODELS = 3
"""Other models named on the page."""

_CAME_OUT: dict[Outcome, tuple[str, str]] = {
    "fail": ("fails", "fail"),
    "inconclusive": ("lacks evidence", "lack evidence"),
    "error": ("could not be run", "could not be run"),
    "not_applicable": ("does not apply", "do not apply"),
    "pass": ("passes", "pass"),
}


@dataclass(frozen=True, slots=True)
class Front:
    """What the decision page shows of a report's longer lists.

    Attributes
    ----------
    tally
        How many gates came out how; empty where there is none.
    findings, more_findings
        Sentences for the page, and those that stand in the section of findings.
    steps
        What to do next.
    unknowns, more_unknowns
        What cannot be told: for the page, and for the section of limits.
    figure
        The page's picture; None where nothing can be drawn.
    """

    tally: str
    findings: tuple[str, ...]
    more_findings: tuple[str, ...]
    steps: tuple[str, ...]
    unknowns: tuple[str, ...]
    more_unknowns: tuple[str, ...]
    figure: Figure | None


def front(
    subject: Subject, findings: Sequence[Sequence[str]], unknowns: Sequence[str], figure: Figure | None, failed: int
) -> Front:
    """Return the page of a report.

    Parameters
    ----------
    findings
        The sentences about each benchmark, what matters most first.
    failed
        How many jobs have no result.
    """
    share = max(LEAST_FINDINGS, MOST_FINDINGS // len(findings)) if findings else 0
    fitting = _fitting(unknowns)
    return Front(
        tally(subject.verdict.gates),
        tuple(sentence for own in findings for sentence in own[:share]),
        tuple(sentence for own in findings for sentence in own[share:]),
        tuple(_steps(subject, failed)),
        tuple(unknowns[:fitting]),
        tuple(unknowns[fitting:]),
        figure,
    )


def _fitting(lines: Sequence[str]) -> int:
    """Return how many of the lines have room."""
    room = sum(length <= MOST_CHARACTERS for length in itertools.accumulate(map(len, lines)))
    return min(MOST_UNKNOWNS, max(LEAST_UNKNOWNS, room))


def tally(gates: Sequence[GateResult]) -> str:
    """Return how many gates came out how: ``Of 3 gates, 2 fail and 1 lacks evidence.``."""
    if not gates:
        return ""
    counted = Counter(gate.outcome for gate in gates)
    said = {outcome: words[counted[outcome] > 1] for outcome, words in _CAME_OUT.items() if counted[outcome]}
    if len(gates) == 1:
        return f"The one gate {said[gates[0].outcome]}."
    if len(said) == 1:
        every = "Both" if len(gates) == 2 else f"All {len(gates)}"
        return f"{every} gates {next(iter(said.values()))}."
    listed = formats.listing([f"{counted[outcome]} {words}" for outcome, words in said.items()])
    return f"Of {len(gates)} gates, {listed}."


def _steps(subject: Subject, failed: int) -> Iterator[str]:
    """Yield what follows from the outcome; what to make of it is for people."""
    verdict = subject.verdict
    if failed:
        yield f"Run again: {formats.plural(failed, 'job')} ended without a result. The reasons stand under Cost."
    if not verdict.gates:
        yield "Nothing was judged: set limits, as gates, before the next numbers are seen."
        return
    if verdict.outcome == "pass":
        yield "Set the conditions, the time of validity and the next review: every gate is met, and the rest is for people."
    outcomes = [gate.outcome for gate in verdict.gates]
    if "fail" in outcomes:
        yield "More cases are no way out for what failed: its whole interval lies outside the limit."
        yield from _others(verdict.others)
        if any(gate.needed for gate in verdict.gates):
            yield "What would settle the comparisons that are open stands under Findings; it would not change what failed."
        return
    yield from _settling(subject)


def _others(others: Sequence[OtherModel]) -> Iterator[str]:
    """Yield how the other adapted models would have come out."""
    if not others:
        return
    met, open_ = _named(others, "pass"), _named(others, "inconclusive")
    of = "the one other adapted model" if len(others) == 1 else f"the {len(others)} other adapted models"
    if met:
        yield f"Look at {formats.listing(met, MOST_MODELS)}: of {of}, met by every gate."
        return
    end = f"; {formats.listing(open_, MOST_MODELS)} failed no gate" if open_ else ""
    none = "The one other adapted model would not have met" if len(others) == 1 else f"None of {of} would have met"
    yield f"{none} every gate{end}."


def _named(others: Sequence[OtherModel], outcome: Outcome) -> list[str]:
    return [sentences.model_name(other.strategy, other.label_budget) for other in others if other.outcome == outcome]


def _settling(subject: Subject) -> Iterator[str]:
    """Yield, for every open gate, what would settle the comparisons that ask for most."""
    several = len(subject.study.benchmarks) > 1
    for gate in subject.verdict.gates:
        entries = sorted(gate.needed, key=_asks, reverse=True)
        if entries:
            lines = list(dict.fromkeys(sentences.needed(entry, several=several) for entry in entries))
            first, left = "; ".join(lines[:MOST_SETTLED]), len(lines) - MOST_SETTLED
            more = f"; and {formats.plural(left, 'comparison')} that ask for less" if left > 0 else ""
            yield f"To settle {results.gate_name(gate)}: {first}{more}."


def _asks(entry: Needed) -> tuple[bool, float, float, float]:
    """Return how much a comparison asks for; one that no number settles asks for most."""
    units, seeds, people = (amount or 0 for amount in (entry.units, entry.seeds, entry.people))
    return (not (units or seeds or people), people, seeds, units)
