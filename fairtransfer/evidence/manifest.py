"""`SHA256SUMS`: every file of a run with its digest, written last. Its existence means that the run is complete."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fairtransfer.errors import IntegrityError
from fairtransfer.evidence.atomic import write_atomic

SUMS = "SHA256SUMS"


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> list[str]:
    found = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() or p.is_symlink())
    return [name for name in found if name != SUMS]


def write_sums(folder: Path) -> None:
    """Write the digests of every file below a folder, in the format of `sha256sum -c`."""
    lines = [f"{file_digest(folder / name)}  {name}\n" for name in _files(folder)]
    write_atomic(folder / SUMS, "".join(lines).encode())


def verify_sums(folder: Path) -> int:
    """Check every file below a folder against `SHA256SUMS` and return how many there are.

    Raises
    ------
    IntegrityError
        Naming every file that changed, is missing, is not listed, or is a link.
    """
    path = folder / SUMS
    if not path.is_file():
        below = sorted(found.parent for pattern in ("*", "*/*") for found in folder.glob(f"{pattern}/{SUMS}"))
        hint = f"; runs are below it, such as {below[0]}" if below else ""
        raise IntegrityError(f"{folder} has no {SUMS}: the run is not complete, or is not a run{hint}")
    listed = dict(_line(line, path) for line in path.read_text(encoding="utf-8").splitlines())
    present = _files(folder)
    trouble = [f"{name}: not listed in {SUMS}" for name in present if name not in listed]
    trouble += [f"{name}: missing" for name in listed if name not in present]
    for name in sorted(set(present) & set(listed)):
        if (folder / name).is_symlink():
            trouble.append(f"{name}: is a symbolic link")
        elif (found := file_digest(folder / name)) != listed[name]:
            trouble.append(f"{name}: expected {listed[name][:12]}…, got {found[:12]}…")
    if trouble:
        raise IntegrityError("\n  ".join([f"{folder} is not as it was written:", *sorted(trouble)]))
    return len(present)


def _line(line: str, path: Path) -> tuple[str, str]:
    found, separator, name = line.partition("  ")
    if not separator or len(found) != 64:
        raise IntegrityError(f"{path}: cannot read the line {line[:80]!r}")
    return name, found
