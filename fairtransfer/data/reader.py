"""What every kind of file that tables are read from is, and which there are."""

from __future__ import annotations

import abc
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from fairtransfer import registry
from fairtransfer.data.table import TextTable


class Reader(abc.ABC):
    """A kind of file; subclasses are final and live one to a file.

    Attributes
    ----------
    form
        The name a card calls it by, under `format`.
    words
        What such a file is called.
    suffixes
        The ends of names that mean it, in small letters, the usual one first.
    signatures
        Bytes with which such a file begins; none for kinds of text.
    first
        What stands at the very beginning of such a text, where that tells it from others.
    """

    form: ClassVar[str]
    words: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]
    signatures: ClassVar[tuple[bytes, ...]] = ()
    first: ClassVar[bytes] = b""

    @abc.abstractmethod
    def read(self, path: Path, wanted: list[str]) -> TextTable:
        """Return the wanted columns as text, every value as it is written, None where there is none; nothing is guessed.

        Raises
        ------
        TableRefused
            When the file is damaged, a column is missing, or a limit of `fairtransfer/data/table.py` is passed.
        """

    def parted_by(self, sign: str) -> Reader | None:  # noqa: ARG002  # of the kinds that have it
        """Return what reads fields between this sign; None where no sign parts fields, or always the same one."""
        return None


def reader_named(name: str) -> Reader:
    """Return a kind of file by its name; raise ``FT-R021`` or ``FT-R025`` where there is none, or it is not whole."""
    return registry.subclass("readers", name, Reader, _lacks)()  # type: ignore[type-abstract]  # a base


def readers() -> tuple[Reader, ...]:
    """Return every kind of file there is."""
    return tuple(reader_named(name) for name in registry.names("readers"))


def _lacks(found: type[Reader], name: str) -> Iterator[str]:
    if inspect.isabstract(found):
        yield from (f"`{method}`" for method in sorted(found.__abstractmethods__))
    if getattr(found, "form", None) != name:
        yield f"`form = {name!r}`"
    if not getattr(found, "words", ""):
        yield "`words`: what such a file is called"
    suffixes = getattr(found, "suffixes", ())
    if not suffixes or any(suffix != suffix.lower() or not suffix.startswith(".") for suffix in suffixes):
        yield "`suffixes`: such as `.csv`, in small letters"
