"""Data sets read by the Hugging Face `datasets` library: from the hub at one commit, or from a folder it can load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fairtransfer.data.paths import PathRefused, locate
from fairtransfer.data.roots import root_of
from fairtransfer.data.tables import Column, TableRefused, TextTable
from fairtransfer.errors import MissingExtra, Problems, shown
from fairtransfer.spec.card import LoadedCard
from fairtransfer.spec.card_files import DatasetsRef


def read_datasets(loaded: LoadedCard, data_root: Path | None, problems: Problems) -> list[TextTable] | None:
    """Load a card's data set with `datasets.load_dataset`; each of its splits becomes a table with a column `split`.

    Class labels stored as numbers with names are read as their names. No code of the data set is ever run: the library
    has no such option any more.
    """
    ref = loaded.card.datasets
    assert ref is not None, "only called for cards that name a data set"
    try:
        found = _load(loaded, ref, data_root)
        return [_table(found[split], str(split), loaded.card.columns) for split in sorted(found)]
    except (PathRefused, TableRefused) as refused:
        problems.add(loaded.document.problem(refused.code, ("fairtransfer", "datasets"), refused.found))
        return None


def _load(loaded: LoadedCard, ref: DatasetsRef, data_root: Path | None) -> Any:
    try:
        import datasets
    except ImportError as error:
        raise MissingExtra(error.name or "datasets", "hub", "a card that names a data set") from None
    source = ref.parsed
    where: dict[str, Any] = {"path": source.name, "revision": source.revision}
    if source.kind == "folder":
        where = {"path": str(locate(root_of(loaded, ref.under, data_root), source.name, folder=True))}
    try:
        return datasets.load_dataset(name=ref.config, **where)
    except (FileNotFoundError, ValueError, ConnectionError, OSError) as error:
        raise TableRefused("FT-D062", f"`datasets` cannot load {shown(str(source))}: {shown(str(error))}") from None


def _table(split: Any, name: str, columns: Any) -> TextTable:
    arrow: pa.Table = split.data.table if split._indices is None else split.flatten_indices().data.table
    texts: dict[str, Column] = {}
    for column in columns:
        if column == "split" and column not in arrow.column_names:
            continue
        if column not in arrow.column_names:
            raise TableRefused(
                "FT-D001", f"column `{shown(column)}` not found; columns are {', '.join(arrow.column_names)}"
            )
        names = getattr(split.features[column], "names", None)
        values = arrow.column(column)
        texts[column] = (
            [None if v is None else names[v] for v in values.to_pylist()]
            if names
            else pc.cast(values, pa.string()).to_pylist()
        )
    texts.setdefault("split", [name] * len(split))
    return TextTable(texts)
