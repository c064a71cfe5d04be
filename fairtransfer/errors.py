"""Everything that can go wrong, as a small tree, and the collector that reports all problems of a stage at once.

FairtransferError
├── DefinitionError     exit 2   the audit, a data card, its data or the command line contradict themselves
├── RunError            exit 3   the work could not be completed
│   ├── WorkspaceBusy   exit 3   another run holds the workspace
│   └── MissingExtra    exit 3   an optional part of the tool is not installed
├── NothingEvaluated    exit 5   no gate was evaluated
└── IntegrityError      exit 6   a file differs from what was recorded
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Severity = Literal["error", "warning"]

_SHOWN = 80
_LISTED = 40


class FairtransferError(Exception):
    """Root of every error this package raises on purpose; `exit_code` is what the command line returns for it."""

    exit_code = 3


class RunError(FairtransferError):
    """The work could not be completed; what was finished is kept."""


class WorkspaceBusy(RunError):
    """Another process is writing to the workspace."""


class MissingExtra(RunError):
    """An optional dependency is needed and not installed."""

    def __init__(self, module: str, extra: str, what: str) -> None:
        super().__init__(
            f'{what} needs the package `{module}`, which is not installed; install it with: pip install "fairtransfer[{extra}]"'
        )


class NothingEvaluated(FairtransferError):
    """No gate was evaluated, so there is nothing that could have passed."""

    exit_code = 5


class IntegrityError(FairtransferError):
    """A file is not the one that was recorded."""

    exit_code = 6


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a definition: where it is, what was found, what is allowed, what to do.

    Attributes
    ----------
    code
        Stable name from the catalogue (`docs/problems.md`), for example ``FT-G004``.
    found, allowed, do
        Three short clauses, each may be empty but `found`.
    file, line, column
        Where; lines and columns count from 1, 0 means "the file as a whole".
    path
        The place inside the document, for example ``gates[1].gap.margin``.
    severity
        ``error`` stops the stage, ``warning`` is printed and kept in the evidence.
    """

    code: str
    found: str
    allowed: str = ""
    do: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        place = ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)])
        head = " ".join(part for part in (place, self.code, f"{self.path}:" if self.path else "") if part)
        body = "; ".join(part for part in (self.found, self.allowed, self.do) if part)
        return f"{head}{' ' if self.path else ': '}{body}"

    def to_json(self) -> dict[str, str]:
        """Return what the evidence keeps: the place without folders, so that it is the same in every checkout."""
        line = f":{self.line}" if self.line else ""
        text = "; ".join(part for part in (self.found, self.allowed, self.do) if part)
        return {"code": self.code, "place": f"{Path(self.file).name}{line} {self.path}".strip(), "text": text}

    @property
    def order(self) -> tuple[str, int, int, str]:
        """Sort key: by file, then by place, then by code."""
        return (self.file, self.line, self.column, self.code)


class DefinitionError(FairtransferError):
    """One or more problems in what was asked; nothing was run and nothing was written."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: p.order))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(slots=True)
class Problems:
    """Collects the problems of one stage, so that a person sees all of them in one go."""

    found: list[Problem] = field(default_factory=list)
    _kept: set[Problem] = field(default_factory=set, repr=False, compare=False)

    def add(self, problem: Problem) -> None:
        """Keep a problem, once."""
        if problem not in self._kept:
            self._kept.add(problem)
            self.found.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Keep several problems."""
        for problem in problems:
            self.add(problem)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.found)

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Keep the problems that stop what stands inside; what follows looks for more of them before it raises all."""
        try:
            yield
        except DefinitionError as error:
            self.extend(error.problems)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stop the stage."""
        return tuple(p for p in self.found if p.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems that are only told."""
        return tuple(p for p in self.found if p.severity == "warning")

    def raise_if_any(self) -> None:
        """Raise one `DefinitionError` holding every error, if there is any."""
        if self.errors:
            raise DefinitionError(self.errors)


def shown(value: object) -> str:
    """Return a value as it may be printed: on one line, control characters as escapes, at most 80 characters."""
    text = value if isinstance(value, str) else repr(value)
    safe = "".join(c if c.isprintable() else _escape(c) for c in text)
    return safe if len(safe) <= _SHOWN else safe[: _SHOWN - 1] + "…"


def visible(text: str) -> str:
    """Return a text of any length with control and format characters as escapes, so that it cannot command a terminal."""
    return "".join(_escape(c) if is_invisible(c) else c for c in text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"U+{code:04X}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint such as ``did you mean `full`?``, or the list of known names when none is a few slips away."""
    names = sorted(known)
    slips = {other: _slips(name.casefold(), other.casefold()) for other in names}
    closest = min(names, key=lambda other: slips[other], default="")
    if closest and slips[closest] <= _forgiven(name):
        return f"did you mean `{closest}`?"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"known: {', '.join(names[:_LISTED])}{more}" if names else ""


def _forgiven(name: str) -> int:
    """Return how many slips make another word of a name: one in a short one, three in a long one."""
    return 1 if len(name) < 5 else 2 if len(name) < 12 else 3


def _slips(one: str, two: str) -> int:
    """Return how many letters have to be put in, left out, changed or swapped to make one word of another."""
    if abs(len(one) - len(two)) > _forgiven(one):
        return len(one) + len(two)
    before: list[int] = []
    above = list(range(len(two) + 1))
    for i, left in enumerate(one, 1):
        row = [i]
        for j, right in enumerate(two, 1):
            best = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (left != right))
            if i > 1 and j > 1 and left == two[j - 2] and one[i - 2] == right:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, above = above, row
    return above[-1]


def is_invisible(character: str) -> bool:
    """Say whether a character can hide or reorder text: format and control characters other than tab and newline."""
    return character not in "\t\n\r\ufeff" and unicodedata.category(character) in ("Cf", "Cc")


_JOINERS = "\u200c\u200d"
_BLACK_FLAG, _TAGS = "\U0001f3f4", range(0xE0020, 0xE0080)


def hides(text: str, place: int) -> bool:
    """Say whether the character at a place hides or reorders text.

    Joiners inside words of other scripts do not: Sinhala, Persian and Hindi are spelled with them, emoji are made with them.
    Nor do the letters of a flag behind its black flag.
    """
    character = text[place]
    if not is_invisible(character):
        return False
    inside = 0 < place < len(text) - 1 and not text[place - 1].isascii() and not text[place + 1].isascii()
    joins = character in _JOINERS and inside
    return not (joins or (ord(character) in _TAGS and _BLACK_FLAG in text[:place]))


def relative(path: Path) -> str:
    """Return a path the way a person typed it: relative to the current folder where that is shorter."""
    try:
        short = path.resolve().relative_to(Path.cwd().resolve())
    except (ValueError, OSError):
        return str(path)
    return short.as_posix()
