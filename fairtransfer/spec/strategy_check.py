"""What a strategy asks of the audit's cards and classes, and whether they have it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fairtransfer.errors import Problem, did_you_mean, shown
from fairtransfer.spec.fair_options import GroupOptions
from fairtransfer.spec.strategies import StrategySpec
from fairtransfer.spec.transfer_options import Options

if TYPE_CHECKING:
    from fairtransfer.spec.audit_files import AuditFiles
    from fairtransfer.spec.document import Place


def strategy_problems(files: AuditFiles, strategy: StrategySpec, at: Place) -> Iterator[Problem]:
    """Yield what a strategy asks for that this audit does not have."""
    if isinstance(strategy.options, GroupOptions):
        yield from _attributes(files, strategy.options, at)
    if not files.numeric:
        yield from _task(files, strategy, at)
    yield from _augmentation(files, strategy.options, at)


def _attributes(files: AuditFiles, options: GroupOptions, at: Place) -> Iterator[Problem]:
    """Check that a strategy's attributes exist wherever it needs them."""
    document, training = files.loaded.document, files.training.card
    judged = [card.card for card in files.benchmarks] if options.predicts_by_group else []
    for card in {c.id: c for c in (training, *judged)}.values():
        known = [a.name for a in card.attributes]
        for name in options.by:
            if name not in known:
                found = f"`{shown(name)}` not a group column of `{card.id}` ({', '.join(f'`{n}`' for n in known)})"
                yield document.problem("FT-Y033", (*at, "by"), found, "", did_you_mean(name, known))


def _task(files: AuditFiles, strategy: StrategySpec, at: Place) -> Iterator[Problem]:
    """Check that the task is one that a strategy can answer."""
    document, kind, tasks = files.loaded.document, strategy.kind, strategy.way.tasks
    training, several = files.training.card, files.loaded.audit.training_set.labels is None
    if "classes" not in tasks and len(files.classes) != 2:
        found = f"`{kind}` needs two classes, the task has {len(files.classes)}"
        yield document.problem("FT-Y050", at, found, "", "map the labels to two classes, or leave it out", at_key=True)
    elif "several_labels" not in tasks and training.label.type == "multilabel" and several:
        found = f"`{kind}` needs one class a row, the rows of `{training.id}` can have several"
        yield document.problem("FT-Y050", at, found, "", "map the labels with `labels`, or leave it out", at_key=True)


def _augmentation(files: AuditFiles, options: Options, at: Place) -> Iterator[Problem]:
    """Check that only pictures are to be changed at random."""
    asked = [(at, options), ((*at, "training"), getattr(options, "training", None))]
    for place, training in asked:
        if getattr(training, "augmentation", "none") != "none" and files.training.card.input.holds != "image":
            found = f"`{files.training.card.id}` holds texts, which are not augmented"
            yield files.loaded.document.problem("FT-Y084", (*place, "augmentation"), found, "none", at_key=True)
