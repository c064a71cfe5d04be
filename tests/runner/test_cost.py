"""What a job cost: operations counted on a few passes are those of all passes, and counting changes nothing."""

from __future__ import annotations

import importlib.util
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_codecarbon import SPENT, stand_in
from support.projects import text_project
from support.toy import edit

from fairtransfer import api, formats
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.run_result import Run
from fairtransfer.runner import energy
from fairtransfer.runner.energy import EnergyMeter, check_country

torch = pytest.importorskip("torch", reason="counting operations needs the extra train")

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402  # after the check that there is torch

from fairtransfer.adapt import loop  # noqa: E402
from fairtransfer.adapt.flops import FlopTally, per_row  # noqa: E402

pytestmark = pytest.mark.train


def costs(run: Run) -> dict[str, dict[str, Any]]:
    return {path.parent.name: read_json(path)["cost"] for path in sorted(run.folder.glob("jobs/*/job.json"))}


def predictions(run: Run) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in sorted(run.folder.glob("jobs/*/predictions.parquet"))}


# --- operations --------------------------------------------------------------------------------------------------------


def test_a_product_of_matrices_is_two_operations_per_multiply_add() -> None:
    tally = FlopTally()
    with tally.passing("a", 3, 5):
        torch.ones(5, 3) @ torch.ones(3, 7)
    assert tally.total == 2 * 5 * 3 * 7


@given(
    st.tuples(*[st.integers(0, 1000)] * 3),
    st.lists(st.tuples(st.integers(1, 60), st.integers(1, 9)), min_size=1, max_size=40),
)
def test_a_few_passes_tell_what_all_would(cost: tuple[int, int, int], passes: list[tuple[int, int]]) -> None:
    """The slow twin counts every pass; few are counted here, and the sum is the same whatever came in which order."""
    constant, linear, square = cost
    tally = FlopTally()
    for length, rows in passes:
        known = tally._counted["a"]
        with tally.passing(
            "a", length, rows, count=False if len(known) >= 3 and min(known) <= length <= max(known) else None
        ):
            pass
        if length in known:
            known[length] = Fraction(constant + linear * length + square * length**2)
    lengths = {length for length, _ in passes}
    if len(tally._counted["a"]) >= 3 or lengths == set(tally._counted["a"]):
        assert tally.total == sum(rows * (constant + linear * n + square * n**2) for n, rows in passes)


def test_between_lengths_that_were_counted_the_cost_is_quadratic() -> None:
    known = {2: Fraction(4), 10: Fraction(100), 30: Fraction(900)}
    assert [per_row(n, known) for n in (2, 5, 20)] == [4, 25, 400]
    assert per_row(7, {5: Fraction(50)}) == 50
    assert per_row(7, {5: Fraction(50), 9: Fraction(90)}) == 70


def test_what_is_shared_is_charged_to_everyone_once() -> None:
    tally = FlopTally()
    with tally.apart() as spent, tally.passing("features", 1, 1):
        torch.ones(2, 3) @ torch.ones(3, 4)
    assert tally.total == 0
    tally.charge("features", spent.total or 0)
    tally.charge("features", spent.total or 0)
    assert tally.total == spent.total == 48
    tally.begin()
    assert tally.total == 0


def test_counting_turned_off_is_no_zero() -> None:
    tally = FlopTally(on=False)
    with tally.passing("a", 1, 1):
        torch.ones(2, 3) @ torch.ones(3, 4)
    assert tally.total is None


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("cost")
    return api.run(project(root), workspace=root / "w")


def project(root: Path) -> Path:
    """Rows of several lengths, and a strategy for each way networks are run."""
    audit = text_project(root / "p")
    return edit(audit, ("strategies: [probe, ", "strategies: [probe, {partial: {epochs: 1, min_steps: 10}}, "))


def test_counting_changes_no_answer(run: Run, tmp_path: Path) -> None:
    without = api.run(project(tmp_path), workspace=tmp_path / "w", flops=False)

    assert predictions(without) == predictions(run)
    assert (without.folder / "findings.json").read_bytes() == (run.folder / "findings.json").read_bytes()
    told = costs(without)
    assert all(cost["training"]["flops"] is None for cost in told.values())
    assert {cost["flops"]["status"] for cost in told.values()} == {"not_measured"}
    assert "not measured" in without.report_file.read_text()


def test_every_job_says_how_many_operations_it_took(run: Run) -> None:
    jobs = [read_json(path) for path in run.folder.glob("jobs/*/job.json")]
    by_name: dict[str, set[int]] = {}
    for job in jobs:
        assert job["cost"]["flops"]["status"] == "counted"
        by_name.setdefault(job["strategy"] or "before", set()).add(job["cost"]["training"]["flops"])
        assert job["cost"]["prediction"]["flops"] > 0

    assert len(by_name["probe"]) == 1, "the frozen features of all rows, whoever came first"
    assert min(by_name["full"]) > 3 * max(by_name["probe"])
    assert min(by_name["partial"]) < min(by_name["full"])
    assert "FLOP" in run.report_file.read_text()


def test_a_count_of_some_steps_is_the_count_of_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow twin: the whole training under torch's counter."""
    audit = edit(
        text_project(tmp_path / "p"),
        ("strategies: [probe, {full", "strategies: [{full"),
        ("label_budgets: [8, 16]", "label_budgets: [16]"),
        ("seeds: [0, 1]", "seeds: [0]"),
    )
    whole: list[int] = []
    train = loop.train

    def counted(*arguments: Any, **named: Any) -> Any:
        with FlopCounterMode(display=False) as mode:
            found = train(*arguments, **named)
        whole.append(int(mode.get_total_flops()))
        return found

    told = api.run(audit, workspace=tmp_path / "w")
    monkeypatch.setattr(loop, "train", counted)
    api.run(audit, workspace=tmp_path / "v", flops=False)

    found = [cost["training"]["flops"] for cost in costs(told).values()]
    assert whole[0] in found


def test_amounts_are_told_in_words_people_use() -> None:
    assert [formats.operations(n) for n in (0, 48, 999.4, 12_345, 3.4e9, 1.2e13, 5e16)] == [
        "0 FLOP",
        "48 FLOP",
        "999 FLOP",
        "12.3 kFLOP",
        "3.4 GFLOP",
        "12 TFLOP",
        "50 PFLOP",
    ]
    assert [formats.energy(kwh) for kwh in (4.2e-4, 1.3)] == ["0.42 Wh", "1.3 kWh"]


# --- energy ------------------------------------------------------------------------------------------------------------


def test_energy_that_was_not_measured_is_not_nothing(run: Run) -> None:
    for cost in costs(run).values():
        assert cost["energy"]["status"] == "not_measured"
        assert cost["energy"]["reason"] in (energy.NO_COUNTRY, energy.NOT_INSTALLED)
        assert cost["training"]["energy_kwh"] is None
    assert "energy: not measured" in run.report_file.read_text()


def test_energy_is_estimated_where_it_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for codecarbon: every job has its own piece of work, and the report says that it is an estimate."""
    pieces = stand_in(monkeypatch)

    run = api.run(text_project(tmp_path / "p"), workspace=tmp_path / "w", country="CMR")

    told = next(iter(costs(run).values()))
    assert (told["energy"]["status"], told["energy"]["country"]) == ("estimated", "CMR")
    assert told["training"]["energy_kwh"] == SPENT
    assert pieces[0] == "CMR"
    assert pieces.count("start") == pieces.count("stop") == 1 + 2 * 11, "the chosen strategy is trained again"
    assert "Energy, mean (estimated)" in run.report_file.read_text()
    with pytest.raises(DefinitionError, match="FT-P092"):
        check_country("XYZ")


@pytest.mark.skipif(
    importlib.util.find_spec("codecarbon") is None, reason='needs codecarbon: pip install "fairtransfer[energy]"'
)
def test_codecarbon_is_asked_as_it_wants_to_be() -> None:
    meter = EnergyMeter("CMR")
    meter.start()
    sum(range(10**6))
    spent = meter.read()

    assert meter.record()["status"] == "estimated"
    assert 0 < (spent["energy_kwh"] or 0) < 0.1
    check_country("CMR")
    with pytest.raises(DefinitionError, match=r"FT-P092.*CMR or FRA"):
        check_country("ZZZ")
