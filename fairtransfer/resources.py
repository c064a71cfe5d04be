"""The folders that are kept beside the package in a checkout and inside it once installed: templates, audits, data cards."""

from __future__ import annotations

from pathlib import Path


def resource(name: str) -> Path:
    """Return the folder `templates`, `audits` or `data_cards`: inside the installed package, else beside it in the checkout."""
    package = Path(__file__).parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name
