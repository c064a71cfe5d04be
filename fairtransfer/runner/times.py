"""How long what is left to do will take: as trainings like it took, else as a timing probe says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.store import Store
from fairtransfer.runner.extras import missing_for_training
from fairtransfer.runner.folder import budgets_of
from fairtransfer.runner.job import Job, Plan, Training
from fairtransfer.runner.opened_data import OpenedData
from fairtransfer.runner.rates import Rates, kind_of_work, read_rates, write_rates

Todo = Sequence[tuple[Training, Sequence[Job]]]


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


def expected(plan: Plan, store: Store, data: OpenedData, todo: Todo, rates: Rates | None) -> Times:
    """Return how long what is pending will take: as trainings like it took, else as a timing probe says."""
    if plan.predictions is not None or not todo:
        return Times({training: 0.0 for training, _ in todo}, 0.0)
    took = _took(plan, store)
    labels = {b["written"]: b["labels"] for b in budgets_of(plan, data)}
    side = data.adaptation
    each: dict[Training, float | None] = {}
    for training, jobs in todo:
        judged = sum(len(data.judged[job.benchmark].part) for job in jobs)
        like = took.get((training.strategy, training.budget))
        guess = None if rates is None else rates.seconds(training, side, labels.get(training.budget) or 0, judged)
        each[training] = like if like is not None else guess
    every = sum(len(judged_side.part) for judged_side in data.judged.values())
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


def known_rates(
    plan: Plan, data: OpenedData, trainings: Sequence[Training], *, probe: bool
) -> tuple[Rates | None, str]:
    """Return what is known of this machine, and why it is not all; times what is not known, if it may probe."""
    if plan.predictions is not None or not trainings:
        return None, ""
    known = read_rates(plan)
    works = known.works if known else {}
    missing = [training for training in trainings if kind_of_work(training) not in works]
    if not missing or not probe:
        return known, "" if not missing else "without a probe nothing is known of work that has not run yet"
    if (absent := missing_for_training(plan.audit)) is not None:
        return known, str(absent)
    from fairtransfer.runner.timing_probe import probe as timed  # imports torch

    rates = timed(plan, data, missing, known)
    write_rates(plan, rates)
    left = any(kind_of_work(training) not in rates.works for training in missing)
    return rates, "some kind of work failed in the probe" if left else ""
