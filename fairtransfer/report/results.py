"""The tables of results: gates, the candidate per group, every other model, every metric."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from fairtransfer import formats
from fairtransfer.findings.candidate import seeds_in_words
from fairtransfer.findings.details import ScoreDetails
from fairtransfer.findings.gap_details import Group
from fairtransfer.findings.rows import Finding, Stage
from fairtransfer.gates.results import GateResult, Needed
from fairtransfer.outcomes.row_value import is_mean
from fairtransfer.outcomes.table import metric_named
from fairtransfer.report import sentences, tables
from fairtransfer.report.finding_index import Metric
from fairtransfer.report.subject import Subject
from fairtransfer.report.tables import Table
from fairtransfer.report.wording import wording
from fairtransfer.spec.gates import gate_named

_IN_BRACKETS = (
    "95% intervals in brackets. Smallest seen: the smallest difference so many cases would show four times in five."
)

_IN_SHORT = "95% intervals; smallest seen: what so many cases would show four times in five"


def gate_name(gate: GateResult) -> str:
    """Return a gate's name as people read it: ``No harm: error rate by language``."""
    metric, by = gate.target
    plain, bracket, class_label = metric.partition("[") if not is_mean(metric) else (metric, "", "")
    by, _, against = by.partition("~")
    groups = by.replace("*", " and ").replace("@", " on ")
    groups += ", every pair" if against == "all_pairs" else f", against {against.partition(':')[2]}" if against else ""
    names = [plain] if is_mean(plain) else plain.split("+")
    about = f"{' and '.join(map(sentences.metric_name, names))}{bracket}{class_label} by {groups}"
    return f"{gate_named(gate.kind).title}: {about}"


def _limit(subject: Subject, gate: GateResult) -> str:
    asked = subject.gate(gate.id)
    return asked.demanded((gate.measured_in or "") if asked.measures.in_a_unit else None)


def gate_table(subject: Subject) -> Table:
    """Return every gate with its limit, its outcome and why."""
    rows = [
        (gate_name(gate), _limit(subject, gate), formats.OUTCOME_WORDS[gate.outcome], gate.reason)
        for gate in subject.verdict.gates
    ]
    headings = ("Gate", "Limit", "Outcome", "Why")
    return tables.table("gates", "The gates, and how the candidate came out", headings, rows, text_columns=4)


def rule(subject: Subject) -> str:
    """Return what the gates ask, each kind once, and when any of them passes or fails."""
    asked = {gate.kind: gate_named(gate.kind) for gate in subject.verdict.gates}
    return " ".join([*(f"{gate.title}: {gate.summary}." for gate in asked.values()), sentences.RULE])


def needed(subject: Subject) -> tuple[str, ...]:
    """Return what would settle the gates that are open."""
    gates = [gate for gate in subject.verdict.gates if gate.needed]
    several = len(subject.study.benchmarks) > 1
    return tuple(f"{gate_name(gate)}. {'. '.join(_settling(gate.needed, several=several))}." for gate in gates)


def _settling(entries: Sequence[Needed], *, several: bool) -> Iterator[str]:
    # Once, where a limit on both sides wants the same of a group.
    yield "; ".join(dict.fromkeys(sentences.needed(entry, several=several) for entry in entries))
    if way_out := sentences.way_out(entries):
        yield way_out


def others_table(subject: Subject) -> Table:
    """Return how the other adapted models would have come out."""
    gates = subject.verdict.gates
    rows = [
        [
            sentences.model_name(other.strategy, other.label_budget),
            formats.OUTCOME_WORDS[other.outcome],
            *(formats.OUTCOME_WORDS[other.gates[gate.id]] for gate in gates),
        ]
        for other in subject.verdict.others
    ]
    headings = ("Model", "All gates", *map(gate_name, gates))
    caption = "The other adapted models, had each been the candidate"
    chosen = subject.verdict.candidate
    selection = None if chosen is None else chosen.selection
    on = f" Each on {seeds_in_words(selection.choosing)}, which chose the candidate." if selection else ""
    note = f"Not part of the verdict.{on}"
    return tables.table("others", caption, headings, rows, text_columns=len(headings), note=note)


def group_tables(subject: Subject) -> Iterator[Table]:
    """Yield the candidate's results per view: before, after, change, and against training from scratch."""
    for benchmark in subject.study.benchmarks:
        for view in benchmark.views:
            yield _group_table(subject, benchmark.key, view)


def _group_table(subject: Subject, key: str, view: tuple[str, ...]) -> Table:
    where, study = " and ".join(view), subject.study
    columns = _columns(compared=study.has_before, controlled=bool(study.scratch), subject=subject)
    groups = [{}, *subject.rows.groups(key, view)]
    rows = [(formats.group_label(g), *(show(subject, key, g) for _, show in columns)) for g in groups]
    name = sentences.metric_title(*subject.metric) + _unit(subject)
    caption = f"{name} by {where}, {key}: {_model(subject)}"
    headings = (where, *(heading for heading, _ in columns))
    return tables.table(f"r-{key.split('@')[0]}-{'-'.join(view)}", caption, headings, rows, note=_IN_BRACKETS)


def _unit(subject: Subject) -> str:
    """Return the label's unit as a caption tells it, `` in days``; percentages carry their sign."""
    return f" in {subject.words.axis}" if subject.of_numbers and subject.words.axis else ""


def _model(subject: Subject) -> str:
    return sentences.model_name(subject.strategy, subject.budget)


_Cell = Callable[[Subject, str, Group], str]


def _columns(*, compared: bool, controlled: bool, subject: Subject) -> list[tuple[str, _Cell]]:
    """Return heading and content of the columns, as far as there are models to compare."""

    def cell(show: Callable[[Finding | None], str], stage: Stage) -> _Cell:
        return lambda subject, key, group: show(subject.one(key, stage, group))

    columns = [("Cases", cell(tables.people, "after"))]
    columns += [("Before", cell(tables.rate, "before"))] if compared else []
    columns += [("After", cell(tables.rate, "after"))]
    unit = f", {subject.words.unit}" if subject.words.unit else ""
    if compared:
        columns += [(f"Change{unit}", cell(tables.change, "change"))]
        columns += [("Newly wrong / right", cell(tables.flips, "change"))] if subject.of_rates else []
    columns += [(f"Against scratch{unit}", cell(tables.change, "gain"))] if controlled else []
    return [*columns, (f"Smallest seen{unit}", cell(tables.smallest, "change" if compared else "after"))]


def result_tables(subject: Subject) -> Iterator[Table]:
    """Yield every metric by view for every model."""
    for benchmark in subject.study.benchmarks:
        for metric in subject.rows.metrics():
            for view in [(), *benchmark.views]:
                yield _results(subject, benchmark.key, metric, view)


def compact_tables(subject: Subject) -> Iterator[Table]:
    """Yield one table per metric for a terminal: everyone, then the groups of every view, before, after and changed."""
    for benchmark in subject.study.benchmarks:
        for metric in subject.rows.metrics():
            yield _compact(subject, benchmark.key, benchmark.views, metric)


def _compact(subject: Subject, key: str, views: Sequence[tuple[str, ...]], metric: Metric) -> Table:
    def find(stage: Stage, group: Group) -> Finding | None:
        return subject.one(key, stage, group, metric)

    def line(label: str, group: Group) -> tuple[str, ...]:
        after, moved = find("after", group), find("change", group)
        cells = [tables.people(after), *([tables.rate(find("before", group))] if compared else []), tables.rate(after)]
        cells += [*([tables.change(moved)] if paired else []), *([tables.flips(moved)] if flips else [])]
        return (label, *cells, tables.smallest(moved if paired else after))

    compared, everyone = subject.study.has_before, find("change", {})
    paired, flips = everyone is not None, everyone is not None and everyone.n_new_errors is not None
    rows = [line("everyone", {})]
    for view in views:
        rows.append((f"by {' and '.join(view)}", *[""] * (len(rows[0]) - 1)))
        rows += [line(f"  {formats.group_label(group)}", group) for group in subject.rows.groups(key, view)]
    words = wording(metric[0], subject.study.measured_in)
    unit = f", {words.unit}" if words.unit else ""
    headings = ["", "Cases", *(["Before"] if compared else []), "After"]
    headings += [f"Change{unit}"] if paired else []
    headings += ["Newly wrong\n/ right"] if flips else []
    headings += ["Smallest\nseen" + unit.replace(", ", ",\n")]
    values = f" in {words.axis}" if words.axis and words.axis != "%" else ""
    caption = f"{sentences.metric_title(*metric)}{values}, {key} ({_model(subject)}; {_IN_SHORT})"
    return tables.table(f"m-{metric[0]}-{metric[1] or ''}", caption, headings, rows)


def _results(subject: Subject, key: str, metric: Metric, view: tuple[str, ...]) -> Table:
    groups = subject.rows.groups(key, view)
    listed = [row for group in groups for row in _models(subject, key, metric, group)]
    where = " and ".join(view) or "everyone"
    name, class_label = sentences.metric_title(*metric), metric[1]
    words = wording(metric[0], subject.study.measured_in)
    unit = f", {words.unit}" if words.unit else ""
    against = [f"Against {'before' if stage == 'change' else 'scratch'}{unit}" for stage in _compared(subject)]
    headings = (
        "Model",
        where,
        "Cases",
        name + (f", {words.axis}" if words.axis and words.axis != "%" else ""),
        *(_MIXED if _is_mixed(metric, view) else ()),
        *against,
    )
    anchor = f"t-{key.split('@')[0]}-{metric[0]}{f'-{class_label}' if class_label else ''}-{'-'.join(view) or 'all'}"
    note = ". ".join(filter(None, (_MIXED_NOTE if _is_mixed(metric, view) else "", _on_seeds(subject))))
    return tables.table(anchor, f"{name}, {key}, by {where}", headings, listed, note=note, text_columns=2, band=1)


def _on_seeds(subject: Subject) -> str:
    """Return on which seeds the models of a table stand, where not all stand on the same."""
    choice = subject.study.choice
    if choice is None:
        return ""
    judged = [sentences.model_name(*model) for model in (choice.model, choice.control) if model[0]]
    chose, judge = map(seeds_in_words, (choice.roles.choosing, choice.roles.judging))
    return f"{formats.listing(judged)}: {judge}; other adapted models: {chose}"


_MIXED = ("BPSN AUC", "BNSP AUC")
_MIXED_NOTE = (
    "BPSN: the others' positives against the group's negatives; BNSP: the group's against the others' negatives"
)


def _is_mixed(metric: Metric, view: Sequence[str]) -> bool:
    """Say whether a table tells how a group's scores rank against the others': of the AUC, by group (Borkan et al. 2019)."""
    return metric_named(metric[0]).estimator == "ranking" and bool(view)


def _mixed(row: Finding | None, metric: Metric, group: Group) -> tuple[str, ...]:
    if not _is_mixed(metric, tuple(group)):
        return ()
    details = None if row is None else row.detail(ScoreDetails)
    if details is None or details.mixed_up is None:
        return ("–",) * len(_MIXED)
    return tuple("–" if value is None else f"{value:.3f}" for value in (details.mixed_up.bpsn, details.mixed_up.bnsp))


def _compared(subject: Subject) -> list[Stage]:
    """Return the stages that compare two models, as far as there are two."""
    asked: tuple[tuple[Stage, bool], ...] = (
        ("change", subject.study.has_before),
        ("gain", bool(subject.study.scratch)),
    )
    return [stage for stage, is_there in asked if is_there]


def _models(subject: Subject, key: str, metric: Metric, group: Group) -> Iterator[tuple[str, ...]]:
    """Yield a group's row for the model as published, and for every adapted one."""
    label = formats.group_label(group)
    compared = _compared(subject)
    before = subject.one(key, "before", group, metric)
    if subject.study.has_before:
        yield (
            subject.study.before_name,
            label,
            tables.people(before),
            tables.rate(before),
            *_mixed(before, metric, group),
            *("–" for _ in compared),
        )
    for strategy, budget in subject.rows.models(key):
        stages: list[Stage] = ["scratch" if strategy == subject.study.scratch else "after", *compared]
        name_of, class_label = metric
        row, *moved = (subject.rows.find(key, stage, name_of, group, strategy, budget, class_label) for stage in stages)
        name = sentences.model_name(strategy, budget)
        yield name, label, tables.people(row), tables.rate(row), *_mixed(row, metric, group), *map(tables.change, moved)
