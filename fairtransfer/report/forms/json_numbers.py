"""Documents as JSON: the numbers that the pages show, unrounded, small groups hidden."""

from __future__ import annotations

from typing import final

from fairtransfer.evidence.canonical import canonical
from fairtransfer.report.form import AnyDocument, Form


@final
class JsonNumbers(Form):
    """Public numbers, for programs."""

    kind = "json"
    suffix = ".json"
    words = "the public numbers as JSON"

    def write(self, document: AnyDocument) -> bytes:
        """Return canonical JSON (RFC 8785) and a line feed."""
        return canonical(document.content) + b"\n"
