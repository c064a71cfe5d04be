"""The reuse ledger counts the models judged on a benchmark, and nothing else: no alpha is spent twice, none for nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_run import Answer, fake_run, wrong_answers
from support.terminal import command_line
from support.toy import edit, toy_rows, write_project

from fairtransfer import api
from fairtransfer.errors import IntegrityError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.reuse import FOLDER, Line, enter, place_in, read_ledger
from fairtransfer.gates.reuse_budget import evaluations_left

CLASSES = ("fruit", "tool", "animal")
POLICY = "planned_evaluations: 1,"


# --- the ledger alone --------------------------------------------------------------------------------------------------


def judge(path: Path, model: str, planned: int, alpha: float = 0.05) -> bool:
    """Judge a model; whether a conclusion was allowed."""
    place = place_in(read_ledger(path), "bench", "digest", model, planned, alpha)
    enter(path, place, "audit", "run", "pass")
    return not place.exhausted


def test_the_model_after_the_last_that_was_planned_cannot_be_concluded(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"

    assert [judge(path, f"m{i}", 20) for i in range(22)] == [True] * 20 + [False] * 2
    assert [line.evaluation for line in read_ledger(path)] == list(range(1, 23))
    assert [line.alpha for line in read_ledger(path)] == [pytest.approx(0.0025)] * 20 + [0, 0]


def test_the_same_model_again_spends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    judge(path, "one", 2)
    before = path.read_bytes()

    assert all(judge(path, "one", 2) for _ in range(5))
    assert path.read_bytes() == before
    assert judge(path, "two", 2)
    assert not judge(path, "three", 2)
    assert judge(path, "one", 2), "what was concluded once may be told again"


def test_a_plan_of_fewer_evaluations_takes_the_difference(tmp_path: Path) -> None:
    """The same model may not be judged at alpha/20 first and at alpha then."""
    path = tmp_path / "ledger.jsonl"
    assert judge(path, "one", 20)
    assert judge(path, "two", 20)

    assert not judge(path, "one", 1)
    assert judge(path, "one", 2)
    assert [line.evaluation for line in read_ledger(path)] == [1, 2, 1]
    assert not judge(path, "three", 2)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 8)), max_size=30))
def test_never_more_than_alpha_is_spent(asked: list[tuple[int, int]]) -> None:
    lines: list[Line] = []
    for model, planned in asked:
        place = place_in(lines, "b", "d", str(model), planned, 0.05)
        own = sum(line.alpha for line in lines if line.model == str(model))
        if not place.exhausted:
            assert own + place.alpha >= 0.05 / planned * (1 - 1e-6)
            lines.append(Line(place.evaluation, str(model), "a", "r", "pass", place.alpha, place.previous))

    assert sum(line.alpha for line in lines) <= 0.05 * (1 + 1e-6)


@pytest.mark.parametrize("fault", ["change", "drop", "insert", "swap", "garbage"])
def test_a_ledger_that_was_touched_is_noticed(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "ledger.jsonl"
    for model in ("one", "two", "three"):
        judge(path, model, 20)
    lines = path.read_bytes().splitlines(keepends=True)
    touched = {
        "change": [lines[0].replace(b'"pass"', b'"fail"'), *lines[1:]],
        "drop": [lines[0], lines[2]],
        "insert": [lines[0], *lines],
        "swap": [lines[1], lines[0], lines[2]],
        "garbage": [b"{}\n", *lines[1:]],
    }
    read_ledger(path)
    path.write_bytes(b"".join(touched[fault]))

    with pytest.raises(IntegrityError, match="reuse ledger was changed"):
        read_ledger(path)


# --- runs --------------------------------------------------------------------------------------------------------------


def answers(key: str, after: float = 0.02) -> Answer:
    return wrong_answers(lambda job, _: 0.6 if job.training.stage == "before" else after, CLASSES, key)


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    path = write_project(tmp_path / "p", toy_rows(people=240))
    edit(
        path,
        (POLICY, "planned_evaluations: 2,"),
        ("seeds: [0, 1, 2]\nclaim: procedure", "seeds: [0]\nclaim: artifact"),
        ("label_budgets: [8, 16]", "label_budgets: [16]"),
        (
            "by: region, metric: error_rate, margin: 0.05}",
            "by: region, metric: error_rate, margin: 0.15, monitored: {unknown: few}}",
        ),
    )
    return path


def other_model(audit: Path, number: int) -> None:
    """A changed option makes other jobs; their answers are ours to choose."""
    edit(
        audit, ("lr: 0.001", f"lr: 0.002{number}") if number == 1 else (f"lr: 0.002{number - 1}", f"lr: 0.002{number}")
    )


def gate_of(run: Path) -> dict:
    return next(g for g in read_json(run / "verdict.json")["gates"] if g["kind"] == "no_harm")


def ledger_of(workspace: Path) -> Path:
    (path,) = (workspace / FOLDER).glob("*.jsonl")
    return path


def test_runs_are_counted_and_the_third_of_two_is_not_concluded(audit: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "runs"
    first = fake_run(audit, workspace, answers("a"))
    other_model(audit, 1)
    second = fake_run(audit, workspace, answers("b"))
    other_model(audit, 2)
    third = fake_run(audit, workspace, answers("c"))

    assert [gate_of(run)["outcome"] for run in (first, second, third)] == ["pass", "pass", "inconclusive"]
    assert gate_of(third)["reason_codes"] == ["reuse_budget_exhausted"]
    assert gate_of(third)["needed"] == []
    told = read_json(third / "verdict.json")
    place = {"benchmark": "toy", "evaluation": 3, "planned": 2, "spent": 0.05, "alpha": 0, "exhausted": True}
    assert told["reuse"] == [place]
    assert gate_of(third)["decided_by"] == []
    (note,) = (note for note in told["notes"] if "is used up" in note)
    assert "0.05 of alpha 0.05 was taken" in note
    assert "judge the model on fresh data" in note
    assert "plan at least" not in note, "nothing is left, however little an evaluation would take"
    assert "this is evaluation 2 of 2 planned on this version of toy" in (second / "report" / "report.html").read_text()
    assert [line.outcome for line in read_ledger(ledger_of(workspace))][2] == "inconclusive"
    assert api.verify(third) > 10


def test_harm_that_is_sure_stays_a_failure_on_a_benchmark_that_is_used_up(
    audit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reuse makes passes too easy and hides no harm. The twin, a good model on the same ledger, is not passed."""
    workspace = tmp_path / "runs"
    for number, key in enumerate("ab"):
        fake_run(audit, workspace, answers(key))
        other_model(audit, number + 1)
    harmful = fake_run(audit, workspace, answers("c", after=0.95))
    other_model(audit, 3)
    good = fake_run(audit, workspace, answers("d"))

    assert [gate_of(run)["outcome"] for run in (harmful, good)] == ["fail", "inconclusive"]
    gate, verdict = gate_of(harmful), read_json(harmful / "verdict.json")
    assert verdict["outcome"] == "fail"
    assert gate["reason_codes"] == ["over_margin", "reuse_budget_exhausted"]
    assert "over the limit" in gate["reason"]
    tail = "the failure stands, although toy is used up (this is evaluation 3, the policy plans 2 evaluations)"
    assert gate["reason"].endswith(tail)
    assert [line.outcome for line in read_ledger(ledger_of(workspace))][2:] == ["fail", "inconclusive"]
    page = (harmful / "report" / "report.html").read_text()
    assert tail in page
    assert "no pass can be given; a failure stands" in page
    code, out, _ = command_line(monkeypatch, capsys)("gate", harmful)
    assert code == 1
    assert "DOES NOT MEET POLICY" in out
    assert "the failure stands" in " ".join(out.split())
    assert api.judge(harmful).to_json() == verdict


def test_what_is_open_anyway_keeps_its_reason_and_what_it_needs(audit: Path, tmp_path: Path) -> None:
    """What the benchmark cannot settle tells how large a fresh one has to be."""
    workspace = tmp_path / "runs"
    for number, key in enumerate("ab"):
        fake_run(audit, workspace, answers(key))
        other_model(audit, number + 1)
    unclear = gate_of(fake_run(audit, workspace, answers("c", after=0.71)))

    assert unclear["outcome"] == "inconclusive"
    assert unclear["reason_codes"] == ["on_limit", "wide_ci", "reuse_budget_exhausted"]
    assert "nor could a pass be given: toy is used up" in unclear["reason"]
    assert unclear["needed"] != []


def test_an_audit_that_plans_too_few_is_told_how_many_to_plan(
    audit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two audits on one benchmark: the first took half of alpha, the second wants all of it, and then a part of the rest."""
    workspace, run = tmp_path / "runs", command_line(monkeypatch, capsys)
    fake_run(audit, workspace, answers("a"))
    other_model(audit, 1)
    edit(audit, ("planned_evaluations: 2", "planned_evaluations: 1"))
    planned = run("plan", audit, "--no-probe", "--workspace", workspace)[1]
    greedy = fake_run(audit, workspace, answers("b"))

    assert gate_of(greedy)["outcome"] == "inconclusive"
    told = [note for note in read_json(greedy / "verdict.json")["notes"] if "is used up" in note]
    assert len(told) == 1
    assert "0.025 of alpha 0.05 was taken" in told[0]
    for text in (told[0], planned):
        assert "plan at least 2 evaluations, or judge the model on fresh data" in text
    edit(audit, ("planned_evaluations: 1", "planned_evaluations: 2"))
    assert "is used up" not in run("plan", audit, "--no-probe", "--workspace", workspace)[1]
    assert gate_of(fake_run(audit, workspace, answers("b")))["outcome"] == "pass"


@given(st.integers(1, 400), st.integers(1, 400))
def test_the_number_to_plan_is_the_smallest_that_passes(first: int, second: int) -> None:
    alpha = 0.05
    spent = alpha / first
    enough = evaluations_left(spent, alpha)

    assert (enough is None) == (first == 1)
    if enough is not None:
        lines = [Line(1, "one", "a", "r", "pass", spent, "0" * 64)]
        assert not place_in(lines, "b", "d", "two", enough, alpha).exhausted
        assert enough == 1 or place_in(lines, "b", "d", "two", enough - 1, alpha).exhausted
        assert place_in(lines, "b", "d", "two", second, alpha).exhausted == (second < enough)


def test_the_identical_audit_again_is_no_new_use(audit: Path, tmp_path: Path) -> None:
    """At once; after its folder is gone; and after the store is gone too, where the same answers come again."""
    workspace = tmp_path / "runs"
    run = fake_run(audit, workspace, answers("a"))
    verdict, ledger = (run / "verdict.json").read_bytes(), ledger_of(workspace).read_bytes()

    api.run(audit, workspace=workspace)
    shutil.rmtree(run)
    api.run(audit, workspace=workspace)
    shutil.rmtree(run)
    shutil.rmtree(workspace / ".store")
    fake_run(audit, workspace, answers("a"))

    assert ledger_of(workspace).read_bytes() == ledger
    found = json.loads((run / "verdict.json").read_bytes())
    assert [{**place, "alpha": 0.025, "spent": 0} for place in found["reuse"]] == json.loads(verdict)["reuse"]
    assert {**found, "reuse": []} == {**json.loads(verdict), "reuse": []}
    api.verify(run)


def test_changed_gates_on_the_same_model_spend_nothing(audit: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "runs"
    first = fake_run(audit, workspace, answers("a"))
    before = ledger_of(workspace).read_bytes()

    for margin in ("0.16", "0.17"):
        edit(audit, ("margin: 0.15" if margin == "0.16" else "margin: 0.16", f"margin: {margin}"))
        again = fake_run(audit, workspace, answers("a"))
        assert again != first
        assert gate_of(again)["outcome"] == "pass"
        assert read_json(again / "verdict.json")["reuse"][0]["evaluation"] == 1
    assert ledger_of(workspace).read_bytes() == before
    api.judge(first)
    api.run(audit, workspace=workspace)
    assert ledger_of(workspace).read_bytes() == before


def test_a_new_version_of_the_card_begins_a_new_count(audit: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "runs"
    fake_run(audit, workspace, answers("a"))
    edit(tmp_path / "p" / "data_cards" / "toy.md", ("version: 1.0.0", "version: 1.1.0"))
    other_model(audit, 1)

    again = fake_run(audit, workspace, answers("b"))

    assert read_json(again / "verdict.json")["reuse"][0]["evaluation"] == 1
    assert len(list((workspace / FOLDER).iterdir())) == 2


def test_a_verdict_is_the_same_where_there_is_no_ledger(audit: Path, tmp_path: Path) -> None:
    """The folder keeps its place: taken elsewhere, before and after others were judged, it says the same."""
    workspace = tmp_path / "runs"
    run = fake_run(audit, workspace, answers("a"))
    for number in (1, 2):
        other_model(audit, number)
        last = fake_run(audit, workspace, answers(str(number)))
    for name, folder in (("first", run), ("last", last)):
        there = tmp_path / "elsewhere" / name
        shutil.copytree(folder, there)

        assert json.dumps(api.judge(there).to_json()) == json.dumps(api.judge(folder).to_json())
        assert api.verify(there) == api.verify(folder)


def test_a_ledger_that_was_cut_short_is_noticed_by_verify_and_by_the_next_run(audit: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "runs"
    first = fake_run(audit, workspace, answers("a"))
    other_model(audit, 1)
    second = fake_run(audit, workspace, answers("b"))
    path = ledger_of(workspace)
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])

    api.verify(first)
    with pytest.raises(IntegrityError, match="cut short: it has no line of evaluation 2 of toy") as caught:
        api.verify(second)
    assert caught.value.exit_code == 6
    assert str(second) in str(caught.value)
    assert "put back the ledger as it was" in str(caught.value)
    other_model(audit, 2)
    with pytest.raises(IntegrityError, match="cut short"):
        fake_run(audit, workspace, answers("c"))


def test_a_run_without_gates_spends_nothing(tmp_path: Path) -> None:
    path = write_project(tmp_path / "p")
    text = path.read_text()
    path.write_text(text[: text.index("gates:")] + "gates: []\n" + text[text.index("policy:") :])

    run = fake_run(path, tmp_path / "runs", answers("a"), report_only=True)

    assert not (run / "reuse.json").exists()
    assert not (tmp_path / "runs" / FOLDER).exists()
