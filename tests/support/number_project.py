"""A small project whose label is a number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from support.toy import WORDS, edit, toy_rows, write_project

CLASSES = """    type: multiclass
    classes: [fruit, tool, animal]
"""


NUMBER = """    type: number
    measured_in: euros
"""


BEFORE = 'before: {zero_shot: {prompt: "a word about {label}"}}'


METRICS = "metrics: [error_rate, {recall: {per_class: true}}]"


WANTED = "metrics: [mean_absolute_error, root_mean_squared_error, mean_error]"


def priced(people: int = 240) -> list[dict[str, str]]:
    """Words with a price: by the word, the size, and a little by chance; dearer in the south."""
    rng, rows = np.random.default_rng(4), toy_rows(people)
    words = [word for kind in WORDS.values() for word in kind]
    for row in rows:
        word, size, _ = row["text"].split()
        price = 3 + words.index(word) + 4 * (size == "big") + (row["region"] == "south") + rng.normal(0, 0.5)
        row["label"] = f"{price:.2f}"
    return rows


def number_project(root: Path, rows: list[dict[str, str]] | None = None) -> Path:
    """The toy project with prices for labels; returns the audit's path."""
    audit = write_project(root, rows or priced())
    text = audit.read_text()
    start, end = text.index("gates:\n"), text.index("policy:")
    audit.write_text(text[:start] + "gates: []\n" + text[end:])
    edit(audit, (BEFORE, "before: probe"), (METRICS, WANTED), ("seeds: [0, 1, 2]", "seeds: [0, 1]"))
    edit(audit, ("label_budgets: [8, 16]", "label_budgets: [60]"))
    edit(root / "data_cards" / "toy.md", (CLASSES, NUMBER))
    return audit
