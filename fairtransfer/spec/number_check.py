"""What an audit of a label that is a number may ask, and what it may not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fairtransfer.errors import Problem
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.before import BEFORE_OPTIONS, before_kind
from fairtransfer.spec.fair_options import GroupOptions
from fairtransfer.spec.strategies import STRATEGY_OPTIONS, strategy_kind
from fairtransfer.spec.target import gate_mismatch, number_metrics

if TYPE_CHECKING:
    from fairtransfer.spec.audit import AdaptOn, BenchmarkRef
    from fairtransfer.spec.audit_files import AuditFiles
    from fairtransfer.spec.card import Card
    from fairtransfer.spec.document import Place


def number_problems(files: AuditFiles) -> Iterator[Problem]:
    """Yield what does not fit the kind of label: labels, metrics, gates, and ways to adapt."""
    for at, ref, card in _cards(files):
        yield from _label(files, at, ref, card)
    yield from _metrics(files)
    yield from _gates(files)
    if files.numeric and not files.loaded.audit.made_elsewhere:
        yield from _before(files)
        yield from _strategies(files)


def _cards(files: AuditFiles) -> Iterator[tuple[Place, BenchmarkRef | AdaptOn, Card]]:
    audit = files.loaded.audit
    for index, (ref, card) in enumerate(zip(audit.benchmarks, files.benchmarks, strict=True)):
        yield ("benchmarks", index), ref, card.card
    if audit.adapt_on:
        yield ("adapt_on",), audit.adapt_on, files.training.card


def _label(files: AuditFiles, at: Place, ref: BenchmarkRef | AdaptOn, card: Card) -> Iterator[Problem]:
    """Check that a card has the audit's kind of label, in its unit, and that no numbers are mapped to classes."""
    document, first = files.loaded.document, files.benchmarks[0].card
    numeric = card.label.type == "number"
    if numeric != files.numeric or (numeric and card.label.measured_in != first.label.measured_in):
        told, wanted = (f"{c.label.type} {c.label.measured_in or ''}".strip() for c in (card, first))
        found = f"the label of `{card.id}` is {told}, that of `{first.id}` {wanted}"
        yield document.problem("FT-M030", (*at, "card"), found, "one kind of label, in one unit")
    if numeric and ref.labels is not None:
        found = f"the label of `{card.id}` is a number, which is not mapped"
        yield document.problem("FT-M034", (*at, "labels"), found, "", "leave `labels` out")


def _metrics(files: AuditFiles) -> Iterator[Problem]:
    for index, metric in enumerate(files.loaded.audit.metrics):
        known = metric_named(metric.name)
        if known.of_numbers != files.numeric and not known.of_values:
            kind = "of classes, and the label is a number" if files.numeric else "of numbers, and the label is a class"
            allowed = f"`metrics: [{', '.join(number_metrics())}]`" if files.numeric else "a metric of classes"
            found = f"`{metric.name}` is a metric {kind}"
            yield files.loaded.document.problem("FT-Y067", ("metrics", index), found, allowed)


def _gates(files: AuditFiles) -> Iterator[Problem]:
    """Check that gates are about the audit's kind of label, and that limits in its unit have one."""
    document = files.loaded.document
    for index, gate in enumerate(files.loaded.audit.gates):
        at = ("gates", index, gate.kind)
        if gate.of_numbers != files.numeric and not gate.options.measures.of_values:
            told = gate_mismatch(gate, "write `label: {type: number, measured_in: ...}` in the card")
            yield document.problem("FT-Y068" if files.numeric else "FT-G037", (*at, "metric"), *told)
        elif gate.of_numbers and not files.measured_in:
            found = f"the limit of `{gate.kind}` is in the label's unit, and the card does not say what that is"
            yield document.problem("FT-G038", at, found, "`measured_in: days`, under the card's `label`", "add it")


def _before(files: AuditFiles) -> Iterator[Problem]:
    document, audit = files.loaded.document, files.loaded.audit
    if not audit.before_stage.way.answers_numbers:
        found = f"`{audit.before_stage.kind}` answers with classes, and the label is a number"
        allowed = " | ".join(f"`before: {name}`" for name in BEFORE_OPTIONS if before_kind(name).answers_numbers)
        yield document.problem("FT-Y066", ("before",), found, allowed)


def _strategies(files: AuditFiles) -> Iterator[Problem]:
    for index, strategy in enumerate(files.loaded.audit.strategies):
        options, at = strategy.options, ("strategies", index, strategy.kind)
        if "number" not in strategy.way.tasks:
            found, allowed = f"`{strategy.kind}` needs classes, and the label is a number", ", ".join(_by_group())
            yield files.loaded.document.problem("FT-Y065", at, found, allowed, at_key=True)
        elif isinstance(options, GroupOptions) and options.cells != "group":
            found = f"`{strategy.kind}` evens out groups x classes, and the label is a number"
            yield files.loaded.document.problem("FT-Y065", at, found, "`cells: group`", at_key=True)


def _by_group() -> list[str]:
    """Return the strategies that even out groups alone, where the label is a number."""
    by_group = [name for name, options in STRATEGY_OPTIONS.items() if issubclass(options, GroupOptions)]
    return sorted(name for name in by_group if "number" in strategy_kind(name).tasks)
