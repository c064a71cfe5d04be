"""Findings and verdict -> documents, through `templates/`. The same rows become HTML, Markdown and JSON."""

from __future__ import annotations

from fairtransfer.report.render import render

__all__ = ["render"]
