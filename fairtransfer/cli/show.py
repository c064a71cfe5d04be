"""How results look on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Literal

from fairtransfer import formats

if TYPE_CHECKING:
    from rich.console import Console

    from fairtransfer.gates.results import Needed, Verdict
    from fairtransfer.measurement import Measurement
    from fairtransfer.report.tables import Table

_TONES = {"pass": "green", "fail": "red", "inconclusive": "yellow", "not_applicable": "dim", "error": "red"}


def plain(text: str) -> str:
    """Return a text from data as a terminal may show it: nothing in it is markup, or a command to the terminal."""
    from rich.markup import escape

    from fairtransfer.errors import visible

    return escape(visible(text))


def console(*, stderr: bool = False) -> Console:
    """Return a terminal to print to; wide enough for tables when the output goes to a file."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, emoji=False, width=None if stream.isatty() else 120, soft_wrap=False)


def print_json(value: Any) -> None:
    """Print JSON, keys sorted."""
    sys.stdout.write(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def print_table(
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[int] = (),
    *,
    whole: bool = False,
) -> None:
    """Print a table; `right` lists the columns set flush right, and `whole` keeps their cells on the lines they have."""
    from rich import box
    from rich.table import Table as RichTable

    table = RichTable(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for number, heading in enumerate(headings):
        justify: Literal["left", "right"] = "right" if number in right else "left"
        table.add_column(heading, justify=justify, overflow="fold", no_wrap=whole and number in right)
    for row in rows:
        table.add_row(*map(plain, row))
    console().print(table)


_LABEL = 16
"""Names of groups are broken into lines down to this width, before numbers are."""

_NARROW = 10
"""To this width numbers and words are broken where intervals on lines of their own are still too wide."""


def stacked(table: Table, width: int) -> Table:
    """Return a table with as many breaks in its numbers as it takes to fit a terminal."""
    for broken in (_below, _narrow):
        if _width(table) <= width:
            break
        rows = tuple((name, *map(broken, cells)) for name, *cells in table.rows)
        table = replace(table, headings=tuple(map(_word_by_word, table.headings)), rows=rows)
    return table


def _below(cell: str) -> str:
    """Return a cell with the interval below its estimate."""
    return cell.replace(" (", "\n(")


def _narrow(cell: str) -> str:
    return "\n".join(part for line in cell.split("\n") for part in wrap(line, _NARROW, break_long_words=False))


def _word_by_word(heading: str) -> str:
    return heading.replace(" ", "\n").replace("/\n", "/ ")


def _width(table: Table) -> int:
    """Return how wide a table has to be for its numbers to stay on their lines."""
    cells = zip(table.headings, *table.rows, strict=True)
    sizes = [max(len(line) for cell in column for line in cell.split("\n")) for column in cells]
    return min(sizes[0], _LABEL) + sum(sizes[1:]) + 2 * len(sizes)


def tell_warnings(warnings: Iterable[str]) -> None:
    """Print what the checks warned of, to stderr."""
    for warning in warnings:
        sys.stderr.write(f"warning: {warning}\n")


def print_measured(found: Measurement) -> None:
    """Print what was measured: a table per metric, and what was noticed while counting."""
    from fairtransfer.errors import shown
    from fairtransfer.evidence.table.checks import NO_WEIGHT
    from fairtransfer.evidence.table.told_by_group import in_words
    from fairtransfer.report.dispersion import compact_apart
    from fairtransfer.report.finding_index import FindingIndex
    from fairtransfer.report.results import compact_tables
    from fairtransfer.report.subject import Subject

    width = console().width
    subject = Subject(found.study, FindingIndex(found.findings), found.verdict, frozenset())
    for wide in (*compact_tables(subject), *compact_apart(subject)):
        table = stacked(wide, width)
        right = [number for number, numeric in enumerate(table.numeric) if numeric]
        print_table(table.caption, table.headings, table.rows, right, whole=_width(table) <= width)
    for note, n in found.counted.notes.items():
        console().print(f"note: {formats.count(n)} {plain(note)}")
        if where := in_words(found.counted.of_groups.get(note, {})):
            console().print(f"note: of these in {plain(where)}", soft_wrap=True)
    for column, answers in found.counted.outside.items():
        most = formats.listing(
            [f"`{shown(answer) or '(empty)'}` {formats.count(n)}" for answer, n in [*answers.items()][:_MOST_TOLD]]
        )
        console().print(f"note: most frequent of them in {plain(column)}: {plain(most)}", soft_wrap=True)
    if (worth := found.counted.worth) is not None:
        told = f"the {formats.count(found.counted.rows)} rows are worth {formats.count(round(worth))} of equal weight"
        console().print(f"note: weighted by {plain(found.question.columns.weights or '')}; {told}", soft_wrap=True)
    if idle := found.counted.idle:
        console().print(f"note: {formats.count(idle)} rows with a weight of 0 count for nothing")
        if where := in_words(found.counted.of_groups.get(NO_WEIGHT, {})):
            console().print(f"note: of these in {plain(where)}", soft_wrap=True)


def print_verdict(verdict: Verdict) -> None:
    """Print the verdict, every gate with its reason, and what would settle what is open."""
    out = console()
    chosen = verdict.candidate
    out.print(f"[bold {_TONES[verdict.outcome]}]{formats.POLICY_WORDS[verdict.outcome]}[/]")
    if chosen is not None:
        model = f"{chosen.strategy} on {chosen.budget} labels" if chosen.budget else chosen.strategy
        _line(f"candidate: {plain(model)} ({plain(chosen.rule)})")
        if chosen.seeds:
            _line(chosen.seeds, 2)
    for gate in verdict.gates:
        _line(
            f"[{_TONES[gate.outcome]}]{formats.OUTCOME_WORDS[gate.outcome]}[/] {plain(gate.id)}: {plain(gate.reason)}",
            2,
        )
        _print_needed(gate.needed, gate.metric, gate.measured_in or "")
    for kind, asks in {gate.kind: gate.asks for gate in verdict.gates}.items():
        _line(f"[dim]{plain(kind)}: {plain(asks)}[/dim]", 2)
    for note in verdict.notes:
        _line(f"note: {plain(note)}", 2)


def _line(text: str, indent: int = 0) -> None:
    """Print a sentence: wrapped below its beginning on a terminal, on one line in a file or a log, where it is searched."""
    from rich.padding import Padding

    out = console()
    if out.is_terminal:
        out.print(Padding(text, (0, 0, 0, indent), expand=False))
    else:
        out.print(" " * indent + text, soft_wrap=True)


_MOST_TOLD = 6
"""Open comparisons of a gate that are told one by one; the files hold all."""


def _print_needed(entries: Sequence[Needed], metric: str, measured_in: str) -> None:
    """Print what would settle a gate's open comparisons, and what harm could have hidden."""
    from fairtransfer.report import sentences

    several = len({entry.benchmark for entry in entries}) > 1
    lines: dict[str, None] = {}  # a limit on both sides may want the same of a group twice
    for entry in entries:
        room = sentences.room(entry, metric, measured_in)
        lines[sentences.needed(entry, several=several) + (f"; {room}" if room else "")] = None
    for line in list(lines)[:_MOST_TOLD]:
        _line(plain(f"needs {line}"), 6)
    if len(lines) > _MOST_TOLD:
        console().print(f"      and {formats.plural(len(lines) - _MOST_TOLD, 'comparison')} more")
    if way_out := sentences.way_out(entries):
        _line(plain(way_out), 6)
