"""What the gates of an audit ask of its benchmarks, classes and models, and whether these have it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fairtransfer.errors import Problem, did_you_mean, shown
from fairtransfer.outcomes.table import metric_named
from fairtransfer.spec.favourable import not_wanted
from fairtransfer.spec.gates import GateOptions, GateSpec
from fairtransfer.spec.questions import class_meant

if TYPE_CHECKING:
    from fairtransfer.spec.audit_files import AuditFiles
    from fairtransfer.spec.document import Document, Place


def gate_problems(files: AuditFiles, gate: GateSpec, at: Place) -> Iterator[Problem]:
    """Yield what a gate asks for that this audit does not have."""
    document, options = files.loaded.document, gate.options
    ids = [card.card.id for card in files.benchmarks]
    if options.benchmark is not None and options.benchmark not in ids:
        found = f"`{shown(options.benchmark)}` is not a benchmark of this audit"
        yield document.problem("FT-Y033", (*at, "benchmark"), found, f"listed: {', '.join(ids)}")
        return
    yield from _groups(files, options, ids, (*at, "by"))
    if options.reference is not None and len(options.by) == 1:
        yield from _reference(files, options, (*at, "contrast"))
    yield from _class(files, options, at)
    if not files.loaded.audit.made_elsewhere:
        scratch = any(s.way.from_scratch for s in files.loaded.audit.strategies)
        yield from missing_models(document, gate, at, scratch="`scratch` among the strategies" if not scratch else "")


def missing_models(document: Document, gate: GateSpec, at: Place, *, scratch: str = "") -> Iterator[Problem]:
    """Yield that a gate compares with a model there is none of; `scratch`: what there should be, empty where it is there.

    The model before adaptation is in every audit; a table of predictions may lack it (`fairtransfer.findings.question`).
    """
    if gate.options.needs.scratch and scratch:
        found = "there is no model trained from scratch to compare with"
        yield document.problem("FT-G029", at, found, scratch, "add it", at_key=True)


def _groups(files: AuditFiles, options: GateOptions, ids: list[str], at: Place) -> Iterator[Problem]:
    """Check that a benchmark the gate is about has all of its groups."""
    benchmarks = files.loaded.audit.benchmarks
    chosen = [ref for ref, name in zip(benchmarks, ids, strict=True) if options.benchmark in (None, name)]
    if any(set(options.by) <= set(ref.groups) for ref in chosen):
        return
    known = sorted({g for ref in chosen for g in ref.groups})
    for name in options.by:
        if name not in known:
            where, groups = ", ".join(f"`{i}`" for i in ids), ", ".join(f"`{g}`" for g in known)
            found = f"`{shown(name)}` not a group column of {where} ({groups})"
            yield files.loaded.document.problem("FT-Y033", at, found, "", did_you_mean(name, known))


def _class(files: AuditFiles, options: GateOptions, at: Place) -> Iterator[Problem]:
    """Check that there is the class a gate names, and that it names one where its metric needs one."""
    document = files.loaded.document
    if options.class_ is not None and options.class_ not in files.classes:
        found, hint = f"`{shown(options.class_)}` is not a class", did_you_mean(options.class_, files.classes)
        yield document.problem("FT-Y033", (*at, "class"), found, "", hint)
    yield from has_scores(files, options.metric, (*at, "metric"))
    metric = metric_named(options.metric)
    wanted = not_wanted(options, files.favourable_class, "name it as `favourable_class` in the card, under `label`")
    if wanted is not None:
        found, allowed, do = wanted
        yield document.problem("FT-G039", (*at, "metric"), found, allowed, do)
        return
    over = metric.about == "either" and any(card.card.label.type == "multilabel" for card in files.benchmarks)
    meant = class_meant(options.metric, options.class_, files.positive_class, files.favourable_class)
    if meant is None and (metric.one_class or over):
        found, allowed = f"`{options.metric}` is about one class", "`class: <one of the classes>`"
        yield document.problem("FT-G028", (*at, "metric"), found, allowed, "name the class")


def _reference(files: AuditFiles, options: GateOptions, at: Place) -> Iterator[Problem]:
    """Check that the group others are compared with is one, where the cards say which groups there are."""
    (name,), reference = options.by, str(options.reference)
    attributes = (card.card.attribute(name) for card in files.benchmarks)
    known = [group for attribute in attributes if attribute for group in attribute.groups or (reference,)]
    if known and reference not in (*known, *(f"{name}={group}" for group in known)):
        hint = did_you_mean(reference, known)
        found = f"`{shown(reference)}` is not a group of `{name}`"
        yield files.loaded.document.problem("FT-Y057", at, found, f"groups: {', '.join(dict.fromkeys(known))}", hint)


def has_scores(files: AuditFiles, metric: str, at: Place) -> Iterator[Problem]:
    """Check that a metric made of scores is not asked of a file of answers, nor the mean of a column of a model."""
    if not files.loaded.audit.made_elsewhere and metric_named(metric).of_values:
        found = f"`{metric}` is of numbers that stand beside given predictions, and here models are adapted"
        do = "leave it out, or write their answers and these numbers into a file of predictions"
        yield files.loaded.document.problem("FT-Y097", at, found, "", do)
    if files.loaded.audit.made_elsewhere and metric_named(metric).of_scores:
        found = f"`{metric}` is made of scores, and a file of predictions holds answers only"
        do = "leave it out, or measure the table with `fairtransfer measure --score`, or `--scores` of every class"
        yield files.loaded.document.problem("FT-Y070", at, found, "a metric that counts cases", do)
