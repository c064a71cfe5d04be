"""How fast predictions become intervals: beside fairlearn's bootstrap, and beside bootstraps of rows in numpy.

::

    python benchmarks/measure.py            # 10,000 and 100,000 rows, 4 and 24 groups; a few minutes
    python benchmarks/measure.py --quick    # 10,000 rows

Everything is timed in this one process, one after the other, so that the ratios mean something on any machine. fairlearn is
timed with 20 replicates and numpy with 200, scaled to 10,000: their cost is linear in them. All start from a DataFrame and
give intervals of four metrics for every group and of the gap of each. numpy is timed twice. "rows" draws blocks of rows and
counts each metric above and below by group, with bincount: the bootstrap as it is written. "codes" first gives every row one
number for its group, label and answer and then counts one column: the fastest we could write that still draws rows, and
nearly a bootstrap of counts already. What counts is the least processor time of all threads,
which others at work on the machine change little; of the whole command it is the time that passes. Drawing alone says what
of the time is the 10,000 draws: the rest is counting and arithmetic.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
from sklearn.metrics import accuracy_score

from fairtransfer.evidence.table.columns import Columns
from fairtransfer.evidence.table.count import count_table
from fairtransfer.evidence.table.source import open_table
from fairtransfer.stats.draws import joint, quantiles, rates

REPLICATES = 10_000
TIMED = 20
METRICS = {
    "accuracy": accuracy_score,
    "tpr": true_positive_rate,
    "fpr": false_positive_rate,
    "selection": selection_rate,
}
CELLS = [("0", "0"), ("0", "1"), ("1", "0"), ("1", "1")]  # (truth, answer)
NUMERATORS = np.array([[1, 0, 0, 1], [0, 0, 0, 1], [0, 1, 0, 0], [0, 1, 0, 1]], dtype=bool)
DENOMINATORS = np.array([[1, 1, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 1, 1]], dtype=bool)


def rows(n: int, groups: int) -> pd.DataFrame:
    """Return made-up answers: a rarer class, an error that depends on it."""
    rng = np.random.default_rng(0)
    y = rng.random(n) < 0.3
    said = rng.random(n) < np.where(y, 0.75, 0.12)
    return pd.DataFrame({"y": y.astype(int), "p": said.astype(int), "g": rng.integers(0, groups, n).astype(str)})


def seconds(work: Callable[[], Any], times: int) -> float:
    """Return the processor time something takes, the least of several times."""
    return min(_once(work) for _ in range(times))


def _once(work: Callable[[], Any], clock: Callable[[], float] = time.process_time) -> float:
    begin = clock()
    work()
    return clock() - begin


def fairlearn(frame: pd.DataFrame) -> float:
    """Return the seconds of 10,000 replicates, from what 20 add to none."""

    def metric_frame(**options: Any) -> MetricFrame:
        return MetricFrame(
            metrics=METRICS, y_true=frame.y, y_pred=frame.p, sensitive_features=frame.g, random_state=1, **options
        )

    without = _once(metric_frame)
    with_boot = _once(lambda: metric_frame(n_boot=TIMED, ci_quantiles=[0.025, 0.975]))
    return (with_boot - without) / TIMED * REPLICATES


def numpy_rows(frame: pd.DataFrame, replicates: int = 200, block: int = 5) -> float:
    """Return the seconds of 10,000 replicates of a bootstrap of blocks of rows, each metric's two counts by bincount."""
    begin = time.process_time()
    groups, codes = np.unique(frame.g.to_numpy(dtype=object), return_inverse=True)
    y, p = frame.y.to_numpy(dtype=bool), frame.p.to_numpy(dtype=bool)
    once = time.process_time() - begin
    rng = np.random.default_rng(0)

    def replicate() -> np.ndarray:
        drawn = rng.integers(0, len(y), (block, len(y)))
        place = (codes[drawn] + len(groups) * np.arange(block)[:, None]).ravel()
        truth, said = y[drawn].ravel(), p[drawn].ravel()
        values = []
        for above, below in ((truth == said, None), (said, truth), (said, ~truth), (said, None)):
            chosen = above if below is None else above & below
            size = len(groups) * block
            top = np.bincount(place[chosen], minlength=size)
            whole = np.bincount(place if below is None else place[below], minlength=size)
            values.append((top / whole).reshape(block, len(groups)))
        return np.stack(values, axis=-1)

    def work() -> None:
        values = np.concatenate([replicate() for _ in range(replicates // block)])
        limits(values)

    return once + seconds(work, 2) / replicates * REPLICATES


def numpy_codes(frame: pd.DataFrame, replicates: int = 200) -> float:
    """Return the seconds of 10,000 replicates of a bootstrap of rows that are one number each, counted at once."""
    begin = time.process_time()
    groups, codes = np.unique(frame.g.to_numpy(dtype=object), return_inverse=True)
    cell = codes * 4 + frame.y.to_numpy() * 2 + frame.p.to_numpy()
    once = time.process_time() - begin
    rng = np.random.default_rng(0)

    def work() -> None:
        drawn = np.stack(
            [
                np.bincount(cell[rng.integers(0, len(cell), len(cell))], minlength=4 * len(groups))
                for _ in range(replicates)
            ]
        ).reshape(replicates, len(groups), 4)
        limits(shares(drawn))

    return once + seconds(work, 2) / replicates * REPLICATES


def limits(values: np.ndarray) -> None:
    """Take the percentile limits of draws x groups x metrics, and of every metric's gap."""
    np.quantile(values, [0.025, 0.975], axis=0)
    np.quantile(values.max(axis=1) - values.min(axis=1), [0.025, 0.975], axis=0)


def shares(drawn: np.ndarray) -> np.ndarray:
    """Return draws x groups x metrics."""
    with np.errstate(invalid="ignore"):
        return (drawn @ NUMERATORS.T) / (drawn @ DENOMINATORS.T)


def counts_of(frame: pd.DataFrame) -> tuple[np.ndarray, list[bytes]]:
    """Return groups x cells, and what the groups are called."""
    table, name = open_table(frame)
    cells = count_table(table, name, Columns("y", "p", ("g",))).cells.to_pylist()
    groups = {name: place for place, name in enumerate(sorted({row["g_g"] for row in cells}))}
    counts = np.zeros((len(groups), 4))
    for row in cells:
        counts[groups[row["g_g"]], CELLS.index((row["y"], row["after"]))] += row["n"]
    return counts, [name.encode() for name in groups]


def count_space(frame: pd.DataFrame) -> tuple[float, float]:
    """Return the seconds from a DataFrame to the intervals of every metric, group and gap, and of drawing alone."""

    def work() -> None:
        counts, groups = counts_of(frame)
        values = rates(joint(counts, groups, b"benchmark", REPLICATES), NUMERATORS, DENOMINATORS, counts)
        quantiles(values)
        quantiles(values.max(axis=1) - values.min(axis=1))

    work()  # the first call loads the database's library; the command below is timed with it
    counts, groups = counts_of(frame)
    return seconds(work, 15), seconds(lambda: joint(counts, groups, b"benchmark", REPLICATES), 15)


def command(frame: pd.DataFrame) -> float:
    """Return the seconds of the whole command, from starting Python to the last line."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.parquet"
        frame.to_parquet(path)
        asked = ["--label", "y", "--after", "p", "--groups", "g", "--positive", "1"]
        asked += ["--metrics", "accuracy,true_positive_rate,false_positive_rate,selection_rate"]
        line = [
            sys.executable,
            "-m",
            "fairtransfer",
            "measure",
            str(path),
            *asked,
            "--json",
            str(Path(folder) / "o.json"),
        ]
        runs = (
            _once(lambda: subprocess.run(line, check=True, capture_output=True), time.perf_counter) for _ in range(3)
        )
        return min(runs)


def main() -> None:
    """Print one line per size."""
    sizes = [(10_000, 4), (10_000, 24)] + ([] if "--quick" in sys.argv else [(100_000, 4), (100_000, 24)])
    print(f"{REPLICATES:,} draws of 4 metrics and all groups; seconds, and how many times count-space is faster\n")
    headings = ("fairlearn", "rows", "codes", "here", "drawing", "x theirs", "x rows", "x codes", "command")
    print(f"{'rows':>8} {'groups':>6}" + "".join(f"{heading:>11}" for heading in headings))
    for n, groups in sizes:
        frame = rows(n, groups)
        others = (fairlearn(frame), numpy_rows(frame), numpy_codes(frame))
        ours, drawing = count_space(frame)
        times = f"{others[0]:>11,.0f}{others[1]:>11.2f}{others[2]:>11.2f}{ours:>11.4f}{drawing:>11.4f}"
        ratios = "".join(f"{other / ours:>11,.0f}" for other in others)
        print(f"{n:>8,} {groups:>6}{times}{ratios}{command(frame):>11.2f}", flush=True)


if __name__ == "__main__":
    main()
