"""Audits and cards, broken: lines lost, twice or elsewhere, values and keys that nobody expects, bytes that are no text."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

from support.broken.outcome import Case
from support.broken.tables import damaged

ODD = (
    "", "null", "~", "[]", "{}", "-1", "0", "1e999", ".nan", ".inf", "true", "yes", "12345678901234567890123", "''", '"\\u0000"',
    "*a", "&a [*a]", "!!python/object:os.system x", "!!binary aGk=", "|", ">", "- -", "2026-11-30", "0x1F", "1_000", "<<: {a: 1}",
    "x: y", "[[[[]]]]", '"{{7*7}}"', "<b>", "../../etc/passwd", "/dev/zero", "folder:", "package:os", "hub:a/b", "é" * 300, "🙂",
    "a,b", "a*b", "error_rate", "{}: {}", "? a", "@x", "`x`", "%", "\t", '"unclosed', "[unclosed", "{unclosed",
)  # fmt: skip


def _line_lost(rng: Random, lines: list[str]) -> str:
    return f"without `{lines.pop(rng.randrange(len(lines))).strip():.40}`"


def _line_twice(rng: Random, lines: list[str]) -> str:
    place = rng.randrange(len(lines))
    lines.insert(rng.randrange(len(lines)), lines[place])
    return f"twice `{lines[place].strip():.40}`"


def _indented(rng: Random, lines: list[str]) -> str:
    place = rng.randrange(len(lines))
    lines[place] = rng.choice([" ", "   ", "\t", "- "]) + lines[place]
    return f"moved `{lines[place].strip():.40}`"


def _value(rng: Random, lines: list[str]) -> str:
    """Put something else in place of one value of a key, inside braces or not."""
    text, odd = "\n".join(lines), rng.choice(ODD)
    places = list(re.finditer(r"(?<=: )[^\n,{}\[\]]+", text))
    if not places:
        return "nothing"
    place = rng.choice(places)
    lines[:] = (text[: place.start()] + odd + text[place.end() :]).split("\n")
    return f"`{odd:.30}` for `{place[0]:.30}`"


def _key(rng: Random, lines: list[str]) -> str:
    text = "\n".join(lines)
    places = list(re.finditer(r"[a-z_]+(?=: )", text))
    if not places:
        return "nothing"
    place = rng.choice(places)
    other = rng.choice([place[0] + "x", place[0].upper(), place[0][:-1], rng.choice(places)[0], "é", '"a b"'])
    lines[:] = (text[: place.start()] + other + text[place.end() :]).split("\n")
    return f"key `{other}` for `{place[0]}`"


SAID = (
    'separator: ";"', 'separator: "\\t"', 'separator: ""', 'separator: "ab"', "separator: 1", "separator: [a]",
    "recode: {f: fruit}", "recode: {fruit: tool}", "recode: {1: fruit}", "recode: [a]", "recode: {north: south}",
    "map: {f: fruit}", "map: {fruit: fruit}", "map: {1: 2}", 'map: {"": ""}', 'multilabel_separator: ";"',
    'multilabel_separator: ""', "format: tsv", "format: csv",
)  # fmt: skip
"""How a file is read, said where it belongs and elsewhere."""


def _said(rng: Random, lines: list[str]) -> str:
    """Add a key to a mapping in braces."""
    text, said = "\n".join(lines), rng.choice(SAID)
    places = [place.end() for place in re.finditer(r"\{(?=[a-z_]+: )", text)]
    if not places:
        return "nothing"
    place = rng.choice(places)
    lines[:] = (text[:place] + said + ", " + text[place:]).split("\n")
    return f"`{said}` said"


BREAKS: tuple[Callable[[Random, list[str]], str], ...] = (
    _line_lost,
    _line_twice,
    _indented,
    _value,
    _value,
    _value,
    _key,
    _said,
    _said,
)


def definition_case(rng: Random, folder: Path) -> Case:
    """Break the audit or the card of a sound project, and return how it is looked at."""
    audit = folder / "audits" / "audit.yaml"
    path = rng.choice([audit, folder / "data_cards" / "toy.md"])
    lines = path.read_text(encoding="utf-8").split("\n")
    told = [rng.choice(BREAKS)(rng, lines) for _ in range(rng.randrange(1, 4)) if len(lines) > 1]
    content = "\n".join(lines).encode("utf-8", "replace")
    if rng.random() < 0.15:
        content, how = damaged(rng, content)
        told.append(how)
    path.write_bytes(content)
    command = rng.choice(["validate", "validate", "plan"])
    return Case((command, str(audit)), folder, f"{path.name}: {'; '.join(told)}")
