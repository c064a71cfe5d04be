"""What can be said before a run: what is done already, what the rest will take, what the groups' sizes could show."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from typing import Any

from fairtransfer.data.sides import Part
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.store import Store
from fairtransfer.run.folder import views_of
from fairtransfer.run.pending import settled
from fairtransfer.run.plan import Plan, Training
from fairtransfer.run.sides import Sides, open_sides
from fairtransfer.stats import planning

DISCORDANT = 0.2
"""The share of cases assumed to change their answer, where nothing is known yet."""

BYTES_PER_SCORE = 4


@dataclass(frozen=True, slots=True)
class ModelForesight:
    """One strategy, or the model as published. `seconds` is what is left to do, None where nothing like it has run yet."""

    strategy: str
    budgets: tuple[str, ...]
    seeds: int
    jobs: int
    done: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class GroupForesight:
    """What one group's size could show.

    Attributes
    ----------
    detectable
        The smallest paired change that would be shown with 80 % power.
    needed
        Cases for a pass at the audit's smallest margin if nothing changes for the group; None without such a gate.
    """

    benchmark: str
    group: dict[str, str]
    cases: int
    units: int
    detectable: float
    needed: int | None


@dataclass(frozen=True, slots=True)
class SourceForesight:
    """A source that is trained here first: on how many rows, how many of its card are left out, and whether it is there."""

    id: str
    card: str
    train: int
    validation: int
    left_out: int
    done: bool


@dataclass(frozen=True, slots=True)
class Foresight:
    """A plan, looked at before it is run."""

    pending_jobs: int
    models: tuple[ModelForesight, ...]
    seconds: float | None
    disk: int
    groups: tuple[GroupForesight, ...]
    assumption: str
    source: SourceForesight | None = None

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self)


def foresee(plan: Plan, store: Store) -> Foresight:
    """Look at a plan: opens the data, but no model.

    Raises
    ------
    DefinitionError
        When the data contradicts its cards, or a label budget does not fit it.
    """
    from fairtransfer.errors import DefinitionError
    from fairtransfer.run.plan import budget_problems

    sides = open_sides(plan.files, plan.roots, plan.answers)
    if sides.learned is not None and (problems := budget_problems(plan.files, len(sides.learned.train))):
        raise DefinitionError(problems)
    done = {job.id for job in plan.jobs if settled(job, store)}
    models = _models(plan, store, done)
    known = [m.seconds for m in models]
    rows = sum(len(sides.judged[job.benchmark].part) for job in plan.jobs)
    disk = rows * (BYTES_PER_SCORE * len(plan.files.classes) + 40)
    groups = [
        g
        for card, ref in zip(plan.files.benchmarks, plan.audit.benchmarks, strict=True)
        for g in _groups(plan, card.card.id, sides.judged[card.card.id].part, views_of(plan, ref))
    ]
    comparisons = max(1, len(groups))
    assumption = (
        f"Assumes that {DISCORDANT:.0%} of the cases of a group change their answer, that rows of one unit are worth one "
        f"case, {comparisons} comparisons, and no spread between seeds; alpha {plan.audit.policy.alpha_run:g}."
    )
    total = None if None in known else sum(s for s in known if s is not None)
    source = _source(plan, sides, store)
    return Foresight(len(plan.jobs) - len(done), tuple(models), total, disk, tuple(groups), assumption, source)


def _source(plan: Plan, sides: Sides, store: Store) -> SourceForesight | None:
    made, card = plan.pretraining, plan.files.source
    if made is None or card is None or sides.source is None:
        return None
    rows = sides.source.rows
    left_out = sum(rows.ledger.excluded.values())
    done = store.result(made.id) is not None
    return SourceForesight(made.id, card.card.key, len(rows.train), len(rows.val), left_out, done)


def _models(plan: Plan, store: Store, done: set[str]) -> list[ModelForesight]:
    by_name: dict[str, list[Any]] = defaultdict(list)
    for job in plan.jobs:
        by_name[job.training.strategy or f"before ({job.training.kind})"].append(job)
    found = []
    for name, jobs in by_name.items():
        seen: dict[Training, float] = {}
        for job in jobs:
            if job.id in done and (folder := store.result(job.id)) is not None:
                cost = read_json(folder / "job.json")["cost"]
                seen[job.training] = cost["training"]["wall_seconds"] + cost["prediction"]["wall_seconds"]
        left = {job.training for job in jobs if job.id not in done}
        mean = sum(seen.values()) / len(seen) if seen else None
        seconds = 0.0 if not left or plan.answers is not None else None if mean is None else mean * len(left)
        budgets = tuple(dict.fromkeys(job.training.budget for job in jobs if job.training.budget))
        seeds = len({job.training.seed for job in jobs if job.training.seed is not None})
        found.append(ModelForesight(name, budgets, seeds, len(jobs), sum(job.id in done for job in jobs), seconds))
    return found


def _groups(plan: Plan, benchmark: str, part: Part, views: list[list[str]]) -> list[GroupForesight]:
    alpha = plan.audit.policy.alpha_run
    margins = [gate.margin for gate in plan.audit.gates if gate.kind in ("no_harm", "no_negative_transfer")]
    counted: list[tuple[dict[str, str], int, int]] = []
    for view in views:
        keys = list(zip(*(part.groups[name].tolist() for name in view), strict=True))
        units: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for key, unit in zip(keys, part.units, strict=True):
            units[key].add(unit)
        for key, cases in sorted(Counter(keys).items()):
            counted.append((dict(zip(view, key, strict=True)), cases, len(units[key])))
    needed = planning.n_paired(DISCORDANT, min(margins), alpha) if margins and min(margins) > 0 else None
    return [
        GroupForesight(
            benchmark, group, cases, units, planning.detectable_change(DISCORDANT, units, len(counted)), needed
        )
        for group, cases, units in counted
    ]
