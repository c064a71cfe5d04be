"""Who became wrong and who became right, with examples by id: for the owner of the data, never for a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fairtransfer.evidence.run_file import BenchmarkRecord
from fairtransfer.evidence.tables import read_table
from fairtransfer.evidence.views import membership
from fairtransfer.findings.candidate import Chosen, chosen_seeds
from fairtransfer.findings.run_record import RunRecord

NUMBERS = "a predicted number does not become right or wrong"
EXAMPLES = 5
"""Items named for each group and direction."""

Flags = NDArray[np.bool_]


def harm_ledger(record: RunRecord, chosen: Chosen | None) -> dict[str, Any]:
    """Return what `harm.json` keeps: for everyone and every group of the candidate, counts, churn and example items.

    A pure function of the evidence. Examples are the items that changed in the most seeds, then by id.
    """
    model = None if chosen is None else {"strategy": chosen.strategy, "label_budget": chosen.budget or None}
    benchmarks = [] if chosen is None or record.numeric else record.run.benchmarks
    rows = [row for b in benchmarks for row in _benchmark(record, chosen, b)] if chosen is not None else []
    told = {"not_defined": NUMBERS} if record.numeric else {}
    return {"schema": "1", "audit_id": record.audit.id, "run_id": record.id, "candidate": model, "rows": rows, **told}


@dataclass(frozen=True, slots=True)
class Changed:
    """Which items changed their answer; seeds x items.

    Attributes
    ----------
    wrong, right
        Answered wrongly after and rightly before, and the reverse.
    """

    items: Sequence[str]
    wrong: Flags
    right: Flags

    def row(self, inside: Flags) -> dict[str, Any]:
        """Return the counts and examples of the items of a group."""
        wrong, right, n = self.wrong[:, inside], self.right[:, inside], int(inside.sum())
        names = [item for item, kept in zip(self.items, inside.tolist(), strict=True) if kept]
        return {
            "n": n,
            "became_wrong": wrong.sum(axis=1).tolist(),
            "became_right": right.sum(axis=1).tolist(),
            "churn": churn(wrong.sum() + right.sum(), n * len(wrong)),
            "examples_became_wrong": _examples(names, wrong),
            "examples_became_right": _examples(names, right),
        }


def churn(changed: float, n: float) -> float:
    """Return the share of answers that went from right to wrong or back: ``(b + c) / n``."""
    return float(changed) / float(n)


def _examples(names: Sequence[str], flags: Flags) -> list[dict[str, Any]]:
    seeds = flags.sum(axis=0).tolist()
    found = sorted((-n, name) for name, n in zip(names, seeds, strict=True) if n)
    return [{"item": name, "seeds": -n} for n, name in found[:EXAMPLES]]


def _benchmark(record: RunRecord, chosen: Chosen, benchmark: BenchmarkRecord) -> Iterator[dict[str, Any]]:
    mine = [job for job in record.jobs if job.benchmark == benchmark.id]
    before = {job.seed: job.id for job in mine if job.stage == "before"}
    model = (chosen.strategy, chosen.budget)
    told = None if record.choice is None else record.choice.seeds(model)
    after = {job.seed: job.id for job in mine if job.model == model and job.seed is not None}
    after = {seed: job for seed, job in after.items() if told is None or seed in told}
    only = chosen_seeds(record).get((benchmark.id, *model))
    seeds = [s for s in sorted(after) if only in (None, s) and (s in before or None in before)]
    if not seeds:
        return
    items = read_table(record.folder / "benchmarks" / benchmark.id / "items.parquet")
    truth = membership(items["y"].to_pylist(), record.classes)
    errors = {job: _wrong(record, job, items, truth) for job in {*before.values(), *(after[s] for s in seeds)}}
    old = np.stack([errors[before[s if s in before else None]] for s in seeds])
    new = np.stack([errors[after[s]] for s in seeds])
    changed = Changed(items["item"].to_pylist(), new & ~old, old & ~new)
    for view in ((), *benchmark.views):
        for group, inside in _groups(items, view):
            yield {"benchmark": benchmark.key, "group": group, "seeds": seeds, **changed.row(inside)}


def _wrong(record: RunRecord, job: str, items: pa.Table, truth: Flags) -> Flags:
    """Return which items a job answers wrongly, in the order of the items."""
    table = read_table(record.folder / "jobs" / job / "predictions.parquet", ["item", "pred"])
    place = {name: i for i, name in enumerate(items["item"].to_pylist())}
    order = np.array([place[name] for name in table["item"].to_pylist()], dtype=np.int64)
    wrong = np.ones(len(place), dtype=bool)
    wrong[order] = (membership(table["pred"].to_pylist(), record.classes) != truth[order]).any(axis=1)
    return wrong


def _groups(items: pa.Table, view: tuple[str, ...]) -> Iterator[tuple[dict[str, str], Flags]]:
    """Yield the groups of a view, in order, with the items in them."""
    keys = list(zip(*(items[name].to_pylist() for name in view), strict=True)) if view else [()] * items.num_rows
    for key in sorted(set(keys)):
        yield dict(zip(view, key, strict=True)), np.array([other == key for other in keys], dtype=bool)
