"""Writes messages.csv from the hand-written patterns: `python data_cards/clinic_intents/build.py`.

Every pattern gives two messages, which differ in the values of its slots only and share the pattern's id as their unit.
Which values they take is decided by a digest of the pattern's id, so the file is the same wherever it is built.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML

HERE = Path(__file__).parent
LANGUAGES = {"en": "english", "es": "spanish", "fr": "french", "hi": "hindi", "pt": "portuguese", "sw": "swahili"}
MESSAGES_PER_PATTERN = 2
COLUMNS = ["id", "text", "intent", "language", "register", "pattern"]


def choice(values: list[str], key: str) -> list[str]:
    """Return the values in an order decided by the key alone."""
    return sorted(values, key=lambda value: hashlib.sha256(f"{key}|{value}".encode()).digest())


def fill(pattern: str, slots: dict[str, list[str]], pattern_id: str, number: int) -> str:
    """Return the pattern's message of that number: its slots take the value of that rank in their order."""
    return re.sub(
        r"\{(\w+)\}", lambda match: choice(slots[match.group(1)], f"{pattern_id}|{match.group(1)}")[number], pattern
    )


def messages(code: str) -> Iterator[list[str]]:
    """Yield the rows of one language."""
    content = YAML(typ="safe", pure=True).load((HERE / "patterns" / f"{code}.yaml").read_text(encoding="utf-8"))
    slots = content.pop("slots")
    for intent, registers in content.items():
        for register, patterns in registers.items():
            for index, pattern in enumerate(patterns, 1):
                unit = f"{code}-{intent}-{register}-{index:02d}"
                for number in range(MESSAGES_PER_PATTERN):
                    yield [
                        f"{unit}-{number + 1}",
                        fill(pattern, slots, unit, number),
                        intent,
                        LANGUAGES[code],
                        register,
                        unit,
                    ]


def main() -> None:
    """Write messages.csv beside this file."""
    with (HERE / "messages.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for code in sorted(LANGUAGES):
            writer.writerows(messages(code))


if __name__ == "__main__":
    main()
