"""What a strategy asks of the audit's cards and classes, and whether they have it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fairtransfer.errors import Problem, did_you_mean, shown
from fairtransfer.spec.card_files import TextInput
from fairtransfer.spec.fair_options import GroupOptions
from fairtransfer.spec.strategies import StrategySpec
from fairtransfer.spec.transfer_options import Options

if TYPE_CHECKING:
    from fairtransfer.spec.audit_files import AuditFiles
    from fairtransfer.spec.document import Place


def strategy_problems(files: AuditFiles, strategy: StrategySpec, at: Place) -> Iterator[Problem]:
    """Yield what a strategy asks for that this audit does not have."""
    if isinstance(strategy.options, GroupOptions):
        yield from _group_strategy(files, strategy.options, strategy.kind, at)
    yield from _augmentation(files, strategy.options, at)


def _group_strategy(files: AuditFiles, options: GroupOptions, kind: str, at: Place) -> Iterator[Problem]:
    """Check that a strategy's attributes exist wherever it needs them, and that the task is one it can answer."""
    document, audit, training = files.loaded.document, files.loaded.audit, files.training.card
    judged = [card.card for card in files.benchmarks] if options.predicts_by_group else []
    for card in {c.id: c for c in (training, *judged)}.values():
        known = [a.name for a in card.attributes]
        for name in options.by:
            if name not in known:
                found = f"`{shown(name)}` not a group column of `{card.id}` ({', '.join(f'`{n}`' for n in known)})"
                yield document.problem("FT-Y033", (*at, "by"), found, "", did_you_mean(name, known))
    if files.numeric:
        return
    if options.two_classes and len(files.classes) != 2:
        found = f"`{kind}` needs two classes, the task has {len(files.classes)}"
        yield document.problem("FT-Y050", at, found, "", "map the labels to two classes, or leave it out", at_key=True)
    elif training.label.type == "multilabel" and audit.training_set.labels is None:
        found = f"`{kind}` needs one class a row, the rows of `{training.id}` can have several"
        yield document.problem("FT-Y050", at, found, "", "map the labels with `labels`, or leave it out", at_key=True)


def _augmentation(files: AuditFiles, options: Options, at: Place) -> Iterator[Problem]:
    """Check that only pictures are to be changed at random."""
    asked = [(at, options), ((*at, "training"), getattr(options, "training", None))]
    for place, training in asked:
        if getattr(training, "augmentation", "none") != "none" and isinstance(files.training.card.input, TextInput):
            found = f"`{files.training.card.id}` holds texts, which are not augmented"
            yield files.loaded.document.problem("FT-Y084", (*place, "augmentation"), found, "none", at_key=True)
