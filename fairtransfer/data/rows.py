"""The rows of a card, from wherever they are kept: files beside it, the operator's data folder, or the `datasets` library."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

from fairtransfer.data.benchmark import place
from fairtransfer.data.convert import misfit_text, misfits
from fairtransfer.data.hub import read_datasets
from fairtransfer.data.inputs import Inputs, Texts
from fairtransfer.data.paths import PathRefused, locate
from fairtransfer.data.picture_files import read_array, read_images
from fairtransfer.data.roots import changed, root_of
from fairtransfer.data.tables import Column, TableRefused, TextTable, read_table
from fairtransfer.errors import Problems, shown
from fairtransfer.evidence.manifest import file_digest
from fairtransfer.spec.card import LoadedCard
from fairtransfer.spec.card_files import ArrayInput, FileRef, ImageInput, TextInput

_PERSONAL = re.compile(
    r"(^|_)(ssn|e?mail|phone|telephone|address|surname|(first|last|full)_?name|birth(day|date)?|dob|passport)($|_)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class CardRows:
    """All rows of a card, as text, with what the model reads or sees.

    Attributes
    ----------
    noticed
        What was noticed -> the rows it was noticed of.
    sound
        Whether every input could be read; where not, `inputs` may have fewer entries than there are rows.
    """

    ids: list[str]
    columns: dict[str, Column]
    inputs: Inputs
    notes: dict[str, int] = field(default_factory=dict)
    noticed: dict[str, list[int]] = field(default_factory=dict)
    sound: bool = True

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(self.ids)


def read_rows(loaded: LoadedCard, data_root: Path | None, problems: Problems) -> CardRows | None:
    """Read every file of a card; None where there are no rows to look at (the problems say why).

    What is wrong with some of the rows is told, and the rows are returned all the same: the caller goes on checking.
    """
    tables = _tables(loaded, data_root, problems)
    if tables is None or len(tables) < len(loaded.card.files):
        return None
    columns = {name: [v for table in tables for v in table.columns[name]] for name in tables[0].columns}
    before = len(problems.errors)
    _check_types(loaded, columns, problems)
    of_types = len(problems.errors) - before
    ids = _ids(loaded, columns, problems)
    if of_types:
        return None  # groups, labels and inputs are made of the columns as declared
    before = len(problems.errors)
    inputs = _inputs(loaded, columns, data_root, problems)
    if inputs is None:
        return None
    notes = Counter(f"file with a {note}" for table in tables for note in table.notes)
    blank = [row for row, text in enumerate(inputs.values) if not text] if isinstance(inputs, Texts) else []
    return CardRows(ids, columns, inputs, dict(notes), {"empty text": blank}, sound=len(problems.errors) == before)


def _report(
    loaded: LoadedCard,
    problems: Problems,
    path: tuple[str | int, ...],
    refused: PathRefused | TableRefused,
    file: str = "",
) -> None:
    advice = (refused.allowed, "") if isinstance(refused, PathRefused) else ("", refused.do)
    line = getattr(refused, "line", 0)
    where = f"{file}{f':{line}' if line else ''}: " if file else ""
    problems.add(loaded.document.problem(refused.code, ("fairtransfer", *path), f"{where}{refused.found}", *advice))


def _tables(loaded: LoadedCard, data_root: Path | None, problems: Problems) -> list[TextTable] | None:
    if loaded.card.datasets is not None:
        return read_datasets(loaded, data_root, problems)
    return [
        table
        for i, ref in enumerate(loaded.card.files)
        if (table := _file(loaded, ref, i, data_root, problems)) is not None
    ] or None


def _file(loaded: LoadedCard, ref: FileRef, index: int, data_root: Path | None, problems: Problems) -> TextTable | None:
    at = ("files", index)
    try:
        path = locate(root_of(loaded, ref.under, data_root), ref.path)
        found = file_digest(path)
        problems.extend(changed(loaded, at, ref.sha256, found))
        table = read_table(path, loaded.card.columns, ref.format, ref.separator)
    except (PathRefused, TableRefused) as refused:
        _report(loaded, problems, (*at, "path"), refused, "" if isinstance(refused, PathRefused) else ref.path)
        return None
    for name in table.others:
        if _PERSONAL.search(name):
            found = f"column `{shown(name)}` looks personal; declare or drop it"
            problems.add(loaded.document.problem("FT-D047", ("fairtransfer", "columns"), found, warn=True))
    if ref.rows is not None and table.n != ref.rows:
        problems.add(
            loaded.document.problem(
                "FT-D061", ("fairtransfer", *at, "rows"), f"the file has {table.n:,} rows, the card says {ref.rows:,}"
            )
        )
    return table


def _check_types(loaded: LoadedCard, columns: dict[str, Column], problems: Problems) -> None:
    for name, kind in loaded.card.columns.items():
        bad = misfits(columns[name], kind)
        if bad:
            code, found, advice = misfit_text(columns[name][bad[0]] or "", kind, bad[0] + 1)
            more = f" (and {len(bad) - 1:,} more)" if len(bad) > 1 else ""
            problems.add(loaded.document.problem(code, ("fairtransfer", "columns", name), found + more, "", advice))


def _ids(loaded: LoadedCard, columns: dict[str, Column], problems: Problems) -> list[str]:
    raw = columns[loaded.card.item]
    blank = [str(n) for n, value in enumerate(raw, 1) if value is None or not value.strip()]
    if blank:
        problems.add(
            loaded.document.problem(
                "FT-D017", ("fairtransfer", "item"), f"blank id in rows {', '.join(blank[:5])}", "", "name every row"
            )
        )
    ids = [value or "" for value in raw]
    for value, count in Counter(ids).most_common(3):
        if count > 1 and value:
            rows = ", ".join(str(n) for n, other in enumerate(ids, 1) if other == value)
            problems.add(
                loaded.document.problem(
                    "FT-D018",
                    ("fairtransfer", "item"),
                    f"id `{shown(value)}` appears in rows {rows[:60]}",
                    "",
                    "ids must be unique",
                )
            )
    return ids


def _inputs(
    loaded: LoadedCard, columns: dict[str, Column], data_root: Path | None, problems: Problems
) -> Inputs | None:
    wanted = loaded.card.input
    try:
        match wanted:
            case TextInput():
                return Texts(tuple(text or "" for text in columns[wanted.text]))
            case ImageInput():
                folder = locate(root_of(loaded, wanted.under, data_root), wanted.folder, folder=True)
                images, found = read_images(folder, [name or "" for name in columns[wanted.image]])
                problems.extend(place(loaded, problem) for problem in found)
                return images
            case ArrayInput():
                return _array(loaded, wanted, columns, data_root, problems)
            case _:
                assert_never(wanted)
    except (PathRefused, TableRefused) as refused:
        _report(loaded, problems, ("input",), refused)
        return None


def _array(
    loaded: LoadedCard, wanted: ArrayInput, columns: dict[str, Column], data_root: Path | None, problems: Problems
) -> Inputs | None:
    path = locate(root_of(loaded, wanted.under, data_root), wanted.array)
    found = file_digest(path)
    problems.extend(changed(loaded, ("input",), wanted.sha256, found))
    index = [int(value) if value and value.lstrip("-").isdigit() else -1 for value in columns[wanted.index]]
    return read_array(path, wanted.key, index, wanted.range)
