"""Where the files of a card lie, and whether they are the ones that were there when the card was written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from fairtransfer.data.paths import PathRefused, locate
from fairtransfer.errors import Problem
from fairtransfer.evidence.manifest import file_digest
from fairtransfer.spec.card import LoadedCard
from fairtransfer.spec.card_files import ImageInput
from fairtransfer.spec.document import Place


def root_of(loaded: LoadedCard, under: str, data_root: Path | None) -> Path:
    """Return the folder a path of the card is relative to."""
    if under == "card":
        return loaded.folder
    if data_root is None:
        raise PathRefused(
            "FT-D060",
            "the card's files lie under the operator's data folder, and none was given",
            "pass --data-root DIR, or set FT_DATA_ROOT",
        )
    return data_root.resolve()


def changed(loaded: LoadedCard, at: Place, stated: str, found: str) -> Iterator[Problem]:
    """Yield that a file of a card, whose entry is at this place, is not the one that was there when the card was written."""
    if found != stated:
        text = f"file changed since the card was written: expected {stated[:12]}…, got {found[:12]}…"
        do = f"if the change is meant, write `sha256: {found}`"
        yield loaded.document.problem("FT-D004", ("fairtransfer", *at, "sha256"), text, "", do)


def loose_files(loaded: LoadedCard, data_root: Path | None) -> str | None:
    """Return the digest of the files a card's digests do not cover: image folders and `datasets` folders.

    None where there are none, or where the folder cannot be opened (which opening the data tells).
    """
    wanted, ref = loaded.card.input, loaded.card.datasets
    if isinstance(wanted, ImageInput):
        under, name = wanted.under, wanted.folder
    elif ref is not None and ref.parsed.kind == "folder":
        under, name = ref.under, ref.parsed.name
    else:
        return None
    try:
        folder = locate(root_of(loaded, under, data_root), name, folder=True)
    except PathRefused:
        return None
    found = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        found.update(f"{path.relative_to(folder).as_posix()}\0{file_digest(path)}\0".encode())
    return found.hexdigest()
