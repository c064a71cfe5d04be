"""The one way from a path written in a card to an open file: relative, inside its folder, a regular file, no links."""

from __future__ import annotations

import re
import stat
import unicodedata
from pathlib import Path, PurePosixPath

from fairtransfer.errors import shown

_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(\..*)?$", re.I)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_INSIDE = "path must be relative and inside the benchmark folder"

_KINDS = {
    stat.S_ISDIR: "directory",
    stat.S_ISFIFO: "FIFO",
    stat.S_ISBLK: "device",
    stat.S_ISCHR: "device",
    stat.S_ISSOCK: "socket",
}


class PathRefused(Exception):
    """A path is not acceptable; the code and the reason are the arguments."""

    def __init__(self, code: str, found: str, allowed: str) -> None:
        super().__init__(found)
        self.code, self.found, self.allowed = code, found, allowed


def check_written(text: str) -> PurePosixPath:
    """Return a path as written in a card, or raise `PathRefused` when it points anywhere but below its folder."""
    reasons = {
        "holds a NUL or control character": any(unicodedata.category(c) == "Cc" for c in text),
        "begins with a URL scheme": bool(_SCHEME.match(text)),
        "begins with a home folder": text.startswith("~"),
        "begins with a drive": bool(re.match(r"[A-Za-z]:", text)),
        "holds a backslash": "\\" in text,
        "is an absolute path": text.startswith("/"),
        "holds a parent step": ".." in text.split("/"),
        "holds a colon": ":" in text,
    }
    for reason, present in reasons.items():
        if present:
            raise PathRefused("FT-D002", f"`{shown(text)}` {reason}", _INSIDE)
    for part in text.split("/"):
        if _RESERVED.match(part) or (part != part.rstrip(". ") and part != "."):
            raise PathRefused("FT-D002", f"`{shown(part)}` is a reserved name", _INSIDE)
    return PurePosixPath(text)


def locate(root: Path, text: str, *, folder: bool = False) -> Path:
    """Return the regular file (or folder) a card speaks of, below `root`.

    Raises
    ------
    PathRefused
        ``FT-D001`` not there, ``FT-D002`` outside, ``FT-D003`` a link or anything but a regular file.
    """
    current = root
    for part in check_written(text).parts:
        current = current / part
        try:
            mode = current.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            raise PathRefused("FT-D001", f"data file `{shown(text)}` not found", f"looked in {root}") from None
        if stat.S_ISLNK(mode):
            raise PathRefused(
                "FT-D003", f"`{shown(text)}` is not a regular file: symbolic links are refused", "copy the file instead"
            )
    return _of_kind(current, text, folder=folder)


def _of_kind(path: Path, text: str, *, folder: bool) -> Path:
    mode = path.lstat().st_mode
    if folder and not stat.S_ISDIR(mode):
        raise PathRefused("FT-D003", f"`{shown(text)}` is not a folder", "a folder")
    if not folder and not stat.S_ISREG(mode):
        kind = next((name for test, name in _KINDS.items() if test(mode)), "something else")
        raise PathRefused("FT-D003", f"`{shown(text)}` is not a regular file: {kind}", "a regular file")
    return path
