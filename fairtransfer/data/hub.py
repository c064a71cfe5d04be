"""Data sets read by the Hugging Face `datasets` library: from the hub at one commit, or from a folder it can load."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from fairtransfer.data.paths import PathRefused, locate
from fairtransfer.data.roots import root_of
from fairtransfer.data.table import checked, plain_texts
from fairtransfer.data.tables import Column, TableRefused, TextTable
from fairtransfer.errors import MissingExtra, Problems, shown
from fairtransfer.libraries import refusing
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
    with _without_bars(datasets):
        with refusing(lambda why: TableRefused("FT-D062", f"`datasets` cannot load {shown(str(source))}: {why}")):
            builder = datasets.load_dataset_builder(name=ref.config, **where)
        if source.kind == "folder":
            _check_inside(Path(where["path"]), builder.config.data_files)
        with refusing(lambda why: TableRefused("FT-D062", f"`datasets` cannot load {shown(str(source))}: {why}")):
            return datasets.load_dataset(name=ref.config, **where, **_as_text(builder, loaded.card.columns))


@contextmanager
def _without_bars(datasets: Any) -> Iterator[None]:
    """Keep the library's bars out of what people pipe; a program that shows them keeps them elsewhere."""
    shown_elsewhere = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown_elsewhere:
            datasets.enable_progress_bars()


def _check_inside(folder: Path, files: Mapping[Any, Sequence[str]] | None) -> None:
    """Refuse files outside the folder: a README in it can name any, here or elsewhere, and no digest would cover them."""
    for name in (str(name) for names in (files or {}).values() for name in names):
        place = Path(name.removeprefix("file://"))
        if "://" in str(place) or not place.resolve().is_relative_to(folder.resolve()):
            raise TableRefused("FT-D002", f"the data set's own settings lead out of its folder, to `{shown(name)}`")


def _as_text(builder: Any, columns: Iterable[str]) -> dict[str, Any]:
    """Return what makes the library's reader of CSV keep every value as it is written; other kinds of files have types.

    It would take `007` for 7 and `NA` for nothing. Where the data set declares its types itself, these stand.
    """
    guesses = hasattr(builder.config, "converters") and not builder.info.features
    return {"converters": dict.fromkeys(columns, _written), "keep_default_na": False} if guesses else {}


def _written(cell: str) -> str | None:
    return cell or None


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
        texts[column] = _column(arrow.column(column), getattr(split.features[column], "names", None), column)
    texts.setdefault("split", [name] * len(split))
    return TextTable(texts)


def _column(values: pa.ChunkedArray, names: list[str] | None, column: str) -> Column:
    found = f"column `{shown(column)}` cannot be read as text"
    with refusing(lambda why: TableRefused("FT-D040", f"{found}: {why}", "store plain values"), TableRefused):
        texts = _named(values.to_pylist(), names, column) if names else plain_texts(values)
    return [None if v is None else checked(v, column, n) for n, v in enumerate(texts, 1)]


_NO_NAME = -1
"""The number that stands for "no label", as test splits of published data sets have it."""


def _named(numbers: list[int | None], names: list[str], column: str) -> Column:
    """Return the names of class labels; -1 has none, and any other number outside the list is a fault of the data."""
    odd = sorted({n for n in numbers if n is not None and not _NO_NAME <= n < len(names)})
    if odd:
        found = f"column `{shown(column)}` holds the class number {odd[0]}, and there are names for {len(names)}"
        raise TableRefused("FT-D057", found, "give every number a name, or write -1 where there is no label")
    return [None if n is None or n == _NO_NAME else names[n] for n in numbers]
