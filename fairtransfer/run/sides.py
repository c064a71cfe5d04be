"""Both sides of a plan, opened once: what is adapted on and what is judged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fairtransfer.data.benchmark import Benchmark, open_benchmark
from fairtransfer.data.sides import AdaptationSide, JudgedSide, separate
from fairtransfer.errors import DefinitionError, Problem, Problems
from fairtransfer.run.plan import Roots
from fairtransfer.spec.check import AuditFiles


@dataclass(frozen=True)
class Sides:
    """The opened data of an audit."""

    adaptation: AdaptationSide
    judged: dict[str, JudgedSide]
    warnings: tuple[Problem, ...]


def open_sides(files: AuditFiles, roots: Roots) -> Sides:
    """Open every card of an audit, check all of them, and separate the two sides.

    Raises
    ------
    DefinitionError
        With the problems of all cards at once.
    """
    audit, problems = files.loaded.audit, Problems()
    opened: dict[Path, Benchmark] = {}
    for card in (files.training, *files.benchmarks):
        if card.path not in opened:
            _open(card.path, files, roots, opened, problems)
    problems.raise_if_any()
    judged = [(opened[card.path], ref.labels) for card, ref in zip(files.benchmarks, audit.benchmarks, strict=True)]
    chosen = audit.training_set
    adaptation, sides = separate(opened[files.training.path], chosen.split, chosen.labels, judged)
    warnings = tuple(w for benchmark in opened.values() for w in benchmark.warnings)
    return Sides(adaptation, {side.benchmark.card.id: side for side in sides}, warnings)


def _open(path: Path, files: AuditFiles, roots: Roots, opened: dict[Path, Benchmark], problems: Problems) -> None:
    card = next(c for c in (files.training, *files.benchmarks) if c.path == path)
    try:
        opened[path] = open_benchmark(card, roots.data)
    except DefinitionError as error:
        problems.extend(error.problems)
