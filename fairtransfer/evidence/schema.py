"""The form in which a run's folder is written: which number it has, and what to do about folders with another."""

from __future__ import annotations

from pathlib import Path

from fairtransfer.errors import IntegrityError, shown

SCHEMA = "3"
"""Of `run.json`, and of every file beside it that is counted from answers."""


def check_schema(folder: Path, found: object) -> None:
    """Refuse a run's folder that was written in another form.

    Raises
    ------
    IntegrityError
        With what to do: an earlier form is made anew from the audit, a later one takes a later version of this tool.
    """
    if found == SCHEMA:
        return
    earlier = isinstance(found, str) and found.isdigit() and int(found) < int(SCHEMA)
    by = "an earlier version" if earlier else "another version"
    do = "run its audit again, or read it with the version that wrote it" if earlier else "upgrade"
    written = shown(str(found))
    raise IntegrityError(f"{folder} was written by {by} (schema {written}); this tool reads schema {SCHEMA}; {do}")
