"""Words into Markdown, so that they stay words: what could be markup is escaped where it could be, and nothing else.

A report in Markdown is read as it stands, in terminals and in the difference between two runs, as often as it is rendered. So a
full stop is escaped where it would make a list or a link, and is a full stop everywhere else. The rules are CommonMark's
(0.31) and those of GitHub's extensions: tables, strikethrough, and links without brackets.
"""

from __future__ import annotations

import re
from typing import Any

_ALWAYS = r"[\\`*\[\]<|~@]"
"""Code, emphasis, links, HTML, cells, strikethrough, and addresses, wherever they stand."""

_ALONE = r"(?<![^\W_])_|_(?![^\W_])"
"""Emphasis, but not within a word."""

_LINKS = r":(?=//)|(?<=www)\.|(?<=WWW)\."
"""Links without brackets."""

_HEADING = r"(?:^|(?<=\s))#"
"""A heading's marks: those before it, and those that close it."""

_ACTIVE = re.compile(f"({_ALWAYS}|{_ALONE}|{_LINKS}|{_HEADING})")

_BEGINS = re.compile(r"^(?:([-+>=])|(\d{1,9})([.)])(?=\s|$))")
"""At the start of a line: lists, quotations, and lines under a heading; signs of numbers are told apart below."""

_ENTITY = re.compile(r"&(?=#?\w+;)")


def markdown_text(text: str) -> Any:
    """Return text in which nothing is Markdown any more, on one line."""
    from markupsafe import Markup

    line = " ".join(text.split())
    escaped = _ENTITY.sub("&amp;", _ACTIVE.sub(r"\\\1", line))
    return Markup(_BEGINS.sub(_first, escaped))  # noqa: S704  # escaped for Markdown, which has no HTML left in it


def _first(found: re.Match[str]) -> str:
    """Return the start of a line without its meaning; a sign before a number has none."""
    mark, number, after = found.groups()
    if mark is None:
        return f"{number}\\{after}"
    signed = mark in "-+" and re.match(r"[\d.]", found.string[1:])
    return mark if signed else f"\\{mark}"
