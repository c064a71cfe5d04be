"""What the rows of a benchmark show only together: units and inputs on several sides, classes that are missing on one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fairtransfer.data import splits
from fairtransfer.data.benchmark import LABEL_JOIN
from fairtransfer.errors import Problem, Severity, shown
from fairtransfer.formats import plural
from fairtransfer.spec.card import Card


def row_problems(
    card: Card, inputs: Sequence[str] | None, units: Sequence[str], split: Sequence[str], y: Sequence[str]
) -> Iterator[Problem]:
    """Yield what only the rows together show: units across splits, classes without training rows, contradicting labels.

    Parameters
    ----------
    inputs
        The key of every row's input; rows with the same key hold the same text or picture. None where some could not be read:
        what they repeat is not known then.
    units, split, y
        Unit, split and label of every row.
    """
    if crossing := splits.straddling(units, split):
        count, verb = plural(len(crossing), "subject"), "crosses" if len(crossing) == 1 else "cross"
        found = f"{count} {verb} splits (first: `{shown(crossing[0])}`)"
        yield Problem("FT-D022", found, "each unit in one split", path="unit")
    if card.label.type != "number":
        yield from _classes(card.label.classes, split, y)
    if inputs is not None:
        yield from _conflicts(inputs, y)
        yield from _repeats(card.duplicates.across_splits, inputs, split)


def _classes(classes: Sequence[str], split: Sequence[str], y: Sequence[str]) -> Iterator[Problem]:
    """Yield classes without training or test rows."""
    present = {
        name: {c for label, s in zip(y, split, strict=True) if s == name for c in label.split(LABEL_JOIN)}
        for name in splits.SPLITS
    }
    if present["train"] and (absent := sorted(present["test"] - present["train"])):
        yield Problem("FT-D036", f"class `{shown(absent[0])}` has 0 training rows", path="splits")
    if present["test"] and (absent := sorted(set(classes) - present["test"])):
        found = f"metrics for `{shown(absent[0])}` are undefined: 0 test rows"
        yield Problem("FT-D037", found, path="splits", severity="warning")


def _conflicts(inputs: Sequence[str], y: Sequence[str]) -> Iterator[Problem]:
    """Yield that one input has several labels."""
    labels: dict[str, set[str]] = {}
    for key, label in zip(inputs, y, strict=True):
        labels.setdefault(key, set()).add(label)
    several = sum(len(found) > 1 for found in labels.values())
    if several:
        share = f"{100 * several / len(labels):.1f}%"
        found = f"identical input with different labels: {plural(several, 'input')} ({share})"
        yield Problem("FT-D025", found, path="label", severity="warning")


def _repeats(rule: str, inputs: Sequence[str], split: Sequence[str]) -> Iterator[Problem]:
    """Yield inputs of the test split that stand again in train or val; what is done about them is the card's rule."""
    by_split: dict[str, set[str]] = {"test": set(), "adapt": set()}
    for key, name in zip(inputs, split, strict=True):
        if name != splits.OUTSIDE:
            by_split["test" if name == "test" else "adapt"].add(key)
    both = by_split["test"] & by_split["adapt"]
    count = sum(name == "test" and key in both for key, name in zip(inputs, split, strict=True))
    if not count:
        return
    tests = sum(name == "test" for name in split)
    found = f"exact duplicates across splits: {count:,} ({100 * count / tests:.1f}% of the test rows)"
    severity: Severity = "error" if rule == "fail" else "warning"
    taken = "they are taken out of train and val" if rule == "drop" else f"the card says `across_splits: {rule}`"
    yield Problem("FT-D020", found, taken, path="duplicates", severity=severity)
