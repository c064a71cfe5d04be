"""Findings as DataFrames: one row each, or in the shape of fairlearn's `MetricFrame`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from fairtransfer.findings.rows import Finding
from fairtransfer.formats import group_name

if TYPE_CHECKING:
    import pandas as pd


class MetricTable(NamedTuple):
    """The values of one stage.

    Attributes
    ----------
    overall
        One value per metric.
    by_group
        A row per group (a column index level per attribute), a column per metric; NaN where a value is not defined.
    """

    overall: pd.Series
    by_group: pd.DataFrame


def frame_of(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows of findings, as JSON has them, as a table; `ci` becomes two columns, every attribute one of its own.

    ``screening_p`` and ``screening_adjusted`` are exploratory: screening, not a verdict (`fairtransfer.findings.screening`).
    """
    import pandas as pd

    told = []
    for finding in rows:
        row = dict(finding)
        low, high = row.pop("ci") or (None, None)
        groups = {f"group.{name}": value for name, value in row["group"].items()}
        if isinstance(against := row.get("against"), Mapping):
            row["against"] = group_name(against)
        looked = (row["details"] or {}).get("screening", {})
        exploratory = {f"screening_{name}": looked.get(name) for name in ("p", "adjusted")}
        told.append({**groups, **row, "ci_low": low, "ci_high": high, **exploratory})
    return pd.DataFrame(told)


def metric_table(findings: Iterable[Finding], by: tuple[str, ...], stage: str) -> MetricTable:
    """Return the estimates of a stage by some attributes.

    A value that is too small to judge (status ``too_small``) is given from its counts, as fairlearn gives it; an undefined
    one is NaN, where fairlearn turns 0/0 into 0.
    """
    import numpy as np
    import pandas as pd

    mine = [f for f in findings if f.stage == stage and f.level != "gap"]
    names = list(dict.fromkeys(_name(f) for f in mine))
    overall = {_name(f): _value(f) for f in mine if not f.group}
    cells = {(tuple(f.group[a] for a in by), _name(f)): _value(f) for f in mine if set(f.group) == set(by)}
    keys = sorted({key for key, _ in cells})
    index = pd.MultiIndex.from_tuples(keys, names=by) if len(by) > 1 else pd.Index([key[0] for key in keys], name=by[0])
    table = pd.DataFrame(
        [[cells.get((key, name), np.nan) for name in names] for key in keys], index=index, columns=names
    )
    return MetricTable(pd.Series([overall.get(name, np.nan) for name in names], index=names), table)


def _name(finding: Finding) -> str:
    return finding.metric if finding.class_ is None else f"{finding.metric}[{finding.class_}]"


def _value(finding: Finding) -> float:
    if finding.estimate is not None:
        return finding.estimate
    if finding.status == "too_small" and finding.k is not None and finding.n:
        return finding.k / finding.n
    return float("nan")
