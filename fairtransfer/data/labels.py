"""Labels as they stand in the data: classes a card declares, or numbers; nothing is coerced."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from fairtransfer.data.benchmark import LABEL_JOIN
from fairtransfer.errors import Problem, shown
from fairtransfer.formats import plural
from fairtransfer.spec.card_columns import Label
from fairtransfer.spec.spelling import listed, meant


def given(label: Label, values: Sequence[str | None]) -> tuple[list[str], list[Problem], dict[str, list[int]]]:
    """Return the label of every row, with the problems found, and the rows whose label is read as another word.

    Several classes of a row are joined, in the card's order.
    """
    problems, noticed = list(_missing(label, values)), dict[str, list[int]]()
    if label.type == "number":
        return _numbers(values, problems), problems, noticed
    return _classes(label, values, problems, noticed), problems, noticed


def _missing(label: Label, values: Sequence[str | None]) -> Iterator[Problem]:
    missing = sum(value is None for value in values)
    if missing and label.missing in (None, "error"):
        do = "declare `missing: exclude` under `label`"
        yield Problem("FT-D030", f"label missing in {plural(missing, 'row')}", "", do, path="label")


def _classes(
    label: Label, values: Sequence[str | None], problems: list[Problem], noticed: dict[str, list[int]]
) -> list[str]:
    written = [
        () if v is None else tuple(v.split(label.separator)) if label.type == "multilabel" else (v,) for v in values
    ]
    split = written
    if label.recode:
        split = [tuple(dict.fromkeys(label.recode.get(part, part) for part in parts)) for parts in written]
        for row, word in ((row, part) for row, parts in enumerate(written) for part in parts if part in label.recode):
            note = f"labels `{shown(word)}` read as `{shown(label.recode[word])}`"
            noticed.setdefault(note, []).append(row)
    unknown = Counter(part for parts in split for part in parts if part not in label.classes)
    for value, count in sorted(unknown.items())[:20]:
        problems.append(_unknown_label(value, count, label.classes))
    present = Counter(part for parts in split for part in parts)
    if len([c for c in label.classes if present[c]]) < 2 and not unknown:
        held = f"the data holds {', '.join(present) or 'none'}"
        problems.append(Problem("FT-D034", "classification needs ≥2 classes", held, path="label"))
    rank = {name: i for i, name in enumerate(label.classes)}
    return [LABEL_JOIN.join(sorted(parts, key=lambda p: rank.get(p, 0))) for parts in split]


def _unknown_label(value: str, count: int, classes: Sequence[str]) -> Problem:
    same = meant([value], classes)
    if same:
        return Problem(
            "FT-D032",
            f"labels are written as {listed([value], {value: count})}, declared as `{shown(same[value])}`",
            "nothing is coerced",
            "declare them as written",
            path="label",
        )
    return Problem(
        "FT-D031",
        f"label `{shown(value)}` is not a declared class ({plural(count, 'row')})",
        f"declared: {', '.join(classes[:12])}",
        path="label",
    )


def _numbers(values: Sequence[str | None], problems: list[Problem]) -> list[str]:
    """Return labels that are numbers, each number written one way."""
    found = [None if value is None else finite(value) for value in values]
    odd = [value for value, number in zip(values, found, strict=True) if value is not None and number is None]
    if odd:
        text = f"labels that are no finite number: {plural(len(odd), 'row')}, for example `{shown(odd[0])}`"
        problems.append(Problem("FT-P061", text, "numbers such as 12 or 3.5", "write them so", path="label"))
    elif len({number for number in found if number is not None}) < 2:
        problems.append(Problem("FT-M033", "the label is the same number in every row", "", "", path="label"))
    return ["" if number is None else repr(number) for number in found]


def finite(text: str) -> float | None:
    """Return the number a text is, or None where it is none, or not finite."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
