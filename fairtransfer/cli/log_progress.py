"""Progress for a log instead of a terminal: a line now and then, so that a long run does not look like a dead one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from fairtransfer import formats

if TYPE_CHECKING:
    from fairtransfer.runner.job import Job, Training
    from fairtransfer.runner.todo import Progress

EVERY = 60.0
"""Seconds between two lines."""


def log_progress(tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> Progress:
    """Return progress that tells, at most once a minute, which training is under way and about how long the rest takes."""
    from fairtransfer.runner.cost import expected_work
    from fairtransfer.runner.todo import Progress, label

    work: dict[Training, float] = {}
    done: dict[Training, float] = {}
    began = told = clock()

    def begin(todo: list[tuple[Training, list[Job]]]) -> None:
        nonlocal began, told
        began = told = clock()
        work.update({training: expected_work(training, len(jobs)) for training, jobs in todo})

    def step(training: Training, share: float) -> None:
        nonlocal told
        done[training] = share
        now, whole = clock(), sum(work.values())
        part = sum(work[t] * s for t, s in done.items()) / whole if whole else 1.0
        if now - told < EVERY or not part:
            return
        told = now
        number = sum(s >= 1 for s in done.values()) + (share < 1)
        left = formats.seconds((now - began) * (1 - part) / part)
        tell(f"training {number} of {len(work)}: {label(training)}; about {left} left")

    return Progress(begin, step)
