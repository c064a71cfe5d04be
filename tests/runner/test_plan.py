"""A plan names its jobs by everything that decides them: what changed is planned anew, what did not is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from support.fake_run import fake_run, wrong_answers
from support.plans import jobs_of
from support.projects import image_project
from support.toy import edit, toy_rows, write_project

from fairtransfer.api import load_audit
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.store import Store
from fairtransfer.runner.job import Plan
from fairtransfer.runner.machine import Machine
from fairtransfer.runner.plan import make_plan, on_machine


def ids(audit: Path) -> set[str]:
    made: Plan = jobs_of(audit)
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


def test_a_renamed_card_is_judged_under_its_new_name(tmp_path: Path) -> None:
    """What a result says it is about is part of it: results of the old name are not taken for those of the new one."""
    answer = wrong_answers(lambda job, group: 0.3, ("fruit", "tool", "animal"))
    audit = write_project(tmp_path, toy_rows(48))
    fake_run(audit, tmp_path / "runs", answer)
    edit(tmp_path / "data_cards" / "toy.md", ("id: toy", "id: renamed"))
    run = fake_run(audit, tmp_path / "runs", answer)
    assert {row["benchmark"] for row in read_json(run / "findings.json")["rows"]} == {"renamed@1.0.0"}


def test_two_names_for_the_same_are_two_jobs(tmp_path: Path) -> None:
    """Two cards over the same rows, two strategies with the same options: every job has a folder of its own."""
    audit = write_project(tmp_path)
    card = tmp_path / "data_cards" / "toy.md"
    card.with_name("other.md").write_text(card.read_text().replace("id: toy", "id: other"))
    same = "{full: {name: mine, epochs: 2, lr: 0.001}}, {full"
    edit(audit, ("before:", "  - {card: ../data_cards/other.md, groups: [age]}\nbefore:"), ("{full", same))
    jobs = jobs_of(audit).jobs
    assert len(ids(audit)) == len(jobs) == 2 * (1 + 4 * 2 * 3)


def test_one_failed_try_is_one_attempt(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.begin("job")
        store.fail("job", "diverged")
        assert store.status("job").attempt == 1
        store.begin("job")
        store.fail("job", "diverged")
        assert store.status("job").attempt == 2


@pytest.mark.parametrize(
    ("asked", "computed"), [("", "bf16"), (", precision: auto", "bf16"), (", precision: fp32", "fp32")]
)
def test_an_audit_says_in_which_numbers_networks_compute(asked: str, computed: str, tmp_path: Path) -> None:
    """A machine that is made for bf16; what is asked for decides the ids of jobs, as any other difference does."""
    audit = write_project(tmp_path)
    edit(audit, ("family: text}", f"family: text{asked}}}"))
    fast, slow = Machine("cpu", "bf16"), Machine("cpu", "fp32")
    made = make_plan(load_audit(audit), machine=fast)
    assert made.machine.precision == computed
    assert on_machine(made, fast) == made
    same = [job.id for job in made.jobs] == [job.id for job in on_machine(made, slow).jobs]
    assert same == (asked == ", precision: fp32")


def test_a_number_format_that_there_is_not_is_refused(tmp_path: Path) -> None:
    audit = write_project(tmp_path)
    edit(audit, ("family: text}", "family: text, precision: fp16}"))
    with pytest.raises(DefinitionError, match=r"model\.precision"):
        load_audit(audit)
