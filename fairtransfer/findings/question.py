"""What is asked of a table of predictions, and whether it can be asked of this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fairtransfer.errors import Problem, Problems, did_you_mean, shown
from fairtransfer.evidence.table.columns import Columns
from fairtransfer.evidence.table.count import Counted
from fairtransfer.evidence.views import JOIN
from fairtransfer.findings.counts import View
from fairtransfer.outcomes import row_value
from fairtransfer.outcomes.metric import RANKED, Metric
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.audit import MetricSpec
from fairtransfer.spec.favourable import not_wanted
from fairtransfer.spec.gates import GateSpec, Policy
from fairtransfer.spec.group_pairs import is_named
from fairtransfer.spec.names import UNKNOWN_GROUP
from fairtransfer.spec.questions import class_meant, metric_names
from fairtransfer.spec.recoding import ranges


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a table of predictions.

    Attributes
    ----------
    intersections
        Groups of several attributes at once.
    positive
        The class that metrics of one class are about; without it they are averaged over all classes.
    measured_in
        The unit of a label that is a number; empty where it is not said.
    separator
        What parts the classes of a row that may have several.
    favourable
        The class that people want to be given; None where that is not said.
    title
        What the report is called; empty where that is left to it.
    order
        Attribute -> its groups in the order in which they are to stand.
    """

    columns: Columns
    intersections: tuple[View, ...]
    metrics: tuple[MetricSpec, ...]
    gates: tuple[GateSpec, ...]
    policy: Policy
    positive: str | None
    measured_in: str = ""
    separator: str = JOIN
    favourable: str | None = None
    title: str = ""
    order: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def group_order(self) -> dict[str, tuple[str, ...]]:
        """The order that is asked for; ranges of numbers stand as numbers do."""
        bins = {name: ranges(edges) for name, edges in self.columns.recoding.bins.items()}
        return {**bins, **self.order}

    @property
    def views(self) -> tuple[View, ...]:
        """Every attribute, every intersection, and what the gates ask for."""
        asked = [(group,) for group in self.columns.groups]
        return tuple(dict.fromkeys([*asked, *self.intersections, *(gate.options.by for gate in self.gates)]))


def check_question(counted: Counted, question: Question) -> None:
    """Look for questions that cannot be asked of this table.

    Raises
    ------
    DefinitionError
        With all of them (``FT-P016`` to ``FT-P019``, ``FT-P023``, ``FT-P026``, ``FT-P027``, ``FT-P028``, ``FT-P040``,
        ``FT-P044`` to ``FT-P048``, ``FT-P070`` to ``FT-P073``, ``FT-P114``).
    """
    problems = Problems()
    for named in dict.fromkeys((question.positive, question.favourable)):
        if named is not None and named not in counted.classes:
            hint = did_you_mean(named, counted.classes)
            problems.add(Problem("FT-P016", f"no row has the class `{named}`", hint, "", counted.name))
    _metrics(question, counted.name, problems)
    _values(question, counted, problems)
    check_views(question, problems)
    _order(question, counted, problems)
    for gate in question.gates:
        _gate(gate, question, counted, problems)
    problems.raise_if_any()


def _metrics(question: Question, name: str, problems: Problems) -> None:
    """Look for metrics that lack a class, or scores."""
    for metric in question.metrics:
        known = metric_named(metric.name)
        if known.of_scores and metric.per_class and not question.columns.scores:
            found = f"`{metric.name}` per class needs a score of every class; --score is that of one"
            do = "give --scores CLASS=COLUMN,..., or measure one class at a time"
            problems.add(Problem("FT-P027", found, f"`{metric.name}`", do, name))
        one = known.one_class and not known.averaged and not (known.of_scores and not question.columns.scores)
        if (
            one
            and class_meant(metric.name, None, question.positive, question.favourable) is None
            and not metric.per_class
        ):
            found, which = f"`{metric.name}` is about one class", "--favourable" if known.selects else "--positive"
            problems.add(Problem("FT-P017", found, "", f"say which with {which}, or ask for it per class", name))
    if question.columns.score is not None and question.positive is None:
        problems.add(Problem("FT-P028", "scores are of one class, and none was named", "", "give --positive", name))
    names = metric_names(question.metrics, question.gates)
    if question.columns.heavy and (root := next((name for name in names if metric_named(name).root), None)):
        found = f"`{root}` has limits from draws only, which rows that weigh, or stand for several, have none of"
        problems.add(Problem("FT-P062", found, "`mean_absolute_error`", "leave it out", name))
    of_scores = [name for name in metric_names(question.metrics, question.gates) if metric_named(name).of_scores]
    ranked = [name for name in of_scores if metric_named(name).estimator in RANKED]
    if ranked and question.columns.weights:
        found = f"`{ranked[0]}` ranks scores, or fits them, which is not done with weights"
        allowed = "`brier_score`, `calibration_bias` and `log_loss` are measured with weights"
        problems.add(Problem("FT-P026", found, allowed, "leave it out, or measure it apart", name))
    if of_scores and not question.columns.scored:
        found = f"`{of_scores[0]}` is made of scores, and no column with scores was given"
        problems.add(Problem("FT-P023", found, "", "give --score, or --scores of every class", name))


def _values(question: Question, counted: Counted, problems: Problems) -> None:
    """Look for means of columns that are not the one with values, values beyond their ends, and what takes labels."""
    columns, name = question.columns, counted.name
    metrics = list(map(metric_named, metric_names(question.metrics, question.gates)))
    means = [metric for metric in metrics if metric.of_values]
    if columns.value is not None and not means:
        found = f"nothing is asked of the values in `{columns.value}`"
        do = f"ask for `mean:{columns.value}:higher`, or `:lower`: whichever is better; with both ends where it has two"
        problems.add(Problem("FT-P046", found, row_value.FORM, do, name))
    for metric in means:
        column = row_value.column_of(metric)
        if column != columns.value:
            hint = f"give --value {column}" if columns.value is None else f"the values are in `{columns.value}`"
            problems.add(Problem("FT-P044", f"`{metric.name}` is of a column that holds no values", "", hint, name))
        elif counted.values is not None:
            (low, high), (least, most) = metric.bounds, counted.values.ends
            if least < low or most > high:
                text = f"`{column}` holds {least:g} to {most:g}, and `{metric.name}` says {low:g} to {high:g}"
                problems.add(Problem("FT-P045", text, "", "write the ends that values can have", name))
    if not columns.label and (other := next((m for m in metrics if not m.of_values), None)):
        found = f"`{other.name}` compares answers with labels, and no columns of these were given"
        problems.add(Problem("FT-P048", found, "", "give --label and --after, or leave it out", name))


def check_views(question: Question, problems: Problems) -> None:
    """Add intersections and gates about columns that are not among the groups (``FT-P018``)."""
    known = set(question.columns.groups)
    for view in (*question.intersections, *(gate.options.by for gate in question.gates)):
        for name in view:
            if name not in known:
                hint = did_you_mean(name, known)
                problems.add(Problem("FT-P018", f"`{name}` is not among the groups", hint, "add it to --groups"))


def _order(question: Question, counted: Counted, problems: Problems) -> None:
    """Add names in an order that no group has; missing membership, and ranges of numbers, are groups that may be empty."""
    bins = question.columns.recoding.bins
    for attribute, names in question.order.items():
        groups = sorted(set(counted.cells[f"g_{attribute}"].to_pylist()))
        possible = {*groups, UNKNOWN_GROUP, *(ranges(bins[attribute]) if attribute in bins else ())}
        for name in (name for name in names if name not in possible):
            found = f"no row belongs to the group `{shown(name)}` of `{shown(attribute)}`"
            problems.add(Problem("FT-P114", found, did_you_mean(name, groups), "", "--order"))


def _gate(gate: GateSpec, question: Question, counted: Counted, problems: Problems) -> None:
    """Look for what a gate compares with, or the class it is about, that this table does not hold."""
    _class_of_gate(gate, question, counted, problems)
    _reference(gate, counted, problems)
    columns, metric, needs = question.columns, metric_named(gate.options.metric), gate.options.needs
    if needs.before and columns.compared is None:
        found = f"`{gate.kind}` compares with a model before"
        problems.add(Problem("FT-P019", found, "", _before_of(metric, columns), gate.id))
    elif needs.before and metric.of_scores and columns.scored and not columns.scored_before:
        found = f"`{gate.kind}` of `{metric.name}` compares with the scores of the model before"
        do = "give --scores-before" if columns.scores else "give --score-before"
        problems.add(Problem("FT-P072", found, "", do, gate.id))
    elif needs.before and metric.of_values and columns.value and columns.value_before is None:
        found = f"`{gate.kind}` of `{metric.name}` compares with the values of the model before"
        problems.add(Problem("FT-P072", found, "", "give --value-before", gate.id))
    if needs.scratch:
        found = f"`{gate.kind}` needs a model trained from scratch, which a table of predictions lacks"
        problems.add(Problem("FT-P019", found, "", "use `fairtransfer run`", gate.id))


def _before_of(metric: Metric, columns: Columns) -> str:
    """Return which columns of the model before a gate on this metric lacks, where there is no such model."""
    if not columns.after:
        return "give --value-before"
    beside = "score" if metric.of_scores else "value" if metric.of_values else ""
    return f"give --before and --{beside}-before" if beside else "give --before"


def _class_of_gate(gate: GateSpec, question: Question, counted: Counted, problems: Problems) -> None:
    metric, of = metric_named(gate.options.metric), gate.options.class_
    if (
        wanted := not_wanted(gate.options, question.favourable, "give --favourable, the class that people want")
    ) is not None:
        problems.add(Problem("FT-G039", *wanted, gate.id))
    elif metric.one_class and class_meant(metric.name, of, question.positive) is None and not metric.selects:
        found = f"`{metric.name}` is about one class"
        problems.add(Problem("FT-P070", found, "", "say which with --positive, or `class=...` in the gate", gate.id))
    if of is not None and of not in counted.classes:
        hint = did_you_mean(of, counted.classes)
        problems.add(Problem("FT-P073", f"no row has the class `{shown(of)}`", hint, "", gate.id))
    elif metric.of_scores and not question.columns.scores and of not in (None, question.positive):
        found = f"the scores are of `{question.positive}`, the gate is about `{of}`"
        do = "leave `class` out, or give --scores of every class"
        problems.add(Problem("FT-P071", found, "", do, gate.id))


def _reference(gate: GateSpec, counted: Counted, problems: Problems) -> None:
    """Look for a reference group that no row belongs to; attributes that do not exist are told elsewhere."""
    options, known = gate.options, set(counted.cells.column_names)
    if options.reference and {f"g_{name}" for name in options.by} <= known:
        columns = [counted.cells[f"g_{name}"].to_pylist() for name in options.by]
        groups = [dict(zip(options.by, key, strict=True)) for key in sorted(set(zip(*columns, strict=True)))]
        if not any(is_named(group, options.reference) for group in groups):
            hint = did_you_mean(options.reference, [", ".join(group.values()) for group in groups])
            found = f"no row belongs to the group `{shown(options.reference)}`"
            problems.add(Problem("FT-P040", found, hint, "", gate.id))
