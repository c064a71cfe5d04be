"""Documents as Markdown: for merge requests and model cards; read as it stands or rendered."""

from __future__ import annotations

from typing import final

from fairtransfer.report.form import AnyDocument, Form
from fairtransfer.report.templating import through_template


@final
class Markdown(Form):
    """The page without its charts."""

    kind = "md"
    suffix = ".md"
    words = "Markdown"

    def write(self, document: AnyDocument) -> bytes:
        """Return the text."""
        return through_template(f"{document.stem}{self.suffix}.j2", document)
