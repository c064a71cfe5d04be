"""A small project for tests: an audit, its card, its table and a model folder, all made here.

`toy_rows` are made-up words with a region, an age and a person; `write_project` lays the project out in a folder, and
`write_checkpoint` writes a model folder by hand, which is enough for everything that does not load it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import struct
from pathlib import Path

HERE = Path(__file__).parents[1]
BASE = HERE / "zoo" / "base"
WORDS = {
    "fruit": ["apple", "plum", "pear", "fig"],
    "tool": ["hammer", "saw", "drill", "file"],
    "animal": ["cat", "dog", "fox", "hen"],
}
CHOOSING, JUDGING = (0, 1, 2), (3, 4, 5)
"""Seeds of the toy audit: with which every strategy is trained, and on which the chosen one (and scratch beside it) is judged."""

COLUMNS = ["id", "text", "label", "region", "age", "person"]


def toy_rows(people: int = 24, per_person: int = 2) -> list[dict[str, str]]:
    """Rows of made-up words; two per person, a few of unknown region."""
    labels = list(WORDS)
    rows = []
    for person in range(people):
        for number in range(per_person):
            label = labels[(person + number) % len(labels)]
            word = WORDS[label][(person // 3) % 4]
            region = "" if person % 12 == 11 else ("north", "south")[person % 2]
            text = f"{word} {('small', 'big')[number % 2]} {person}"
            rows.append(
                dict(
                    zip(
                        COLUMNS,
                        [f"r{person:03d}-{number}", text, label, region, str(20 + 2 * person % 60), f"p{person}"],
                        strict=True,
                    )
                )
            )
    return rows


def table_text(rows: list[dict[str, str]]) -> str:
    """The rows as CSV."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def write_checkpoint(folder: Path, config: dict[str, object] | None = None) -> Path:
    """A model folder with a valid config, a vocabulary and one tensor."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config or {"architectures": ["BertModel"], "model_type": "bert"}))
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 8)
    (folder / "vocab.txt").write_text("[UNK]\napple\n")
    return folder


def write_project(root: Path, rows: list[dict[str, str]] | None = None) -> Path:
    """The base project with its table and model; returns the audit's path."""
    shutil.copytree(BASE, root, dirs_exist_ok=True)
    write_table(root, table_text(rows or toy_rows()), len(rows or toy_rows()))
    write_checkpoint(root / "models" / "tiny")
    return root / "audits" / "audit.yaml"


def write_table(root: Path, text: str, count: int = 48) -> None:
    """The table, with its digest and row count put into the card."""
    path = root / "data_cards" / "toy.csv"
    path.write_bytes(text.encode())
    card = root / "data_cards" / "toy.md"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    card.write_text(card.read_text().replace("SHA256", digest).replace("rows: 48", f"rows: {count}"))


def rewrite_table(root: Path, rows: list[dict[str, str]]) -> None:
    """Other rows in the table of a project that is there already; the card's digest follows."""
    card = root / "data_cards" / "toy.md"
    text = re.sub(r"sha256: [0-9a-f]{64}, rows: \d+", "sha256: SHA256, rows: 48", card.read_text())
    card.write_text(text)
    write_table(root, table_text(rows), len(rows))


def edit(path: Path, *replacements: tuple[str, str]) -> Path:
    """Replace text in a file; every replacement must occur."""
    text = path.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text, f"{old!r} is not in {path.name}"
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    return path
