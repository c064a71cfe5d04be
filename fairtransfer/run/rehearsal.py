"""A rehearsal: the first steps of every kind of training, on a few rows, timed. Nothing of it is kept but the times."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from statistics import median

from fairtransfer.adapt.budgets import budget_rows
from fairtransfer.adapt.hardware import Hardware
from fairtransfer.adapt.loop import subset
from fairtransfer.adapt.strategy import Diverged, Labelled, OneClass
from fairtransfer.data.sides import AdaptationSide
from fairtransfer.run.plan import Plan, Training
from fairtransfer.run.rates import ROWS, Rates, Work, kind_of_work, steps_of
from fairtransfer.run.session import Session
from fairtransfer.run.sides import Sides

STEPS = 6
"""Steps that are timed; the first of them warms up and does not count."""


class _Enough(Exception):
    """As many steps were timed as were wanted."""


def rehearse(plan: Plan, sides: Sides, trainings: Sequence[Training], known: Rates | None) -> Rates:
    """Return the rates of these trainings, adding to what is known.

    A kind of work that fails is left out: the run will say why, and it may be the few rows.
    """
    side = _sample(sides.adaptation)
    session = Session(
        plan, replace(sides, learned=side, judged={}), Hardware(plan.machine.device, plan.machine.precision)
    )
    began = time.perf_counter()
    _ = session.backbone
    rates = known or Rates(load=time.perf_counter() - began)
    if known is None:
        rates.forward = _forward(session, side)
    for training in {kind_of_work(t): t for t in trainings}.values():
        try:
            rates.works[kind_of_work(training)] = _work(session, training)
        except (Diverged, OneClass, ArithmeticError, MemoryError, RuntimeError, ValueError):
            continue
    return rates


def _sample(side: AdaptationSide) -> AdaptationSide:
    """Return a few rows of every class."""
    train, val = (part.take(budget_rows(part.y, ROWS, 0)) for part in (side.train, side.val))
    return replace(side, train=train, val=val)


def _forward(session: Session, side: AdaptationSide) -> float:
    """Return the seconds a row takes, passed through in batches of similar length as all rows are."""
    prepared = session.prepared(side.train)
    order = sorted(range(len(prepared)), key=prepared.lengths.__getitem__)
    quarter = max(1, len(order) // 4)
    pieces = [order[i : i + quarter] for i in range(0, len(order), quarter)]
    network = session.backbone.pretrained()
    session.runner.features(network, subset(Labelled(prepared, side.train.y, pieces[0])))  # warms up
    began = time.perf_counter()
    for rows in pieces:
        session.runner.features(network, subset(Labelled(prepared, side.train.y, rows)))
    return (time.perf_counter() - began) / len(order)


def _work(session: Session, training: Training) -> Work:
    stepping = steps_of(training, ROWS) > 0
    if not stepping:
        session.adapt(training, lambda _: None)  # takes the frozen features, which are counted elsewhere
        session.frozen.heads.clear()
    times = [time.perf_counter()]

    def step(share: float) -> None:
        times.append(time.perf_counter())
        if stepping and share < 1 and len(times) > STEPS + 1:
            raise _Enough

    with suppress(_Enough):
        session.adapt(training, step)
    if not stepping or len(times) < 4:
        return Work(time.perf_counter() - times[0], None)
    return Work(times[1] - times[0], median(later - earlier for earlier, later in pairwise(times[2:])))
