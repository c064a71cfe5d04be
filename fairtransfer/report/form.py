"""What every form of a document is, and which there are: one document, written in each of them."""

from __future__ import annotations

import abc
import inspect
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol

from fairtransfer import registry


class AnyDocument(Protocol):
    """A document as plain values: the report of a run (`RunDocument`), or of a table (`TableDocument`)."""

    @property
    def stem(self) -> str:
        """The name of its files, without their ends."""

    @property
    def content(self) -> Mapping[str, Any]:
        """Its public numbers as JSON values: what it shows, small groups hidden."""


class Form(abc.ABC):
    """A form of documents; subclasses are final and live one to a file.

    A form is given a document whose sentences, tables and figures are made, and whose small groups are hidden. It decides how
    they are written and nothing else; the same document gives the same bytes.

    Attributes
    ----------
    kind
        The name people ask for it by (``--format``).
    suffix
        The end of its files' names.
    words
        What such a file is called.
    """

    kind: ClassVar[str]
    suffix: ClassVar[str]
    words: ClassVar[str]

    @abc.abstractmethod
    def write(self, document: AnyDocument) -> bytes:
        """Return the document as the content of a file."""

    def file(self, document: AnyDocument) -> str:
        """Return the name of the document's file."""
        return f"{document.stem}{self.suffix}"


def form_named(name: str) -> Form:
    """Return a form by its name; raise ``FT-R021`` or ``FT-R025`` where there is none, or it is not whole."""
    return registry.subclass("documents", name, Form, _lacks)()  # type: ignore[type-abstract]  # a base


def forms() -> tuple[str, ...]:
    """Return the names of all forms, in the order in which documents are written."""
    return registry.names("documents")


def _lacks(found: type[Form], name: str) -> Iterator[str]:
    if inspect.isabstract(found):
        yield from (f"`{method}`" for method in sorted(found.__abstractmethods__))
    if getattr(found, "kind", None) != name:
        yield f"`kind = {name!r}`"
    if not getattr(found, "suffix", "").startswith("."):
        yield "`suffix`: such as `.html`"
    if not getattr(found, "words", ""):
        yield "`words`: what such a file is called"
