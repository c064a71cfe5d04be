"""A plan names its jobs by everything that decides them: what changed is planned anew, what did not is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from projects import image_project

from fairtransfer import api
from fairtransfer.evidence.store import Store
from fairtransfer.run.plan import Plan


def ids(audit: Path) -> set[str]:
    made: Plan = api.plan(audit)
    return {job.id for job in made.jobs}


def test_a_changed_picture_changes_every_job(tmp_path: Path) -> None:
    audit = image_project(tmp_path, "folder")
    before = ids(audit)
    assert ids(audit) == before
    Image.new("L", (32, 32)).save(tmp_path / "data_cards" / "pictures" / "a" / "0.png")
    assert not ids(audit) & before


def test_a_renamed_picture_is_another_picture(tmp_path: Path) -> None:
    audit = image_project(tmp_path, "folder")
    before = ids(audit)
    folder = tmp_path / "data_cards" / "pictures" / "a"
    (folder / "0.png").rename(folder / "zero.png")
    assert not ids(audit) & before


@pytest.mark.parametrize("kind", ["folder", "array"])
def test_where_the_project_lies_decides_nothing(tmp_path: Path, kind: str) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    assert ids(image_project(here, kind)) == ids(image_project(there, kind))


def test_one_failed_try_is_one_attempt(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.begin("job")
        store.fail("job", "diverged")
        assert store.status("job").attempt == 1
        store.begin("job")
        store.fail("job", "diverged")
        assert store.status("job").attempt == 2
