"""How large a table of predictions may be: Parquet of a million rows and more, to findings.

::

    python benchmarks/scale.py                  # 1e6, 1e7 and 1e8 rows: needs 1 GB of disk and some minutes
    python benchmarks/scale.py --quick          # 1e6 and 1e7 rows
    python benchmarks/scale.py --scores         # two models' scores besides: 17 bytes of disk per row more

Each size is measured in a process of its own: resident memory at its highest, the time of the whole measurement, and the
time of DuckDB's GROUP BY over the same columns alone, in a process of its own too. With scores there is one GROUP BY more per
model, over the same bins, which counts scores and adds them up. Times are of the processor, all threads together, which others
at work on the machine change little; the time that passed stands beside them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import ibis

from fairtransfer.evidence.score_bins import score_bin_of

CLOCK = """
import json, resource, sys, time
def clock():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, time.perf_counter()
def tell(cells, *moments):
    (count, wall), (findings, _) = ([b - a for a, b in zip(*pair)] for pair in zip(moments, moments[1:]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"cells": cells, "count": count, "wall": wall, "findings": findings, "peak": peak}))
"""

BARE = """
import duckdb
duckdb.sql("SELECT 1 AS one").to_arrow_table()  # loading the libraries is not part of either time
begin = clock()
cells = 0
for query in json.loads(sys.argv[2]):
    cells += duckdb.sql(query.format(files=f"'{sys.argv[1]}/*.parquet'")).to_arrow_table().num_rows
end = clock()
tell(cells, begin, end, end)
"""

WHOLE = """
from fairtransfer.evidence.table.count import count_table
from fairtransfer.evidence.table.source import open_table
from fairtransfer.evidence.table.columns import Columns
from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.findings.build import measure
from fairtransfer.findings.question import Question
from fairtransfer.findings.table import study_of_table
from fairtransfer.spec.audit import MetricSpec
from fairtransfer.spec.gates import Policy
import ibis
ibis.memtable({"one": [1]}).to_pyarrow()
begin = clock()
scores, metrics = json.loads(sys.argv[2])
columns = Columns("y", "new", ("g", "h"), "old", **scores)
counted = count_table(*open_table(sys.argv[1]), columns, positive="yes")
middle = clock()
asked = tuple(MetricSpec(name=name) for name in metrics)
rows = measure(EvidenceQuery(study_of_table(counted, Question(columns, (("g", "h"),), asked, (), Policy(), "yes"))))
tell(counted.cells.num_rows + sum(table.num_rows for table in counted.scores.values()), begin, middle, clock())
"""

CELLS = "SELECT g, h, y, old, new, count(*) FROM {files} GROUP BY ALL"
SCORES = {"score": "s_new", "score_before": "s_old"}
METRICS = ["auc", "brier_score", "log_loss", "calibration_bias", "calibration_slope", "debiased_ece"]


def binned(score: str) -> str:
    """Return the bare GROUP BY over the bins of one model's scores."""
    there = ibis.table({score: "float64"}, name="there")
    sql = " ".join(str(ibis.to_sql(there.select(bin=score_bin_of(there[score])), dialect="duckdb")).split())
    code = sql.removeprefix("SELECT ").removesuffix(' AS "bin" FROM "there" AS "t0"')
    return f"SELECT g, h, y, {code} AS bin, count(*), sum({score}) FROM {{files}} AS t0 GROUP BY ALL"


def said(number: int) -> str:
    """Return scores of a model: most of them near 0 and 1, and the better model's nearer."""
    drawn = f"((hash(i + {number}) % 1000003)::DOUBLE / 1000003 - 0.5) * {4 + number}"
    return f"1 / (1 + exp(-({drawn} + CASE WHEN hash(i + 2) % 10 < 3 THEN 2 ELSE -2 END)))"


def write(folder: Path, rows: int, *, scores: bool) -> None:
    """Write made-up answers as Parquet files of ten million rows at the most."""
    folder.mkdir()
    part = 10_000_000
    more = f", {said(6)} AS s_old, {said(8)} AS s_new" if scores else ""
    for number, begin in enumerate(range(0, rows, part)):
        n = min(part, rows - begin)
        duckdb.sql(f"""
            COPY (SELECT 'g' || (hash(i) % 24)::VARCHAR AS g, 'h' || (hash(i + 1) % 3)::VARCHAR AS h,
                CASE WHEN hash(i + 2) % 10 < 3 THEN 'yes' ELSE 'no' END AS y,
                CASE WHEN hash(i + 3) % 10 < 4 THEN 'yes' ELSE 'no' END AS old,
                CASE WHEN hash(i + 4) % 10 < 3 THEN 'yes' ELSE 'no' END AS new {more}
            FROM range({begin}, {begin + n}) t(i)) TO '{folder}/{number}.parquet' (FORMAT parquet)
        """)


def run(code: str, folder: Path, asked: object) -> dict[str, float]:
    """Run a measurement in a process of its own, three times, and return the fastest."""
    found = []
    for _ in range(3):
        line = [sys.executable, "-c", CLOCK + code, str(folder), json.dumps(asked)]
        done = subprocess.run(line, check=True, capture_output=True, text=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return min(found, key=lambda f: f["count"])


def main() -> None:
    """Print one line per size."""
    scores = "--scores" in sys.argv
    queries = [CELLS, *map(binned, SCORES.values())] if scores else [CELLS]
    asked = [SCORES, ["error_rate", *METRICS]] if scores else [{}, ["error_rate"]]
    headings = ("GROUP BY s", "count s", "ratio", "passed s", "passed s", "findings s", "peak GiB", "bare GiB", "cells")
    print(f"{'rows':>12}" + "".join(f"{heading:>11}" for heading in headings))
    for rows in [10**6, 10**7] + ([] if "--quick" in sys.argv else [10**8]):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "answers"
            write(folder, rows, scores=scores)
            bare, whole = run(BARE, folder, queries), run(WHOLE, folder, asked)
            times = f"{bare['count']:>11.2f}{whole['count']:>11.2f}{whole['count'] / bare['count']:>11.2f}"
            times += f"{bare['wall']:>11.2f}{whole['wall']:>11.2f}{whole['findings']:>11.2f}"
            peaks = f"{whole['peak'] / 2**20:>11.2f}{bare['peak'] / 2**20:>11.2f}"
            print(f"{rows:>12,}{times}{peaks}{whole['cells']:>11,}", flush=True)


if __name__ == "__main__":
    main()
