"""How long work takes on this machine: what a timing probe found, kept between plans, and what follows for a training."""

from __future__ import annotations

import math
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import platformdirs

from fairtransfer.data.sides import AdaptationData
from fairtransfer.evidence.canonical import digest, read_json, write_json
from fairtransfer.models import Checkpoint
from fairtransfer.runner.asked import training_in
from fairtransfer.runner.foreign import code_of, plugins_of
from fairtransfer.runner.job import Plan, Training
from fairtransfer.runner.machine import code_digest, libraries, processor
from fairtransfer.spec.grids import grid_of, settings_in, trained_with

LOOKS = 3
"""How often a training looks at its validation rows."""

PROBED_ROWS = 128
"""Rows of the adaptation set that are timed with."""


@dataclass(frozen=True, slots=True)
class Work:
    """How long one kind of training takes.

    Attributes
    ----------
    start
        Seconds before its first step, or for all of it where it has no steps, on the rows of the probe.
    step
        Seconds of a step; None where it has none.
    kept
        Bytes of hidden states that are kept of all rows of the data, by layer.
    """

    start: float
    step: float | None
    kept: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Rates:
    """What is known of this machine, this model and this data.

    Attributes
    ----------
    load
        Seconds to open the model.
    forward
        Seconds to answer one row.
    works
        By kind of work (`kind_of_work`).
    features
        Bytes of the features of all rows, which are kept.
    temporary
        Bytes of temporary files that hold all rows as the network takes them.
    """

    load: float = 0.0
    forward: float = 0.0
    works: dict[str, Work] = field(default_factory=dict)
    features: int = 0
    temporary: int = 0

    def seconds(self, training: Training, side: AdaptationData, labels: int, judged: int) -> float | None:
        """Return how long a training and its answers will take, without what it shares with others; None if not known."""
        work = self.works.get(kind_of_work(training))
        if work is None:
            return None
        steps = steps_of(training, labels)
        if work.step is None or not steps:
            return work.start * max(1.0, labels / min(PROBED_ROWS, len(side.train)))
        looks = LOOKS * min(labels, len(side.val))
        one_setting = work.start + steps * work.step + looks * self.forward
        return settings_in(training.options) * one_setting + judged * self.forward

    def shared(self, side: AdaptationData, judged: int) -> float:
        """Return how long it takes to open the model and to pass every row through it once."""
        return self.load + self.forward * (len(side.train) + len(side.val) + judged)


def kind_of_work(training: Training) -> str:
    """Return a name that trainings share which differ in labels and seed only, and in how many settings they try."""
    return digest([training.stage, training.kind, first_setting(training).options])[:16]


def first_setting(training: Training) -> Training:
    """Return a training with the first setting of its grid, which stands for all in what it takes."""
    if settings_in(training.options) == 1:
        return training
    inside = trained_with(training.options)
    first = {**inside, **grid_of(inside)[0]}
    own = first if inside is training.options else {**training.options, "training": first}
    return replace(training, options=own)


def steps_of(training: Training, labels: int) -> int:
    """Return how many steps a setting of a training takes; 0 where it takes none."""
    asked = training_in(training)
    if asked is None:
        return 0
    return sum(max(epochs * math.ceil(labels / asked.batch_size), asked.min_steps) for epochs in asked.lengths)


def rates_file(plan: Plan) -> Path:
    """Return where the rates of a plan's machine, model and data are kept."""
    known = {
        "code": code_digest(),
        "libraries": libraries(plan.audit.model.family),
        "machine": [plan.machine.device, plan.machine.precision, processor(), os.cpu_count(), _threads()],
        "model": [_shape(plan.checkpoint), plan.audit.model.max_tokens],
        **code_of(plugins_of(plan.files)),
        "data": [plan.audit.training_set.split, plan.rows.adapted_on, *plan.rows.judged],
    }
    folder = os.environ.get("FT_CACHE_DIR") or platformdirs.user_cache_path("fairtransfer")
    return Path(folder) / "rates" / f"{digest(known)[:32]}.json"


def _shape(checkpoint: Checkpoint) -> list[tuple[str, str]]:
    """Return what decides a model's time: all of it but its weights, so that a source trained here is timed before it is."""
    return sorted(part for part in checkpoint.files.items() if not part[0].endswith(".safetensors"))


def _threads() -> str:
    return os.environ.get("OMP_NUM_THREADS", "")


def read_rates(plan: Plan) -> Rates | None:
    """Return what is known already."""
    path = rates_file(plan)
    if not path.is_file():
        return None
    told: dict[str, Any] = read_json(path)
    return Rates(**{**told, "works": {name: Work(**work) for name, work in told["works"].items()}})


def write_rates(plan: Plan, rates: Rates) -> None:
    """Keep what was found."""
    path = rates_file(plan)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(rates))
