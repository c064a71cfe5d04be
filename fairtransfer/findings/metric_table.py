"""One stage's values by group, in the shape of fairlearn's `MetricFrame`, and with the reason where there is no value."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from fairtransfer.errors import DefinitionError, Problem, Problems, did_you_mean, shown
from fairtransfer.findings.frames import need_pandas
from fairtransfer.findings.rows import Finding
from fairtransfer.spec.columns import ColumnNames
from fairtransfer.spec.keywords import Keywords

if TYPE_CHECKING:
    import pandas as pd

Method: TypeAlias = Literal["between_groups", "to_overall"]
METHODS: tuple[Method, ...] = ("between_groups", "to_overall")

NO_CASE = "no case"
"""Why a combination of groups has no value that nobody belongs to. There is no such group: comparisons leave it out."""

Names = tuple[str, ...]
Values = Mapping[tuple[Names, str], Finding]


@dataclass(frozen=True, eq=False)
class MetricTable:
    """The values of one stage for everyone and for every group, a column per metric.

    The same as fairlearn's `MetricFrame` wherever a value is defined. Where one is not, such as the recall of a group in which
    nobody has the class, fairlearn says 0; here it is NaN, `reasons` says why, and what compares that group with others is
    NaN too. The number of a group too small to be reported with an interval is given, as fairlearn gives it.

    Attributes
    ----------
    overall
        Everyone: a value per metric; with control features a row for each of their values.
    by_group
        A row per group, an index level per attribute; control features come first.
    reasons
        Why a value of `by_group` is NaN; empty where it is not.
    overall_reasons
        The same of `overall`.
    control_levels
        The names of control features: groups are compared with each other inside each of their values only.

    Examples
    --------
    >>> import pandas as pd
    >>> import fairtransfer as ft
    >>> answers = pd.DataFrame({"y": [1, 0] * 40, "new": [1, 0, 0, 0] * 20, "region": ["north", "north", "south", "south"] * 20})
    >>> found = ft.measure(answers, label="y", after="new", groups="region")
    >>> float(found.to_metricframe("region").difference()["error_rate"])
    0.5
    """

    overall: pd.Series | pd.DataFrame
    by_group: pd.DataFrame
    reasons: pd.DataFrame
    overall_reasons: pd.Series | pd.DataFrame
    control_levels: Names = ()

    def group_min(self) -> pd.Series | pd.DataFrame:
        """Return the smallest value of any group, per metric."""
        return self._defined(self._over_groups(self.by_group, "min"))

    def group_max(self) -> pd.Series | pd.DataFrame:
        """Return the largest value of any group, per metric."""
        return self._defined(self._over_groups(self.by_group, "max"))

    def difference(self, method: Method = "between_groups") -> pd.Series | pd.DataFrame:
        """Return the largest difference between two groups, or of a group ``to_overall``, per metric; never negative."""
        _check_method(method)
        other = self._over_groups(self.by_group, "min") if method == "between_groups" else self.overall
        return self._defined(self._over_groups((self.by_group - self._beside(other)).abs(), "max"))

    def ratio(self, method: Method = "between_groups") -> pd.Series | pd.DataFrame:
        """Return the smallest ratio of two groups, or of a group and everyone, per metric: from 0 to 1, NaN where both are 0."""
        _check_method(method)
        other = self._over_groups(self.by_group, "max") if method == "between_groups" else self.overall
        ratios = self.by_group / self._beside(other)
        return self._defined(self._over_groups(ratios.where(~(ratios > 1), 1 / ratios), "min"))

    def _over_groups(self, values: pd.DataFrame, how: Literal["min", "max"]) -> pd.Series | pd.DataFrame:
        """Return the least or largest of all groups, inside each value of the control features."""
        return values.groupby(level=list(self.control_levels)).agg(how) if self.control_levels else values.agg(how)

    def _beside(self, values: pd.Series | pd.DataFrame) -> pd.Series | pd.DataFrame:
        """Return values of control features as a row beside every group's; without control features they fit as they are."""
        if not self.control_levels:
            return values
        import pandas as pd

        levels = [self.by_group.index.get_level_values(name) for name in self.control_levels]
        inside = pd.MultiIndex.from_arrays(levels) if len(levels) > 1 else levels[0]
        return values.reindex(inside).set_axis(self.by_group.index)

    def _defined(self, values: pd.Series | pd.DataFrame) -> pd.Series | pd.DataFrame:
        """Return values without those that compare a group of people whose own value is not defined."""
        undefined = (self.by_group.isna() & (self.reasons != NO_CASE)).astype(int)
        told: Any = self._over_groups(undefined, "max") > 0  # of the shape that `values` has
        return values.mask(told)


def metric_table(
    findings: Iterable[Finding],
    by: ColumnNames,
    control: ColumnNames = (),
    stage: str = "after",
    metrics: ColumnNames = (),
) -> MetricTable:
    """Return the values of a stage by some attributes.

    Parameters
    ----------
    findings
        Of one model on one benchmark.
    by
        Attributes: ``"region"``, ``"region*age"`` or a list.
    control
        Attributes inside whose values groups are compared.
    metrics
        Their names; ``recall`` is every class's, ``recall[yes]`` that of one. Default: all there are.

    Raises
    ------
    DefinitionError
        When something is asked for that was not measured (``FT-P043``), with what was.
    """
    rows = [f for f in findings if f.against is None and f.level != "gap"]
    outer, inner, asked = _asked(by, control, metrics)
    _check_asked(rows, (*outer, *inner), stage, asked)
    mine = [f for f in rows if f.stage == stage]
    names = [
        name for name in dict.fromkeys(map(column_of, mine)) if not asked or {name, name.split("[")[0]} & set(asked)
    ]
    overall, overall_reasons = _filled(_values(mine, outer), outer, names)
    by_group, reasons = _filled(_values(mine, (*outer, *inner)), (*outer, *inner), names)
    if outer:
        return MetricTable(overall, by_group, reasons, overall_reasons, outer)
    return MetricTable(overall.iloc[0], by_group, reasons, overall_reasons.iloc[0])


def _asked(by: ColumnNames, control: ColumnNames, metrics: ColumnNames) -> tuple[Names, Names, Names]:
    """Return control features, attributes and metrics as lists of names."""
    problems = Problems()
    read = Keywords(problems)
    outer, inner = (
        read.columns(name, value.replace("*", ",") if isinstance(value, str) else value)
        for name, value in (("control", control), ("by", by))
    )
    asked = read.columns("metrics", metrics)
    problems.raise_if_any()
    return outer, inner, asked


def column_of(finding: Finding) -> str:
    """Return the name of a finding's metric as a column: ``error_rate``, ``recall[yes]``."""
    return finding.metric if finding.class_ is None else f"{finding.metric}[{finding.class_}]"


def _values(findings: Iterable[Finding], names: Names) -> Values:
    """Return the findings of the groups by these attributes."""
    mine = (f for f in findings if set(f.group) == set(names))
    return {(tuple(f.group[name] for name in names), column_of(f)): f for f in mine}


def _filled(values: Values, names: Names, metrics: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the values of every combination of the attributes' values, and why some are missing."""
    need_pandas()
    import pandas as pd

    keys = sorted({key for key, _ in values})
    levels = [sorted({key[place] for key in keys}) for place in range(len(names))]
    index: pd.Index[str] | pd.MultiIndex = pd.Index(["everyone"])
    if names:
        index = (
            pd.MultiIndex.from_product(levels, names=names) if len(names) > 1 else pd.Index(levels[0], name=names[0])
        )
    places = [key if isinstance(key, tuple) else (key,) for key in index] if names else [()]
    cells = [[values.get((place, metric)) for metric in metrics] for place in places]
    people = set(keys)
    numbers = [[float("nan") if cell is None else _value(cell) for cell in row] for row in cells]
    reasons = [
        [(_reason(cell) if place in people else NO_CASE) for cell in row]
        for place, row in zip(places, cells, strict=True)
    ]
    return tuple(pd.DataFrame(rows, index=index, columns=list(metrics)) for rows in (numbers, reasons))  # type: ignore[return-value]  # two


def _value(finding: Finding) -> float:
    if finding.estimate is not None:
        return finding.estimate
    if finding.status == "too_small" and finding.k is not None and finding.n:
        return finding.k / finding.n
    return float("nan")


def _reason(finding: Finding | None) -> str:
    if finding is None:
        return "not measured"
    return (finding.status_reason or finding.status) if math.isnan(_value(finding)) else ""


def _check_method(method: str) -> None:
    if method not in METHODS:
        raise DefinitionError([unknown("method", method, METHODS)])


def _check_asked(rows: Sequence[Finding], names: Names, stage: str, metrics: Sequence[str]) -> None:
    """Look for what was not measured."""
    problems = Problems()
    attributes = list(dict.fromkeys(name for f in rows for name in f.group))
    problems.extend(unknown("by", name, attributes) for name in names if name not in attributes)
    stages = list(dict.fromkeys(f.stage for f in rows))
    if stage not in stages:
        problems.add(unknown("stage", stage, stages))
    columns = list(dict.fromkeys(column_of(f) for f in rows if f.stage == stage))
    known = {*columns, *(name.split("[")[0] for name in columns)}
    if columns:
        problems.extend(unknown("metrics", name, columns) for name in metrics if name not in known)
    if not names or len(set(names)) < len(names):
        problems.add(
            Problem("FT-P043", "no attribute is named, or one twice", f"there are: {', '.join(attributes)}", "", "by")
        )
    views = list(dict.fromkeys(tuple(f.group) for f in rows if f.group))
    if not problems.found and set(names) not in map(set, views):
        there = f"there are: {', '.join(map('*'.join, views))}"
        found = f"`{'*'.join(names)}` was not measured"
        problems.add(Problem("FT-P043", found, there, "add it to intersections=", "by"))
    problems.raise_if_any()


def unknown(what: str, name: object, known: Sequence[str]) -> Problem:
    """Return the problem that something is asked for that is not among what there is."""
    hint = did_you_mean(str(name), known)
    there = f"there are: {', '.join(map(shown, known))}" if known else "there are none"
    return Problem("FT-P043", f"no finding has `{shown(name)}`", there, hint if hint.startswith("did") else "", what)
