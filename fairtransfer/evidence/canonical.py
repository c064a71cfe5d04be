"""JSON that is the same bytes wherever it is written (RFC 8785); NaN and infinity are refused, never written."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import rfc8785

from fairtransfer.evidence.atomic import write_atomic


def canonical(value: Any) -> bytes:
    """Return canonical JSON bytes; raise `rfc8785.FloatDomainError` for NaN or infinity."""
    return rfc8785.dumps(value)


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(canonical(value)).hexdigest()


def write_json(path: Path, value: Any) -> None:
    """Write canonical JSON, whole or not at all."""
    write_atomic(path, canonical(value) + b"\n")


def read_json(path: Path) -> Any:
    """Read a JSON file; what is nested too deeply to be read is no JSON (`ValueError`)."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError(f"{path.name} is nested too deeply") from None
