"""The model that validation chose is trained again: what follows from a first round of trainings, and what rests on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fake_run import commit_answers, fake_run, wrong_answers
from support.finished_runs import CLASSES, CLEAR, project
from support.plans import jobs_of
from support.results import findings_in
from support.toy import CHOOSING, JUDGING, edit, toy_rows, write_project

from fairtransfer import api
from fairtransfer.cli.show import print_verdict
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.jobs.choice import choice_of
from fairtransfer.evidence.jobs.records import jobs_in
from fairtransfer.findings.run_record import load_record
from fairtransfer.foresight import foresee
from fairtransfer.runner.job import Job, Plan
from fairtransfer.runner.judging import follows, with_judging
from fairtransfer.runner.remote import _leases
from fairtransfer.stages import Planned
from fairtransfer.workspace import store_of

NAMED = ("claim: procedure", "claim: procedure\ncandidate: {strategy: full, label_budget: 16}")


def luck(job: Job, group: dict[str, str]) -> float:
    """The seeds that choose are lucky: the recipe is as bad as before."""
    training = job.training
    return 0.02 if training.strategy == "full" and training.seed in CHOOSING else 0.6


def seeds_of(jobs: tuple[Job, ...], strategy: str, budget: str = "16") -> set[int | None]:
    return {j.training.seed for j in jobs if (j.training.strategy, j.training.budget) == (strategy, budget)}


# --- the plan --------------------------------------------------------------------------------------------------------


def test_what_may_follow_is_planned_with_the_rest(tmp_path: Path) -> None:
    made = jobs_of(write_project(tmp_path))

    assert seeds_of(made.jobs, "full") == seeds_of(made.jobs, "probe") == set(CHOOSING)
    assert all(seeds_of(made.judging, name) == set(JUDGING) for name in ("probe", "full", "scratch"))
    assert {job.training.budget for job in made.judging} == {"16"}, "chosen at the largest label budget"
    assert not {job.id for job in made.jobs} & {job.id for job in made.judging}


@pytest.mark.parametrize("change", [NAMED, ("claim: procedure", "claim: artifact"), ("[probe, {full", "[{full")])
def test_nothing_follows_where_nothing_is_chosen_by_seeds(tmp_path: Path, change: tuple[str, str]) -> None:
    assert jobs_of(edit(write_project(tmp_path), change)).judging == ()


def test_a_model_before_that_takes_labels_is_asked_again(tmp_path: Path) -> None:
    audit = edit(write_project(tmp_path), ('before: {zero_shot: {prompt: "a word about {label}"}}', "before: probe"))

    assert {job.training.seed for job in jobs_of(audit).judging if job.training.stage == "before"} == set(JUDGING)


def committed(tmp_path: Path, *, skip: Callable[[Job], bool] = lambda job: False, first: bool = True) -> Plan:
    """The toy audit planned, with answers to its first round in the workspace, or to both."""
    made = jobs_of(write_project(tmp_path / "p"))
    done = replace(made, judging=()) if first else made
    commit_answers(done, tmp_path / "runs", wrong_answers(lambda job, group: 0.3, CLASSES), skip=skip)
    return made


def test_the_second_round_follows_from_the_first(tmp_path: Path) -> None:
    made, empty = committed(tmp_path), store_of(tmp_path / "nothing")

    assert not follows(made, empty)
    with store_of(tmp_path / "runs") as store:
        assert follows(made, store)
        known = with_judging(made, store)

    added = known.jobs[len(made.jobs) :]
    assert {job.training.strategy for job in added} == {"full", "scratch"}, "full has the lowest validation error"
    assert seeds_of(added, "full") == seeds_of(added, "scratch") == set(JUDGING)
    assert (known.judging, known.run_id) == ((), made.run_id)


def test_nothing_follows_from_a_first_round_without_results(tmp_path: Path) -> None:
    made = committed(tmp_path, skip=lambda job: job.training.strategy in ("probe", "full"))

    with store_of(tmp_path / "runs") as store:
        assert with_judging(made, store).jobs == made.jobs


def test_a_run_that_was_cut_off_between_the_rounds_goes_on_with_the_second(tmp_path: Path) -> None:
    made = committed(tmp_path)
    opened = Planned(made, tmp_path / "runs").opened()

    todo = opened.chosen().todo()

    assert {training.strategy for training, _ in todo} == {"full", "scratch"}
    assert opened.todo() == []


def test_another_process_knows_the_jobs_of_the_second_round(tmp_path: Path) -> None:
    made = jobs_of(write_project(tmp_path))
    asked = [{"id": job.id, "attempt": 1, "folder": str(tmp_path)} for job in (made.jobs[0], made.judging[-1])]

    assert [lease.job for lease in _leases(made, asked)] == [made.jobs[0], made.judging[-1]]


# --- what is foreseen ------------------------------------------------------------------------------------------------


def test_a_plan_counts_what_will_follow_whichever_model_is_chosen(tmp_path: Path) -> None:
    seen = foresee(Planned(jobs_of(write_project(tmp_path)), tmp_path / "runs").opened())

    again = {model.strategy: model.jobs for model in seen.models if model.again}
    assert again == {"whichever is chosen": 3, "scratch": 3}
    assert seen.jobs == seen.pending_jobs == 1 + 3 * 2 * 3 + 6
    assert seen.choice.startswith("On seeds 0 to 2 validation chooses one of 2 strategies at 16 labels; trained again")


def test_a_plan_names_what_was_chosen_once_that_is_known(tmp_path: Path) -> None:
    seen = foresee(Planned(committed(tmp_path), tmp_path / "runs").opened())

    assert {model.strategy for model in seen.models if model.again} == {"full", "scratch"}
    assert (seen.jobs, seen.pending_jobs) == (25, 6)
    assert "validation chose full" in seen.choice


def test_a_plan_says_nothing_of_a_choice_where_there_is_none(tmp_path: Path) -> None:
    seen = foresee(Planned(jobs_of(edit(write_project(tmp_path), NAMED)), tmp_path / "runs").opened())

    assert (seen.jobs, seen.choice) == (19, "")
    assert not any(model.again for model in seen.models)


# --- what rests on it ------------------------------------------------------------------------------------------------


def judged(root: Path, *changes: tuple[str, str]) -> Path:
    return fake_run(edit(project(root / "p", 240, CLEAR), *changes), root / "runs", wrong_answers(luck, CLASSES))


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return judged(tmp_path_factory.mktemp("chosen"))


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return judged(tmp_path_factory.mktemp("named"), NAMED)


def test_luck_of_the_seeds_that_chose_passes_nothing(chosen: Path) -> None:
    verdict = read_json(chosen / "verdict.json")
    assert verdict["candidate"]["selection"] == {"choosing": list(CHOOSING), "judging": list(JUDGING)}
    assert verdict["outcome"] != "pass"
    row = findings_in(chosen).find("toy@1.0.0", "after", "error_rate", {}, "full", "16")
    assert row is not None
    assert row.seeds == JUDGING
    assert row.estimate == pytest.approx(0.6, abs=0.05)
    assert {tuple(row["seeds"]) for row in read_json(chosen / "harm.json")["rows"]} == {JUDGING}


def test_the_same_luck_passes_where_the_candidate_is_named(named: Path) -> None:
    """The twin: the seeds are the only difference."""
    verdict = read_json(named / "verdict.json")

    assert verdict["outcome"] == "pass"
    assert "selection" not in verdict["candidate"]


def test_documents_and_the_terminal_tell_both_kinds_of_seeds(chosen: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = "chosen by validation on seeds 0 to 2; trained again and judged on seeds 3 to 5, which had no part in the choice"

    assert (chosen / "report" / "report.md").read_text().count(told) >= 2
    assert told in " ".join((chosen / "report" / "report.html").read_text().split())
    print_verdict(api.judge(chosen))
    assert told in " ".join(capsys.readouterr().out.split())


def test_documents_say_why_nothing_was_chosen_by_seeds(named: Path) -> None:
    told = "nothing was chosen by them: the audit names its candidate"

    assert told in (named / "report" / "report.md").read_text()


def test_the_choice_is_that_of_the_seeds_that_choose(chosen: Path) -> None:
    """Validation results of the seeds that judge have no say, however good or bad they are."""
    record = load_record(chosen)
    jobs = [job for job in jobs_in(record.folder) if job.stage == "after"]

    def told(strategy: str, seeds: tuple[int, ...], error: float) -> str:
        changed = [
            replace(job, record=replace(job.record, validation_error=error))
            if job.strategy == strategy and job.seed in seeds
            else job
            for job in jobs
        ]
        found = choice_of(record.audit, changed)
        assert found is not None
        return found.model[0]

    assert told("full", JUDGING, 1.0) == "full"
    assert told("full", CHOOSING, 1.0) == "probe", "the twin"


def test_what_others_are_compared_with_stands_on_their_own_seeds(tmp_path: Path) -> None:
    """A model before that takes labels, and scratch, have results on both kinds of seeds; each is told beside its own."""
    audit = edit(
        write_project(tmp_path / "p", toy_rows(96)),
        ('before: {zero_shot: {prompt: "a word about {label}"}}', "before: probe"),
        ("metrics: [error_rate, {recall: {per_class: true}}]", "metrics: [error_rate, {precision: {per_class: true}}]"),
    )
    run = fake_run(audit, tmp_path / "runs", wrong_answers(lambda job, group: 0.3, CLASSES))
    precision = precisions(run)
    rows = findings_in(run)

    for strategy, seeds in (("full", JUDGING), ("probe", CHOOSING)):
        after, before, scratch = (
            np.mean([precision[name, seed] for seed in seeds]) for name in (strategy, "", "scratch")
        )
        moved = rows.find("toy@1.0.0", "change", "precision", {}, strategy, "16", "tool")
        gained = rows.find("toy@1.0.0", "gain", "precision", {}, strategy, "16", "tool")
        assert moved is not None
        assert gained is not None
        assert (moved.estimate, gained.estimate) == pytest.approx((after - before, after - scratch))
        assert moved.seeds == gained.seeds == seeds
    told = rows.find("toy@1.0.0", "before", "precision", {}, None, None, "tool")
    assert told is not None
    assert told.seeds == JUDGING
    assert told.estimate == pytest.approx(np.mean([precision["", seed] for seed in JUDGING]))


def precisions(run: Path) -> dict[tuple[str, int], float]:
    """Of the class `tool`, by strategy and seed at the largest budget, counted from the answers."""
    import pyarrow.parquet as pq

    found = {}
    for path in run.glob("jobs/*/job.json"):
        job: dict[str, Any] = read_json(path)
        if job["label_budget"] == "16":
            rows = pq.read_table(path.parent / "predictions.parquet").to_pylist()
            said = [row["y"] == "tool" for row in rows if row["pred"] == "tool"]
            found[job["strategy"], job["seed"]] = sum(said) / len(said)
    return found
