"""Measure predictions that were made elsewhere: labels, one or two models' answers, groups. No model, no training.

::

    import fairtransfer as ft
    found = ft.measure("answers.csv", label="y", before="old", after="new", groups=["region"])
    print(found.to_frame())
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairtransfer.display import Display, Displayed, Illustration
from fairtransfer.errors import Problems
from fairtransfer.evidence.table.count import Counted
from fairtransfer.evidence.table.files import reading
from fairtransfer.findings.build import measure as findings_of
from fairtransfer.findings.collection import Findings
from fairtransfer.findings.flips_of_table import harm_of_table
from fairtransfer.findings.metric_table import MetricTable, metric_table
from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.findings.question import Question
from fairtransfer.findings.screening import screened
from fairtransfer.findings.study import Study
from fairtransfer.findings.table import study_of_table
from fairtransfer.gates.results import Verdict
from fairtransfer.gates.verdict import judge_table
from fairtransfer.spec.class_scores import Scores
from fairtransfer.spec.columns import ColumnNames, Columns
from fairtransfer.spec.gates import Policy
from fairtransfer.spec.group_order import Order
from fairtransfer.spec.keywords import Label
from fairtransfer.spec.recoding import Bins, Map
from fairtransfer.spec.short import Gate, Metric
from fairtransfer.table_input import read_input
from fairtransfer.table_question import MeasureOptions, in_keywords, with_keywords
from fairtransfer.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

    from fairtransfer.report.subject import Subject
    from fairtransfer.report.table_document import TableDocument


@dataclass(frozen=True, repr=False)
class Measurement(Displayed):
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

    Examples
    --------
    >>> import pandas as pd
    >>> import fairtransfer as ft
    >>> answers = pd.DataFrame({"y": [0, 1] * 60, "new": [0, 1, 1, 1] * 30, "region": ["north", "south", "south"] * 40})
    >>> ft.measure(answers, label="y", after="new", groups="region", gates="worst_group:by=region,at_most=0.5")
    MEETS POLICY: new on table, 120 cases, classes 0 and 1
    ...
    Error rate, table
               Cases                 After  Smallest seen, points
    everyone     120  25.0% (17.5 to 33.7)                   11.1
    by region
      north       40  25.0% (12.7 to 41.2)                   23.5
      south       80  25.0% (16.0 to 35.9)                   23.5
    more: .findings, .to_frame(), .to_metricframe(by), .report(folder)
    """

    counted: Counted
    question: Question
    study: Study
    findings: Findings
    verdict: Verdict
    screening: dict[str, Any] | None = None
    harm: tuple[dict[str, Any], ...] | None = None

    @property
    def exit_code(self) -> int:
        """0 when no gate was asked for, else the verdict's."""
        return self.verdict.exit_code if self.study.gates else 0

    def to_json(self) -> dict[str, Any]:
        """Return rows and verdict as every JSON of this tool has them; numbers unrounded."""
        return {
            "schema": "1",
            "table": self._about(),
            "screening": self.screening,
            "rows": [finding.to_json() for finding in self.findings],
            "verdict": self.verdict.to_json(),
            **({} if self.harm is None else {"harm": list(self.harm)}),
        }

    def _about(self) -> dict[str, Any]:
        """Return what is known of the table, as JSON has it."""
        counted = self.counted
        rows = {"n_in": counted.rows + counted.idle, "n_used": counted.rows, "n_excluded": counted.excluded}
        table = {"name": counted.name, "classes": list(counted.classes), **rows}
        groups = (
            {"notes_by_group": {note: dict(told) for note, told in counted.of_groups.items()}}
            if counted.of_groups
            else {}
        )
        warnings = {"warnings": list(map(str, counted.warnings))} if counted.warnings else {}
        return {**table, "notes": counted.notes, "outside": counted.outside, **groups, **warnings}

    def document(self) -> TableDocument:
        """Return the report as plain values, small groups hidden."""
        from fairtransfer.report.table_document import build_table

        return build_table(self.counted, self.question, self.study, self.findings, self.verdict, self._about(), VERSION)

    def report(self, out: str | Path, formats: str | Iterable[str] | None = None) -> list[Path]:
        """Write the report into a folder, in forms such as ``"html,md"`` or in all; return the files. Small groups are hidden.

        Raises
        ------
        DefinitionError
            When a form is not known (``FT-R011``).
        """
        from fairtransfer.report.render import write

        return write(self.document(), Path(out), formats)

    @cached_property
    def _subject(self) -> Subject:
        """Findings and verdict as documents show them."""
        from fairtransfer.report.document import public

        return public(self.study, self.findings, self.verdict)

    def display(self) -> Display:
        """Return the verdict and short tables; small groups are hidden, as in documents."""
        from fairtransfer.report.shown import table_display

        return table_display(self._subject, self.counted, self.question)

    def illustration(self) -> Illustration | None:
        """Return the chart of the report's first page."""
        from fairtransfer.report.shown import results_illustration

        return results_illustration(self._subject)

    def to_frame(self) -> pd.DataFrame:
        """Return the findings as a DataFrame, one row each; a group's attributes are columns of their own."""
        return self.findings.to_frame()

    def to_metricframe(
        self, by: ColumnNames, stage: str = "after", *, control: ColumnNames = (), metrics: ColumnNames = ()
    ) -> MetricTable:
        """Return one stage's values as fairlearn's `MetricFrame` has them, with the reason where there is none.

        Parameters
        ----------
        by
            The attributes whose groups are compared: ``"region"``, ``"region*age"`` or a list.
        stage
            ``after``, ``before`` or ``change``.
        control
            Attributes inside whose values groups are compared (fairlearn's control features).
        metrics
            Names of metrics, ``"error_rate,recall[yes]"``; default: all.

        Raises
        ------
        DefinitionError
            When something is asked for that was not measured (``FT-P043``), with what was.
        """
        return metric_table(self.findings, by, control, stage, metrics)


def measure(
    source: Any,
    columns: Columns | None = None,
    *,
    label: str | None = None,
    after: str | None = None,
    before: str | None = None,
    groups: ColumnNames | None = None,
    item: ColumnNames | None = None,
    unit: str | None = None,
    score: str | None = None,
    score_before: str | None = None,
    scores: Scores | None = None,
    scores_before: Scores | None = None,
    value: str | None = None,
    value_before: str | None = None,
    weights: str | None = None,
    counts: str | None = None,
    intersections: str | Iterable[str | Iterable[str]] | None = None,
    positive: Label | None = None,
    classes: str | Iterable[Label] | None = None,
    multilabel: bool = False,
    target: str = "classes",
    measured_in: str = "",
    metrics: Metric | Iterable[Metric] | None = None,
    gates: Gate | Iterable[Gate] | None = None,
    policy: Policy | Mapping[str, Any] | None = None,
    map: Map | None = None,  # the word for it, here and on the command line
    bins: Bins | None = None,
    multilabel_separator: str | None = None,
    labels_file: Any = None,
    before_file: Any = None,
    after_file: Any = None,
    threshold: float | None = None,
    favourable: Label | None = None,
    title: str | None = None,
    order: Order | None = None,
) -> Measurement:
    """Measure a table of predictions, of any size, for each group; with gates it is judged too.

    Parameters
    ----------
    source
        A file or folder as the command line reads it, DataFrame, pyarrow Table, or a table of any ibis backend.
    columns
        Which column holds what; keywords fill in what it leaves out, and take the place of what it has.
    label, after, before
        Columns with the truth and with the answers of a model, both needed, and with those of the model it is compared with.
    groups
        Columns with group membership: ``"region,age"`` or a list. Missing membership is the group ``unknown``.
    item
        Columns that together name a row; repeated rows are an error.
    unit
        Column with the person or document that rows share.
    score, score_before
        Columns with the probability of the positive class, for metrics made of scores such as ``auc`` and ``brier_score``.
    scores, scores_before
        Columns with the probability of every class, of either model, ``{"no": "p_no", "yes": "p_yes"}``, in the place of
        `score`: ``brier_score`` (0 to 2), ``log_loss`` and ``calibration_bias`` of all classes; ``auc:per_class`` of each.
    value, value_before
        Column with a number of your own for every row, such as a judged quality, of either model; asked for as the metric
        ``mean:quality:higher:0:1`` (the column, which way is better, and what it can be where that has two ends). With values
        there need not be labels and answers.
    weights
        Column with sampling weights.
    counts
        The table holds counts: this column says how many rows each of its rows stands for.
    intersections
        Groups to cross: ``"region*age"``, or a list of these or of lists of columns.
    positive
        The class that metrics of one class are about, such as ``"yes"`` or ``1``.
    classes
        All labels there are: ``"yes,no"``, ``[0, 1]``; default: those that occur.
    multilabel
        Rows may have several labels, ``a|b``.
    target
        ``classes``, or ``number`` where label and answers are numbers and what matters is how far off they are. Never guessed:
        whole numbers are often names of classes.
    measured_in
        The unit of numbers, as results write it: ``days``. Margins of gates on numbers are in it.
    metrics
        ``"error_rate,recall:per_class"``, a list of such names, or mappings as an audit has them. Default: ``error_rate``; of
        numbers all there are. What gates are about is told too.
    gates
        One or a list: ``"no_harm:by=region,metric=error_rate,margin=0.02"``, mappings as an audit has them, or gates of one. Of
        numbers ``metric=mean_absolute_error``, with the margin in the label's own unit.
    policy
        What counts as enough evidence, a `Policy` or a mapping such as ``{"alpha": 0.1}``. Default, and what a mapping leaves
        out: alpha 0.05 for the one evaluation that is planned.
    map
        Words that mean another one: ``{"LABEL_1": "spam"}`` in labels and answers, ``{"region": {"North": "north"}}`` among the
        groups of a column; or as the command line writes them. A word that is mapped to itself is meant as it is written.
    bins
        Columns of groups that hold numbers, and where their ranges begin: ``{"age": [18, 30, 45, 60]}``.
    multilabel_separator
        What parts the classes of a row, where it is not ``|``; columns of lists need none.
    labels_file, before_file, after_file
        Files or tables of their own with the labels, or with the answers (and scores, values) of either model, joined by `item`.
    threshold
        Answers are made of scores, in the place of `after` and `before`: the positive class from this score on.
    favourable
        The class that people want, such as ``"approved"``: rates of being given a class (`selection_rate`) are of it.
    title
        What the report is called: ``"Loan decisions by the new model"``.
    order
        Groups stand so: ``{"region": ["north", "south"]}``, others after them; default: by name, ranges of `bins` as numbers.

    Raises
    ------
    DefinitionError
        With everything that is wrong with the table or the questions.

    Examples
    --------
    >>> import pandas as pd
    >>> import fairtransfer as ft
    >>> answers = pd.DataFrame({"y": [0, 1] * 60, "new": [0, 1, 1, 1] * 30, "region": ["north", "south", "south"] * 40})
    >>> found = ft.measure(answers, label="y", after="new", groups="region", gates="worst_group:by=region,at_most=0.4")
    >>> found.verdict.outcome
    'pass'
    """
    keywords = {"label": label, "after": after, "before": before, "groups": groups, "item": item, "unit": unit}
    keywords |= {"score": score, "score_before": score_before, "scores": scores, "scores_before": scores_before}
    keywords |= {"value": value, "value_before": value_before, "weights": weights, "counts": counts}
    asked = MeasureOptions(
        intersections,
        positive,
        classes,
        multilabel,
        target,
        measured_in,
        metrics,
        gates,
        policy,
        map,
        bins,
        multilabel_separator,
        labels_file,
        before_file,
        after_file,
        threshold,
        favourable,
        title,
        order,
    )
    problems = Problems()
    with in_keywords():
        return measure_table(source, with_keywords(columns, keywords, problems), asked, problems)


def measure_table(source: Any, columns: Columns, options: MeasureOptions, problems: Problems) -> Measurement:
    """Measure a table of predictions; `measure` says what the values are. Messages name options of the command line."""
    found, place = read_input(source, columns, options, problems)
    question, named = found.question, found.question.columns
    with reading(place):
        counted = found.counted()
        query = EvidenceQuery(study_of_table(counted, question))
        # Nobody becomes right or wrong by a number: such answers have no harm ledger.
        listed = named.items and named.before is not None and named.after and not named.numbers
        harm = tuple(harm_of_table(found.table, counted, question)) if listed else None
    looked = screened(query, findings_of(query), "")
    return Measurement(counted, question, query.study, Findings(looked.rows), judge_table(query), looked.about, harm)
