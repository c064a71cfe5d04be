"""What `measure` is asked, from the values a program or a command line writes to a question about a table."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from fairtransfer.errors import DefinitionError, Problem, Problems, shown
from fairtransfer.evidence.table.columns import Columns as TableColumns
from fairtransfer.evidence.table.thresholds import answer_name
from fairtransfer.evidence.views import JOIN
from fairtransfer.findings.question import Question
from fairtransfer.spec.audit import MetricSpec
from fairtransfer.spec.class_scores import read_scores
from fairtransfer.spec.columns import Columns
from fairtransfer.spec.gates import GateSpec, Policy
from fairtransfer.spec.group_order import Order, read_order
from fairtransfer.spec.keywords import Keywords, Label, kind_in_python, single
from fairtransfer.spec.recoding import Bins, Map, read_recoding
from fairtransfer.spec.short import Gate, Metric, read_gates, read_metrics, read_policy
from fairtransfer.spec.target import TARGETS, check_beside, check_gates, check_metrics, default_metrics

SCORES = ("scores", "scores_before")
"""What names a column for every class."""


@dataclass(frozen=True, slots=True)
class MeasureOptions:
    """What `measure` takes beside columns, as it is written; see there."""

    intersections: str | Iterable[str | Iterable[str]] | None = None
    positive: Label | None = None
    classes: str | Iterable[Label] | None = None
    multilabel: bool = False
    target: str = "classes"
    measured_in: str | None = ""
    metrics: Metric | Iterable[Metric] | None = None
    gates: Gate | Iterable[Gate] | None = None
    policy: Policy | Mapping[str, Any] | None = None
    map: Map | None = None
    bins: Bins | None = None
    multilabel_separator: str | None = None
    labels_file: Any = None
    before_file: Any = None
    after_file: Any = None
    threshold: float | None = None
    favourable: Label | None = None
    title: str | None = None
    order: Order | None = None

    @property
    def files(self) -> dict[str, Any]:
        """Files of their own: ``labels``, ``before`` and ``after``, those that are given."""
        given = {"labels": self.labels_file, "before": self.before_file, "after": self.after_file}
        return {side: file for side, file in given.items() if file is not None}


def check_files(options: MeasureOptions, problems: Problems) -> None:
    """Add files that are neither a path nor a table."""
    for side, file in options.files.items():
        if not isinstance(file, str | Path) and not hasattr(file, "columns") and not hasattr(file, "column_names"):
            found, allowed = f"got {kind_in_python(file)}", "a path, a DataFrame, a pyarrow Table or an ibis table"
            problems.add(Problem("FT-P041", found, allowed, "", f"{side}_file"))


def with_threshold(columns: Columns, options: MeasureOptions, problems: Problems) -> Columns:
    """Return columns whose answers are made of scores, where a threshold is given (``FT-P041``, ``FT-P113``)."""
    threshold = single(options.threshold)
    if threshold is None:
        return columns
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not math.isfinite(threshold):
        problems.add(Problem("FT-P041", f"got {kind_in_python(threshold)}", "a number", "", "threshold"))
    elif not 0 < threshold <= 1:
        found = f"a threshold of {threshold:g} gives every row the same answer"
        problems.add(Problem("FT-P113", found, "above 0, at most 1", "", "--threshold"))
    elif columns.after or columns.before or not columns.score or options.positive is None or options.multilabel:
        found = "a threshold makes answers of scores"
        do = "give --score and --positive, and neither --after nor --before, nor --multilabel"
        problems.add(Problem("FT-P113", found, "", do, "--threshold"))
    else:
        before = answer_name(columns.score_before, threshold) if columns.score_before else None
        return replace(columns, after=answer_name(columns.score, threshold), before=before)
    return replace(columns, after=columns.after or columns.score or "score")


def with_keywords(columns: object, given: Mapping[str, Any], problems: Problems) -> Columns:
    """Return columns with those that were given as keywords in their place."""
    if columns is not None and not isinstance(columns, Columns):
        found = f"a value of type {type(columns).__name__} stands where the columns do"
        wants = 'ft.Columns(label="y", after="new"), or keywords such as label="y"'
        problems.add(Problem("FT-P041", found, wants, "", "columns"))
    named = columns if isinstance(columns, Columns) else Columns()
    return replace(named, **{name: value for name, value in given.items() if value is not None})


def question_of(columns: Columns, options: MeasureOptions, problems: Problems) -> tuple[Question, tuple[str, ...]]:
    """Return the question, and the classes there are (none: those that occur).

    Parameters
    ----------
    problems
        What was found wrong before; it is told together with what is found here.

    Raises
    ------
    DefinitionError
        With everything in it that cannot be read, or does not go together (``FT-P020`` to ``FT-P022``, ``FT-P041``,
        ``FT-P042``, ``FT-P062`` to ``FT-P064``, ``FT-P106``, ``FT-P107``, ``FT-P114``, ``FT-P117``).
    """
    read = Keywords(problems)
    given = {field.name: getattr(columns, field.name) for field in fields(Columns)}
    scores = {name: read_scores(given.pop(name), f"--{name.replace('_', '-')}", problems) for name in SCORES}
    one = {name: read.column(name, value) for name, value in given.items() if name not in ("groups", "item")}
    many = {name: read.columns(name, given[name]) for name in ("groups", "item")}
    valued = one["value"] is not None and not (given["label"] or given["after"] or given["before"])
    for name, what in (("label", "the truth"), ("after", "the answers of a model")):
        if not valued and (given[name] is None or (isinstance(given[name], str) and not given[name])):
            problems.add(Problem("FT-P042", "not given", f"the name of the column with {what}", "", name))
    positive, classes = read.label("positive", options.positive), read.labels("classes", options.classes)
    favourable, title = read.label("favourable", options.favourable), read.text("title", options.title)
    multilabel = read.flag("multilabel", options.multilabel)
    crossed, unit = read.views("intersections", options.intersections), read.text("measured_in", options.measured_in)
    policy = read_policy(options.policy, problems)
    drawn = one["weights"] is None and one["counts"] is None
    metrics, gates = _asked(options, problems, valued=valued, drawn=drawn)
    separator = read.text("multilabel_separator", options.multilabel_separator) or JOIN
    if separator != JOIN and not multilabel:
        found = "rows have one class, and a separator is given"
        problems.add(Problem("FT-P022", found, "", "say --multilabel, or leave it out", "--multilabel-separator"))
    check_files(options, problems)
    recoding = read_recoding(options.map, options.bins, many["groups"], problems)
    order = read_order(options.order, many["groups"], problems)
    _together(
        options, {**one, **scores}, {"positive": positive, "multilabel": multilabel, "classes": classes}, unit, problems
    )
    problems.raise_if_any()
    named = TableColumns(
        label=one["label"] or "",
        after=one["after"] or "",
        groups=many["groups"],
        before=one["before"],
        items=many["item"],
        unit=one["unit"],
        counts=one["counts"],
        weights=one["weights"],
        multilabel=multilabel,
        score=one["score"],
        score_before=one["score_before"],
        scores=scores["scores"],
        scores_before=scores["scores_before"],
        numbers=options.target == "number",
        value=one["value"],
        value_before=one["value_before"],
        recoding=recoding,
    )
    asked = Question(named, crossed, metrics, gates, policy, positive, unit, separator, favourable, title, order)
    return asked, classes


def _asked(
    options: MeasureOptions, problems: Problems, *, valued: bool, drawn: bool
) -> tuple[tuple[MetricSpec, ...], tuple[GateSpec, ...]]:
    """Return the metrics and gates that are asked for; both must fit the target.

    Parameters
    ----------
    valued
        There are values and no answers.
    drawn
        Limits may be drawn: every row is one case.
    """
    target = options.target
    gates = read_gates(options.gates, problems)
    if not isinstance(target, str) or target not in TARGETS:
        problems.add(Problem("FT-P022", f"got `{shown(target)}`", " | ".join(TARGETS), "", "--target"))
        return read_metrics(options.metrics, problems), gates
    metrics = read_metrics(options.metrics, problems)
    if not metrics and not valued:
        metrics = read_metrics(default_metrics(target, drawn=drawn), problems)
    check_metrics(metrics, target, "say `--target number`", problems)
    check_gates(gates, target, problems)
    return metrics, gates


def _together(
    options: MeasureOptions,
    columns: Mapping[str, object],
    labels: Mapping[str, object],
    unit: str,
    problems: Problems,
) -> None:
    """Look for what has no meaning beside something else."""
    if columns["counts"] and columns["weights"]:
        problems.add(Problem("FT-P021", "both counts and weights are given", "", "multiply them beforehand"))
    if unit and options.target != "number":
        found = "--measured-in is the unit of a number, and the label is a class"
        problems.add(Problem("FT-P062", found, "", "say `--target number`, or leave it out", "--measured-in"))
    if options.target == "number":
        score = {"score": columns["score"], "score-before": columns["score_before"]}
        score |= {"scores": columns["scores"], "scores-before": columns["scores_before"]}
        score |= {"value": columns["value"], "value-before": columns["value_before"]}
        check_beside({**labels, **score}.items(), problems)


_OPTION = re.compile(r"--([a-z]+(?:-[a-z]+)*)")


@contextmanager
def in_keywords() -> Iterator[None]:
    """Name keywords, ``score_before=``, where messages name options of the command line, ``--score-before``."""
    try:
        yield
    except DefinitionError as error:
        raise DefinitionError(map(_in_keywords, error.problems)) from None


def _in_keywords(problem: Problem) -> Problem:
    """Return a problem in the words of a program; the option for a gate may be given several times, the keyword takes all."""

    def renamed(text: str) -> str:
        named = _OPTION.sub(lambda found: f"{found[1]}=".replace("-", "_").replace("gate=", "gates="), text)
        return named.replace("= '", "='")

    file = problem.file
    where = renamed(file).rstrip("=") if file.startswith("--") else file
    found, allowed, do = map(renamed, (problem.found, problem.allowed, problem.do))
    return replace(problem, found=found, allowed=allowed, do=do, file=where)
