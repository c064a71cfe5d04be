"""What decides a result besides the audit: the tool's own code, the libraries, the device and its number format."""

from __future__ import annotations

import hashlib
import os
import platform
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from fairtransfer.spec.families import family_kind
from fairtransfer.version import VERSION

_CODE = ("adapt", "data", "models", "runner")
_COUNTING = ("duckdb", "ibis-framework", "numpy", "pyarrow")
"""Libraries of predictions made elsewhere, which are only counted."""

_BF16_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})


@dataclass(frozen=True, slots=True)
class Machine:
    """Device and number format; results of different ones are never mixed."""

    device: str
    precision: str

    def computing_in(self, precision: str) -> Machine:
        """Return this machine as an audit asks for it: `auto` is what it does fastest, anything else is a number format."""
        return self if precision == "auto" else replace(self, precision=precision)


ELSEWHERE = Machine("made elsewhere", "not known")
"""The machine of predictions that are given."""


def guess() -> Machine:
    """Return what torch will most likely find, without importing it; a run compares the guess with torch's own answer."""
    if Path("/dev/nvidia0").exists() and os.environ.get("CUDA_VISIBLE_DEVICES", "0") not in ("", "-1"):
        return Machine("cuda", "bf16")
    return Machine("cpu", "bf16" if _BF16_FLAGS & _cpu_flags() else "fp32")


def _cpu_flags() -> frozenset[str]:
    return frozenset(_cpu("flags").split())


def processor() -> str:
    """Return the processor's name, where the system tells it; what was timed on one says little about another."""
    return _cpu("model name") or platform.machine()


def _cpu(name: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith(name)), "").partition(":")[2].strip()


@cache
def code_digest() -> str:
    """Return the digest of the source files that decide predictions.

    Read once: a run records the code it was planned with, whatever is installed while it goes on.
    """
    root = Path(__file__).parents[1]
    found = hashlib.sha256()
    for path in sorted(p for name in _CODE for p in (root / name).rglob("*.py")):
        found.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def libraries(family: str | None, more: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the versions of the libraries that decide predictions, and of `more` that one strategy needs, if installed."""
    names = (*(_COUNTING if family is None else family_kind(family).libraries), *more)
    return {name: version for name in names if (version := _version(name))}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def environment(family: str | None, machine: Machine) -> dict[str, Any]:
    """Return what `environment.json` keeps. Nothing of the process's own environment variables is in it."""
    return {
        "fairtransfer": VERSION,
        "code_sha256": code_digest(),
        "libraries": libraries(family),
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "device": machine.device,
        "precision": machine.precision,
    }
