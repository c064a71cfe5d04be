"""Progress where someone looks: a bar on a terminal, one in a notebook, a line a minute in a log, and nothing elsewhere."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fairtransfer import formats
from fairtransfer.runner.cost import expected_work
from fairtransfer.runner.todo import NO_PROGRESS, Progress, label

if TYPE_CHECKING:
    from rich.console import Console

    from fairtransfer.runner.job import Job, Training

Clock = Callable[[], float]

EVERY = 60.0
"""Seconds between two lines of a log."""

BETWEEN_PICTURES = 0.25
"""Seconds between two pictures in a notebook: more often tells nobody more, and every picture is sent to a browser."""


@dataclass
class WorkTally:
    """How far trainings have come, by the work expected of each."""

    clock: Clock = time.monotonic
    work: dict[Training, float] = field(default_factory=dict)
    done: dict[Training, float] = field(default_factory=dict)
    began: float = 0.0

    def begin(self, todo: list[tuple[Training, list[Job]]]) -> None:
        """Take on what is to be done."""
        self.began = self.clock()
        self.work.update({training: expected_work(training, len(jobs)) for training, jobs in todo})

    def step(self, training: Training, share: float) -> None:
        """Take note of how far a training is."""
        self.done[training] = share

    @property
    def total(self) -> float:
        """All the work there is."""
        return sum(self.work.values())

    @property
    def completed(self) -> float:
        """The work that is done."""
        return sum(self.work[training] * share for training, share in self.done.items())

    @property
    def share(self) -> float:
        """The work that is done, as a share of all."""
        return self.completed / self.total if self.total else 1.0

    @property
    def took(self) -> float:
        """Seconds since it began."""
        return self.clock() - self.began

    def words(self, training: Training) -> str:
        """Return which training is under way: ``2 of 12: full, 64 labels, seed 1``."""
        ended = sum(share >= 1 for share in self.done.values())
        number = min(ended + (self.done.get(training, 0.0) < 1), len(self.work))
        return f"{max(number, 1)} of {len(self.work)}: {label(training)}"

    def left(self) -> str:
        """Return about how long the rest takes; empty where nothing is known yet."""
        share = self.share
        return f"about {formats.seconds(self.took * (1 - share) / share)} left" if share else ""


@contextmanager
def shown(*, wanted: Progress | bool) -> Iterator[Progress]:
    """Yield progress that is shown where someone looks; a `Progress` of one's own as it is, False shows nothing."""
    if isinstance(wanted, Progress):
        yield wanted
    elif wanted and in_notebook():
        yield notebook_progress()
    elif wanted and sys.stderr.isatty():
        from rich.console import Console

        with terminal_progress(Console(stderr=True, highlight=False)) as progress:
            yield progress
    else:
        yield NO_PROGRESS


def in_notebook() -> bool:
    """Tell whether the program is run by a notebook: by IPython with a kernel, which shows what it is told in a browser."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return getattr(shell, "kernel", None) is not None


def log_progress(tell: Callable[[str], None], clock: Clock = time.monotonic) -> Progress:
    """Return progress for a log: at most once a minute, which training is under way and about how long the rest takes."""
    tally = WorkTally(clock)
    told = clock()

    def begin(todo: list[tuple[Training, list[Job]]]) -> None:
        nonlocal told
        tally.begin(todo)
        told = tally.began

    def step(training: Training, share: float) -> None:
        nonlocal told
        tally.step(training, share)
        if clock() - told >= EVERY and tally.share:
            told = clock()
            tell(f"training {tally.words(training)}; {tally.left()}")

    return Progress(begin, step)


@contextmanager
def terminal_progress(console: Console) -> Iterator[Progress]:
    """Show a bar with the time left while trainings run; it goes away at the end."""
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), *times)
    tally = WorkTally()
    with Bar(*columns, console=console, transient=True) as bar:
        whole = bar.add_task("reading the data", total=None)

        def begin(todo: list[tuple[Training, list[Job]]]) -> None:
            tally.begin(todo)
            bar.update(whole, total=round(tally.total), description=formats.plural(len(todo), "training"))

        def step(training: Training, share: float) -> None:
            tally.step(training, share)
            bar.update(whole, completed=round(tally.completed), description=tally.words(training))

        yield Progress(begin, step)


def notebook_progress(clock: Clock = time.monotonic) -> Progress:
    """Return progress for a notebook: one bar that moves, with the training under way and the time left beside it.

    It is HTML's own bar in a display that is replaced: rich's would need the package ipywidgets.
    """
    from IPython.display import display

    tally, drawn = WorkTally(clock), 0.0
    shown_in: Any = None

    def begin(todo: list[tuple[Training, list[Job]]]) -> None:
        nonlocal shown_in, drawn
        tally.begin(todo)
        first = _Bar(tally.share, formats.plural(len(todo), "training"))
        if shown_in is None:
            shown_in = display(first, display_id=True)
        else:
            shown_in.update(first)
        drawn = tally.began

    def step(training: Training, share: float) -> None:
        nonlocal drawn
        tally.step(training, share)
        ended = all(tally.done.get(one, 0.0) >= 1 for one in tally.work)
        if shown_in is None or (clock() - drawn < BETWEEN_PICTURES and not ended):
            return
        drawn = clock()
        took = f"{formats.plural(len(tally.work), 'training')} in {formats.seconds(tally.took)}"
        now = "; ".join(filter(None, (tally.words(training), tally.left())))
        shown_in.update(_Bar(tally.share, took if ended else now))

    return Progress(begin, step)


@dataclass(frozen=True, slots=True)
class _Bar:
    """One picture of a bar; a console without HTML shows its words."""

    share: float
    words: str

    def __repr__(self) -> str:
        return f"{self.share:.0%}  {self.words}"

    def _repr_html_(self) -> str:
        style = "vertical-align: middle; width: 20em"
        bar = f'<progress max="100" value="{100 * self.share:.1f}" style="{style}">{self.share:.0%}</progress>'
        return f'<label style="font: 14px system-ui, sans-serif">{bar} {html.escape(self.words)}</label>'
