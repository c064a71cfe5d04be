"""What can be said before a run: what is done already, what the rest will take, what the groups' sizes could show."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fairtransfer.data.sides import Part
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.store import Store
from fairtransfer.formats import plural
from fairtransfer.run.folder import budgets_of, views_of
from fairtransfer.run.pending import pending, settled
from fairtransfer.run.plan import Job, Plan, Training, budget_problems
from fairtransfer.run.prospects import Expected, GateProspect, Scene, family_of, gate_prospects, scenes_of
from fairtransfer.run.rates import Rates, kind_of_work, read_rates, write_rates
from fairtransfer.run.sides import Sides, open_sides
from fairtransfer.spec.gates import Policy
from fairtransfer.stats import planning

BYTES_PER_SCORE = 4
BYTES_PER_NUMBER = 8
NO_FORESIGHT = (
    "What groups of these sizes could show is not foreseen where the label is a number: it depends on its spread."
)

Todo = Sequence[tuple[Training, Sequence[Job]]]


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
    """A plan, looked at before it is run.

    Attributes
    ----------
    seconds
        What is left to do takes, in one process; None where it cannot be told, and `not_predicted` says why.
    disk
        Bytes the answers of all jobs take, about.
    not_foreseen
        Gates whose chances are not told, as their metrics are made of scores.
    """

    pending_jobs: int
    models: tuple[ModelForesight, ...]
    seconds: float | None
    not_predicted: str
    disk: int
    groups: tuple[GroupForesight, ...]
    gates: tuple[GateProspect, ...]
    not_foreseen: tuple[str, ...]
    reuse: Reuse
    assumption: str
    source: SourceForesight | None = None

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self)


def foresee(plan: Plan, store: Store, assumed: Expected | None = None, *, rehearse: bool = False) -> Foresight:
    """Look at a plan: opens the data, and no model unless times are to be found in a rehearsal.

    Raises
    ------
    DefinitionError
        When the data contradicts its cards, or a label budget does not fit it.
    """
    sides = open_sides(plan.files, plan.roots, plan.answers)
    if sides.learned is not None and (problems := budget_problems(plan.files, len(sides.learned.train))):
        raise DefinitionError(problems)
    todo = pending(plan, store)
    rates, why = _rates(plan, sides, [training for training, _ in todo], rehearse=rehearse)
    times = expected(plan, store, sides, todo, rates)
    waiting = sum(len(jobs) for _, jobs in todo)
    rows = sum(len(sides.judged[job.benchmark].part) for job in plan.jobs)
    reuse = _reuse(plan.audit.policy)
    if plan.files.numeric:
        disk = rows * (2 * BYTES_PER_NUMBER + 40)
        return Foresight(waiting, _models(plan, store, times), times.total, why, disk, (), (), (), reuse, NO_FORESIGHT)
    disk = rows * (BYTES_PER_SCORE * len(plan.files.classes) + 40)
    believed = assumed or Expected()
    scenes = _scenes(plan, sides, believed)
    groups, gates = _groups(plan, sides, believed), gate_prospects(scenes)
    told = _assumption(gates, believed, family_of(scenes))
    left = tuple(dict.fromkeys(scene.gate.id for scene in scenes if not scene.foreseen))
    source = _source(plan, sides, store)
    return Foresight(
        waiting, _models(plan, store, times), times.total, why, disk, groups, gates, left, reuse, told, source
    )


def _scenes(plan: Plan, sides: Sides, expected: Expected) -> list[Scene]:
    return [
        scene
        for card, ref in zip(plan.files.benchmarks, plan.audit.benchmarks, strict=True)
        for scene in scenes_of(
            plan.audit.gates,
            card.card.id,
            ref.groups,
            sides.judged[card.card.id].part,
            clustered=bool(card.card.unit),
            classes=plan.files.classes,
            positive=plan.files.positive_class,
            policy=plan.audit.policy,
            expected=expected,
        )
    ]


def _assumption(gates: Sequence[GateProspect], expected: Expected, comparisons: int) -> str:
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
    if "ratio" in kinds:
        given = f"{1 - expected.error:.0%} of the cases of every group are given the class of `ratio`"
        told.append(f"{given}; its harm is as far below the limit as equal rates lie above it")
    return (
        f"Assumes that {'; '.join(told)}. Rows of one unit count as one case, seeds do not differ, the mix of groups stays "
        f"as it is, and a failure is corrected for {plural(comparisons, 'comparison')}."
    )


def _reuse(policy: Policy) -> Reuse:
    price = planning.price_of_reuse(policy.planned_evaluations, policy.alpha)
    return Reuse(policy.alpha, policy.planned_evaluations, policy.alpha_run, price)


def _source(plan: Plan, sides: Sides, store: Store) -> SourceForesight | None:
    made, card = plan.pretraining, plan.files.source
    if made is None or card is None or sides.source is None:
        return None
    rows = sides.source.rows
    left_out = sum(rows.ledger.excluded.values())
    done = store.result(made.id) is not None
    return SourceForesight(made.id, card.card.key, len(rows.train), len(rows.val), left_out, done)


@dataclass(frozen=True)
class Times:
    """How long what is left to do will take, in one process.

    Attributes
    ----------
    each
        Seconds of every pending training; None where nothing like it has been timed.
    shared
        Seconds for what all of them share.
    """

    each: Mapping[Training, float | None]
    shared: float

    @property
    def total(self) -> float | None:
        """All of it; None as soon as a part is not known."""
        known = [seconds for seconds in self.each.values() if seconds is not None]
        return None if len(known) < len(self.each) else sum(known) + self.shared


def expected(plan: Plan, store: Store, sides: Sides, todo: Todo, rates: Rates | None) -> Times:
    """Return how long what is pending will take: as trainings like it took, else as a rehearsal says."""
    if plan.answers is not None or not todo:
        return Times({training: 0.0 for training, _ in todo}, 0.0)
    took = _took(plan, store)
    labels = {b["written"]: b["labels"] for b in budgets_of(plan, sides)}
    side = sides.adaptation
    each: dict[Training, float | None] = {}
    for training, jobs in todo:
        judged = sum(len(sides.judged[job.benchmark].part) for job in jobs)
        like = took.get((training.strategy, training.budget))
        guess = None if rates is None else rates.seconds(training, side, labels.get(training.budget) or 0, judged)
        each[training] = like if like is not None else guess
    every = sum(len(judged_side.part) for judged_side in sides.judged.values())
    return Times(each, rates.shared(side, every) if rates else 0.0)


def _took(plan: Plan, store: Store) -> dict[tuple[str, str], float]:
    """Return the mean time of finished trainings by strategy and label budget."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for training, jobs in plan.by_training():
        folder = next((folder for job in jobs if (folder := store.result(job.id)) is not None), None)
        if folder is not None:
            cost = read_json(folder / "job.json")["cost"]
            seconds = cost["training"]["wall_seconds"] + cost["prediction"]["wall_seconds"]
            found[training.strategy, training.budget].append(seconds)
    return {key: sum(values) / len(values) for key, values in found.items()}


def _rates(plan: Plan, sides: Sides, trainings: Sequence[Training], *, rehearse: bool) -> tuple[Rates | None, str]:
    """Return what is known of this machine, and why it is not all; rehearses what is not known, if it may."""
    if plan.answers is not None or not trainings:
        return None, ""
    known = read_rates(plan)
    works = known.works if known else {}
    missing = [training for training in trainings if kind_of_work(training) not in works]
    if not missing or not rehearse:
        return known, "" if not missing else "without a probe nothing is known of work that has not run yet"
    from fairtransfer.run.extras import missing_for_training

    if (absent := missing_for_training(plan.audit)) is not None:
        return known, str(absent)
    from fairtransfer.run.rehearsal import rehearse as timed  # imports torch

    try:
        rates = timed(plan, sides, missing, known)
    except DefinitionError as error:
        return known, f"the run will refuse: {error.problems[0].found}"
    write_rates(plan, rates)
    left = any(kind_of_work(training) not in rates.works for training in missing)
    return rates, "some kind of work failed in the probe" if left else ""


def _models(plan: Plan, store: Store, times: Times) -> tuple[ModelForesight, ...]:
    by_name: dict[str, list[Job]] = defaultdict(list)
    for job in plan.jobs:
        by_name[job.training.strategy or f"before ({job.training.kind})"].append(job)
    found = []
    for name, jobs in by_name.items():
        left = [times.each[t] for t in dict.fromkeys(job.training for job in jobs) if t in times.each]
        known = [seconds for seconds in left if seconds is not None]
        budgets = tuple(dict.fromkeys(job.training.budget for job in jobs if job.training.budget))
        seeds = len({job.training.seed for job in jobs if job.training.seed is not None})
        done = sum(settled(job, store) for job in jobs)
        total = sum(known) if len(known) == len(left) else None
        found.append(ModelForesight(name, budgets, seeds, len(jobs), done, total))
    return tuple(found)


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
