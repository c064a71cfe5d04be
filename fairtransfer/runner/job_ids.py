"""The names of jobs and runs: digests of everything that decides their result, and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairtransfer.data.roots import loose_files
from fairtransfer.evidence.canonical import digest
from fairtransfer.models import Checkpoint
from fairtransfer.runner.asked import packages_of
from fairtransfer.runner.foreign import deciding
from fairtransfer.runner.job import Job, Roots, RowKeys, Training
from fairtransfer.runner.machine import Machine, code_digest, libraries
from fairtransfer.spec.audit_files import AuditFiles
from fairtransfer.spec.card import LoadedCard
from fairtransfer.spec.fair_options import GroupOptions
from fairtransfer.spec.label_map import LabelMap, mapped_classes
from fairtransfer.spec.strategies import STRATEGY_OPTIONS


def common_key(files: AuditFiles, checkpoint: Checkpoint, machine: Machine) -> dict[str, Any]:
    """Return what every job of an audit has in common."""
    model = files.loaded.audit.model
    return {
        "code": code_digest(),
        "machine": {"device": machine.device, "precision": machine.precision},
        "model": {"sha256": checkpoint.digest, "family": model.family, "max_tokens": model.max_tokens},
        "classes": list(files.classes),
        **deciding(files),
    }


def job_id(files: AuditFiles, training: Training, index: int, common: Mapping[str, Any], rows: RowKeys) -> str:
    """Return the digest that names a training judged on the benchmark of this index."""
    # Names decide no answer, but a job's files tell them: under another name they would be another job's.
    names = {"strategy": training.strategy, "benchmark": files.benchmarks[index].card.id}
    used = libraries(files.loaded.audit.model.family, packages_of(training))
    key: dict[str, Any] = {
        **common,
        "libraries": used,
        "training": training.to_json(),
        "benchmark": rows.judged[index],
        "names": names,
    }
    key |= deciding(files, training)
    if training.uses_labels:
        # What stands in any benchmark is taken out of the adaptation side, so all of them decide what is learned.
        key |= {
            "adapt_on": rows.adapted_on,
            "split": files.loaded.audit.training_set.split,
            "kept_apart_from": list(rows.judged),
        }
    if training.options.get("by"):
        key["groups"] = _groups(files, training, index)
    return digest(key)[:32]


def _groups(files: AuditFiles, training: Training, index: int) -> dict[str, Any]:
    """Return what decides the groups a strategy is given; which rows there are and what they hold is told elsewhere."""
    by = training.options["by"]
    options = STRATEGY_OPTIONS[training.kind]
    at_prediction = issubclass(options, GroupOptions) and options.predicts_by_group
    return {
        "adapted_on": [files.training.card.decides_groups(name) for name in by],
        "judged": [files.benchmarks[index].card.decides_groups(name) for name in by] if at_prediction else [],
        "positive_class": files.positive_class,
    }


def source_id(files: AuditFiles, training: Training, common: Mapping[str, Any], rows: RowKeys) -> str:
    """Return the digest that names the training of the source, where it is trained here."""
    asked = files.loaded.audit.model.pretrain
    assert asked is not None, "nothing is trained that was not asked for"
    assert files.source is not None, "its card has been read"
    key = {
        **common,
        "classes": list(mapped_classes(files.source.card, asked.labels)),
        "libraries": libraries(files.loaded.audit.model.family),
        "training": training.to_json(),
        "names": {"card": files.source.card.id},
        "trained_on": rows.source,
        "split": asked.split,
        # What stands in any benchmark is taken out of the source's rows too.
        "kept_apart_from": list(rows.judged),
    }
    return digest(key)[:32]


def row_keys(files: AuditFiles, roots: Roots) -> RowKeys:
    """Return what decides the rows of every side; reads the files that no digest of a card covers."""
    audit, chosen = files.loaded.audit, files.loaded.audit.training_set
    loose = {card.path: loose_files(card, roots.data) for card in files.cards}
    judged = tuple(
        _side(card, ref.labels, loose[card.path]) for card, ref in zip(files.benchmarks, audit.benchmarks, strict=True)
    )
    asked, source = audit.model.pretrain, files.source
    trained_on = None if asked is None or source is None else _side(source, asked.labels, loose[source.path])
    return RowKeys(_side(files.training, chosen.labels, loose[files.training.path]), judged, trained_on)


def _side(card: LoadedCard, labels: LabelMap | None, loose: str | None) -> dict[str, Any]:
    # A list, not an object: of a row's labels the first class listed wins, and digests do not see the order of keys.
    mapping = (
        None
        if labels is None
        else [[name, sources if sources == "rest" else list(sources)] for name, sources in labels.items()]
    )
    return {"rows": card.card.decides_rows(), "labels": mapping, "loose_files": loose}


def run_id(files: AuditFiles, jobs: tuple[Job, ...]) -> str:
    """Return the digest that names a run."""
    content = {
        "audit": files.loaded.document.text,
        "cards": [card.document.text + card.prose for card in _in_order(files)],
        "jobs": [job.id for job in jobs],
    }
    return digest(content)[:16]


def _in_order(files: AuditFiles) -> list[LoadedCard]:
    return [files.training, *files.benchmarks, *([files.source] if files.source else [])]
