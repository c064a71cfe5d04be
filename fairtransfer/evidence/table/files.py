"""Files that tables of predictions are read from, each value as it is written: CSV, JSON lines, Parquet, Arrow, saved data sets.

Nothing is guessed silently: another separator than the comma is recognised and told, and what cannot be read has a code and,
where it has lines, its line.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from fairtransfer.encodings import HOW_TO_SAVE, LOOKED_AT, wide_encoding
from fairtransfer.errors import DefinitionError, Problem, Problems, shown

if TYPE_CHECKING:
    import ibis

TEXT = {".csv": ",", ".tsv": "\t"}
"""Kinds of text, and what parts their fields."""
ARROW = (".arrow", ".feather", ".ipc")
LINES = (".jsonl", ".ndjson")
PARQUET = (".parquet", ".pq")
READ = (
    "a .csv, .tsv, .jsonl or .parquet file (text may be .gz), an .arrow or .feather file, a folder of .parquet, or one that "
    "`datasets` saved"
)
SEPARATORS = {";": "`;`", "\t": "a tab", "|": "`|`"}


def open_file(path: Path, notes: Problems) -> ibis.Table:
    """Return a file or folder as a table; what was recognised and not asked for is added to `notes`.

    Raises
    ------
    DefinitionError
        When there is no such file or it cannot be read (``FT-P001``, ``FT-P002``, ``FT-P007``, ``FT-P096``).
    """
    import ibis

    if not path.exists():
        raise DefinitionError([Problem("FT-P001", "file not found", "", "check the path", str(path))])
    plain = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    kind = plain.suffix.lower()
    with reading(str(path)):
        if path.is_dir():
            return _folder(path)
        if kind in (*TEXT, *LINES):
            _refuse_wide(path)
        if kind in TEXT:
            return _csv(path, TEXT[kind], notes)
        if kind in LINES:
            return ibis.memtable(_json_lines(path))
        if kind in PARQUET and plain == path:
            return ibis.duckdb.connect().read_parquet(_literal(path))
        if kind in ARROW and plain == path:
            return ibis.memtable(_arrow_file(path))
    raise _refused(f"unknown kind of file `{shown(path.suffix)}`", path, READ)


def refuse_same_names(names: Sequence[str], where: str) -> None:
    """Refuse columns of the same name, and those a database would not tell apart."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.get(name.casefold())
        seen[name.casefold()] = name
        if first is not None:
            twice = f"two columns are called `{shown(name)}`"
            found = twice if first == name else f"columns `{shown(first)}` and `{shown(name)}` differ only by case"
            raise DefinitionError([Problem("FT-P096", found, "", "rename one, or leave it out", where)])


def _refused(found: str, path: Path, allowed: str = "", do: str = "", line: int = 0) -> DefinitionError:
    return DefinitionError([Problem("FT-P002", found, allowed, do, str(path), line)])


# --- fields between signs ------------------------------------------------------------------------------------------------


def _csv(path: Path, delimiter: str, notes: Problems) -> ibis.Table:
    """Return a CSV file as text. Nothing is guessed: what a reader that guesses cannot fit in, it skips."""
    import ibis

    with _opened(path) as stream:
        first = stream.readline()
        said = re.match(r'"?sep=(.)"?\s*$', first, re.I)
        text = stream.readline() if said else first
        while _open_quote(text) and (more := stream.readline()):
            text += more
    if not text.strip():
        raise DefinitionError([Problem("FT-P007", "no rows", "", "", str(path))])
    if any("\udc80" <= character <= "\udcff" for character in text):  # a byte that is no character
        raise _refused("the line is not UTF-8", path, "", HOW_TO_SAVE, 1)
    sign = said[1] if said else _separator(text, delimiter)
    if sign != delimiter:
        found = f"fields are parted by {SEPARATORS.get(sign, f'`{sign}`')}, and read so"
        notes.add(Problem("FT-P109", found, "", "", str(path), 1, severity="warning"))
    header = next(csv.reader(io.StringIO(text, newline=""), delimiter=sign), [])
    names = [name or f"column{number}" for number, name in enumerate(header)]
    refuse_same_names(names, str(path))
    read: ibis.Table = ibis.duckdb.connect().read_csv(
        _literal(path),
        columns=dict.fromkeys(names, "VARCHAR"),
        auto_detect=False,
        header=True,
        delim=sign,
        quote='"',
        escape='"',
        comment="",
        skip=1 if said else 0,
    )
    return read


def _open_quote(text: str) -> bool:
    return text.count('"') % 2 == 1


def _separator(header: str, usual: str) -> str:
    """Return what parts the fields of a header: another sign than the usual one only where that parts nothing."""
    if len(next(csv.reader([header], delimiter=usual), [])) > 1:
        return usual
    counted = {
        sign: len(next(csv.reader([header], delimiter=sign), [])) for sign in (*SEPARATORS, ",") if sign != usual
    }
    best = max(counted, key=counted.__getitem__)
    return best if counted[best] > 1 else usual


def _refuse_wide(path: Path) -> None:
    """Refuse text with two or four bytes a character: read as UTF-8 it is columns with strange names, or no text at all."""
    with _bytes_of(path) as raw:
        head = raw.read(LOOKED_AT)
    if name := wide_encoding(head):
        raise _refused(f"the file is {name}, not UTF-8", path, "", HOW_TO_SAVE)


def _bytes_of(path: Path) -> gzip.GzipFile | io.BufferedReader:
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")


def _opened(path: Path) -> io.TextIOWrapper:
    return io.TextIOWrapper(_bytes_of(path), encoding="utf-8-sig", errors="surrogateescape", newline="")


# --- objects, one a line -------------------------------------------------------------------------------------------------


def _json_lines(path: Path) -> pa.Table:
    """Return objects as columns of text, numbers as they are written; lists stay lists, what a line lacks is missing."""
    rows: list[dict[str, Any]] = []
    with _opened(path) as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                rows.append(_object(line, number, path))
    if not rows:
        raise DefinitionError([Problem("FT-P007", "no rows", "", "", str(path))])
    names = list(dict.fromkeys(name for row in rows for name in row))
    refuse_same_names(names, str(path))
    return pa.table({name: _json_column([row.get(name) for row in rows]) for name in names})


def _object(line: str, number: int, path: Path) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise _refused("a key stands twice in the line", path, "", "keep one of them", number)
        return found

    def constant(word: str) -> Any:
        raise _refused(f"{word} is no JSON", path, "", "write null where there is no value", number)

    try:
        row = json.loads(line, object_pairs_hook=once, parse_constant=constant, parse_int=str, parse_float=str)
        line.encode("utf-8")
    except (json.JSONDecodeError, RecursionError, UnicodeEncodeError):
        raise _refused("the line is no JSON in UTF-8", path, "one object a line", "", number) from None
    if not isinstance(row, dict):
        raise _refused("the line is no object", path, 'one object a line: {"y": 1, "new": 0}', "", number)
    return row


def _json_column(values: list[Any]) -> pa.Array:
    """Return texts, or lists of texts where there are lists and nothing else."""
    if any(isinstance(value, list) for value in values) and all(
        value is None or isinstance(value, list) for value in values
    ):
        lists = [None if value is None else [_json_text(item) for item in value] for value in values]
        return pa.array(lists, pa.list_(pa.string()))
    return pa.array([_json_text(value) for value in values], pa.string())


def _json_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else value.encode("utf-8", "replace").decode()
    return str(value).lower() if isinstance(value, bool) else json.dumps(value, ensure_ascii=False)


# --- columns -------------------------------------------------------------------------------------------------------------


def _arrow_file(path: Path) -> pa.Table:
    """Return an Arrow file, in either of its forms: with a footer (Feather) or as a stream."""
    with pa.memory_map(str(path)) as source:
        try:
            return pa.ipc.open_file(source).read_all()
        except pa.ArrowInvalid:
            source.seek(0)
            return pa.ipc.open_stream(source).read_all()


def _folder(path: Path) -> ibis.Table:
    """Return a folder: of Parquet files, or what `datasets` saved."""
    import ibis

    if (path / "dataset_dict.json").exists():
        splits = sorted(part.name for part in path.iterdir() if (part / "state.json").exists())
        raise _refused(
            f"the folder holds the splits {', '.join(splits)}", path, "", f"name one of them: {path}/{splits[0]}"
        )
    if (path / "state.json").exists():
        return ibis.memtable(_saved_data_set(path))
    files = sorted(path.rglob("*.parquet"))
    if not files:
        raise _refused("the folder holds no .parquet file", path, READ)
    _no_column_twice(files, path)
    return ibis.duckdb.connect().read_parquet(f"{_literal(path)}/**/*.parquet")


def _no_column_twice(files: list[Path], path: Path) -> None:
    """Refuse folders called ``g=a`` beside a column `g` in their files: the name would take its place."""
    named = {part.partition("=")[0] for file in files for part in file.relative_to(path).parts[:-1] if "=" in part}
    if twice := sorted(named & set(pq.read_schema(files[0]).names)):
        found = f"column `{shown(twice[0])}` stands in the files and in the names of folders"
        raise DefinitionError([Problem("FT-P096", found, "", "rename the folders, or name one of them", str(path))])


def _saved_data_set(path: Path) -> pa.Table:
    """Return what `datasets` saved, without the library: its Arrow files, chosen rows, and names for numbers of classes."""
    try:
        state = json.loads((path / "state.json").read_text(encoding="utf-8"))
        data, chosen = (
            [file["filename"] for file in state.get(key) or ()] for key in ("_data_files", "_indices_files")
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _refused("`state.json` is not what `datasets` writes", path, "", "save the data set again") from error
    table = pa.concat_tables([_arrow_file(path / Path(file).name) for file in data])
    for file in chosen:
        table = table.take(_arrow_file(path / Path(file).name)["indices"])
    info = path / "dataset_info.json"
    try:
        features = json.loads(info.read_text(encoding="utf-8")).get("features") or {} if info.exists() else {}
    except (ValueError, AttributeError, RecursionError) as error:
        raise _refused(
            "`dataset_info.json` is not what `datasets` writes", path, "", "save the data set again"
        ) from error
    for name, feature in features.items():
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and feature.get("names"):
            place = table.column_names.index(name)
            table = table.set_column(place, name, _named(table[name].to_pylist(), feature["names"], name, path))
    return table


def _named(numbers: list[int | None], names: list[str], column: str, path: Path) -> pa.Array:
    if odd := sorted({n for n in numbers if n is not None and not -1 <= n < len(names)}):
        raise _refused(f"column `{shown(column)}` holds the class number {odd[0]}, which has no name", path)
    return pa.array([None if n is None or n < 0 else names[n] for n in numbers], pa.string())


# --- what a library says -------------------------------------------------------------------------------------------------


def _literal(path: Path) -> str:
    """Return a path that a database takes for one file, whatever signs its name holds."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Tell what is wrong with a file as any other problem: some of it shows only while its rows are counted."""
    import duckdb

    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError, EOFError, zlib.error) as error:  # of Arrow, damage is an OSError
        raise DefinitionError([_unreadable(str(error), _at_fault(name))]) from error


def _at_fault(name: str) -> str:
    """Return the file of a folder that cannot be read, or has other columns than the first; else the name as it is."""
    files = sorted(Path(name).rglob("*.parquet")) if Path(name).is_dir() else []
    schema = None
    for file in files:
        try:
            with pq.ParquetFile(file) as parquet:
                schema = schema or parquet.schema_arrow
                differs = parquet.schema_arrow != schema
                for _ in () if differs else parquet.iter_batches():
                    pass
        except (pa.ArrowException, OSError):
            return str(file)
        if differs:
            return str(file)
    return name


def _unreadable(said: str, name: str) -> Problem:
    """Return a library's words about a damaged file as a problem."""
    line = re.search(r"CSV Error on Line: (\d+)", said)
    if line is None and "magic bytes" in said.lower():
        return Problem("FT-P002", "the file is cut off, or is no Parquet file", "", "write it again", name)
    if line is None and "but we are trying to read" in said:
        found = f"the files of the folder differ: {shown(_one_line(said))}"
        return Problem("FT-P002", found, "columns of one type each", "", name)
    if line is None:
        return Problem("FT-P002", f"cannot be read: {shown(_one_line(said))}", "", "", name)
    at = int(line[1])
    if fields := re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", said):
        found = f"the line has {fields[2]} fields, the header has {fields[1]}"
        return Problem("FT-P002", found, "", "quote values that hold commas; drop lines that are no rows", name, at)
    if "unicode" in said.lower():
        return Problem("FT-P002", "the line is not UTF-8", "", HOW_TO_SAVE, name, at)
    if "unterminated quote" in said.lower():
        return Problem("FT-P002", "a quote is opened on the line and never closed", "", "close it", name, at)
    return Problem("FT-P002", f"the line cannot be read: {shown(_one_line(said))}", "", "", name, at)


def _one_line(said: str) -> str:
    return " ".join(said.split())
