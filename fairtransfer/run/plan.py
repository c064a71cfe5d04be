"""The plan: every job an audit asks for, each named by the digest of everything that decides its result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairtransfer.data.answers import Answers
from fairtransfer.data.paths import PathRefused, locate
from fairtransfer.data.rows import file_digest, loose_files, root_of
from fairtransfer.errors import DefinitionError, Problem, Problems
from fairtransfer.evidence.canonical import digest
from fairtransfer.models import Checkpoint, fetch, inspect_checkpoint
from fairtransfer.models.checkpoint import placed
from fairtransfer.run.machine import Machine, code_digest, guess, libraries
from fairtransfer.spec.audit import Audit
from fairtransfer.spec.card import LoadedCard
from fairtransfer.spec.check import AuditFiles
from fairtransfer.spec.label_map import LabelMap, mapped_classes
from fairtransfer.spec.strategies import STRATEGY_OPTIONS, GroupOptions

MAX_JOBS = 10_000


@dataclass(frozen=True, slots=True)
class Roots:
    """Folders the operator gives on the command line; an audit can only look inside them."""

    data: Path | None = None
    model: Path | None = None


@dataclass(frozen=True, slots=True)
class Training:
    """One model: the pretrained one as published, or one adapted by a strategy on a label budget with a seed.

    Attributes
    ----------
    stage
        ``before`` or ``after`` (training from scratch is a strategy of stage ``after``).
    strategy
        The strategy's name in the results; empty for ``before``.
    kind
        Which strategy or before-stage.
    budget
        As the audit writes it; empty where no labels are used.
    seed
        None where nothing is random.
    """

    stage: str
    strategy: str
    kind: str
    options: dict[str, Any] = field(hash=False)
    budget: str = ""
    seed: int | None = None

    @property
    def uses_labels(self) -> bool:
        """Whether the adaptation side decides the result."""
        return self.budget != ""

    def to_json(self) -> dict[str, Any]:
        """Return what of it decides the result; the name under which it appears does not."""
        return {
            "stage": self.stage,
            "kind": self.kind,
            "options": self.options,
            "budget": self.budget,
            "seed": self.seed,
        }


@dataclass(frozen=True, slots=True)
class Job:
    """One training, judged on one benchmark."""

    id: str
    training: Training
    benchmark: str


@dataclass(frozen=True, slots=True)
class Pretraining:
    """The training of a source model: a job of its own, whose result is a checkpoint.

    Attributes
    ----------
    id
        The digest of everything that decides the weights.
    """

    id: str
    training: Training


@dataclass(frozen=True)
class Plan:
    """All jobs of an audit.

    Attributes
    ----------
    run_id
        Digest of the audit, the cards and all job ids: the same inputs give the same run anywhere.
    checkpoint
        The model; the base of the source until the source is trained, where it is trained here (`source.py`).
    answers
        The file of predictions, where they were made elsewhere (`given.py`).
    pretraining
        How the source is trained first, where it is.
    """

    files: AuditFiles
    checkpoint: Checkpoint
    machine: Machine
    roots: Roots
    jobs: tuple[Job, ...]
    run_id: str
    answers: Answers | None = None
    pretraining: Pretraining | None = None

    @property
    def audit(self) -> Audit:
        """The audit."""
        return self.files.loaded.audit

    def by_training(self) -> list[tuple[Training, tuple[Job, ...]]]:
        """Return the jobs grouped by the model they need, in the order in which they are run."""
        grouped: dict[str, tuple[Training, list[Job]]] = {}
        for job in self.jobs:
            grouped.setdefault(digest({**job.training.to_json(), "name": job.training.strategy}), (job.training, []))[
                1
            ].append(job)
        return [(training, tuple(jobs)) for training, jobs in grouped.values()]


def make_plan(
    files: AuditFiles, roots: Roots | None = None, machine: Machine | None = None, max_jobs: int = MAX_JOBS
) -> Plan:
    """Return the plan of an audit.

    Looks at the model's files and at the digests of the data files; opens neither and imports no training library.
    A file of predictions is read.

    Raises
    ------
    DefinitionError
        When the model or a data file is missing, changed or not acceptable, or the plan is too large (``FT-Y025``).
    """
    roots, machine = roots or Roots(), machine or guess()
    audit = files.loaded.audit
    if audit.made_elsewhere:
        from fairtransfer.run.given import plan_given  # it is made of the parts of this module

        return plan_given(files, roots, max_jobs)
    trainings = list(_trainings(audit))
    check_size(files, len(trainings) * len(audit.benchmarks), max_jobs)
    check_files(files, roots)
    with placed(files.loaded):
        checkpoint = inspect_checkpoint(fetch(files.loaded, roots.model), str(audit.model.source))
    sides = sides_of(files, roots)
    pretraining = _pretraining(files, checkpoint, machine, roots, sides)
    common = _common(files, checkpoint, machine)
    if pretraining is not None:
        # The weights are not there yet: what they are made of stands for them.
        common["model"]["pretraining"] = pretraining.id
    jobs = tuple(
        _job(files, training, index, common, sides) for training in trainings for index in range(len(audit.benchmarks))
    )
    return Plan(files, checkpoint, machine, roots, jobs, run_id(files, jobs), pretraining=pretraining)


def budget_text(budget: float | str) -> str:
    """Return a label budget as results name it."""
    return f"{budget:g}" if isinstance(budget, float) else str(budget)


def largest_budget(audit: Audit) -> str:
    """Return the audit's largest label budget."""
    return budget_text(max(audit.label_budgets, key=lambda b: float("inf") if b == "all" else float(b)))


def _trainings(audit: Audit) -> Iterator[Training]:
    before = audit.before_stage
    options = before.options.model_dump(mode="json")
    if before.kind == "probe":
        yield from (Training("before", "", "probe", options, largest_budget(audit), seed) for seed in audit.seeds)
    else:
        yield Training("before", "", before.kind, options)
    for strategy in audit.strategies:
        chosen = strategy.options.model_dump(mode="json", exclude={"name"})
        for budget in audit.label_budgets:
            yield from (
                Training("after", strategy.name, strategy.kind, chosen, budget_text(budget), seed)
                for seed in audit.seeds
            )


def check_size(files: AuditFiles, jobs: int, limit: int) -> None:
    """Refuse a plan with more jobs than allowed."""
    if jobs > limit:
        at = ("model", "source") if files.loaded.audit.made_elsewhere else ("strategies",)
        found = f"plan has {jobs:,} jobs; limit {limit:,} (`--max-jobs`)"
        do = "ask for fewer strategies, budgets or seeds"
        raise DefinitionError([files.loaded.document.problem("FT-Y025", at, found, "", do)])


def check_files(files: AuditFiles, roots: Roots) -> None:
    """Check that every data file is there and is the one its card describes."""
    problems = Problems()
    for card in files.cards:
        for index, ref in enumerate(card.card.files):
            try:
                found = file_digest(locate(root_of(card, ref.under, roots.data), ref.path))
            except PathRefused as refused:
                problems.add(
                    card.document.problem(
                        refused.code, ("fairtransfer", "files", index, "path"), refused.found, refused.allowed
                    )
                )
                continue
            if found != ref.sha256:
                text = f"file changed since the card was written: expected {ref.sha256[:12]}…, got {found[:12]}…"
                place = ("fairtransfer", "files", index, "sha256")
                problems.add(
                    card.document.problem(
                        "FT-D004", place, text, "", f"if the change is meant, write `sha256: {found}`"
                    )
                )
    problems.raise_if_any()


def _common(files: AuditFiles, checkpoint: Checkpoint, machine: Machine) -> dict[str, Any]:
    model = files.loaded.audit.model
    return {
        "code": code_digest(),
        "machine": {"device": machine.device, "precision": machine.precision},
        "model": {"sha256": checkpoint.digest, "family": model.family, "max_tokens": model.max_tokens},
        "classes": list(files.classes),
    }


def sides_of(files: AuditFiles, roots: Roots) -> tuple[dict[str, Any], ...]:
    """Return what decides the rows of the adaptation side and of every benchmark, in this order."""
    audit, cards = files.loaded.audit, (files.training, *files.benchmarks)
    labels = [audit.training_set.labels, *(ref.labels for ref in audit.benchmarks)]
    loose = {card.path: loose_files(card, roots.data) for card in cards}
    return tuple(_side(card, mapping, loose[card.path]) for card, mapping in zip(cards, labels, strict=True))


def _pretraining(
    files: AuditFiles, base: Checkpoint, machine: Machine, roots: Roots, sides: tuple[dict[str, Any], ...]
) -> Pretraining | None:
    """Return the training of the source, where it is trained here."""
    asked = files.loaded.audit.model.pretrain
    if asked is None or files.source is None:
        return None
    options = {"start": asked.start, **asked.training.model_dump(mode="json", exclude={"name"})}
    training = Training("source", f"source on {files.source.card.id}", "pretrain", options, "all", asked.seed)
    _, *judged = sides
    key = {
        **_common(files, base, machine),
        "classes": list(mapped_classes(files.source.card, asked.labels)),
        "libraries": libraries(files.loaded.audit.model.family, "pretrain"),
        "training": training.to_json(),
        "names": {"card": files.source.card.id},
        "trained_on": _side(files.source, asked.labels, loose_files(files.source, roots.data)),
        "split": asked.split,
        # What stands in any benchmark is taken out of the source's rows too.
        "kept_apart_from": judged,
    }
    return Pretraining(digest(key)[:32], training)


def _side(card: LoadedCard, labels: LabelMap | None, loose: str | None) -> dict[str, Any]:
    # A list, not an object: of a row's labels the first class listed wins, and digests do not see the order of keys.
    mapping = (
        None
        if labels is None
        else [[name, sources if sources == "rest" else list(sources)] for name, sources in labels.items()]
    )
    return {"rows": card.card.decides_rows(), "labels": mapping, "loose_files": loose}


def _job(
    files: AuditFiles, training: Training, index: int, common: dict[str, Any], sides: tuple[dict[str, Any], ...]
) -> Job:
    adapted_on, *judged = sides
    name = files.benchmarks[index].card.id
    # Names decide no answer, but a job's files tell them: under another name they would be another job's.
    names = {"strategy": training.strategy, "benchmark": name}
    used = libraries(files.loaded.audit.model.family, training.kind)
    key: dict[str, Any] = {
        **common,
        "libraries": used,
        "training": training.to_json(),
        "benchmark": judged[index],
        "names": names,
    }
    if training.uses_labels:
        # What stands in any benchmark is taken out of the adaptation side, so all of them decide what is learned.
        key |= {
            "adapt_on": adapted_on,
            "split": files.loaded.audit.training_set.split,
            "kept_apart_from": judged,
        }
    if training.options.get("by"):
        key["groups"] = _groups(files, training, index)
    return Job(digest(key)[:32], training, name)


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


def budget_problems(files: AuditFiles, rows: int) -> list[Problem]:
    """Return what is wrong with the label budgets for so many training rows (``FT-Y019``, ``FT-Y020``, ``FT-D048``)."""
    document, audit = files.loaded.document, files.loaded.audit
    sizes: dict[int, str] = {}
    found = []
    for index, budget in enumerate(audit.label_budgets):
        size = rows if budget == "all" else budget if isinstance(budget, int) else max(1, round(float(budget) * rows))
        at = ("label_budgets", index)
        if size > rows:
            found.append(
                document.problem(
                    "FT-Y019",
                    at,
                    f"`{files.training.card.id}`: budget {size} > {rows} rows",
                    "",
                    "write a smaller budget, or `all`",
                )
            )
        elif files.numeric and size < 2:
            text = f"budget {size} < 2 rows: one number has no spread"
            found.append(document.problem("FT-D048", at, text, "", "write a larger budget"))
        elif size < len(files.classes):
            found.append(
                document.problem(
                    "FT-D048",
                    at,
                    f"budget {size} < {len(files.classes)} classes (stratified)",
                    "",
                    "write a larger budget",
                )
            )
        elif size in sizes:
            found.append(
                document.problem(
                    "FT-Y020", at, f"{sizes[size]} and {budget_text(budget)} both select {size} rows", "", "drop one"
                )
            )
        sizes[size] = budget_text(budget)
    return found
