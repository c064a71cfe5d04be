"""Measure predictions that were made elsewhere: labels, one or two models' answers, groups. No model, no training.

::

    import fairtransfer as ft
    found = ft.measure("answers.csv", label="y", before="old", after="new", groups=["region"])
    print(found.to_frame())
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairtransfer.errors import DefinitionError, Problem, Problems
from fairtransfer.evidence.table.checks import Columns
from fairtransfer.evidence.table.count import Counted, count_table
from fairtransfer.evidence.table.numbers import count_numbers
from fairtransfer.evidence.table.source import open_table, reading
from fairtransfer.findings.build import measure as findings_of
from fairtransfer.findings.flips_of_table import harm_of_table
from fairtransfer.findings.frames import MetricTable, frame_of, metric_table
from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.findings.question import Question, check_views
from fairtransfer.findings.rows import Finding
from fairtransfer.findings.screening import screened
from fairtransfer.findings.study import Study
from fairtransfer.findings.table import study_of_table
from fairtransfer.gates import judge_table
from fairtransfer.gates.verdict import Verdict
from fairtransfer.spec.audit import MetricSpec
from fairtransfer.spec.gates import GateSpec, Policy
from fairtransfer.spec.short import read_gates, read_metrics
from fairtransfer.spec.target import DEFAULT_METRICS, TARGETS, check_beside, check_gates, check_metrics
from fairtransfer.version import VERSION

if TYPE_CHECKING:
    import ibis
    import pandas as pd

POLICY = Policy(planned_evaluations=1)


@dataclass(frozen=True)
class Measurement:
    """What a table of predictions says about each group.

    Attributes
    ----------
    counted
        Joint counts, and what was noticed while counting.
    findings
        One row per question; the same as `findings.json` of a run holds.
    verdict
        ``not_applicable`` when no gate was asked for.
    screening
        What the exploratory table of changes is about (`fairtransfer.findings.screening`); None without a model before.
    harm
        Per group who became wrong and who became right, with example items; only where items are named and there is a
        model before. For the owner of the data: it is in no document.
    """

    counted: Counted
    question: Question
    study: Study
    findings: tuple[Finding, ...]
    verdict: Verdict
    screening: dict[str, Any] | None = None
    harm: tuple[dict[str, Any], ...] | None = None

    @property
    def exit_code(self) -> int:
        """0 when no gate was asked for, else the verdict's."""
        return self.verdict.exit_code if self.study.gates else 0

    def to_json(self) -> dict[str, Any]:
        """Return rows and verdict as every JSON of this tool has them; numbers unrounded."""
        counted = self.counted
        rows = {"n_in": counted.rows + counted.idle, "n_used": counted.rows, "n_excluded": counted.excluded}
        table = {"name": counted.name, "classes": list(counted.classes), **rows}
        warnings = {"warnings": list(map(str, counted.warnings))} if counted.warnings else {}
        return {
            "schema": "1",
            "table": {**table, "notes": counted.notes, "outside": counted.outside, **warnings},
            "screening": self.screening,
            "rows": [finding.to_json() for finding in self.findings],
            "verdict": self.verdict.to_json(),
            **({} if self.harm is None else {"harm": list(self.harm)}),
        }

    def render(self, out: Path) -> list[Path]:
        """Write the report (HTML and Markdown) and the public numbers (JSON) into a folder; small groups are hidden."""
        from fairtransfer.report.render import render_table
        from fairtransfer.report.table_document import build_table

        document = build_table(self.counted, self.question, self.study, self.to_json(), VERSION)
        return render_table(document, out)

    def to_frame(self) -> pd.DataFrame:
        """Return the findings as a DataFrame, one row each; a group's attributes are columns of their own."""
        return frame_of(finding.to_json() for finding in self.findings)

    def to_metricframe(self, by: str | Sequence[str], stage: str = "after") -> MetricTable:
        """Return one stage's values as fairlearn's `MetricFrame` shows them, with NaN where a value is undefined."""
        return metric_table(self.findings, (by,) if isinstance(by, str) else tuple(by), stage)


def measure(
    source: Any,
    *,
    label: str,
    after: str,
    before: str | None = None,
    groups: Sequence[str] = (),
    intersections: Sequence[Sequence[str]] = (),
    item: Sequence[str] = (),
    unit: str | None = None,
    positive: str | None = None,
    metrics: Sequence[str] = (),
    gates: Sequence[str] = (),
    counts: str | None = None,
    weights: str | None = None,
    classes: Sequence[str] = (),
    multilabel: bool = False,
    score: str | None = None,
    score_before: str | None = None,
    target: str = "classes",
    measured_in: str = "",
    policy: Policy = POLICY,
) -> Measurement:
    """Measure a table of predictions, of any size.

    Parameters
    ----------
    source
        CSV or Parquet file, folder of Parquet files, DataFrame, pyarrow Table, or a table of any ibis backend.
    label, before, after
        Columns with the truth and with the answers of one or two models.
    groups, intersections
        Columns with group membership, and which of them to cross. Missing membership is the group ``unknown``.
    item
        Columns that together name a row; repeated rows are an error.
    unit
        Column with the person or document that rows share.
    positive
        The class that metrics of one class are about.
    metrics
        Names, or ``name:per_class``. Default: ``error_rate``; of numbers all there are.
    gates
        Short form: ``no_harm:by=region,metric=error_rate,margin=0.02``. Of numbers ``metric=mean_absolute_error``, with the
        margin in the label's own unit.
    counts
        The table holds counts: this column says how many rows each of its rows stands for.
    weights
        Column with sampling weights.
    classes
        All labels there are; default: those that occur.
    score, score_before
        Columns with the probability of the positive class, for metrics made of scores such as ``auc`` and ``brier_score``.
    target
        ``classes``, or ``number`` where label and answers are numbers and what matters is how far off they are. Never guessed:
        whole numbers are often names of classes.
    measured_in
        The unit of numbers, as results write it: ``days``. Margins of gates on numbers are in it.

    Raises
    ------
    DefinitionError
        With everything that is wrong with the table or the questions.
    """
    problems = Problems()
    if counts and weights:
        problems.add(Problem("FT-P021", "both counts and weights are given", "", "multiply them beforehand"))
    asked_metrics, asked_gates = _asked(metrics, gates, target, problems)
    numbers = target == "number"
    if measured_in and not numbers:
        found = "--measured-in is the unit of a number, and the label is a class"
        problems.add(Problem("FT-P062", found, "", "say `--target number`, or leave it out", "--measured-in"))
    if numbers:
        beside = {"positive": positive, "score": score, "score-before": score_before, "multilabel": multilabel}
        check_beside({**beside, "classes": classes, "counts": counts, "weights": weights}.items(), problems)
    problems.raise_if_any()
    named = Columns(
        label,
        after,
        tuple(groups),
        before,
        tuple(item),
        unit,
        counts,
        weights,
        multilabel,
        score,
        score_before,
        numbers,
    )
    crossed = tuple(tuple(view) for view in intersections)
    question = Question(named, crossed, asked_metrics, asked_gates, policy, positive, measured_in)
    return _measured(*open_table(source), question, classes)


def _asked(
    metrics: Sequence[str], gates: Sequence[str], target: str, problems: Problems
) -> tuple[tuple[MetricSpec, ...], tuple[GateSpec, ...]]:
    """Return the metrics and gates that are asked for, read from their short forms; both must fit the target."""
    if target not in TARGETS:
        problems.add(Problem("FT-P022", f"got `{target}`", " | ".join(TARGETS), "", "--target"))
        problems.raise_if_any()
    asked_gates = read_gates(gates, problems)
    asked_metrics = read_metrics(metrics or DEFAULT_METRICS[target], problems)
    check_metrics(asked_metrics, target, "say `--target number`", problems)
    check_gates(asked_gates, target, problems)
    return asked_metrics, asked_gates


def _measured(table: ibis.Table, name: str, question: Question, classes: Sequence[str]) -> Measurement:
    """Count a table, measure its groups and judge them."""
    columns = question.columns
    with reading(name):
        counted = _count(table, Path(name).name, question, classes)
        query = EvidenceQuery(study_of_table(counted, question))
        # Nobody becomes right or wrong by a number: such answers have no harm ledger.
        listed = columns.items and columns.before is not None and not columns.numbers
        harm = tuple(harm_of_table(table, counted, question)) if listed else None
    looked = screened(query, findings_of(query), "")
    return Measurement(counted, question, query.study, looked.rows, judge_table(query), looked.about, harm)


def _count(table: ibis.Table, name: str, question: Question, classes: Sequence[str]) -> Counted:
    """Return the joint counts of a table, or the sums of its numbers."""
    if question.columns.numbers:
        problems = Problems()
        check_views(question, problems)  # views that do not exist could not be summed
        problems.raise_if_any()
        return count_numbers(table, name, question.columns, question.views)
    asked = (*(metric.name for metric in question.metrics), *(gate.options.metric for gate in question.gates))
    return count_table(table, name, question.columns, classes, question.positive, rankings="auc" in asked)


__all__ = ["DefinitionError", "Measurement", "measure"]
