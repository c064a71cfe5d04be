"""The second stage of a plan: the model that validation chose is trained again, on seeds that had no part in the choice."""

from __future__ import annotations

from dataclasses import replace

from fairtransfer.evidence.jobs.choice import choice_of
from fairtransfer.evidence.jobs.records import read_job
from fairtransfer.evidence.store import Store
from fairtransfer.runner.cost import expected_work
from fairtransfer.runner.job import Job, Plan
from fairtransfer.runner.opened_data import OpenedData
from fairtransfer.runner.rates import Rates
from fairtransfer.runner.times import expected
from fairtransfer.runner.todo import pending
from fairtransfer.spec.strategies import strategy_kind


def follows(plan: Plan, store: Store) -> bool:
    """Say whether it is known what is to be trained again: all that the choice rests on has ended."""
    return bool(plan.judging) and not pending(plan, store)


def with_judging(plan: Plan, store: Store) -> Plan:
    """Return the plan with the jobs that follow from what its own came to; with none where none of them came to anything."""
    found = (store.result(job.id) for job in plan.jobs)
    choice = choice_of(plan.audit, [read_job(folder) for folder in found if folder is not None])
    wanted = () if choice is None else if_chosen(plan, choice.model[0])
    return replace(plan, jobs=(*plan.jobs, *wanted), judging=())


def if_chosen(plan: Plan, strategy: str) -> tuple[Job, ...]:
    """Return the jobs that would follow if a strategy were chosen."""
    return tuple(job for job in plan.judging if _of(job, strategy))


def every_way(plan: Plan) -> Plan:
    """Return the plan with all that may follow, whichever model is chosen."""
    return replace(plan, jobs=(*plan.jobs, *plan.judging), judging=())


def at_most(plan: Plan, store: Store, data: OpenedData, rates: Rates | None) -> Plan:
    """Return the plan as if that strategy were chosen that takes longest to train again, or has most work if no time is known."""
    whole = every_way(plan)
    seconds = expected(whole, store, data, pending(whole, store), rates).each
    names = dict.fromkeys(job.training.strategy for job in plan.judging if job.training.strategy)

    def longest(jobs: tuple[Job, ...]) -> tuple[float, float]:
        trainings = list(dict.fromkeys(job.training for job in jobs))
        known = [seconds.get(training) or 0.0 for training in trainings]
        return sum(known), sum(expected_work(training, 1) for training in trainings)

    wanted = max((if_chosen(plan, name) for name in names), key=longest, default=())
    return replace(plan, jobs=(*plan.jobs, *wanted), judging=())


def _of(job: Job, strategy: str) -> bool:
    """Say whether a job is one of a chosen strategy, or of what it is compared with: the model before, and from scratch."""
    training = job.training
    return training.stage == "before" or training.strategy == strategy or strategy_kind(training.kind).from_scratch
