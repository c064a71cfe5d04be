"""Where what a frozen network makes of rows is kept between jobs, runs and audits: one file for each content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from fairtransfer.evidence.atomic import write_atomic

Kept = Mapping[str, Tensor]


class Shelf(Protocol):
    """Keeps tensors by the rows that went in and the layer they came out of."""

    def find(self, rows: str, layer: str) -> Kept | None:
        """Return what is kept, None where nothing is."""

    def keep(self, rows: str, layer: str, tensors: Kept) -> None:
        """Keep tensors."""


def shelved(shelf: Shelf, rows: str | None, layer: str, compute: Callable[[], Kept]) -> Kept:
    """Return what is kept for these rows, else compute and keep it; rows without a fingerprint are not kept."""
    found = None if rows is None else shelf.find(rows, layer)
    if found is None:
        found = compute()
        if rows is not None:
            shelf.keep(rows, layer, found)
    return found


@final
class NoShelf:
    """Keeps nothing."""

    def find(self, rows: str, layer: str) -> Kept | None:  # noqa: ARG002  # the interface
        """Find nothing."""
        return None

    def keep(self, rows: str, layer: str, tensors: Kept) -> None:
        """Keep nothing."""


@final
class FolderShelf:
    """Keeps tensors in a folder, a safetensors file each. The folder is a cache: it may be deleted whenever nothing runs.

    Parameters
    ----------
    folder
        Made when something is first kept.
    about
        Everything besides the rows that decides the numbers: model, code, libraries, device and number format.
    """

    def __init__(self, folder: Path, about: str) -> None:
        self.folder, self.about = folder, about

    def find(self, rows: str, layer: str) -> Kept | None:
        """Return what is kept; a file that is damaged counts as none."""
        path = self._path(rows, layer)
        if not path.is_file():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dict
                said = (file.metadata() or {}).get("sha256")
        except SafetensorError:
            return None
        return found if said == _digest(found) else None

    def keep(self, rows: str, layer: str, tensors: Kept) -> None:
        """Write a file, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {name: tensor.contiguous() for name, tensor in tensors.items()}
        write_atomic(self._path(rows, layer), save(content, {"sha256": _digest(content)}))

    def _path(self, rows: str, layer: str) -> Path:
        name = hashlib.sha256("\0".join((self.about, rows, layer)).encode()).hexdigest()
        return self.folder / f"{name}.safetensors"


def _digest(tensors: Kept) -> str:
    found = hashlib.sha256()
    for name in sorted(tensors):
        found.update(f"{name} {tuple(tensors[name].shape)} {tensors[name].dtype}\0".encode())
        found.update(tensors[name].contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()
