"""A checkpoint on disk, looked at before anything is loaded: which files, their digest, and nothing that runs code.

Only safetensors are read. A file's own claims (suffix, header) are checked against its bytes; `config.json` is read as
plain JSON and refused when it asks for code.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fairtransfer.errors import DefinitionError, Problem, Problems, shown
from fairtransfer.spec.audit import LoadedAudit

CONFIG = "config.json"
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npz", ".h5", ".msgpack")
_SMALL = {".json", ".txt", ".model", ".jinja"}
_MAX_HEADER = 100 * 1024**2
_OF_A_HEAD = ("id2label", "label2id", "label_names")
_CODE_KEYS = ("auto_map", "trust_remote_code", "custom_pipelines")


@dataclass(frozen=True)
class Trained:
    """Weights that replace a base's: a source that was trained here.

    Attributes
    ----------
    weights
        One file of safetensors, with the head.
    classes
        The source's classes, in the order of its head.
    """

    weights: Path
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Checkpoint:
    """A folder with a model.

    Attributes
    ----------
    source
        The source as the audit writes it.
    files
        ``relative path -> SHA-256`` of every file that decides what the model is.
    tensors
        Names of the tensors in the weight files.
    trained
        Weights of a source that was trained here, on this base; None for a model as it was published.
    """

    source: str
    folder: Path
    config: Mapping[str, Any]
    files: Mapping[str, str]
    tensors: frozenset[str]
    trained: Trained | None = None

    @property
    def digest(self) -> str:
        """One digest for the whole checkpoint."""
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(self.files.items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    def with_weights(self, trained: Trained, sha256: str) -> Checkpoint:
        """Return this base with other weights: its own are not part of it any more, nor are the labels of its own head."""
        kept = {name: digest for name, digest in self.files.items() if not name.endswith(".safetensors")}
        config = {key: value for key, value in self.config.items() if key not in _OF_A_HEAD}
        return replace(self, config=config, files={**kept, trained.weights.name: sha256}, trained=trained)


def inspect_checkpoint(folder: Path, source: str) -> Checkpoint:
    """Look at a model folder.

    Raises
    ------
    DefinitionError
        With every problem found (``FT-M006`` to ``FT-M010``, ``FT-M020``).
    """
    problems = Problems()
    config = _config(folder, source, problems)
    weights = sorted(p for p in folder.glob("*.safetensors") if p.is_file())
    if not weights:
        problems.add(_no_weights(folder, source))
    tensors = frozenset(name for path in weights for name in _header(path, source, problems))
    _check_shards(folder, source, {p.name for p in weights}, problems)
    problems.raise_if_any()
    files = {path.relative_to(folder).as_posix(): _sha256(path) for path in [*weights, *_small_files(folder)]}
    return Checkpoint(source, folder, config, files, tensors)


def _small_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        if (
            path.is_file()
            and path.suffix in _SMALL
            and not any(part.startswith(".") for part in inside)
            and len(inside) <= 2
        ):
            yield path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _problem(code: str, source: str, found: str, allowed: str = "", do: str = "") -> Problem:
    return Problem(code, found, allowed, do, path=f"model.source ({source})")


def _config(folder: Path, source: str, problems: Problems) -> Mapping[str, Any]:
    path = folder / CONFIG
    if not path.is_file():
        problems.add(
            _problem("FT-M020", source, f"no `{CONFIG}` in {folder}", "a folder saved with save_pretrained or timm")
        )
        return {}
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        problems.add(_problem("FT-M020", source, f"`{CONFIG}` is not JSON: {shown(str(error))}"))
        return {}
    for key in _code_keys(config):
        problems.add(
            _problem(
                "FT-M010",
                source,
                f"model needs its own code (`{key}` in {CONFIG}); not allowed",
                "models whose code ships with the libraries",
            )
        )
    return config if isinstance(config, dict) else {}


def _code_keys(value: Any, at: str = "") -> Iterator[str]:
    """Yield every key, however deep, that would make a loader run code from the checkpoint."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        name = f"{at}.{key}" if at else str(key)
        if (key in _CODE_KEYS and inner) or (isinstance(key, str) and key.endswith("_internal")):
            yield name
        yield from _code_keys(inner, name)


def _no_weights(folder: Path, source: str) -> Problem:
    pickles = sorted(p.name for p in folder.glob("*") if p.suffix in _PICKLES)
    if not pickles:
        return _problem("FT-M006", source, f"no safetensors weights in {folder}")
    convert = "convert the file in a sandbox first: `model.save_pretrained(folder, safe_serialization=True)`"
    return _problem(
        "FT-M006", source, f"no safetensors weights (found {', '.join(pickles[:3])}); pickle is not loaded", "", convert
    )


def _header(path: Path, source: str, problems: Problems) -> list[str]:
    """Return the tensor names of a safetensors file, checking that the file is exactly as long as its header says."""
    size = path.stat().st_size
    with path.open("rb") as file:
        raw = file.read(8)
        length = struct.unpack("<Q", raw)[0] if len(raw) == 8 else -1
        if not 0 < length <= min(_MAX_HEADER, max(size - 8, 0)):
            problems.add(_problem("FT-M007", source, f"`{path.name}` is not a safetensors file (header)"))
            return []
        try:
            header = json.loads(file.read(length))
            ends = [int(info["data_offsets"][1]) for name, info in header.items() if name != "__metadata__"]
        except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
            problems.add(_problem("FT-M007", source, f"`{path.name}` is not a safetensors file (header)"))
            return []
    expected = 8 + length + max(ends, default=0)
    if size != expected:
        problems.add(
            _problem(
                "FT-M008",
                source,
                f"`{path.name}` is incomplete: expected {expected:,} bytes, got {size:,}",
                "",
                "fetch it again",
            )
        )
    return [name for name in header if name != "__metadata__"]


def _check_shards(folder: Path, source: str, present: set[str], problems: Problems) -> None:
    for index in sorted(folder.glob("*.safetensors.index.json")):
        try:
            shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (UnicodeDecodeError, json.JSONDecodeError, KeyError, AttributeError, TypeError):
            problems.add(_problem("FT-M008", source, f"`{index.name}` cannot be read"))
            continue
        for shard in sorted(map(str, shards)):
            if "/" in shard or "\\" in shard or ".." in shard:
                problems.add(_problem("FT-M008", source, f"illegal shard name `{shown(shard)}`"))
            elif shard not in present:
                problems.add(_problem("FT-M008", source, f"shard `{shown(shard)}` missing", "", "fetch it again"))


@contextmanager
def placed(loaded: LoadedAudit) -> Iterator[None]:
    """Give what is found in a checkpoint the place of the audit's `model.source`."""
    try:
        yield
    except DefinitionError as error:
        line, column = loaded.document.place(("model", "source"))
        file = loaded.document.file
        raise DefinitionError(
            replace(p, file=file, line=line, column=column) if not p.file else p for p in error.problems
        ) from None


def refuse(code: str, checkpoint: Checkpoint, found: str, allowed: str = "", do: str = "") -> DefinitionError:
    """Return the error for something found while a checkpoint was loaded."""
    return DefinitionError([_problem(code, checkpoint.source, found, allowed, do)])
