"""`fairtransfer measure`: your own predictions, per group; no model, no training."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fairtransfer.cli.gc_pause import without_garbage_collection

if TYPE_CHECKING:
    from fairtransfer.measurement import Measurement
    from fairtransfer.spec.columns import Columns
    from fairtransfer.spec.gates import Policy
    from fairtransfer.table_question import MeasureOptions


_column, _question, _reading, _file, _policy_option, _output = (
    partial(typer.Option, rich_help_panel=panel)
    for panel in ("Columns", "Questions", "Reading", "Other files", "Policy", "Output")
)


@without_garbage_collection()
def measure(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV, TSV, JSONL (or .gz of these), Parquet, Arrow; a folder of Parquet, or saved by `datasets`.",
        ),
    ],
    label: Annotated[str | None, _column(help="Column with the truth.")] = None,
    after: Annotated[str | None, _column(help="Column with the model's answers.")] = None,
    before: Annotated[str | None, _column(help="Column with the answers of the model before.")] = None,
    model_column: Annotated[
        str | None,
        _column(
            help="A row per item and model: column of models; --before then names one, and each other is compared with it, "
            "by --item, with a verdict and report of its own; passes share alpha.",
        ),
    ] = None,
    groups: Annotated[str, _column(help="Columns with group membership: a,b")] = "",
    intersections: Annotated[str, _question(help="Groups to cross: a*b,a*c")] = "",
    item: Annotated[str, _column(help="Columns that together name a row; repeats are an error.")] = "",
    unit: Annotated[str | None, _column(help="Column with the person or document that rows share.")] = None,
    positive: Annotated[str | None, _question(help="The class that metrics of one class are about.")] = None,
    favourable: Annotated[str | None, _question(help="The class that people want; selection_rate is of it.")] = None,
    score: Annotated[str | None, _column(help="Column with the probability of --positive.")] = None,
    score_before: Annotated[str | None, _column(help="The same, of the model before.")] = None,
    scores: Annotated[
        list[str] | None,
        _column(help="Columns with the probability of every class: no=p_no,maybe=p_maybe,yes=p_yes"),
    ] = None,
    scores_before: Annotated[list[str] | None, _column(help="The same, of the model before.")] = None,
    value: Annotated[
        str | None,
        _column(help="Column with a number of your own: mean:COLUMN:higher:0:1"),
    ] = None,
    value_before: Annotated[str | None, _column(help="The same, of the model before.")] = None,
    metrics: Annotated[
        str, _question(help="error_rate,recall:per_class; with --score also auc, with --scores also auc:per_class")
    ] = "",
    target: Annotated[str, _question(help="classes | number: what label and answers are.")] = "classes",
    measured_in: Annotated[str, _question(help="Unit of numbers, as results and limits write it: days")] = "",
    gate: Annotated[
        list[str] | None,
        _question(help="no_harm:by=a,metric=error_rate,margin=0.02; may be given several times."),
    ] = None,
    counts: Annotated[str | None, _column(help="The file holds counts, in this column.")] = None,
    weights: Annotated[str | None, _column(help="Column with sampling weights.")] = None,
    classes: Annotated[str, _reading(help="All labels there are; default: those that occur.")] = "",
    multilabel: Annotated[bool, _reading("--multilabel", help="Rows may have several labels: a|b")] = False,
    map: Annotated[  # the option's name
        list[str] | None,
        _reading(help="Read words as others: LABEL_1=spam,... or region:North=north"),
    ] = None,
    bins: Annotated[
        list[str] | None,
        _reading(help="Ranges of a group that is a number: age=18,30,45,60"),
    ] = None,
    order: Annotated[
        list[str] | None,
        _output(help="Groups stand in this order: region=north,south"),
    ] = None,
    multilabel_separator: Annotated[str, _reading(help="What parts the labels of a row, if not |")] = "",
    threshold: Annotated[float | None, _reading(help="Answers are --positive from this --score on.")] = None,
    labels_file: Annotated[
        Path | None,
        _file(help="A file of its own with --label, joined by --item."),
    ] = None,
    before_file: Annotated[Path | None, _file(help="The same with --before and its scores.")] = None,
    after_file: Annotated[Path | None, _file(help="The same with --after and its scores.")] = None,
    alpha: Annotated[float, _policy_option(help="Error rate the gates may spend.", min=0.0001, max=0.4999)] = 0.05,
    min_group: Annotated[int, _policy_option(help="Smallest denominator that is judged.", min=10)] = 10,
    on_inconclusive: Annotated[str, _policy_option(help="block | warn: what not enough evidence means.")] = "block",
    suppress_below: Annotated[int, _policy_option(help="Smaller counts are hidden in documents.", min=0)] = 11,
    json: Annotated[Path | None, _output(help="Write findings and verdict here; - prints them.")] = None,
    out: Annotated[Path | None, _output(help="Write a report into this folder.")] = None,
    title: Annotated[str, _output(help="What the report is called.")] = "",
) -> None:
    """Measure predictions made elsewhere, for each group, with intervals; with --gate they are judged too."""
    from fairtransfer.errors import Problems
    from fairtransfer.measurement import measure_table
    from fairtransfer.spec.columns import Columns
    from fairtransfer.table_question import MeasureOptions

    columns = Columns(
        label,
        after,
        before,
        groups,
        item,
        unit,
        score,
        score_before,
        scores,
        scores_before,
        value,
        value_before,
        weights,
        counts,
    )
    options = MeasureOptions(
        intersections=intersections,
        positive=positive,
        classes=classes,
        multilabel=multilabel,
        target=target,
        measured_in=measured_in,
        metrics=metrics,
        gates=gate,
        policy=_policy(alpha, min_group, on_inconclusive, suppress_below),
        map=map,
        bins=bins,
        multilabel_separator=multilabel_separator,
        labels_file=labels_file,
        before_file=before_file,
        after_file=after_file,
        threshold=threshold,
        favourable=favourable,
        title=title,
        order=order,
    )
    if model_column is not None:
        raise typer.Exit(_tell_models(file, columns, options, model_column, json, out))
    found = measure_table(file, columns, options, Problems())
    _tell(found, json, out)
    raise typer.Exit(found.exit_code)


def _tell_models(
    file: Path, columns: Columns, options: MeasureOptions, by: str, json: Path | None, out: Path | None
) -> int:
    """Measure every model of a long table and tell of each; return the exit code for all."""
    from fairtransfer.cli.show import console
    from fairtransfer.errors import Problems
    from fairtransfer.measured_models import folders, measure_long, worst_exit

    found = measure_long(file, columns, options, by, Problems())
    piped = _is_piped(json)
    for model, folder in folders(found):
        if not piped:
            console().print(f"{columns.before} -> {model}", style="bold", markup=False, soft_wrap=True)
        _tell(found[model], None, None if out is None else out / folder, quiet=piped)
    if json is not None:
        _give({"schema": "1", "models": {model: seen.to_json() for model, seen in found.items()}}, json)
    return worst_exit(found)


def _policy(alpha: float, min_group: int, on_inconclusive: str, suppress_below: int) -> Policy:
    from fairtransfer.errors import DefinitionError, Problem
    from fairtransfer.spec.gates import Policy

    if on_inconclusive not in ("block", "warn"):
        raise DefinitionError([Problem("FT-P022", f"got `{on_inconclusive}`", "block | warn", "", "--on-inconclusive")])
    return Policy(
        alpha=alpha,
        min_group=min_group,
        on_inconclusive="warn" if on_inconclusive == "warn" else "block",
        planned_evaluations=1,
        suppress_below=suppress_below,
    )


def _tell(found: Measurement, json: Path | None, out: Path | None, *, quiet: bool = False) -> None:
    from fairtransfer.cli.show import console, print_measured, print_verdict, tell_warnings
    from fairtransfer.errors import relative

    tell_warnings(map(str, found.counted.warnings))
    piped = quiet or _is_piped(json)
    if not piped:
        print_measured(found)
        if found.study.gates:
            print_verdict(found.verdict)
    if json is not None:
        _give(found.to_json(), json)
    if out is not None:
        console(stderr=piped).print(f"report:   {relative(found.report(out)[0])}", soft_wrap=True)


def _is_piped(json: Path | None) -> bool:
    return json is not None and str(json) == "-"


def _give(content: Mapping[str, Any], json: Path) -> None:
    """Print JSON where it is piped, else write it."""
    from fairtransfer.cli.show import print_json
    from fairtransfer.evidence.canonical import write_json

    if _is_piped(json):
        print_json(content)
    else:
        json.parent.mkdir(parents=True, exist_ok=True)
        write_json(json, content)
