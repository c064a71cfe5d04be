"""How many of each class a group holds: counts that documents hide when they are small, like those of groups.

A rate of one class has the class's cases as its denominator. With the classes as one more attribute (`CLASS`) they are parts
of the groups' sums, and `suppress.hidden_groups` hides what they could be worked out from too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from fairtransfer.findings.counts import Block
from fairtransfer.findings.details import ComparisonDetails
from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.findings.rows import Finding
from fairtransfer.findings.study import Study
from fairtransfer.outcomes.classes import WRONG
from fairtransfer.outcomes.table import metric_named
from fairtransfer.report.suppress import CLASS, GroupKey, Hidden, View, hidden_groups, is_about, left_out
from fairtransfer.spec.gates import GateSpec

Answered = tuple[Any, ...]
"""Benchmark, stage, strategy, label budget and group of a row about those put into a class, and the class."""

_OF_TRUTH = ("true_positive", "false_positive")


def sizes_of(study: Study) -> dict[str, dict[View, dict[GroupKey, float]]]:
    """Return ``benchmark key -> view -> group -> people``, with the classes where rates of one class are told."""
    events = {_event(name) for name in (*(m.name for m in study.metrics), *(_metric(g) for g in study.gates))}
    classes = study.classes if events & set(_OF_TRUTH) else ()
    query, found = EvidenceQuery(study), {}
    for benchmark in study.benchmarks:
        pairing = next(query.pairings(benchmark.id, "change"), None)
        block = None if pairing is None else query.block(pairing)
        if block is not None:
            views = [(), *benchmark.views]
            found[benchmark.key] = _sizes(block, views, classes)
    return found


def _metric(gate: GateSpec) -> str:
    return gate.options.metric


def _event(metric: str) -> str:
    """Return what a metric counts; one made of scores, or an F1 score, tells, like a hit rate, how many cases have its class."""
    known = metric_named(metric)
    if known.of_scores or known.estimator == "f1":
        return "true_positive"
    return known.adds if known.outcome == "classes" else WRONG


def _sizes(block: Block, views: Iterable[tuple[str, ...]], classes: Iterable[str]) -> dict[View, dict[GroupKey, float]]:
    sizes: dict[View, dict[GroupKey, float]] = {}
    for view in views:
        groups = block.tally(view, "wrong", "")
        people = groups.den_second[0].tolist()
        if view:
            sizes[frozenset(view)] = {frozenset(g.items()): n for g, n in zip(groups.groups, people, strict=True)}
        for of in classes:
            cells = sizes.setdefault(frozenset(view) | {CLASS}, {})
            counted = block.tally(view, "true_positive", of)
            for group, n in zip(counted.groups, counted.den_second[0].tolist(), strict=True):
                cells[frozenset({*group.items(), (CLASS, of)})] = n
    return sizes


def counted_classes(row: Finding, classes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the classes of which a row tells how many cases there are.

    An average over overlapping classes has the denominator of the first. An average over the classes' own rows tells of the
    smallest, and only when that was too small.
    """
    event = _event(row.metric)
    if event not in (*_OF_TRUTH, "precision"):
        return ()
    if row.class_ is not None:
        return (row.class_,)
    if row.status == "too_small":
        return classes
    return classes[:1] if event != "true_positive" and row.level != "gap" else ()


def gate_classes(study: Study) -> dict[str, tuple[str, ...]]:
    """Return ``gate id -> classes`` whose cases its comparisons count; none for gates about all cases."""
    found = {}
    for gate in study.gates:
        of = gate.options.class_ or study.positive_class
        counts = _event(_metric(gate)) in _OF_TRUTH
        found[gate.id] = () if not counts else study.classes if of is None else (of,)
    return found


def is_secret(row: Finding, classes: tuple[str, ...], hidden: Hidden, few: AbstractSet[Answered]) -> bool:
    """Say whether a row is about a hidden group, or tells of few cases of a class.

    Parameters
    ----------
    hidden
        Groups, and their parts that have a class.
    few
        What `hidden_answers` returns.
    """
    counted = counted_classes(row, classes)
    if _event(row.metric) == "precision":
        return is_about(row, hidden) or any((*_about(row), of) in few for of in counted)
    return any(is_about(row, hidden, of) for of in counted or (None,))


def hidden_rows(rows: Iterable[Finding]) -> dict[Answered, set[GroupKey]]:
    """Return the groups of these rows by what the rows tell of them: gaps that compare such a group tell it too."""
    found: dict[Answered, set[GroupKey]] = defaultdict(set)
    for row in rows:
        if row.level != "gap" and row.against is None:
            found[_question(row)].add(frozenset(row.group.items()))
    return found


def compares_hidden(row: Finding, taken: Mapping[Answered, AbstractSet[GroupKey]]) -> bool:
    """Say whether a gap compares a group whose own row is hidden (`hidden_rows`): its details tell of every group."""
    if row.level != "gap":
        return False
    same_view = (g for g in taken.get(_question(row), ()) if {name for name, _ in g} == row.group.keys())
    return any(group not in left_out(row) for group in same_view)


def _question(row: Finding) -> Answered:
    """Return what a row tells, of whichever group."""
    *about, _ = _about(row)
    return (*about, row.metric, row.class_)


def hidden_answers(rows: Sequence[Finding], classes: tuple[str, ...], below: int) -> set[Answered]:
    """Return which rows of precision to hide: few were put into the class, or their number would follow from the others."""
    counted: dict[Answered, dict[View, dict[GroupKey, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        if _event(row.metric) == "precision" and row.level != "gap" and row.n:
            *about, group = _about(row)
            of = frozenset({(CLASS, row.class_ or classes[0])})
            counted[tuple(about)][frozenset(row.group) | {CLASS}][group | of] = row.n
    found = {(*_about(row), row.class_ or classes[0]) for row in rows if _few_compared(row, below)}
    for key, answered in counted.items():
        cells = {cell for cell in hidden_groups({**answered, **_over_classes(answered)}, below) if CLASS in dict(cell)}
        found |= {(*key, cell - {(CLASS, dict(cell)[CLASS])}, dict(cell)[CLASS]) for cell in cells}
    return found


def _over_classes(answered: Mapping[View, Mapping[GroupKey, float]]) -> dict[View, dict[GroupKey, float]]:
    """Return how many of each group were put into any of the classes: a sum that its own cases tell."""
    found: dict[View, dict[GroupKey, float]] = {}
    for view, cells in answered.items():
        sums: dict[GroupKey, float] = defaultdict(int)
        for cell, n in cells.items():
            sums[frozenset(part for part in cell if part[0] != CLASS)] += n
        if view != {CLASS} and len(cells) > len(sums):
            found[view - {CLASS}] = sums
    return found


def _few_compared(row: Finding, below: int) -> bool:
    """Say whether a row compares with a group of which few were put into the class."""
    details = row.detail(ComparisonDetails)
    return _event(row.metric) == "precision" and details is not None and details.other_n < below


def _about(row: Finding) -> Answered:
    return (row.benchmark, row.stage, row.strategy, row.label_budget, frozenset(row.group.items()))
