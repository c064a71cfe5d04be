"""How often the intervals cover and how often gates err, measured anew and set against what is promised.

Run ``python benchmarks/coverage.py`` (a minute or two) or ``python benchmarks/coverage.py --quick`` (some seconds); name
tables to print those only. It ends with 1 if a promise is broken. Where every outcome can be listed its probability is
added up and a figure is exact; elsewhere samples are simulated from fixed seeds, and a promise counts as kept within three
standard errors of the simulation. Methods without a promise are there for comparison: what they get wrong is why they are
not used.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from covering import counts, exact, gates, groups, people, seeds
from covering.promises import Table

TABLES: dict[str, Callable[..., Table]] = {
    "proportions": exact.proportions,
    "differences": exact.differences,
    "changes": exact.changes,
    "ratios": exact.ratios,
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
}


def show(table: Table) -> str:
    """Return a table as text, one line per method and setting."""
    names = list(table.lines[0].figures)
    setting, method = (max(len(line[place]) for line in table.lines) for place in (0, 1))
    rows = [f"{table.title} ({table.how})", " " * (setting + method + 2) + "".join(f"{name:>11}" for name in names)]
    for line in table.lines:
        figures = "".join(f"{line.figures[name]:11.4f}" for name in names)
        said = "; ".join(map(str, line.promised)) + "  BROKEN" * bool(line.broken())
        rows.append(f"{line.setting:{setting}}  {line.method:{method}}{figures}  {said}".rstrip())
    return "\n".join(rows)


def main() -> int:
    """Print the tables asked for, or all, and return 1 if a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", metavar="table", help=", ".join(TABLES))
    parser.add_argument("--quick", action="store_true", help="fewer settings and samples")
    asked = parser.parse_args()
    if unknown := set(asked.tables) - set(TABLES):
        parser.error(f"no table is called {', '.join(sorted(unknown))}; there are {', '.join(TABLES)}")
    broken = 0
    for name in asked.tables or TABLES:
        start = time.perf_counter()
        table = TABLES[name](quick=asked.quick)
        broken += sum(len(line.broken()) for line in table.lines)
        print(f"{show(table)}\n({time.perf_counter() - start:.1f} s)\n", flush=True)
    print(f"{broken} promise(s) broken" if broken else "every promise kept")
    return int(broken > 0)


if __name__ == "__main__":
    raise SystemExit(main())
