"""A timing probe: the first steps of every kind of training, on a few rows, timed. Nothing of it is kept but times and sizes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import final

from fairtransfer.adapt.budgets import budget_rows
from fairtransfer.adapt.feature_cache import Kept
from fairtransfer.adapt.frozen_blocks import LIMIT
from fairtransfer.adapt.hardware import Hardware
from fairtransfer.adapt.strategy import Diverged, OneClass
from fairtransfer.data.sides import AdaptationData, Part
from fairtransfer.runner.job import Plan, Training
from fairtransfer.runner.network_checks import check_network
from fairtransfer.runner.opened_data import OpenedData
from fairtransfer.runner.rates import PROBED_ROWS, Rates, Work, first_setting, kind_of_work, steps_of
from fairtransfer.runner.session import Session
from fairtransfer.spec.strategies import strategy_kind

STEPS_AN_EPOCH = 2
MOST_PROBED_STEPS = 64
"""Steps that are timed where they cost more from epoch to epoch; what is not reached costs as the last that was."""

BYTES_PER_FEATURE = 4

FORWARD_ROWS = 512
"""Rows that are passed through once, at least, where there are so many: fewer make batches of more varied length than all do."""

PROBED_STEPS = 6
"""Steps that are timed; the first of them warms up and does not count."""


class _Enough(Exception):
    """As many steps were timed as were wanted."""


def probe(plan: Plan, data: OpenedData, trainings: Sequence[Training], known: Rates | None) -> Rates:
    """Return the rates of these trainings, adding to what is known.

    A kind of work that fails is left out: the run will say why, and it may be the few rows.
    """
    side, scales = _sample(data.adaptation, PROBED_ROWS), Scales()
    hardware = Hardware(plan.machine.device, plan.machine.precision)
    session = Session(plan, replace(data, learned=side, judged={}), hardware, shelf=scales)
    sets = _sizes(data)
    began = time.perf_counter()
    _ = session.backbone
    rates = known or Rates(load=time.perf_counter() - began)
    check_network(session, trainings)
    if known is None:
        rates.forward = _forward(session, data.adaptation.train)
        rates.features = BYTES_PER_FEATURE * session.backbone.dim * sum(sets)
        rates.temporary = sum(map(session.prepared(side.train).filed, sets))
    for training in {kind_of_work(t): first_setting(t) for t in trainings}.values():
        uneven = training.stage == "after" and not strategy_kind(training.kind).even_steps
        work = _stepwise if uneven else _work
        # Each kind of training is to say for itself what it has kept.
        scales.states.clear()
        session.frozen.entered.clear()
        try:
            rates.works[kind_of_work(training)] = replace(work(session, training), kept=scales.of_all(sets))
        except (Diverged, OneClass, ArithmeticError, MemoryError, RuntimeError, ValueError):
            continue
    return rates


@final
class Scales:
    """A shelf that keeps nothing, and weighs what it is given.

    Attributes
    ----------
    states
        Bytes of a row's hidden states, by layer.
    """

    def __init__(self) -> None:
        self.states: dict[str, float] = {}

    def find(self, rows: str, layer: str) -> Kept | None:  # noqa: ARG002  # the interface
        """Find nothing."""
        return None

    def keep(self, rows: str, layer: str, tensors: Kept) -> None:  # noqa: ARG002  # the interface
        """Weigh hidden states; features weigh what their width says."""
        if "sizes" in tensors:
            self.states[layer] = tensors["states"].nbytes / len(tensors["sizes"])

    def of_all(self, sets: Sequence[int]) -> dict[str, int]:
        """Return the bytes of sets of so many rows by layer, of those sets whose states are within what is kept."""
        return {
            layer: int(sum(n * of_row for n in sets if n * of_row <= LIMIT)) for layer, of_row in self.states.items()
        }


def _sizes(data: OpenedData) -> list[int]:
    """Return how many rows each set has that passes through the network as one."""
    return [len(part) for part in (data.adaptation.train, data.adaptation.val, *(s.part for s in data.judged.values()))]


def _sample(side: AdaptationData, rows: int) -> AdaptationData:
    """Return a few rows of every class."""
    train, val = (part.take(budget_rows(part.y, rows, 0)) for part in (side.train, side.val))
    return replace(side, train=train, val=val)


def _forward(session: Session, part: Part) -> float:
    """Return the seconds a row takes, passed through in the batches all rows are: large ones, of similar length."""
    few = part.take(range(0, len(part), max(1, len(part) // FORWARD_ROWS)))
    prepared, network = session.backbone.prepare(few.inputs), session.backbone.pretrained()
    # Twice: what a batch of a new shape costs the first time is nothing where thousands of rows share few shapes.
    session.runner.features(network, prepared)
    began = time.perf_counter()
    session.runner.features(network, prepared)
    return (time.perf_counter() - began) / len(prepared)


def _work(session: Session, training: Training) -> Work:
    stepping = steps_of(training, PROBED_ROWS) > 0
    if not stepping:
        session.adapt(training, lambda _: None)  # takes the frozen features, which are counted elsewhere
        session.frozen.heads.clear()
    times = [time.perf_counter()]

    def step(share: float) -> None:
        times.append(time.perf_counter())
        if stepping and share < 1 and len(times) > PROBED_STEPS + 1:
            raise _Enough

    with suppress(_Enough):
        session.adapt(training, step)
    if not stepping or len(times) < 4:
        return Work(time.perf_counter() - times[0], None)
    return Work(times[1] - times[0], median(later - earlier for earlier, later in pairwise(times[2:])))


def _stepwise(session: Session, training: Training) -> Work:
    """Return what a step takes in the mean of all epochs, from a few steps of each: the schedule of the training, made short.

    The quicker step of an epoch counts: another may have looked at validation rows, which are counted elsewhere.
    """
    epochs, size = training.options["epochs"], training.options["batch_size"]
    side = _sample(session.data.adaptation, min(PROBED_ROWS, STEPS_AN_EPOCH * size))
    few = Session(session.plan, replace(session.data, learned=side), session.hardware, shelf=session.shelf)
    few.backbone = session.backbone
    short = replace(training, options={**training.options, "min_steps": STEPS_AN_EPOCH * epochs})
    times = [time.perf_counter()]

    def step(share: float) -> None:
        times.append(time.perf_counter())
        if share < 1 and len(times) > MOST_PROBED_STEPS:
            raise _Enough

    with suppress(_Enough):
        few.adapt(short, step)
    # The first step, which warms up, is in the start.
    took = [later - earlier for earlier, later in pairwise(times)][1:]
    each = [took[0], *(min(took[i : i + STEPS_AN_EPOCH]) for i in range(1, len(took), STEPS_AN_EPOCH))]
    return Work(times[1] - times[0], (sum(each) + (epochs - len(each)) * each[-1]) / epochs)
