"""Documents as one HTML file: style and charts within, no script, nothing loaded from elsewhere."""

from __future__ import annotations

from typing import final

from fairtransfer.report.form import AnyDocument, Form
from fairtransfer.report.templating import through_template


@final
class Html(Form):
    """A page for people, also printed."""

    kind = "html"
    suffix = ".html"
    words = "one HTML file"

    def write(self, document: AnyDocument) -> bytes:
        """Return the page."""
        return through_template(f"{document.stem}{self.suffix}.j2", document)
