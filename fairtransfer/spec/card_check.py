"""What an audit asks of each of its cards, and whether the card has it: inputs, splits, classes, groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fairtransfer.errors import Problem, did_you_mean, shown
from fairtransfer.spec.audit import AdaptOn, BenchmarkRef
from fairtransfer.spec.families import family_kind
from fairtransfer.spec.label_map import label_map_problems, mapped_classes

if TYPE_CHECKING:
    from fairtransfer.spec.audit_files import AuditFiles
    from fairtransfer.spec.card import Card
    from fairtransfer.spec.document import Place
    from fairtransfer.spec.pretrain import Pretrain

PRETRAIN: Place = ("model", "source", "pretrain")


def _reads(files: AuditFiles, ref: BenchmarkRef | AdaptOn | Pretrain, card: Card, at: Place) -> Iterator[Problem]:
    """Check the input's kind, the split, and the label map."""
    document, audit = files.loaded.document, files.loaded.audit
    holds, family = card.input.holds, audit.model.family
    if family is not None and (takes := family_kind(family).reads) != holds:
        found = f"`{card.id}` holds {holds} inputs, the model takes {takes}"
        yield document.problem("FT-M018", (*at, "card"), found)
    if not isinstance(ref, BenchmarkRef) and ref.split not in ("train", "val", "test", "all"):
        yield document.problem(
            "FT-D026", (*at, "split"), f"unknown split `{shown(ref.split)}`", "allowed: train, val, test, all"
        )
    yield from label_map_problems(document, ref.labels, card, (*at, "labels"))


def pretraining_problems(files: AuditFiles, ref: Pretrain, card: Card) -> Iterator[Problem]:
    """Check the source's own rows: their classes may be others than the audit's, but each row has one."""
    yield from _reads(files, ref, card, PRETRAIN)
    if card.label.type == "number":
        found = f"a source is trained with one class a row, the label of `{card.id}` is a number"
        yield files.loaded.document.problem("FT-M037", (*PRETRAIN, "card"), found, "a card of classes")
    if card.label.type == "multilabel" and ref.labels is None:
        found = f"a source is trained with one class a row, the rows of `{card.id}` can have several"
        at, do = (*PRETRAIN, "card"), "map the labels with `labels`"
        yield files.loaded.document.problem("FT-M037", at, found, "", do)
    if ref.labels is not None and len(ref.labels) < 2:
        yield files.loaded.document.problem("FT-D034", (*PRETRAIN, "labels"), "classification needs ≥2 classes")


def card_problems(files: AuditFiles, ref: BenchmarkRef | AdaptOn, card: Card, at: Place) -> Iterator[Problem]:
    """Check what can be read, and that the label map leads to the classes of the audit."""
    document = files.loaded.document
    yield from _reads(files, ref, card, at)
    classes = mapped_classes(card, ref.labels)
    if set(classes) != set(files.classes):
        found = f"`{card.id}` has the classes {', '.join(classes[:8])}; the audit's are {', '.join(files.classes[:8])}"
        yield document.problem(
            "FT-M015", (*at, "labels") if ref.labels else (*at, "card"), found, "", "map them with `labels`"
        )


def group_problems(files: AuditFiles, ref: BenchmarkRef, card: Card, at: Place) -> Iterator[Problem]:
    """Yield groups and intersections that the card has no attribute for."""
    document = files.loaded.document
    known = ", ".join(f"`{a.name}`" for a in card.attributes)
    for index, name in enumerate(ref.groups):
        if card.attribute(name) is None:
            hint = did_you_mean(name, [a.name for a in card.attributes])
            yield document.problem(
                "FT-Y033",
                (*at, "groups", index),
                f"`{shown(name)}` not a group column of `{card.id}` ({known})",
                "",
                hint,
            )
    for index, names in enumerate(ref.intersections):
        for name in names:
            if name not in ref.groups:
                yield document.problem(
                    "FT-Y033",
                    (*at, "intersections", index),
                    f"`{shown(name)}` is not among the benchmark's `groups`",
                    "",
                    "add it there",
                )
