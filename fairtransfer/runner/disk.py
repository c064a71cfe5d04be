"""How much disk an audit takes: what is foreseen before it runs, and what a store holds."""

from __future__ import annotations

from dataclasses import dataclass

from fairtransfer.evidence.store import Store
from fairtransfer.runner.job import Plan
from fairtransfer.runner.opened_data import OpenedData
from fairtransfer.runner.rates import Rates, kind_of_work
from fairtransfer.runner.times import Todo

BYTES_PER_SCORE = 4
BYTES_PER_NUMBER = 8
BYTES_PER_ROW = 40
"""Of a row of answers: its id, label and answer."""

BYTES_PER_JOB = 4096
"""Of the records beside the answers."""


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes that what is left to do takes, about.

    Attributes
    ----------
    answers
        Answers and records in the store; the run's folder holds a copy.
    kept
        What the pretrained network makes of the rows, kept for later jobs and audits; None where that is not known.
    weights
        Of a source that is trained first.
    temporary
        Transformed pictures in files that go with the process; None where that is not known.
    """

    answers: int
    kept: int | None
    weights: int
    temporary: int | None

    @property
    def stored(self) -> int | None:
        """How much the store grows; None where a part is not known."""
        return None if self.kept is None else self.answers + self.kept + self.weights


def expected_disk(plan: Plan, store: Store, data: OpenedData, todo: Todo, rates: Rates | None) -> Disk:
    """Return what the pending jobs will take; of what the network makes of rows, as much as if nothing were kept yet."""
    jobs = [job for _, jobs in todo for job in jobs]
    scores = 2 * BYTES_PER_NUMBER if plan.files.numeric else BYTES_PER_SCORE * len(plan.files.classes)
    rows = sum(len(data.judged[job.benchmark].part) for job in jobs)
    answers = rows * (scores + BYTES_PER_ROW) + len(jobs) * BYTES_PER_JOB
    if plan.predictions is not None or not todo:
        return Disk(answers, 0, 0, 0)
    made = plan.pretraining
    weights = _weights(plan) if made is not None and store.result(made.id) is None else 0
    kinds = {kind_of_work(training) for training, _ in todo}
    if rates is None or not kinds <= rates.works.keys():
        return Disk(answers, None, weights, None)
    layers = {layer: size for kind in kinds for layer, size in rates.works[kind].kept.items()}
    return Disk(answers, rates.features + sum(layers.values()), weights, rates.temporary)


def _weights(plan: Plan) -> int:
    return sum(
        (plan.checkpoint.folder / name).stat().st_size
        for name in plan.checkpoint.files
        if name.endswith(".safetensors")
    )


def used(store: Store) -> int:
    """Return how many bytes a store holds."""
    return sum(path.stat().st_size for path in store.folder.rglob("*") if path.is_file())
