"""How often the intervals cover and how often gates err, measured anew and set against what is promised.

Run ``python benchmarks/coverage.py`` (some minutes) or ``python benchmarks/coverage.py --quick`` (some seconds); name
tables to print those only. ``--markdown`` prints them as they stand in ``docs/methods.md``. It ends with 1 if a promise is
broken. Where every outcome can be listed its probability is added up and a figure is exact; elsewhere samples are simulated
from fixed seeds, and a promise counts as kept within three standard errors of the simulation. Methods without a promise are
there for comparison: what they get wrong is why they are not used.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from covering import (
    borrowing,
    counts,
    decisions,
    exact,
    gates,
    groups,
    margins,
    moving,
    neighbours,
    people,
    seeds,
    selection,
    shapes,
    units,
)
from covering.promises import Line, Table

TABLES: dict[str, Callable[..., Table]] = {
    "proportions": exact.proportions,
    "differences": exact.differences,
    "changes": exact.changes,
    "ratios": exact.ratios,
    "moving-changes": moving.changes,
    "changes-compared": people.changes_compared,
    "aucs": people.aucs,
    "auc-changes": people.auc_changes,
    "clusters": people.clusters,
    "seeds": seeds.seeds_of_rates,
    "seeds-differences": seeds.seeds_of_differences,
    "seeds-changes": seeds.seeds_of_changes,
    "draws": counts.drawn,
    "gaps": groups.gaps,
    "variances": groups.variances,
    "together": groups.bounds_together,
    "gates": gates.gates,
    "limit-of-a-rate": margins.rates,
    "margin-of-a-change": margins.changes,
    "margin-of-two-groups": margins.contrasts,
    "families": margins.families,
    "few-seeds": neighbours.few_seeds,
    "selection": selection.selection,
    "open": decisions.stay_open,
    "few-units": units.few_units,
    "weights": units.weights,
    "templates": units.templates,
    "auc-shapes": shapes.aucs,
    "macro-f1": shapes.rare_classes,
    "changed-f1": shapes.changed_f1,
    "heavy-tails": shapes.heavy_tails,
    "intersections": borrowing.intersections,
    "likely-groups": borrowing.likely,
}

LAYOUTS: dict[str, Callable[[Table], str]] = {"open": decisions.open_markdown}
"""Tables that are read row by row and not as ranges over settings."""


def show(table: Table) -> str:
    """Return a table as text, one line per method and setting."""
    names = list(table.lines[0].figures)
    setting, method = (max(len(line[place]) for line in table.lines) for place in (0, 1))
    rows = [f"{table.title} ({table.how})", " " * (setting + method + 2) + "".join(f"{name:>14}" for name in names)]
    for line in table.lines:
        figures = "".join(f"{line.figures[name]:14.4f}" for name in names)
        said = "; ".join(map(str, line.promised)) + "  BROKEN" * bool(line.broken())
        rows.append(f"{line.setting:{setting}}  {line.method:{method}}{figures}  {said}".rstrip())
    return "\n".join(rows)


def summary(table: Table) -> str:
    """Return a table as Markdown: of every method the lowest and the highest figure over its settings."""
    names = list(table.lines[0].figures)
    lines_of: dict[tuple[str, str], list[Line]] = {}
    for line in table.lines:
        lines_of.setdefault((line.method, "; ".join(map(str, line.promised))), []).append(line)
    rows = [f"### {table.title} ({table.how})", "", f"| method | settings | {' | '.join(names)} | promised |"]
    rows.append("|---" * (len(names) + 3) + "|")
    for (method, promised), lines in lines_of.items():
        ranges = (_range([line.figures[name] for line in lines]) for name in names)
        rows.append(f"| {method} | {len(lines)} | {' | '.join(ranges)} | {promised} |")
    return "\n".join(rows) + "\n"


def _range(figures: list[float]) -> str:
    low, high = f"{min(figures):.3f}", f"{max(figures):.3f}"
    return low if low == high else f"{low} to {high}"


def main() -> int:
    """Print the tables asked for, or all, and return 1 if a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", metavar="table", help=", ".join(TABLES))
    parser.add_argument("--quick", action="store_true", help="fewer settings and samples")
    parser.add_argument("--markdown", action="store_true", help="per method the lowest and highest figure, in Markdown")
    asked = parser.parse_args()
    if unknown := set(asked.tables) - set(TABLES):
        parser.error(f"no table is called {', '.join(sorted(unknown))}; there are {', '.join(TABLES)}")
    broken = 0
    for name in asked.tables or TABLES:
        start = time.perf_counter()
        table = TABLES[name](quick=asked.quick)
        broken += sum(len(line.broken()) for line in table.lines)
        print(
            LAYOUTS.get(name, summary)(table)
            if asked.markdown
            else f"{show(table)}\n({time.perf_counter() - start:.1f} s)\n",
            flush=True,
        )
    print(
        f"{broken} promise(s) broken" if broken else "every promise kept", file=sys.stderr if asked.markdown else None
    )
    return int(broken > 0)


if __name__ == "__main__":
    raise SystemExit(main())
