"""What can be said before a run: what is done already, what the rest will take, what the groups' sizes could show."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fairtransfer.data.sides import Part
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.store import Store
from fairtransfer.formats import plural
from fairtransfer.run.folder import views_of
from fairtransfer.run.pending import settled
from fairtransfer.run.plan import Plan, Training
from fairtransfer.run.prospects import Expected, GateProspect, gate_prospects, scenes_of
from fairtransfer.run.sides import Sides, open_sides
from fairtransfer.spec.gates import Policy
from fairtransfer.stats import planning

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
    """What one group's size could show: the smallest paired change that would be told from none with 80 % power."""

    benchmark: str
    group: dict[str, str]
    cases: int
    units: int
    detectable: float


@dataclass(frozen=True, slots=True)
class Reuse:
    """What it costs that several evaluations share one benchmark's error rate: `price` times as many people."""

    alpha: float
    planned: int
    alpha_run: float
    price: float


@dataclass(frozen=True, slots=True)
class Foresight:
    """A plan, looked at before it is run."""

    pending_jobs: int
    models: tuple[ModelForesight, ...]
    seconds: float | None
    disk: int
    groups: tuple[GroupForesight, ...]
    gates: tuple[GateProspect, ...]
    reuse: Reuse
    assumption: str

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self)


def foresee(plan: Plan, store: Store, expected: Expected | None = None) -> Foresight:
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
    total = None if None in known else sum(s for s in known if s is not None)
    assumed = expected or Expected()
    groups, gates = _groups(plan, sides, assumed), _gates(plan, sides, assumed)
    told = _assumption(gates, assumed)
    return Foresight(
        len(plan.jobs) - len(done), tuple(models), total, disk, groups, gates, _reuse(plan.audit.policy), told
    )


def _gates(plan: Plan, sides: Sides, expected: Expected) -> tuple[GateProspect, ...]:
    scenes = [
        scene
        for card, ref in zip(plan.files.benchmarks, plan.audit.benchmarks, strict=True)
        for scene in scenes_of(
            plan.audit.gates,
            card.card.id,
            ref.groups,
            sides.judged[card.card.id].part,
            clustered=bool(card.card.unit),
            classes=plan.files.classes,
            policy=plan.audit.policy,
            expected=expected,
        )
    ]
    return gate_prospects(scenes)


def _assumption(gates: Sequence[GateProspect], expected: Expected) -> str:
    """Return what the chances rest on, in words."""
    if not gates:
        return f"Assumes that {expected.change:.0%} of the cases change their answer, and that seeds do not differ."
    kinds, told = {gate.kind for gate in gates}, []
    if kinds & {"no_harm", "no_negative_transfer"}:
        told.append(f"{expected.change:.0%} of the cases change their answer, as many for the better as for the worse")
    if "gap" in kinds:
        told.append(f"{expected.error:.0%} of the cases are served badly in every group")
    if "worst_group" in kinds:
        told.append("in `worst_group` half the limit means nothing is wrong, and once and a half the limit is the harm")
    comparisons = sum(len(gate.groups) for gate in gates)
    return (
        f"Assumes that {'; '.join(told)}. Rows of one unit count as one case, seeds do not differ, the mix of groups stays "
        f"as it is, and a failure is corrected for {plural(comparisons, 'comparison')}."
    )


def _reuse(policy: Policy) -> Reuse:
    price = planning.price_of_reuse(policy.planned_evaluations, policy.alpha)
    return Reuse(policy.alpha, policy.planned_evaluations, policy.alpha_run, price)


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


def _groups(plan: Plan, sides: Sides, expected: Expected) -> tuple[GroupForesight, ...]:
    found = [
        (card.card.id, *counted)
        for card, ref in zip(plan.files.benchmarks, plan.audit.benchmarks, strict=True)
        for counted in _sizes(sides.judged[card.card.id].part, views_of(plan, ref))
    ]

    def smallest(units: int) -> float:
        return min(planning.detectable_change(expected.change, units, len(found)), 1.0)

    return tuple(GroupForesight(*row, smallest(row[-1])) for row in found)


def _sizes(part: Part, views: list[list[str]]) -> Iterator[tuple[dict[str, str], int, int]]:
    """Yield every group with its cases and units."""
    for view in views:
        keys = list(zip(*(part.groups[name].tolist() for name in view), strict=True))
        units: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for key, unit in zip(keys, part.units, strict=True):
            units[key].add(unit)
        for key, cases in sorted(Counter(keys).items()):
            yield dict(zip(view, key, strict=True)), cases, len(units[key])
