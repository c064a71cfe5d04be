"""Parquet: plain columns, checksums verified, whatever is damaged refused."""

from __future__ import annotations

from pathlib import Path
from typing import final

import pyarrow as pa
import pyarrow.parquet as pq

from fairtransfer.data.reader import Reader
from fairtransfer.data.table import (
    MAX_ROWS,
    Column,
    TableRefused,
    TextTable,
    checked,
    first_bytes,
    limit_decoded,
    need,
    plain_texts,
)
from fairtransfer.errors import shown
from fairtransfer.libraries import refusing


@final
class ParquetReader(Reader):
    """Columns, compressed."""

    form = "parquet"
    words = "parquet"
    suffixes = (".parquet", ".pq")
    signatures = (b"PAR1", b"PARE")  # plain and encrypted

    def read(self, path: Path, wanted: list[str]) -> TextTable:
        """Read the wanted columns."""
        return _read_parquet(path, wanted)


def _read_parquet(path: Path, wanted: list[str]) -> TextTable:
    with path.open("rb") as file:
        with refusing(lambda why: TableRefused("FT-D040", _parquet_trouble(why, path))):
            parquet = pq.ParquetFile(file, page_checksum_verification=True)
            schema = parquet.schema_arrow
        need(wanted, schema.names)
        for name in wanted:
            _plain_type(schema.field(name).type, name)
        if parquet.num_row_groups == 0 or parquet.metadata.num_rows == 0:
            raise TableRefused(
                "FT-D040" if parquet.num_row_groups == 0 else "FT-D008",
                "file has no row groups" if parquet.num_row_groups == 0 else "no rows",
            )
        if parquet.metadata.num_rows > MAX_ROWS:
            raise TableRefused("FT-D042", f"row limit {MAX_ROWS:,} reached")
        with refusing(lambda why: TableRefused("FT-D040", f"file is damaged: {why}"), TableRefused):
            return TextTable(_parquet_columns(parquet, wanted), (), tuple(n for n in schema.names if n not in wanted))


def _parquet_trouble(message: str, path: Path) -> str:
    if "encrypted" in message.lower() or first_bytes(path).startswith(b"PARE"):
        return "encrypted parquet is not supported"
    return "file is cut off" if first_bytes(path).startswith(b"PAR1") else "not a parquet file"


def _plain_type(kind: pa.DataType, name: str) -> None:
    if isinstance(kind, pa.BaseExtensionType):
        raise TableRefused(
            "FT-D040", f"extension types are not accepted (column `{shown(name)}`)", "store plain columns"
        )
    if pa.types.is_nested(kind):
        raise TableRefused(
            "FT-D040", f"nested columns are not accepted (column `{shown(name)}`)", "store plain columns"
        )


def _parquet_columns(parquet: pq.ParquetFile, wanted: list[str]) -> dict[str, Column]:
    columns: dict[str, Column] = {name: [] for name in wanted}
    decoded = 0
    for batch in parquet.iter_batches(batch_size=65_536, columns=wanted):
        decoded += batch.nbytes
        limit_decoded(decoded)
        for name in wanted:
            values = plain_texts(batch.column(name))
            begin = len(columns[name]) + 1
            columns[name] += [None if v is None else checked(v, name, n) for n, v in enumerate(values, begin)]
    return columns
