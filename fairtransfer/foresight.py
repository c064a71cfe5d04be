"""What can be said before a run: what is done already, what the rest will take, what the groups' sizes could show."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from fairtransfer.data.sides import Part
from fairtransfer.evidence.store import Store
from fairtransfer.findings.candidate import seeds_in_words
from fairtransfer.formats import plural
from fairtransfer.gates.gate import Expected
from fairtransfer.gates.gate_design import GateDesign, designs_of
from fairtransfer.gates.gate_power import GatePower, power_of
from fairtransfer.gates.number_power import NumberGatePower, number_power_of
from fairtransfer.runner.disk import Disk, expected_disk
from fairtransfer.runner.folder import views_of
from fairtransfer.runner.job import Job, Plan
from fairtransfer.runner.judging import at_most, every_way
from fairtransfer.runner.opened_data import OpenedData
from fairtransfer.runner.times import Times, expected, known_rates
from fairtransfer.runner.todo import pending, settled
from fairtransfer.spec.audit import Audit
from fairtransfer.spec.choice import eligible, largest_budget, seed_roles
from fairtransfer.stages import Opened
from fairtransfer.stats import planning

NO_FORESIGHT = (
    "What groups of these sizes could show is not foreseen where the label is a number: it depends on its spread."
)
SPREAD_UNKNOWN = (
    "How many cases these gates take depends on how far errors spread, which is not known before an audit. With the standard "
    "deviation (sd) told, or a smaller one, all groups of a gate pass with 80% if nothing is wrong: no change, no gap, no lean, "
    "or half the limit. Seeds are taken not to differ. After an audit, what an open gate needs is told from the spread seen."
)

NOT_YET_CHOSEN = "whichever is chosen"


@dataclass(frozen=True, slots=True)
class ModelForesight:
    """One strategy, or the model as published. `seconds` is what is left to do, None where nothing like it has run yet.

    Attributes
    ----------
    again
        It is trained once more on seeds that choose nothing, or compared there with the model that is judged on them.
    """

    strategy: str
    budgets: tuple[str, ...]
    seeds: int
    jobs: int
    done: int
    seconds: float | None
    again: bool = False


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
    """What it costs that several evaluations share one benchmark's error rate: `price` times as many people.

    Attributes
    ----------
    seeds, wider
        Of a claim about a procedure: with so many seeds, how many times as wide it makes what they add to a bound.
    """

    alpha: float
    planned: int
    alpha_run: float
    price: float
    seeds: int | None
    wider: float | None


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
    jobs
        All of them; where it is not known yet which model will be chosen and judged on seeds of its own, the most there can be.
    choice
        Which seeds choose a model, and which judge it; empty where nothing is chosen by seeds.
    seconds
        What is left to do takes, in one process; None where it cannot be told, and `not_predicted` says why.
    disk
        What is left to do takes on disk, about.
    not_foreseen
        Gates whose chances are not told, as their metrics are made of scores.
    numbers
        Gates on predicted numbers, or on numbers of one's own, whose chances depend on a spread that is not known yet.
    """

    jobs: int
    pending_jobs: int
    models: tuple[ModelForesight, ...]
    seconds: float | None
    not_predicted: str
    disk: Disk
    groups: tuple[GroupForesight, ...]
    gates: tuple[GatePower, ...]
    not_foreseen: tuple[str, ...]
    reuse: Reuse
    assumption: str
    source: SourceForesight | None = None
    numbers: tuple[NumberGatePower, ...] = ()
    choice: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self)


def foresee(opened: Opened, assumed: Expected | None = None, *, probe: bool = False) -> Foresight:
    """Look at a plan with its data opened; opens no model unless times are to be found by a timing probe."""
    opened = opened.chosen()
    store, data, believed = opened.store, opened.data, assumed or Expected()
    every = pending(every_way(opened.plan), store)
    rates, not_predicted = known_rates(opened.plan, data, [training for training, _ in every], probe=probe)
    plan = at_most(opened.plan, store, data, rates)
    todo = pending(plan, store)
    times = expected(plan, store, data, todo, rates)
    blank = Foresight(
        jobs=len(plan.jobs),
        pending_jobs=sum(len(jobs) for _, jobs in todo),
        models=_models(plan, store, times, known=not opened.plan.judging),
        seconds=times.total,
        not_predicted=not_predicted,
        disk=expected_disk(plan, store, data, todo, rates),
        groups=(),
        gates=(),
        not_foreseen=(),
        reuse=_reuse(plan.audit),
        assumption="",
        source=_source(plan, data, store),
        choice=_choice(opened.plan),
    )
    return _with_chances(blank, plan, data, believed)


def _with_chances(blank: Foresight, plan: Plan, data: OpenedData, believed: Expected) -> Foresight:
    """Return what is foreseen with what each gate could come to."""
    designs = _designs(plan, data, believed)
    if plan.files.numeric:
        numbers = number_power_of(designs, plan.files.measured_in)
        return replace(blank, assumption=SPREAD_UNKNOWN if numbers else NO_FORESIGHT, numbers=numbers)
    numbers = number_power_of(designs, "")
    told = _assumption(designs, believed)
    told += f" {SPREAD_UNKNOWN.replace('errors spread', 'values spread')}" if numbers else ""
    left = tuple(dict.fromkeys(d.gate.id for d in designs if not d.foreseen and not d.gate.measures.of_values))
    groups, gates = _groups(plan, data, believed), power_of(designs)
    return replace(blank, groups=groups, gates=gates, not_foreseen=left, assumption=told, numbers=numbers)


def _choice(plan: Plan) -> str:
    """Return which seeds choose a model and which judge it, as far as that is known, in a sentence."""
    roles = seed_roles(plan.audit)
    if roles is None:
        return ""
    again = [job.training.strategy for job in plan.jobs if job.training.seed in roles.judging]
    names = [strategy.name for strategy in eligible(plan.audit) if strategy.name in again or plan.judging]
    chose, judge = map(seeds_in_words, (roles.choosing, roles.judging))
    known = len(names) == 1
    which = f"chose {names[0]}" if known else f"chooses one of {plural(len(names), 'strategy', 'strategies')}"
    longest = "" if known else " Jobs and times are those of the one that takes longest."
    return (
        f"On {chose} validation {which} at {largest_budget(plan.audit)} labels; trained again, it is judged on {judge}, "
        f"which have no part in the choice.{longest}"
    )


def _designs(plan: Plan, data: OpenedData, expected: Expected) -> list[GateDesign]:
    return [
        design
        for card, ref in zip(plan.files.benchmarks, plan.audit.benchmarks, strict=True)
        for design in designs_of(
            plan.audit.gates,
            card.card.id,
            ref.groups,
            data.judged[card.card.id].part,
            clustered=bool(card.card.unit),
            classes=plan.files.classes,
            positive=plan.files.positive_class,
            policy=plan.audit.policy,
            expected=expected,
        )
    ]


_CORRECTED = {
    "in_order": "a failure is corrected for the comparisons of its gate, at the gate's share of alpha",
    "each": "a failure is corrected for the comparisons of its gate",
    "together": "a failure is corrected for the comparisons of all gates",
}


def _assumption(designs: Sequence[GateDesign], expected: Expected) -> str:
    """Return what the chances rest on, in words; every gate says what it takes to be true, once each."""
    shares = {"change": expected.change, "error": expected.error, "given": 1 - expected.error}
    words = {name: f"{share:.0%}" for name, share in shares.items()}
    told = dict.fromkeys(design.gate.assumes.format(**words) for design in designs if design.foreseen)
    if not told:
        return f"Assumes that {words['change']} of the cases change their answer, and that seeds do not differ."
    return (
        f"Assumes that {'; '.join(told)}. Rows of one unit count as one case, seeds do not differ, the mix of groups stays "
        f"as it is, and {_CORRECTED[designs[0].policy.failures]}."
    )


def _reuse(audit: Audit) -> Reuse:
    policy = audit.policy
    price = planning.price_of_reuse(policy.planned_evaluations, policy.alpha)
    seeds = len(audit.seeds) if audit.claim == "procedure" and len(audit.seeds) > 1 else None
    wider = planning.price_in_seeds(policy.planned_evaluations, policy.alpha, seeds) if seeds else None
    return Reuse(policy.alpha, policy.planned_evaluations, policy.alpha_run, price, seeds, wider)


def _source(plan: Plan, data: OpenedData, store: Store) -> SourceForesight | None:
    made, card = plan.pretraining, plan.files.source
    if made is None or card is None or data.source is None:
        return None
    rows = data.source.rows
    left_out = sum(rows.ledger.excluded.values())
    done = store.result(made.id) is not None
    return SourceForesight(made.id, card.card.key, len(rows.train), len(rows.val), left_out, done)


def _models(plan: Plan, store: Store, times: Times, *, known: bool) -> tuple[ModelForesight, ...]:
    """Return what is trained; of what is trained again, `known` says whether it is settled which strategy that is."""
    by_name: dict[tuple[str, bool], list[Job]] = defaultdict(list)
    roles, chosen = seed_roles(plan.audit), [strategy.name for strategy in eligible(plan.audit)]
    for job in plan.jobs:
        again = roles is not None and job.training.seed in roles.judging
        name = job.training.strategy or f"before ({job.training.kind})"
        by_name[NOT_YET_CHOSEN if again and not known and name in chosen else name, again].append(job)
    found = []
    for (name, again), jobs in by_name.items():
        left = [times.each[t] for t in dict.fromkeys(job.training for job in jobs) if t in times.each]
        told = [seconds for seconds in left if seconds is not None]
        budgets = tuple(dict.fromkeys(job.training.budget for job in jobs if job.training.budget))
        seeds = len({job.training.seed for job in jobs if job.training.seed is not None})
        done = sum(settled(job, store) for job in jobs)
        total = sum(told) if len(told) == len(left) else None
        found.append(ModelForesight(name, budgets, seeds, len(jobs), done, total, again))
    return tuple(found)


def _groups(plan: Plan, data: OpenedData, expected: Expected) -> tuple[GroupForesight, ...]:
    found = [
        (card.card.id, *counted)
        for card, ref in zip(plan.files.benchmarks, plan.audit.benchmarks, strict=True)
        for counted in _sizes(data.judged[card.card.id].part, views_of(plan, ref))
    ]

    def smallest(units: int) -> float:
        return min(planning.detectable_change(expected.change, units, len(found)), 1.0)

    return tuple(GroupForesight(*row, smallest(row[-1])) for row in found)


def _sizes(part: Part, views: list[list[str]]) -> Iterator[tuple[dict[str, str], int, int]]:
    """Yield every group with its cases and units."""
    for view in views:
        keys = list(zip(*(part.groups[name] for name in view), strict=True))
        units: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for key, unit in zip(keys, part.units, strict=True):
            units[key].add(unit)
        for key, cases in sorted(Counter(keys).items()):
            yield dict(zip(view, key, strict=True)), cases, len(units[key])
