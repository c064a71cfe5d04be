"""Tables of predictions for `measure`, and what it finds in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from fairtransfer.measurement import Measurement

GROUPS = {"groups": ["region", "age"], "intersections": [("region", "age")]}


NAMES = {"label": "y", "before": "old", "after": "new"}


def table(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    y = np.where(rng.random(rows) < 0.4, "yes", "no")
    flip = np.array(["no", "yes"])

    def answers(error: float) -> Any:
        wrong = rng.random(rows) < error
        return np.where(wrong, flip[(y == "no").astype(int)], y)

    return pd.DataFrame(
        {
            "id": [f"i{n}" for n in range(rows)],
            "y": y,
            "old": answers(0.3),
            "new": answers(0.2),
            "region": rng.choice(["north", "south", "west"], rows, p=[0.5, 0.4, 0.1]),
            "age": rng.choice(["young", "old"], rows),
            "person": [f"p{n // 2}" for n in range(rows)],
        }
    )


def found(rows: Measurement, stage: str, metric: str = "error_rate", **group: str) -> Any:
    return next(
        f for f in rows.findings if (f.stage, f.metric, f.group, f.level != "gap") == (stage, metric, group, True)
    )


def written(frame: pd.DataFrame, kind: str, folder: Path) -> Any:
    if kind == "csv":
        frame.to_csv(folder / "t.csv", index=False)
        return folder / "t.csv"
    if kind == "parquet":
        frame.to_parquet(folder / "t.parquet")
        return folder / "t.parquet"
    if kind == "folder":
        (folder / "parts" / "x=1").mkdir(parents=True)
        frame[:100].to_parquet(folder / "parts" / "a.parquet")
        frame[100:].to_parquet(folder / "parts" / "x=1" / "b.parquet")
        return folder / "parts"
    if kind == "arrow":
        return pa.Table.from_pandas(frame)
    import ibis

    connection = ibis.duckdb.connect()
    frame.to_parquet(folder / "t.parquet")
    connection.raw_sql(f"CREATE TABLE answers AS SELECT * FROM '{folder / 't.parquet'}'")
    return connection.table("answers")


def without_name(seen: Measurement) -> list[dict[str, Any]]:
    rows = [finding.to_json() for finding in seen.findings]
    return [{k: v for k, v in row.items() if k not in ("run_id", "benchmark")} for row in rows]
