"""Whatever is given, what comes is a report, a refusal with a code, or an honest status: no traceback, no hang, no changed input.

Inputs are drawn from generators (`support/broken/`), the same ones every time; ``FT_EXPLORE=1`` draws others, and more.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.broken.definitions import definition_case
from support.broken.folders import checkpoint_case, given_case, run_folder_case
from support.broken.outcome import Case, document_in, passed_on_nothing, tried
from support.broken.tables import table_case
from support.fake_run import fake_run, wrong_answers
from support.given_project import given_audit, rows_of, truth, write_answers
from support.tiny_models import save_encoder
from support.toy import toy_rows, write_project

Make = Callable[[Random, Path], Case]

MANY = 10 if os.environ.get("FT_EXPLORE") else 1
drawn = st.randoms(use_true_random=False, note_method_calls=False)


def several(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Draw so many inputs, each in a folder of its own."""
    return settings(max_examples=examples * MANY, deadline=None, suppress_health_check=list(HealthCheck))


def must_end_well(make: Make, rng: Random, sound: Path | None = None) -> None:
    """Break a copy of something sound, or make something broken; see what comes of it."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "input"
        if sound is None:
            folder.mkdir()
        else:
            shutil.copytree(sound, folder)
        case = make(rng, folder)
        written = Path(place) / "found.json"
        if case.arguments[0] == "measure":
            case = replace(case, arguments=(*case.arguments, "--json", str(written)))
        if case.arguments[0] == "report":
            case = replace(case, arguments=(*case.arguments, "--out", str(Path(place) / "report")))
        outcome = tried(case)
        faults = outcome.faults()
        assert not faults, (
            f"{faults} of {case.told}\n{' '.join(case.arguments)}\n{outcome.out[-500:]}\n{outcome.err[-3000:]}"
        )
        assert not passed_on_nothing(document_in(written)), case.told


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sound")
    write_project(root)
    shutil.rmtree(root / "models" / "tiny")
    save_encoder(root / "models" / "tiny")
    return root


@pytest.fixture(scope="module")
def given_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("given")
    given_audit(root)
    write_answers(root, rows_of(truth(root)))
    return root


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("finished")
    audit = write_project(root / "p", toy_rows(people=96))
    run = fake_run(audit, root / "runs", wrong_answers(lambda job, group: 0.3, ("fruit", "tool", "animal")))
    kept = root / "kept"
    shutil.copytree(run, kept / "run")
    yield kept


@several(60)
@given(rng=drawn)
def test_a_broken_table(rng: Random) -> None:
    must_end_well(table_case, rng)


@several(60)
@given(rng=drawn)
def test_a_broken_definition(project: Path, rng: Random) -> None:
    must_end_well(definition_case, rng, project)


@several(25)
@given(rng=drawn)
def test_a_broken_checkpoint(project: Path, rng: Random) -> None:
    must_end_well(checkpoint_case, rng, project)


@several(25)
@given(rng=drawn)
def test_broken_predictions(given_project: Path, rng: Random) -> None:
    must_end_well(given_case, rng, given_project)


@several(25)
@given(rng=drawn)
def test_a_broken_run(finished: Path, rng: Random) -> None:
    must_end_well(run_folder_case, rng, finished)


def test_the_law_finds_what_it_forbids(tmp_path: Path) -> None:
    """The twin: a traceback, an exit that means nothing, a changed input, a pass of nothing."""
    case = Case(("validate", str(tmp_path / "none.yaml")), tmp_path, "")
    sound = tried(case)
    assert sound.faults() == []
    assert replace(sound, err="Traceback (most recent call last)", code=1).faults() == ["Traceback"]
    assert replace(sound, code=70).faults() == ["exit 70"]
    assert replace(sound, err="no").faults() == ["a refusal without a code"]
    assert replace(sound, unchanged=False).faults() == ["the input was changed"]
    assert passed_on_nothing(json.loads('{"verdict": {"outcome": "pass", "gates": []}}'))
