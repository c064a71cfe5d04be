"""Parquet in and out of the evidence: compressed, with page checksums written and always verified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fairtransfer.errors import IntegrityError
from fairtransfer.evidence.atomic import sync_folder

Floats = NDArray[np.float64]


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table, whole or not at all."""
    aside = path.with_name(f".{path.name}.tmp")
    pq.write_table(table, aside, compression="zstd", write_page_checksum=True)
    aside.replace(path)
    sync_folder(path.parent)


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """Read a table; raise `IntegrityError` when it is cut off or damaged."""
    try:
        # Not pq.read_table: it loads the data set machinery, and pandas with it, to read one file.
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return file.read(columns=columns)
    except (pa.ArrowInvalid, OSError) as error:
        raise IntegrityError(f"{path} cannot be read: {error}") from None


def integers(array: pa.Array) -> NDArray[np.int64]:
    """Return an integer array without missing values as numpy; `Array.to_numpy` would import pandas."""
    width = np.dtype(str(array.type))  # `to_pandas_dtype` needs pandas in pyarrow 18
    return np.frombuffer(array.buffers()[1], dtype=width)[array.offset : array.offset + len(array)].astype(np.int64)


def numbers_table(items: list[str], y: Floats, pred: Floats) -> pa.Table:
    """Return predicted numbers as a table: labels and answers in the label's own unit."""
    return pa.table(
        {"item": pa.array(items, pa.string()), "y": pa.array(y, pa.float64()), "pred": pa.array(pred, pa.float64())}
    )


def value_column(name: str) -> str:
    """Return what a column with a number of its own for every row is called among predictions."""
    return f"value:{name}"


def with_values(table: pa.Table, values: Mapping[str, Sequence[float]]) -> pa.Table:
    """Return predictions with a number of its own for every row beside them, by column."""
    for name, numbers in values.items():
        table = table.append_column(value_column(name), pa.array(numbers, pa.float64()))
    return table


def predictions_table(items: list[str], y: list[str], pred: list[str], scores: pa.Array) -> pa.Table:
    """Return predictions as a table.

    Parameters
    ----------
    scores
        One list of probabilities per item, in the order of the audit's classes.
    """
    return pa.table(
        {
            "item": pa.array(items, pa.string()),
            "y": pa.array(y, pa.string()),
            "pred": pa.array(pred, pa.string()),
            "scores": scores,
        }
    )
