"""Progress is shown where someone looks, and nowhere else."""

from __future__ import annotations

import io
import re
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from support.html_page import Page

import fairtransfer as ft
from fairtransfer import progress
from fairtransfer.runner.job import Training
from fairtransfer.runner.todo import NO_PROGRESS, Progress

OPTIONS = {"kind": "full", "options": {"epochs": 1, "min_steps": 1, "batch_size": 32}, "budget": "1000"}
FIRST, SECOND = (Training(stage="after", strategy="full", seed=seed, **OPTIONS) for seed in (0, 1))


class Notebook:
    """What a notebook's front end would have been sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, kernel: bool = True) -> None:
        self.pictures: list[Any] = []
        self.displays = 0
        ipython, inner = ModuleType("IPython"), ModuleType("IPython.display")
        ipython.get_ipython = lambda: SimpleNamespace(kernel=object()) if kernel else SimpleNamespace()  # type: ignore[attr-defined]
        inner.display = self.display  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "IPython", ipython)
        monkeypatch.setitem(sys.modules, "IPython.display", inner)

    def display(self, picture: Any, *, display_id: bool) -> Any:
        assert display_id
        self.displays += 1
        self.pictures.append(picture)
        return SimpleNamespace(update=self.pictures.append)

    @property
    def words(self) -> list[str]:
        return [repr(picture) for picture in self.pictures]


def test_a_notebook_shows_one_bar_that_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook, now = Notebook(monkeypatch), [0.0]
    told = progress.notebook_progress(lambda: now[0])
    told.begin([(FIRST, []), (SECOND, [])])
    for at, training, share in (
        (10, FIRST, 0.5),
        (10.1, FIRST, 0.6),
        (20, FIRST, 1.0),
        (30, SECOND, 0.5),
        (41, SECOND, 1.0),
    ):
        now[0] = at
        told.step(training, share)

    assert notebook.displays == 1, "a picture is put in the place of the one before"
    assert notebook.words == [
        "0%  2 trainings",
        "25%  1 of 2: full, 1000 labels, seed 0; about 30 s left",
        "50%  1 of 2: full, 1000 labels, seed 0; about 20 s left",
        "75%  2 of 2: full, 1000 labels, seed 1; about 10 s left",
        "100%  2 trainings in 41 s",
    ], "and not more often than somebody can look"


def test_the_bar_says_in_words_how_far_it_is_and_escapes_names(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = Notebook(monkeypatch)
    told = progress.notebook_progress()
    hostile = Training(stage="after", strategy="<script>alert(1)</script>", seed=0, **OPTIONS)
    told.begin([(hostile, []), (SECOND, [])])
    told.step(hostile, 1.0)
    told.step(SECOND, 1.0)
    html = "".join(picture._repr_html_() for picture in notebook.pictures)

    assert "<script" not in html
    assert '<progress max="100" value="100.0"' in html
    assert Page(html)


def test_a_source_that_is_trained_first_moves_the_same_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """`begin` is called for the source, and again for what is adapted from it."""
    notebook = Notebook(monkeypatch)
    told = progress.notebook_progress()
    told.begin([(FIRST, [])])
    told.step(FIRST, 1.0)
    told.begin([(SECOND, [])])
    told.step(SECOND, 1.0)

    assert notebook.displays == 1
    assert [word.split()[0] for word in notebook.words] == ["0%", "100%", "50%", "100%"]


@pytest.mark.parametrize(("kernel", "expected"), [(True, True), (False, False)])
def test_a_notebook_is_known_by_its_kernel(monkeypatch: pytest.MonkeyPatch, kernel: bool, expected: bool) -> None:
    """IPython on a terminal has none."""
    Notebook(monkeypatch, kernel=kernel)
    assert progress.in_notebook() is expected


def test_without_ipython_there_is_no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert progress.in_notebook() is False


def test_nothing_is_shown_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress.shown(wanted=True) as told:
        assert told is NO_PROGRESS
    with progress.shown(wanted=False) as told:
        assert told is NO_PROGRESS


def test_ones_own_progress_is_taken_as_it_is() -> None:
    mine = Progress(lambda _: None, lambda _training, _share: None)
    with progress.shown(wanted=mine) as told:
        assert told is mine


def test_a_terminal_shows_a_bar_and_takes_it_away(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    with progress.terminal_progress(console) as told:
        told.begin([(FIRST, []), (SECOND, [])])
        told.step(FIRST, 1.0)
        told.step(SECOND, 0.5)
    seen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())

    assert "2 of 2: full, 1000 labels, seed 1" in seen
    assert "75%" in seen
    assert screen.getvalue().endswith("\x1b[2K"), "the line is cleared"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_where_stderr_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress.shown(wanted=True) as told:
        assert told is not NO_PROGRESS


def test_run_shows_progress_in_a_notebook_unless_told_not_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """As a notebook's user would call it; the predictions are given, so that nothing is trained."""
    from support.given_project import given_project

    notebook = Notebook(monkeypatch)
    ft.run(given_project(tmp_path / "a"), workspace=tmp_path / "w", progress=False)
    assert notebook.pictures == []
    ft.run(given_project(tmp_path / "b"), workspace=tmp_path / "v")
    assert re.fullmatch(r"100%  \d+ trainings in .*", notebook.words[-1])
