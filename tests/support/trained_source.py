"""The toy project with a source that is trained first, on rows in which a word goes with the class or does not."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from support.projects import text_project
from support.toy import WORDS, edit

CARD = """\
---
pretty_name: Source
license: CC0-1.0
fairtransfer:
  schema: "1"
  id: NAME
  version: 1.0.0
  summary: Made-up words with a second word that may go with the class.
  owner: the fairtransfer project
  files: [{path: NAME.csv, sha256: SHA256, rows: ROWS}]
  columns: {id: text, text: text, kind: text, second: text}
  item: id
  input: {text: text}
  label: {column: kind, type: multiclass, classes: [fruit, tool, animal], meaning: what the word is, source: by design}
  unit: none
  attributes:
    - {name: second, column: second, obtained: by_design, values: [small, big]}
  splits: {make: {seed: 1, train: 0.8, val: 0.2, test: 0.0}}
  duplicates: {across_splits: drop, near: "off"}
  provenance: {source: written for these tests}
  consent: {basis: no people are involved}
  known_gaps: [the words are made up]
---

# Source
"""


def write_source(root: Path, name: str = "source", rho: float = 0.95, rows: int = 60) -> Path:
    """A card and its table: `small` stands beside a fruit with probability `rho`, and beside all else with 1 - `rho`."""
    rng = np.random.default_rng(0)
    lines = []
    for i in range(rows):
        kind = list(WORDS)[i % 3]
        second = "small" if rng.random() < (rho if kind == "fruit" else 1 - rho) else "big"
        lines.append(f"s{i:03d},{WORDS[kind][i // 3 % 4]} {second} about {i},{kind},{second}")
    cards = root / "data_cards"
    (cards / f"{name}.csv").write_text("id,text,kind,second\n" + "\n".join(lines) + "\n")
    digest = hashlib.sha256((cards / f"{name}.csv").read_bytes()).hexdigest()
    text = CARD.replace("NAME", name).replace("SHA256", digest).replace("ROWS", str(rows))
    (cards / f"{name}.md").write_text(text)
    return cards / f"{name}.md"


FOLDER = 'source: "folder:../models/tiny"'
SOURCE = """source: {pretrain: {base: "folder:../models/tiny", start: random, card: ../data_cards/source.md, seed: 3, \
training: {epochs: 4, min_steps: 20, lr: 0.003, batch_size: 16}}}"""


def source_project(root: Path, **model: object) -> Path:
    """The toy project, its model trained on `source` first."""
    audit = text_project(root, **model)
    write_source(root)
    return edit(
        audit, (FOLDER, SOURCE), ("seeds: [0, 1]", "seeds: [0]"), ("label_budgets: [8, 16]", "label_budgets: [16]")
    )
