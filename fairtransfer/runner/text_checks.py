"""How judged texts are read: told per group before a run, refused where next to nothing is known of them, kept by jobs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from fairtransfer.data.inputs import Texts
from fairtransfer.data.sides import Part
from fairtransfer.errors import DefinitionError, Problem
from fairtransfer.evidence.jobs.records import jobs_in
from fairtransfer.evidence.tables import read_table, write_table
from fairtransfer.evidence.text_reading import FEWEST, MOST_UNKNOWN, TextReading, counted, told
from fairtransfer.formats import percent
from fairtransfer.models.checkpoint import at_source, placed
from fairtransfer.models.quick_reading import quick_reading
from fairtransfer.models.reading import Reading
from fairtransfer.runner.job import Plan
from fairtransfer.runner.opened_data import OpenedData

INPUTS = "inputs.parquet"
"""Beside the answers of a model before: how each of its inputs was read."""

MOST_LOOKED_AT = 5_000
"""Texts of a benchmark that are looked at before a run, evenly spread; the run counts all."""


_KNOWN = 0.2
"""Share of unknown tokens up to which a group's texts are known well enough to be judged."""


def text_warnings(plan: Plan, data: OpenedData) -> tuple[Problem, ...]:
    """Return what is told of how the judged texts will be read; nothing for pictures, or where it cannot be known cheaply.

    Raises
    ------
    DefinitionError
        When most tokens of a benchmark are unknown to the tokenizer (``FT-M051``).
    """
    if plan.predictions is not None:
        return ()
    found: list[Problem] = []
    for benchmark, side in data.judged.items():
        part = _sample(side.part)
        if not isinstance(part.inputs, Texts):
            continue
        with placed(plan.files.loaded):
            read = quick_reading(plan.checkpoint, part.inputs.values, plan.audit.model.max_tokens)
        if read is None:
            continue
        reading = grouped(part, *read)
        refuse_unknown(plan, benchmark, reading)
        looked = "" if len(part) == len(side.part) else f" (of {len(part):,} of {len(side.part):,} texts)"
        found += [
            Problem("FT-M052", f"{benchmark}: {text}{looked}", path="model.max_tokens", severity="warning")
            for text in told(reading, least=FEWEST)
        ]
    return at_source(plan.files.loaded, tuple(found))


def refuse_unknown(plan: Plan, benchmark: str, reading: TextReading) -> None:
    """Refuse a tokenizer that knows next to nothing of what is judged: the model would answer noise."""
    share = reading.everyone.unknown_share
    # Where one group's texts are known, that another's are not is what an audit is for: that is told.
    if share > MOST_UNKNOWN and not any(one.unknown_share <= _KNOWN for one in reading.groups if one.texts >= FEWEST):
        found = f"{benchmark}: {percent(share)} of the tokens of the judged texts are unknown to the tokenizer"
        do = "use a model of these languages, and check that its tokenizer is its own"
        document = plan.files.loaded.document
        raise DefinitionError([document.problem("FT-M051", ("model", "source"), found, "", do)])


def grouped(part: Part, reading: Reading, most: int) -> TextReading:
    """Return how a part's texts were read, by group."""
    return counted(reading.tokens, reading.unknown, reading.cut, part.groups, most)


def write_reading(folder: Path, part: Part, reading: Reading, most: int) -> None:
    """Write how each text was read, beside the answers."""
    columns = {
        "item": pa.array(part.ids, pa.string()),
        "tokens": pa.array(reading.tokens, pa.int32()),
        "unknown": pa.array(reading.unknown, pa.int32()),
        "cut": pa.array(reading.cut, pa.bool_()),
    }
    table = pa.table(columns).replace_schema_metadata({"most_tokens": str(most)})
    write_table(folder / INPUTS, table)


def reading_in(folder: Path, benchmark: str, part: Part) -> TextReading | None:
    """Return how a benchmark's texts were read, from what a run's folder keeps; None where no model before says so."""
    for place in _befores(folder, benchmark):
        table = read_table(place)
        rows = dict(zip(table.column("item").to_pylist(), range(table.num_rows), strict=True))
        order = pa.array([rows[item] for item in part.ids], pa.int64())
        tokens, unknown, cut = (table.column(name).take(order).to_pylist() for name in ("tokens", "unknown", "cut"))
        return grouped(
            part, Reading(tuple(tokens), tuple(unknown), tuple(cut)), int(table.schema.metadata[b"most_tokens"])
        )
    return None


def _befores(folder: Path, benchmark: str) -> Iterator[Path]:
    for job in jobs_in(folder):
        place = folder / "jobs" / job.id / INPUTS
        if job.stage == "before" and job.benchmark == benchmark and place.is_file():
            yield place


def _sample(part: Part) -> Part:
    """Return all rows, or as many as are looked at, evenly spread over the order of their ids."""
    n = len(part)
    return part if n <= MOST_LOOKED_AT else part.take([i * n // MOST_LOOKED_AT for i in range(MOST_LOOKED_AT)])
