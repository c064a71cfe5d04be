"""Findings as a DataFrame, one row each."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from fairtransfer.errors import MissingExtra
from fairtransfer.formats import group_name

if TYPE_CHECKING:
    import pandas as pd


def need_pandas() -> None:
    """Say how to get pandas where it is missing: nothing else of the light core needs it."""
    if importlib.util.find_spec("pandas") is None:
        raise MissingExtra("pandas", "pandas", "a table as a DataFrame")


def frame_of(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows of findings, as JSON has them, as a table; `ci` becomes two columns, every attribute one of its own.

    ``screening_p`` and ``screening_adjusted`` are exploratory: screening, not a verdict (`fairtransfer.findings.screening`).
    """
    need_pandas()
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
