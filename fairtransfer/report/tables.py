"""Tables of a report: headings and rows of text, the same for every format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from fairtransfer import formats
from fairtransfer.findings.rows import SUPPRESSED, Finding
from fairtransfer.report.wording import wording_of


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of each row is its heading.

    Attributes
    ----------
    numeric
        Which columns hold numbers, and are set flush right.
    note
        How to read the numbers; stands under the caption.
    band
        The column whose cells are equal within a band of rows; None where rows form none.
    """

    anchor: str
    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    note: str = ""
    band: int | None = None


def table(
    anchor: str,
    caption: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    text_columns: int = 1,
    *,
    note: str = "",
    band: int | None = None,
) -> Table:
    """Return a table whose first columns are text and whose others are numbers."""
    numeric = tuple(i >= text_columns for i in range(len(headings)))
    return Table(anchor, caption, tuple(headings), tuple(tuple(row) for row in rows), numeric, note, band)


def value(
    row: Finding | None, show: Callable[[float | None], str], show_interval: Callable[[Sequence[float] | None], str]
) -> str:
    """Return an estimate with its interval, or the word for why there is none."""
    if row is None:
        return "–"
    if row.status != "ok":
        word = formats.STATUS_WORDS[row.status]
        return word if row.estimate is None else f"{show(row.estimate)} ({word})"
    interval = f" ({show_interval(row.ci)})" if row.ci else ""
    return show(row.estimate) + interval


def rate(row: Finding | None) -> str:
    """Return a rate with its interval: ``31.2% (24.0 to 39.1)``; what is no rate as a number."""
    words = wording_of(row)
    return value(row, words.value, words.interval)


def change(row: Finding | None) -> str:
    """Return a change in points with its interval: ``+6.8 (+3.0 to +10.5)``; the heading says points, where it is a rate."""
    words = wording_of(row)
    return value(row, words.change, words.change_interval)


def people(row: Finding | None) -> str:
    """Return how many people a row is about."""
    if row is None or row.n is None:
        return "hidden" if row is not None and row.status == SUPPRESSED else "–"
    return formats.count(row.n)


def flips(row: Finding | None) -> str:
    """Return who became wrong and who became right: ``12 / 41``."""
    if row is None or row.n_new_errors is None or row.n_fixed_errors is None:
        return "–"
    return f"{formats.count(round(row.n_new_errors, 1))} / {formats.count(round(row.n_fixed_errors, 1))}"


def smallest(row: Finding | None) -> str:
    """Return the smallest difference that so many cases would have shown: ``17.1``; the heading says points."""
    return wording_of(row).change(None if row is None else row.minimum_detectable).lstrip("+")
