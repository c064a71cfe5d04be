"""How results look on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from fairtransfer import formats

if TYPE_CHECKING:
    from rich.console import Console

    from fairtransfer.gates.verdict import Verdict
    from fairtransfer.measuring import Measurement

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
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else 120, soft_wrap=False)


def print_json(value: Any) -> None:
    """Print JSON, keys sorted."""
    sys.stdout.write(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


def print_table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Print a table; `right` lists the columns set flush right."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(plain, row))
    console().print(table)


def tell_warnings(warnings: Iterable[str]) -> None:
    """Print what the checks warned of, to stderr."""
    for warning in warnings:
        sys.stderr.write(f"warning: {warning}\n")


def print_measured(found: Measurement) -> None:
    """Print what was measured: a table per metric, and what was noticed while counting."""
    from fairtransfer.errors import shown
    from fairtransfer.report.results import compact_tables
    from fairtransfer.report.rows import Rows
    from fairtransfer.report.subject import Subject

    rows = Rows(finding.to_json() for finding in found.findings)
    for table in compact_tables(Subject(found.study, rows, found.verdict.to_json(), frozenset())):
        right = [number for number, numeric in enumerate(table.numeric) if numeric]
        print_table(table.caption, table.headings, table.rows, right)
    for note, n in found.counted.notes.items():
        console().print(f"note: {formats.count(n)} {plain(note)}")
    for column, answers in found.counted.outside.items():
        most = formats.listing(
            [f"`{shown(answer) or '(empty)'}` {formats.count(n)}" for answer, n in [*answers.items()][:_MOST_TOLD]]
        )
        console().print(f"note: most frequent of them in {plain(column)}: {plain(most)}", soft_wrap=True)
    if idle := found.counted.idle:
        console().print(f"note: {formats.count(idle)} rows with a weight of 0 count for nothing")


def print_verdict(verdict: Verdict) -> None:
    """Print the verdict, every gate with its reason, and what would settle what is open."""
    out = console()
    chosen = verdict.candidate
    out.print(f"[bold {_TONES[verdict.outcome]}]{formats.POLICY_WORDS[verdict.outcome]}[/]")
    if chosen is not None:
        model = f"{chosen.strategy} on {chosen.budget} labels" if chosen.budget else chosen.strategy
        out.print(f"candidate: {plain(model)} ({plain(chosen.rule)})")
    for gate in verdict.gates:
        out.print(
            f"  [{_TONES[gate.outcome]}]{formats.OUTCOME_WORDS[gate.outcome]}[/] {plain(gate.id)}: {plain(gate.reason)}"
        )
        _print_needed(gate.needed, gate.metric)
    for note in verdict.notes:
        out.print(f"  note: {plain(note)}")


_MOST_TOLD = 6
"""Open comparisons of a gate that are told one by one; the files hold all."""


def _print_needed(entries: Sequence[dict[str, Any]], metric: str) -> None:
    """Print what would settle a gate's open comparisons, and what harm could have hidden."""
    from rich.padding import Padding

    from fairtransfer.report import sentences

    several = len({entry["benchmark"] for entry in entries}) > 1
    for entry in entries[:_MOST_TOLD]:
        room = sentences.room(entry, metric)
        told = sentences.needed(entry, several=several) + (f"; {room}" if room else "")
        console().print(Padding(plain(f"needs {told}"), (0, 0, 0, 6)))
    if len(entries) > _MOST_TOLD:
        console().print(f"      and {formats.plural(len(entries) - _MOST_TOLD, 'comparison')} more")
