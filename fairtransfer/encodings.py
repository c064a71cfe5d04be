"""How text is encoded that is not UTF-8, as far as its first bytes tell, and how people save it so that it is."""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
LOOKED_AT = 4096
"""Bytes from the beginning of a file that are enough to tell."""
FEWEST = 8

HOW_TO_SAVE = 'save it as UTF-8 (in Excel "CSV UTF-8", in Notepad "Encoding: UTF-8")'


def wide_encoding(head: bytes) -> str | None:
    """Return the name of an encoding with two or four bytes a character that a text begins in; None where it is in none of them.

    Without a mark it is known by zeros: in UTF-16 every other byte of plain letters is one.
    """
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if marked is not None:
        return marked
    even, odd = head[0:LOOKED_AT:2], head[1:LOOKED_AT:2]
    zeros = [len(half) >= FEWEST // 2 and half.count(0) > 0.4 * len(half) for half in (even, odd)]
    return None if zeros == [False, False] else "UTF-32" if all(zeros) else "UTF-16"
