"""A small project whose predictions were made elsewhere: an audit that names a file of answers, and the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from support.fake_run import hash_of
from support.toy import edit, toy_rows, write_project

from fairtransfer.data.opening import open_benchmark
from fairtransfer.spec import load_card

CLASSES = ("fruit", "tool", "animal")
TRAINED = """\
before: {zero_shot: {prompt: "a word about {label}"}}
strategies: [probe, {full: {epochs: 2, lr: 0.001}}, scratch]
label_budgets: [8, 16]
seeds: [0, 1, 2]
"""
COLUMNS = ("item", "stage", "strategy", "label_budget", "seed", "pred")
Row = dict[str, str]
Model = tuple[str, str, str, str]  # stage, strategy, label budget, seed

MODELS: tuple[Model, ...] = (
    ("before", "", "", ""),
    *(("after", "full", "16", str(seed)) for seed in range(3)),
    *(("after", "probe", "16", str(seed)) for seed in range(3)),
)


def given_audit(root: Path, people: int = 48, *changes: tuple[str, str]) -> Path:
    """The toy project with an audit of `answers.csv`; the gate that needs a control is left out."""
    audit = write_project(root, toy_rows(people))
    edit(
        audit,
        ('{source: "folder:../models/tiny", family: text}', '{source: "predictions:answers.csv"}'),
        (TRAINED, "candidate: {strategy: full}\n"),
        ("  - no_negative_transfer: {by: region, margin: 0.05}\n", ""),
        *changes,
    )
    return audit


def truth(root: Path) -> dict[str, str]:
    """The judged items with their labels."""
    benchmark = open_benchmark(load_card(root / "data_cards" / "toy.md"))
    judged = benchmark.items.take(benchmark.judged())
    return dict(zip(judged.ids, judged.y, strict=True))


def rows_of(labels: dict[str, str], models: Sequence[Model] = MODELS, wrong: float = 0.3) -> list[Row]:
    """Answers of every model to every item, wrong at a rate, decided by a digest of model and item."""
    rows = []
    for stage, strategy, budget, seed in models:
        for item, label in labels.items():
            rng = np.random.default_rng(hash_of(f"{stage}{strategy}{budget}{seed}{item}"))
            others = [c for c in CLASSES if c != label]
            pred = others[int(rng.integers(2))] if rng.random() < wrong else label
            rows.append(dict(zip(COLUMNS, (item, stage, strategy, budget, seed, pred), strict=True)))
    return rows


def write_answers(root: Path, rows: Iterable[Row], name: str = "answers.csv") -> Path:
    """The answers as CSV beside the audit."""
    listed = list(rows)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(listed[0]) if listed else COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    path = root / "audits" / name
    path.write_text(buffer.getvalue(), encoding="utf-8")
    return path


def given_project(root: Path, *changes: tuple[str, str], people: int = 48, models: Sequence[Model] = MODELS) -> Path:
    """A project that can be run: audit, card, data, answers."""
    audit = given_audit(root, people, *changes)
    write_answers(root, rows_of(truth(root), models))
    return audit
