"""Weight files looked at before anything is loaded: safetensors whose headers are true, all parts there, no pickle."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

from fairtransfer.errors import Problem, Problems, shown

_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npz", ".h5", ".msgpack")
_FLOATS = ("F64", "F32", "F16", "BF16")
_MAX_HEADER = 100 * 1024**2

Shapes = Mapping[str, tuple[int, ...]]
"""Name -> shape of every tensor in the weight files."""


def problem_of(code: str, source: str, found: str, allowed: str = "", do: str = "") -> Problem:
    """Return a problem of a source."""
    return Problem(code, found, allowed, do, path=f"model.source ({source})")


def weight_files(folder: Path, source: str, problems: Problems) -> tuple[list[Path], Shapes]:
    """Return the weight files of a folder and what they hold; what is wrong with them is added to the problems."""
    weights = sorted(p for p in folder.glob("*.safetensors") if p.is_file())
    if not weights:
        problems.add(_no_weights(folder, source))
    shapes = {name: shape for path in weights for name, shape in _header(path, source, problems).items()}
    _check_shards(folder, source, {p.name for p in weights}, problems)
    return weights, shapes


def _no_weights(folder: Path, source: str) -> Problem:
    pickles = sorted(p.name for p in folder.glob("*") if p.suffix in _PICKLES)
    if not pickles:
        return problem_of("FT-M006", source, f"no safetensors weights in {folder}")
    convert = "convert the file in a sandbox first: `model.save_pretrained(folder, safe_serialization=True)`"
    return problem_of(
        "FT-M006", source, f"no safetensors weights (found {', '.join(pickles[:3])}); pickle is not loaded", "", convert
    )


def _header(path: Path, source: str, problems: Problems) -> dict[str, tuple[int, ...]]:
    """Return the tensors of a safetensors file, checking that the file is exactly as long as its header says."""
    size = path.stat().st_size
    with path.open("rb") as file:
        raw = file.read(8)
        length = struct.unpack("<Q", raw)[0] if len(raw) == 8 else -1
        if not 0 < length <= min(_MAX_HEADER, max(size - 8, 0)):
            problems.add(problem_of("FT-M007", source, f"`{path.name}` is not a safetensors file (header)"))
            return {}
        try:
            header = json.loads(file.read(length))
            tensors = {name: info for name, info in header.items() if name != "__metadata__"}
            ends = [int(info["data_offsets"][1]) for info in tensors.values()]
            shapes = {name: tuple(map(int, info["shape"])) for name, info in tensors.items()}
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError):
            problems.add(problem_of("FT-M007", source, f"`{path.name}` is not a safetensors file (header)"))
            return {}
    integers = sorted(name for name, info in tensors.items() if name.endswith("weight") and _is_packed(info))
    if integers:
        found = f"{len(integers)} weights in `{path.name}` are no plain floats (first: `{shown(integers[0])}`)"
        problems.add(
            problem_of("FT-M047", source, found, "weights of 16 or 32 bits", "use the checkpoint it was made from")
        )
    expected = 8 + length + max(ends, default=0)
    if size != expected:
        found = f"`{path.name}` is incomplete: expected {expected:,} bytes, got {size:,}"
        problems.add(problem_of("FT-M008", source, found, "", "fetch it again"))
    return shapes


def _is_packed(info: Mapping[str, object]) -> bool:
    """Say whether a tensor holds codes that stand for numbers; libraries would take the codes for the numbers."""
    return not str(info.get("dtype")).startswith(_FLOATS)


def _check_shards(folder: Path, source: str, present: set[str], problems: Problems) -> None:
    for index in sorted(folder.glob("*.safetensors.index.json")):
        try:
            shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (UnicodeDecodeError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
            problems.add(problem_of("FT-M008", source, f"`{index.name}` cannot be read"))
            continue
        for shard in sorted(map(str, shards)):
            if "/" in shard or "\\" in shard or ".." in shard:
                problems.add(problem_of("FT-M008", source, f"illegal shard name `{shown(shard)}`"))
            elif shard not in present:
                problems.add(problem_of("FT-M008", source, f"shard `{shown(shard)}` missing", "", "fetch it again"))
