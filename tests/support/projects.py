"""Small projects that can really be run: a model saved by its own library, an audit, a card and its data."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image
from support.tiny_models import save_encoder, save_image_model
from support.toy import edit, write_project

AUDIT = """\
schema: "1"
id: shapes
title: Shapes by size
purpose: {use: tell bars from boxes, affected: nobody}
model: {source: "folder:../models/tiny", family: image}
benchmarks:
  - {card: ../data_cards/shapes.md, groups: [size]}
before: probe
strategies: [probe, {full: {epochs: 2, min_steps: 4, batch_size: 16}}]
label_budgets: [12]
seeds: [0, 1]
claim: procedure
metrics: [error_rate]
gates:
  - no_harm: {by: size, metric: error_rate, margin: 0.1}
policy: {alpha: 0.05, min_group: 10, on_inconclusive: block, planned_evaluations: 1, suppress_below: 11}
"""

CARD = """\
---
pretty_name: Shapes
license: CC0-1.0
fairtransfer:
  schema: "1"
  id: shapes
  version: 1.0.0
  summary: Bars and boxes drawn for these tests.
  owner: the fairtransfer project
  files: [{path: shapes.csv, sha256: SHA256, rows: 60}]
  columns: {id: text, place: PLACE, label: text, size: text}
  item: id
  input: INPUT
  label: {column: label, type: binary, classes: [bar, box], meaning: what is drawn, source: by design}
  unit: none
  attributes:
    - {name: size, column: size, obtained: by_design, values: [small, large]}
  splits: {make: {seed: 1, train: 0.4, val: 0.2, test: 0.4}}
  duplicates: {across_splits: report, near: "off"}
  provenance: {source: drawn by a program}
  consent: {basis: no people are involved}
  known_gaps: [the shapes are made up]
---

# Shapes
"""


def text_project(root: Path, **model: object) -> Path:
    """The toy project with a model that can be trained; short trainings."""
    audit = write_project(root)
    (root / "models" / "tiny" / "model.safetensors").unlink()
    save_encoder(root / "models" / "tiny", **model)  # type: ignore[arg-type]  # labels, seed and sizes
    return edit(
        audit,
        ("strategies: [probe, {full: {epochs: 2, lr: 0.001}}, scratch]", SHORT),
        ("seeds: [0, 1, 2]", "seeds: [0, 1]"),
        ("  - no_negative_transfer: {by: region, margin: 0.05}\n", ""),
    )


SHORT = "strategies: [probe, {full: {epochs: 1, min_steps: 40, batch_size: 8}}]"


def shapes() -> tuple[list[np.ndarray], list[str], list[str]]:
    """Grey pictures of 32 x 32 with a bar or a box, small or large, labels and sizes."""
    rng = np.random.default_rng(4)
    pictures, labels, sizes = [], [], []
    for number in range(60):
        label, size = ("bar", "box")[number % 2], ("small", "large")[number // 2 % 2]
        length = 6 if size == "small" else 12
        picture = rng.integers(0, 30, (32, 32)).astype(np.uint8)
        top, left = rng.integers(2, 18, 2)
        picture[top : top + (2 if label == "bar" else length), left : left + length] = 250
        pictures.append(picture)
        labels.append(label)
        sizes.append(size)
    return pictures, labels, sizes


def image_project(root: Path, kind: str) -> Path:
    """The shapes as image files (`folder`) or as an array (`array`), with a small convolutional network."""
    pictures, labels, sizes = shapes()
    cards = root / "data_cards"
    (cards / "pictures").mkdir(parents=True)
    (root / "audits").mkdir()
    places = [f"{'ab'[n % 2]}/{n}.png" if kind == "folder" else str(n) for n in range(60)]
    if kind == "folder":
        for place, picture in zip(places, pictures, strict=True):
            (cards / "pictures" / place).parent.mkdir(exist_ok=True)
            Image.fromarray(picture).save(cards / "pictures" / place)
        given = "{image: place, folder: pictures}"
    else:
        np.savez(cards / "pictures.npz", images=np.stack(pictures))
        digest = hashlib.sha256((cards / "pictures.npz").read_bytes()).hexdigest()
        given = f"{{array: pictures.npz, sha256: {digest}, index: place}}"
    rows = [f"s{n:02d},{p},{y},{s}" for n, (p, y, s) in enumerate(zip(places, labels, sizes, strict=True))]
    (cards / "shapes.csv").write_text("id,place,label,size\n" + "\n".join(rows) + "\n")
    digest = hashlib.sha256((cards / "shapes.csv").read_bytes()).hexdigest()
    text = CARD.replace("SHA256", digest).replace("PLACE", "text" if kind == "folder" else "integer")
    (cards / "shapes.md").write_text(text.replace("INPUT", given))
    (root / "audits" / "audit.yaml").write_text(AUDIT)
    save_image_model(root / "models" / "tiny", ["bar", "box"])
    return root / "audits" / "audit.yaml"
