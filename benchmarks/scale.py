"""How large a table of predictions may be: Parquet of a million rows and more, to findings.

::

    python benchmarks/scale.py                  # 1e6, 1e7 and 1e8 rows: needs 1 GB of disk and some minutes
    python benchmarks/scale.py --quick          # 1e6 and 1e7 rows

Each size is measured in a process of its own: resident memory at its highest, the time of the whole measurement, and
the time of DuckDB's GROUP BY over the same columns alone, in a process of its own too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

BARE = """
import duckdb, json, resource, sys, time
begin = time.perf_counter()
rows = duckdb.sql(f"SELECT g, h, y, old, new, count(*) FROM '{sys.argv[1]}/*.parquet' GROUP BY ALL").fetchall()
taken = time.perf_counter() - begin
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"cells": len(rows), "count": taken, "findings": 0, "peak": peak}))
"""

WHOLE = """
import json, resource, sys, time
from fairtransfer.evidence.aggregate import count_table
from fairtransfer.evidence.source import open_table
from fairtransfer.evidence.table_checks import Columns
from fairtransfer.findings.asking import Desk
from fairtransfer.findings.measure import measure
from fairtransfer.findings.question import Question
from fairtransfer.findings.table import study_of_table
from fairtransfer.spec.audit import MetricSpec
from fairtransfer.spec.gates import Policy
import ibis
ibis.duckdb.connect()  # loading the libraries is not part of either time
begin = time.perf_counter()
columns = Columns("y", "new", ("g", "h"), "old")
counted = count_table(*open_table(sys.argv[1]), columns)
middle = time.perf_counter()
question = Question(columns, (("g", "h"),), (MetricSpec(name="error_rate"),), (), Policy(), None)
rows = measure(Desk(study_of_table(counted, question)))
end = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"cells": counted.cells.num_rows, "count": middle - begin, "findings": end - middle, "peak": peak}))
"""


def write(folder: Path, rows: int) -> None:
    """Write made-up answers as Parquet files of ten million rows at the most."""
    folder.mkdir()
    part = 10_000_000
    for number, begin in enumerate(range(0, rows, part)):
        n = min(part, rows - begin)
        duckdb.sql(f"""
            COPY (SELECT 'g' || (hash(i) % 24)::VARCHAR AS g, 'h' || (hash(i + 1) % 3)::VARCHAR AS h,
                CASE WHEN hash(i + 2) % 10 < 3 THEN 'yes' ELSE 'no' END AS y,
                CASE WHEN hash(i + 3) % 10 < 4 THEN 'yes' ELSE 'no' END AS old,
                CASE WHEN hash(i + 4) % 10 < 3 THEN 'yes' ELSE 'no' END AS new
            FROM range({begin}, {begin + n}) t(i)) TO '{folder}/{number}.parquet' (FORMAT parquet)
        """)


def run(code: str, folder: Path) -> dict[str, float]:
    """Run a measurement in a process of its own, twice, and return the faster."""
    found = []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code, str(folder)], check=True, capture_output=True, text=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return min(found, key=lambda f: f["count"])


def main() -> None:
    """Print one line per size."""
    sizes = [10**6, 10**7] + ([] if "--quick" in sys.argv else [10**8])
    print(
        f"{'rows':>12} {'GROUP BY s':>10} {'count s':>8} {'ratio':>6} {'findings s':>10} {'peak GiB':>9} {'bare GiB':>9}"
    )
    for rows in sizes:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "answers"
            write(folder, rows)
            bare, whole = run(BARE, folder), run(WHOLE, folder)
            peaks = f"{whole['peak'] / 2**20:>9.2f} {bare['peak'] / 2**20:>9.2f}"
            times = f"{bare['count']:>10.2f} {whole['count']:>8.2f} {whole['count'] / bare['count']:>6.2f}"
            print(f"{rows:>12,} {times} {whole['findings']:>10.2f} {peaks}", flush=True)


if __name__ == "__main__":
    main()
