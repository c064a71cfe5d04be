"""Long tables, a row per item and model: every model is measured beside a named one, as two columns of answers would be.

::

    import fairtransfer as ft
    found = ft.measure_models("answers.csv", model_column="model", before="base", label="y", after="answer", item="id")
    print(found["candidate"])
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairtransfer.errors import Problem, Problems, did_you_mean, shown
from fairtransfer.evidence.table.casts import as_text
from fairtransfer.evidence.table.files import reading
from fairtransfer.evidence.table.row_checks import named_item
from fairtransfer.evidence.table.source import NamedRows, open_table
from fairtransfer.measurement import Measurement, measure_table
from fairtransfer.spec.class_scores import read_scores
from fairtransfer.spec.columns import Columns
from fairtransfer.spec.keywords import Keywords, Label, class_text
from fairtransfer.spec.short import read_policy
from fairtransfer.table_question import MeasureOptions, in_keywords, with_keywords

if TYPE_CHECKING:
    import ibis

MOST_MODELS = 100
"""More names than this in one column are names of something else."""


def measure_models(
    source: Any, columns: Columns | None = None, *, model_column: str, before: Label, **asked: Any
) -> dict[str, Measurement]:
    """Measure every model of a long table, a row per item and model, beside one of them; return ``model -> what was found``.

    Models are compared with the named one by item, never by position; of an item all rows must tell the same truth and groups.
    Every model has findings and a verdict of its own, and as many evaluations are planned as models are compared: the more
    there are, the more evidence a pass needs.

    Parameters
    ----------
    source
        As `measure` takes it.
    columns, asked
        The columns and keywords of `measure`; `after` is the column of all models' answers, `score` and `value` of their
        numbers. `item` is needed.
    model_column
        The column that says whose answer a row is.
    before
        The name there of the model that all others are compared with.

    Raises
    ------
    DefinitionError
        With everything that is wrong with the table or the questions (``FT-P115``, ``FT-P116``, and as `measure`).

    Examples
    --------
    >>> import pandas as pd
    >>> import fairtransfer as ft
    >>> answers = pd.DataFrame({"id": [*range(60)] * 2, "y": [0, 1] * 60, "said": [0, 1, 1] * 40})
    >>> answers["who"] = ["base"] * 60 + ["new"] * 60
    >>> columns = ft.Columns(label="y", after="said", item="id")
    >>> found = ft.measure_models(answers, columns, model_column="who", before="base")
    >>> {name: seen.counted.rows for name, seen in found.items()}
    {'new': 60}
    """
    of_columns = {field.name for field in fields(Columns)}
    problems = Problems()
    with in_keywords():
        named = with_keywords(columns, {k: v for k, v in asked.items() if k in of_columns}, problems)
        options = MeasureOptions(**{k: v for k, v in asked.items() if k not in of_columns})
        return measure_long(source, replace(named, before=class_text(before) or ""), options, model_column, problems)


_ONE = ("label", "after", "unit", "score", "value", "weights")
"""Columns that a long table may hold."""


@dataclass(frozen=True)
class _Long:
    """A long table and what is asked of it.

    Attributes
    ----------
    name
        What messages call the table.
    by
        The column of models.
    """

    table: ibis.Table
    name: str
    by: str
    columns: Columns
    items: tuple[str, ...]
    groups: tuple[str, ...]
    scores: Mapping[str, str]
    warnings: tuple[Problem, ...]

    @property
    def own(self) -> dict[str, str]:
        """Which columns hold what a model says, by the field of its answers, scores and values."""
        given = {"after": self.columns.after, "score": self.columns.score, "value": self.columns.value}
        scores = {f"scores {of}": column for of, column in self.scores.items()}
        return {field: column for field, column in given.items() if column} | scores

    @property
    def shared(self) -> tuple[str, ...]:
        """Columns that are about an item, whoever answered."""
        return tuple(filter(None, (self.columns.label, *self.groups, self.columns.unit, self.columns.weights)))

    def of(self, model: str) -> ibis.Table:
        """Return a model's rows."""
        return self.table.filter(as_text(self.table[self.by]) == model)

    def called(self, model: str) -> str:
        """Return what the column of a model's answers is called: by its name, as documents then say it."""
        return model if model not in self.table.columns else f"model {model}"

    def before(self, base: str) -> dict[str, str]:
        """Return what is called how of the model that others are compared with, by field."""
        own = self.own.items()
        return {field: self.called(base) if field == "after" else f"{column} of {base}" for field, column in own}


def measure_long(
    source: Any, columns: Columns, options: MeasureOptions, model_column: str, problems: Problems
) -> dict[str, Measurement]:
    """Measure a long table; `measure_models` says what the values are. Messages name options of the command line."""
    _beside(columns, options, problems)
    read = Keywords(problems)
    by, base = read.column("model_column", model_column) or "", read.label("before", columns.before) or ""
    named, groups = read.columns("item", columns.item), read.columns("groups", columns.groups)
    items = tuple(item for item in named if item != by)  # model and item together name a row
    one = {name: read.column(name, getattr(columns, name)) for name in _ONE}
    scores = read_scores(columns.scores, "--scores", problems)
    columns = replace(columns, **one, item=items, groups=groups)
    if not items:
        problems.add(Problem("FT-P115", "models are compared by item, and none is named", "", "give --item", "--item"))
    policy = read_policy(options.policy, problems)
    with problems.gathered():
        table, place = open_table(source, problems)
    problems.raise_if_any()
    long = _Long(table, Path(place).name, by, columns, items, groups, scores, problems.warnings)
    with reading(place):
        models = _models(long, base, problems)
        _same_of_items(long, problems)
    planned = policy.model_copy(update={"planned_evaluations": policy.planned_evaluations * len(models)})
    return {model: _measured(long, base, model, replace(options, policy=planned)) for model in models}


def _measured(long: _Long, base: str, model: str, options: MeasureOptions) -> Measurement:
    """Return what is found of one model, joined with the other's answers as with a file of its own."""
    rows, others, names = long.of(model), long.of(base), long.before(base)
    kept = others.select(*long.items, **{name: others[long.own[field]] for field, name in names.items()})
    plain = {field: name for field, name in names.items() if not field.startswith("scores ")}
    sides: dict[str, Any] = {"before" if field == "after" else f"{field}_before": name for field, name in plain.items()}
    if long.scores:
        sides["scores_before"] = {of: names[f"scores {of}"] for of in long.scores}
    columns = replace(long.columns, **{"before": None, **sides})
    if long.columns.after:
        rows = rows.mutate(**{long.called(model): rows[long.columns.after]})
        columns = replace(columns, after=long.called(model))
    files = replace(options, before_file=NamedRows(kept, base, base))
    return measure_table(NamedRows(rows, long.name, model, long.warnings), columns, files, Problems())


def _beside(columns: Columns, options: MeasureOptions, problems: Problems) -> None:
    """Add what is not measured of long tables."""
    given: dict[str, object] = {
        "--counts": columns.counts,
        "--threshold": options.threshold,
        "--score-before": columns.score_before,
        "--scores-before": columns.scores_before,
        "--value-before": columns.value_before,
        "--before-file": options.before_file,
        "--after-file": options.after_file,
        "--labels-file": options.labels_file,
    }
    for option in (option for option, value in given.items() if value is not None):
        found = f"{option} is not taken beside a column of models"
        problems.add(Problem("FT-P115", found, "", "leave it out, or write a column for each model", option))
    if columns.after is not None and columns.after == columns.label:
        found = "label and predictions name the same column"
        problems.add(Problem("FT-P004", found, "two different columns", "", "--after"))
    if columns.before is None or columns.before == "":
        found = "no model is named that the others are compared with"
        problems.add(Problem("FT-P115", found, "", "give its name with --before", "--before"))


def _models(long: _Long, base: str, problems: Problems) -> list[str]:
    """Return the models that are compared with the named one, sorted; refuse a column of anything else."""
    needed = (long.by, *long.items, *long.shared, *long.own.values())
    for column in (column for column in dict.fromkeys(needed) if column not in long.table.columns):
        found = f"column `{shown(column)}` not found"
        problems.add(Problem("FT-P003", found, did_you_mean(column, long.table.columns), "", long.name))
    problems.raise_if_any()
    names = as_text(long.table[long.by])
    held = long.table.select(name=names).distinct().limit(MOST_MODELS + 2).to_pyarrow()["name"].to_pylist()
    models = sorted(name for name in held if name)
    told = f"`{shown(long.by)}` holds "
    if len(models) < len(held):
        problems.add(Problem("FT-P115", f"{told}no name in some rows", "", "say whose answers they are", long.name))
    elif len(models) > MOST_MODELS:
        found = f"{told}more than {MOST_MODELS} names"
        problems.add(Problem("FT-P115", found, "", "give the column that says whose answer a row is", long.name))
    elif base not in models:
        found = f"no row is of the model `{shown(base)}`"
        problems.add(Problem("FT-P115", found, did_you_mean(base, models), "", "--before"))
    elif len(models) == 1:
        found = f"{told}`{shown(base)}` alone"
        problems.add(Problem("FT-P115", found, "", "give at least one model more", long.name))
    problems.raise_if_any()
    return [model for model in models if model != base]


def _same_of_items(long: _Long, problems: Problems) -> None:
    """Refuse items of which rows disagree about what no model says: the truth, groups, unit and weight."""
    keys = {f"k{place}": as_text(long.table[item]) for place, item in enumerate(long.items)}
    texts = {f"t{place}": as_text(long.table[column]).fill_null("") for place, column in enumerate(long.shared)}
    plain = long.table.select(**keys, **texts)
    told = plain.group_by(list(keys)).aggregate(**{name: plain[name].nunique() > 1 for name in texts})
    for place, column in enumerate(long.shared):
        differ = told.filter(told[f"t{place}"])
        if n := int(differ.count().to_pyarrow().as_py()):
            example = differ.order_by(list(keys)).limit(1).to_pyarrow().to_pylist()[0]
            which = named_item(long.items, example, list(keys))
            found = f"{n:,} items have several values in `{shown(column)}`, for example {which}"
            do = "name every column that tells items apart with --item, or write what is true of the item in all its rows"
            problems.add(Problem("FT-P116", found, "one, whichever model answers", do, long.name))
    problems.raise_if_any()


def worst_exit(found: Mapping[str, Measurement]) -> int:
    """Return one exit code for all: a failure before too little evidence, that before nothing evaluated, and 0 last."""
    codes = {seen.exit_code for seen in found.values()}
    return next((code for code in (1, 4, 5) if code in codes), max(codes))


def folders(models: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield ``model, folder``: names that any file system takes, no two alike where case is not told apart."""
    taken: set[str] = set()
    for model in models:
        plain = "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in model).strip(".") or "model"
        name, number = plain, 1
        while name.casefold() in taken:
            number += 1
            name = f"{plain}-{number}"
        taken.add(name.casefold())
        yield model, name
