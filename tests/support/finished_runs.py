"""Finished runs with every outcome a report can have, made without a model and kept for the whole session."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.fake_run import Answer, commit_answers, wrong_answers
from support.plans import jobs_of
from support.toy import edit, toy_rows, write_project

from fairtransfer import api
from fairtransfer.data.sides import Part
from fairtransfer.runner.job import Job

CLASSES = ("fruit", "tool", "animal")
TOO_FEW = "monitored: {unknown: too few people}"
CLEAR = f"""\
gates:
  - no_harm: {{by: region, metric: error_rate, margin: 0.05, {TOO_FEW}}}
  - worst_group: {{by: region, metric: error_rate, at_most: 0.5, {TOO_FEW}}}
"""
HOSTILE = (
    "<script>alert(1)</script>",
    '"|<img src=x onerror=alert(1)>',
    "](javascript:alert(1)) `x` **b**",
    "{{7*7}} & ::error::[red]x[/red] 🙂",
)
PROSE = """\
# Data card

<script>alert(2)</script> and <b onclick="alert(3)">raw</b> HTML, ![a picture](https://example.org/x.png),
[a bad link](javascript:alert(4)), [a good link](https://example.org/card), {{ 7*7 }}.

| a | b |
|---|---|
| 1 | 2 |
"""

Rate = Callable[[Job, dict[str, str]], float]


def finished(kind: str, factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run, made once; tests that change it work on a copy."""
    return _finished(kind, factory.getbasetemp())


@functools.cache
def _finished(kind: str, place: Path) -> Path:
    return KINDS[kind](place / f"finished-{kind}")


def project(root: Path, people: int = 240, gates: str = "") -> Path:
    """The toy project, or one with other gates that has one label budget and one metric."""
    audit = write_project(root, toy_rows(people))
    if gates:
        audit.write_text(re.sub(r"gates:\n(?:  .*\n)+", gates, audit.read_text()))
        edit(audit, ("[8, 16]", "[16]"), (", {recall: {per_class: true}}", ""))
    return audit


def carry_out(
    audit: Path, answer: Answer, *, skip: Callable[[Job], bool] = lambda job: False, report_only: bool = False
) -> Path:
    """Commit the answers and finish the run; its workspace stands beside the audit's folder."""
    workspace = audit.parents[1] / "runs"
    files = api.load_audit(audit, report_only=report_only)
    commit_answers(jobs_of(files), workspace, same_again(answer, len(files.loaded.audit.seeds)), skip=skip)
    return api.run(files, workspace=workspace).folder


def same_again(answer: Answer, seeds: int) -> Answer:
    """Answers that the seeds that judge give as those that chose did: what a run comes to does not hang on the choice."""

    def answers(job: Job, part: Part) -> list[str]:
        seed = job.training.seed
        return answer(replace(job, training=replace(job.training, seed=None if seed is None else seed % seeds)), part)

    return answers


def rates(before: float, after: float, **regions: float) -> Answer:
    """Answers that are wrong at these rates; `regions` have a rate of their own after adaptation."""

    def rate(job: Job, group: dict[str, str]) -> float:
        return before if job.training.stage == "before" else regions.get(group["region"], after)

    return wrong_answers(rate, CLASSES)


def passing(root: Path) -> Path:
    return carry_out(project(root, 480, CLEAR), rates(0.6, 0.02))


def failing(root: Path) -> Path:
    return carry_out(project(root, 480, CLEAR), rates(0.4, 0.02, south=0.95))


def open_question(root: Path) -> Path:
    return carry_out(project(root), rates(0.5, 0.3, south=0.45))


def some_failed(root: Path) -> Path:
    def skip(job: Job) -> bool:
        return job.training.strategy == "full" and job.training.seed == 1

    return carry_out(project(root, 240, CLEAR), rates(0.6, 0.02), skip=skip)


def all_failed(root: Path) -> Path:
    return carry_out(project(root, 60), rates(0.6, 0.02), skip=lambda job: job.training.stage == "after")


def without_gates(root: Path) -> Path:
    return carry_out(project(root, 60, "gates: []\n"), rates(0.6, 0.02), report_only=True)


def with_regions(root: Path, names: tuple[str, ...], people: Callable[[int], int]) -> Path:
    """The toy project with other regions; `people` gives the region of a person as a position."""
    rows = toy_rows(240)
    for row in rows:
        row["region"] = names[people(int(row["person"][1:]))]
    audit = edit(write_project(root, rows), ("seeds: [0, 1, 2]", "seeds: [0, 1]"))  # quicker; open questions anyway
    values = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    edit(root / "data_cards" / "toy.md", ("values: [north, south], missing: own_group", f"values: [{values}]"))
    return audit


def small_group(root: Path) -> Path:
    """A few people in the east: a group that must not be told, and its neighbour."""
    audit = with_regions(root, ("north", "south", "west", "east"), lambda person: 3 if person % 24 == 0 else person % 3)
    return carry_out(audit, rates(0.5, 0.2, east=0.9))


def hostile(root: Path) -> Path:
    """Text that would do harm in every format, wherever a definition or the data may hold text; two benchmarks."""
    audit = with_regions(root, HOSTILE, lambda person: person % 4)
    card = root / "data_cards" / "toy.md"
    card.write_text(card.read_text().split("# Toy")[0] + PROSE)
    edit(card, ("[the words are made up]", "['<script>alert(5)</script> | [x](javascript:alert(6))']"))
    other = root / "data_cards" / "other.md"
    other.write_text(card.read_text().replace("id: toy", "id: other").replace("make: {seed: 1", "make: {seed: 2"))
    second = "  - {card: ../data_cards/other.md, groups: [region]}\n"
    edit(
        audit,
        ("title: A toy audit", 'title: "<script>alert(7)</script> | [x](javascript:alert(8)) _t_\\n\\n# more"'),
        ('use: "sort words"', "use: '<img src=x onerror=alert(9)> `sort` | words'"),
        ("before: {zero_shot", f"{second}before: {{zero_shot"),
        (", {recall: {per_class: true}}", ""),
    )
    return carry_out(audit, rates(0.5, 0.2))


KINDS: dict[str, Callable[[Path], Path]] = {
    "pass": passing,
    "fail": failing,
    "open": open_question,
    "some_failed": some_failed,
    "all_failed": all_failed,
    "without_gates": without_gates,
    "small": small_group,
    "hostile": hostile,
}
