"""Grids of settings: every setting is trained as it would be alone, and validation chooses by the strategy's own rule."""

from __future__ import annotations

import gc
import itertools
import math
import weakref
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support import adapting, fair_options
from support.plans import jobs_of
from support.planted_shortcut import Planted
from support.projects import SHORT, text_project
from support.tiny_models import save_encoder
from support.toy import edit, write_project

from fairtransfer import api, formats
from fairtransfer.adapt.flops import FlopTally
from fairtransfer.adapt.frozen_features import FrozenFeatures
from fairtransfer.adapt.grid import CRITERIA, fit_best, settings_of
from fairtransfer.adapt.hardware import Hardware
from fairtransfer.adapt.inference import Runner
from fairtransfer.adapt.strategies.dfr import DfrOptions
from fairtransfer.adapt.strategies.full import FullOptions
from fairtransfer.adapt.strategies.probe import ProbeOptions
from fairtransfer.adapt.strategy import Adapted, Diverged, OneClass, Setting, Strategy, strategy_named
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.jobs.records import JobRecord
from fairtransfer.findings.run_record import load_record
from fairtransfer.gates.results import read_results
from fairtransfer.models import inspect_checkpoint, open_backbone
from fairtransfer.models.backbone import Backbone
from fairtransfer.report.costs import cost_table
from fairtransfer.report.method import method
from fairtransfer.report.trials import equal_trials, settings_table, trials_json
from fairtransfer.run_result import Run
from fairtransfer.runner.cost import expected_work
from fairtransfer.runner.rates import Rates, Work, first_setting, kind_of_work
from fairtransfer.spec.fair_options import HeadOptions
from fairtransfer.spec.grids import MOST_SETTINGS, grid_of, settings_in
from fairtransfer.spec.strategies import STRATEGY_OPTIONS
from fairtransfer.spec.transfer_options import Options, StepOptions

pytestmark = pytest.mark.train

SMALL = Planted(train=60, val=40, test=20)
SHORTER: dict[str, Any] = {"epochs": 1, "min_steps": 6, "batch_size": 8}
TEXT = ("full", "lp_ft", "scratch", "partial", "bitfit", "l2_sp", "gradual", "lora")
GROUPS = ("reweight, full", "balance, full", "balance, weighed, full", "group_dro", "jtt", "adversarial", "dfr, full")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    folder = save_encoder(tmp_path_factory.mktemp("m") / "tiny", hidden_dropout_prob=0.1)
    return open_backbone(inspect_checkpoint(folder, "folder:tiny"), "text")


def with_grid(options: Options, grid: dict[str, Any]) -> Options:
    """The options with a grid in place of one setting, and a short training."""
    inside = options.training if isinstance(options, HeadOptions) else options
    assert inside is not None
    training = type(inside).model_validate({**inside.model_dump(), **SHORTER, **grid})
    return options.model_copy(update={"training": training}) if isinstance(options, HeadOptions) else training


def case(name: str, encoder: Backbone, planted: Planted = SMALL) -> tuple[Setting, Options]:
    """Rows and options of a strategy."""
    if name in TEXT:
        return adapting.setting(encoder), adapting.OPTIONS[name]
    return planted.setting(), fair_options.OPTIONS[name]


def strategy(name: str) -> Strategy:
    return strategy_named(name.split(",")[0])


def every_row(adapted: Adapted, setting: Setting) -> bytes:
    return adapted.logits(setting.train.prepared).numpy().tobytes()


def score(adapted: Adapted) -> tuple[float, ...]:
    return tuple(adapted.record[name] for name in CRITERIA if name in adapted.record)


# --- every strategy that is trained ------------------------------------------------------------------------------------


def test_every_strategy_that_takes_a_grid_is_here() -> None:
    wanted = {k for k, o in STRATEGY_OPTIONS.items() if issubclass(o, StepOptions | HeadOptions)}

    assert {name.split(",")[0] for name in (*TEXT, *GROUPS)} == wanted


GRID = {"lr": [3e-2, 1e-4], "weight_decay": [0.0, 1.0]}
EACH = list(itertools.product(*GRID.values()))


@pytest.mark.parametrize("name", [*TEXT, *GROUPS])
def test_a_grid_equals_the_best_of_its_settings_trained_alone(name: str, encoder: Backbone) -> None:
    """The slow twin: one strategy per setting, nothing shared between them, and the first of the lowest scores."""
    found, options = case(name, encoder)
    tuples = {key: tuple(values) for key, values in GRID.items()}
    alone = []
    for lr, decay in EACH:
        apart, _ = case(name, encoder)
        alone.append(strategy(name).fit(apart, with_grid(options, {"lr": lr, "weight_decay": decay})))
    wanted = alone[min(range(len(EACH)), key=lambda i: score(alone[i]))]

    best = fit_best(strategy(name), found, with_grid(options, tuples))

    told = best.record["grid"]
    assert every_row(best, found) == every_row(wanted, found)
    assert [(t["lr"], t["weight_decay"]) for t in told] == EACH
    assert [tuple(t[k] for k in CRITERIA if k in t) for t in told] == [score(one) for one in alone]
    assert best.record["trials"] == len(EACH) * wanted.record["trials"]
    assert (best.record["selected"]["lr"], best.record["selected"]["weight_decay"]) == EACH[alone.index(wanted)]
    assert "of 4 settings by the same numbers" in best.record["selection"]
    kept = {"selection", "selected", "trials", "grid"}
    assert {k: v for k, v in best.record.items() if k not in kept} == {
        k: v for k, v in wanted.record.items() if k not in kept
    }
    assert len({every_row(one, found) for one in alone}) > 1, "the twin: settings make a difference"


@pytest.mark.parametrize("name", ["group_dro", "dfr, full"])
def test_the_rule_is_the_strategy_s_own(name: str, encoder: Backbone) -> None:
    """With `select: average` the worst cell has no say, and no record tells it."""
    found, options = case(name, encoder)
    averaged = options.model_copy(update={"select": "average"})

    worst, average = (fit_best(strategy(name), found, with_grid(o, {"lr": (1e-2, 1e-3)})) for o in (options, averaged))

    assert all("validation_worst_error" in trial for trial in worst.record["grid"])
    assert not any("validation_worst_error" in trial for trial in average.record["grid"])


@pytest.mark.parametrize("name", GROUPS)
def test_test_labels_choose_nothing(name: str, encoder: Backbone) -> None:
    """Answers and groups of test rows changed: the same trials, to the last digit. The twin: those of validation count."""
    other = Planted(train=60, val=40, test=20)
    y, groups = np.array(other.y), np.array(other.groups)
    first = other.rows[2].start
    y[first:], groups[first:] = y[first:][::-1], groups[first:][::-1]
    assert tuple(y) != other.y
    other.y, other.groups = tuple(y.tolist()), tuple(groups.tolist())
    grid = {"lr": (1e-2, 1e-3)}

    left, right = (
        fit_best(strategy(name), rows, with_grid(options, grid)).record
        for rows, options in (case(name, encoder), case(name, encoder, other))
    )
    rows, options = case(name, encoder)
    flipped = tuple("yes" if label == "no" else "no" for label in rows.val.y)
    twin = fit_best(strategy(name), replace(rows, val=replace(rows.val, y=flipped)), with_grid(options, grid)).record

    assert left == right
    assert left["grid"] != twin["grid"]


def test_operations_of_all_settings_are_counted(encoder: Backbone) -> None:
    """Two settings of `dfr` fine-tune two networks: the features of either are work of its own."""

    def operations(lr: Any) -> int:
        found, tally = SMALL.setting(), FlopTally()
        runner = Runner(Hardware("cpu", "fp32"), tally)
        found = replace(found, runner=runner, frozen=FrozenFeatures(found.backbone, runner))
        tally.begin()
        fit_best(strategy("dfr"), found, with_grid(fair_options.OPTIONS["dfr, full"], {"lr": lr}))
        assert tally.total
        return tally.total

    assert operations((1e-2, 1e-3)) == operations(1e-2) + operations(1e-3)


# --- the choice itself -------------------------------------------------------------------------------------------------


class Made(Strategy):
    """Gives what a table says for every learning rate: a score, or an error to raise."""

    kind = "full"

    def __init__(self, results: dict[float, tuple[float, ...] | Exception], *, watched: bool = False) -> None:
        self.watched = watched
        self.results, self.alive, self.most = results, weakref.WeakSet(), 0  # type: ignore[var-annotated]

    def fit(self, setting: Setting, options: Options) -> Adapted:
        assert isinstance(options, FullOptions)
        assert isinstance(options.lr, float)
        if self.watched:
            gc.collect()
        model = torch.nn.Linear(1, 1)
        self.alive.add(model)
        self.most = max(self.most, len(self.alive))
        for share in (0.5, 1.0):
            setting.progress(share)
        found = self.results[options.lr]
        if isinstance(found, Exception):
            raise found
        record = dict(zip(CRITERIA[-len(found) :], found, strict=True))
        told = {"selection": "a rule", "selected": {"step": 1}, "trials": 3, "options": options.lr}
        return Adapted(lambda prepared: model.weight, {**record, **told})


ROWS = SMALL.setting()


def chosen(results: dict[float, tuple[float, ...] | Exception]) -> dict[str, Any]:
    return fit_best(Made(results), ROWS, FullOptions(lr=tuple(results))).record


@pytest.mark.parametrize(
    ("results", "wanted"),
    [
        ({0.1: (0.3, 0.5), 0.2: (0.2, 0.9)}, 0.2),
        ({0.1: (0.3, 0.5), 0.2: (0.3, 0.4)}, 0.2),
        ({0.2: (0.3, 0.5), 0.1: (0.3, 0.5)}, 0.2),  # the first listed, not the smallest
        ({0.1: (0.5, 0.1, 0.1), 0.2: (0.4, 0.3, 0.9)}, 0.2),  # the worst cell decides before the average
        ({0.1: (0.5, 0.2, 0.1), 0.2: (0.5, 0.1, 0.9)}, 0.2),
        ({0.1: Diverged.at(3), 0.2: (0.9, 9.0)}, 0.2),
        ({0.1: FloatingPointError("some frozen features are NaN"), 0.2: (0.9, 9.0)}, 0.2),
        ({0.1: (0.0, math.nan), 0.2: (0.9, 9.0)}, 0.2),
        ({0.1: (0.9, 9.0), 0.2: (0.0, math.inf)}, 0.1),
    ],
)
def test_what_is_chosen(results: dict[float, tuple[float, ...] | Exception], wanted: float) -> None:
    record = chosen(results)

    lost = [trial["lr"] for trial in record["grid"] if trial["status"] == "diverged"]
    assert record["selected"] == {"step": 1, "lr": wanted, "weight_decay": 0.01}
    assert record["options"] == wanted, "the record is the chosen model's"
    assert record["trials"] == 2 * 3
    assert lost == [lr for lr, r in results.items() if isinstance(r, Exception) or not math.isfinite(r[-1])]


def test_where_every_setting_diverges_the_strategy_has() -> None:
    with pytest.raises(Diverged, match=r"all 2 settings did; the first: .* at step 3"):
        chosen({0.1: Diverged.at(3), 0.2: FloatingPointError("nothing")})


@pytest.mark.parametrize("error", [OneClass("none"), MemoryError(), RuntimeError("a bug")])
def test_other_errors_are_not_settings_that_lost(error: Exception) -> None:
    with pytest.raises(type(error)):
        chosen({0.1: (0.3, 0.5), 0.2: error})


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=MOST_SETTINGS))
def test_no_setting_is_better_than_the_one_chosen_and_none_before_it_as_good(scores: list[tuple[int, int]]) -> None:
    rates = [round(0.1 * (i + 1), 1) for i in range(len(scores))]
    record = chosen({lr: (float(a), float(b)) for lr, (a, b) in zip(rates, scores, strict=True)})

    assert record["selected"]["lr"] == rates[scores.index(min(scores))]


@pytest.mark.parametrize("scores", [(1.0, 2.0, 3.0, 4.0), (4.0, 3.0, 2.0, 1.0)])
def test_two_models_at_the_most_are_there_at_a_time(scores: tuple[float, ...]) -> None:
    """Whether the first setting wins or every one is better than those before."""
    made = Made({0.1 * (i + 1): (s, s) for i, s in enumerate(scores)}, watched=True)

    fit_best(made, SMALL.setting(), FullOptions(lr=tuple(made.results)))

    assert made.most == 2


def test_a_kept_model_keeps_no_gradients(encoder: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    real = Backbone.pretrained
    monkeypatch.setattr(Backbone, "pretrained", lambda self: made.append(real(self)) or made[-1])

    strategy("full").fit(adapting.setting(encoder), with_grid(adapting.OPTIONS["full"], {}))

    assert made
    assert all(p.grad is None for network in made for p in network.module.parameters())


def test_progress_rises_through_all_settings_to_its_end() -> None:
    seen: list[float] = []
    found = replace(SMALL.setting(), progress=seen.append)

    fit_best(Made({0.1: (1.0, 1.0), 0.2: (1.0, 1.0)}), found, FullOptions(lr=(0.1, 0.2)))

    assert seen == [0.25, 0.5, 0.75, 1.0]


def test_without_a_grid_a_strategy_is_fitted_as_it_is() -> None:
    """The same record, key for key: what an audit without a grid gave before."""
    options = with_grid(fair_options.OPTIONS["group_dro"], {})

    record = fit_best(strategy("group_dro"), SMALL.setting(), options).record

    assert record == strategy("group_dro").fit(SMALL.setting(), options).record
    assert "grid" not in record
    assert settings_of(ProbeOptions()) == settings_of(DfrOptions(by=("side",))) == []


# --- definitions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted({name.split(",")[0] for name in (*TEXT, *GROUPS)}))
def test_one_number_stands_in_the_evidence_as_it_did(kind: str) -> None:
    """A list of one is that number, so that both are the same job."""
    by = {"by": ("region",)} if "by" in STRATEGY_OPTIONS[kind].model_fields else {}
    inside = issubclass(STRATEGY_OPTIONS[kind], HeadOptions)

    def told(**training: Any) -> dict[str, Any]:
        given = {"on": "full", "training": training} if inside else training
        return STRATEGY_OPTIONS[kind].model_validate({**by, **given}).model_dump(mode="json")

    plain, one, grid = told(lr=0.25, weight_decay=0.5), told(lr=(0.25,), weight_decay=(0.5,)), told(lr=(0.5, 0.25))
    training = plain["training"] if inside else plain
    assert plain == one
    assert (training["lr"], training["weight_decay"]) == (0.25, 0.5)
    assert (grid["training"] if inside else grid)["lr"] == [0.5, 0.25]
    assert (settings_in(plain), settings_in(grid)) == (1, 2)


def test_the_rest_of_what_stands_in_the_evidence_is_as_it_was() -> None:
    """What decides a job's id, letter for letter."""
    assert FullOptions().model_dump(mode="json", exclude={"name"}) == {
        "epochs": 3,
        "min_steps": 60,
        "lr": 5e-5,
        "head_lr": 1e-3,
        "weight_decay": 0.01,
        "batch_size": 32,
        "warmup": 0.1,
        "checks": 3,
        "embeddings": "frozen",
        "augmentation": "none",
    }


@given(st.integers(1, 6), st.integers(1, 6))
def test_a_grid_holds_every_setting_once_and_is_small(rates: int, decays: int) -> None:
    lr, decay = (tuple(float(i + 1) for i in range(n)) for n in (rates, decays))
    if rates * decays > MOST_SETTINGS:
        with pytest.raises(ValidationError, match=f"make {rates * decays} settings"):
            FullOptions(lr=lr, weight_decay=decay)
        return
    found = FullOptions(lr=lr, weight_decay=decay)
    settings = [(s["lr"], s["weight_decay"]) for s, _ in settings_of(found)]

    assert settings == (list(itertools.product(lr, decay)) if rates * decays > 1 else [])
    assert [{"lr": o.lr, "weight_decay": o.weight_decay} for _, o in settings_of(found)] == grid_of(found.model_dump())  # type: ignore[attr-defined]  # options of training


# --- plans -------------------------------------------------------------------------------------------------------------


def planned(root: Path, strategies: str) -> dict[str, Any]:
    audit = edit(write_project(root), ("strategies: [probe, {full: {epochs: 2, lr: 0.001}}, scratch]", strategies))
    return {job.training.strategy: job.training for job in jobs_of(audit).jobs}


def test_a_plan_counts_the_settings(tmp_path: Path) -> None:
    """Four settings take four times what one takes, but for the answers; the twin has one."""
    dfr = "{{dfr: {{by: region, on: full, training: {{lr: {}}}}}}}"
    asked = f"strategies: [{{{{full: {{{{lr: {{}}, weight_decay: {{}}}}}}}}}}, {dfr}, scratch]"
    grid, plain = asked.format([0.1, 0.2], [0, 1], [1, 2]), asked.format(0.1, 0, 1)
    many, one = planned(tmp_path / "a", grid), planned(tmp_path / "b", plain)
    side: Any = type("Side", (), {"val": [0] * 16, "train": [0] * 24})

    for name, settings in (("full", 4), ("dfr", 2)):
        rates = Rates(1.0, 0.5, {kind_of_work(one[name]): Work(2.0, 0.25)})
        assert kind_of_work(many[name]) == kind_of_work(one[name])
        assert first_setting(many[name]).options == one[name].options
        answers = rates.seconds(one[name], side, 16, 100) - rates.seconds(one[name], side, 16, 0)  # type: ignore[operator]
        alone = rates.seconds(one[name], side, 16, 0)
        assert alone
        assert rates.seconds(many[name], side, 16, 100) == pytest.approx(settings * alone + answers)
        assert expected_work(many[name], 0) == settings * expected_work(one[name], 0)


# --- a run -------------------------------------------------------------------------------------------------------------

ASKED = "strategies: [probe, {full: {epochs: 1, min_steps: 6, batch_size: 8, lr: [1.0e-4, 3.0e-2], weight_decay: [0, 0.1]}}]"


NAMED = ("claim: procedure", "claim: procedure\ncandidate: {strategy: full, label_budget: 16}")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    root = tmp_path_factory.mktemp("grid")
    return api.run(edit(text_project(root / "p"), (SHORT, ASKED), NAMED), workspace=root / "w")


def test_a_run_keeps_every_trial(run: Run) -> None:
    jobs = [read_json(path) for path in run.folder.glob("jobs/*/job.json")]
    full = [job for job in jobs if job["strategy"] == "full"]

    assert len(full) == 4
    assert all(job["options"]["lr"] == [1e-4, 3e-2] for job in full)
    assert all(job["record"]["trials"] == len(job["record"]["grid"]) == 4 for job in full)
    assert all("grid" not in job["record"] for job in jobs if job["strategy"] != "full")


def test_a_report_says_what_was_tried_and_that_it_was_not_as_much(run: Run) -> None:
    told = read_json(run.folder / "report" / "report.json")["trials"]
    jobs = [read_json(path) for path in run.folder.glob("jobs/*/job.json")]
    record = load_record(run.folder)
    table = settings_table(record)

    assert told["equal"] is False
    assert told["note"] == cost_table(record).note
    assert "(probe 13, full 4)" in told["note"]
    assert "one more setting of a trained model is one more training" in told["note"]
    assert {(m["strategy"], m["label_budget"], m["seed"]) for m in told["models"]} == {
        (job["strategy"], job["label_budget"], job["seed"]) for job in jobs if job["stage"] == "after"
    }
    for document in ("report.md", "report.html"):
        text = (run.folder / "report" / document).read_text()
        assert "Every setting was trained with the same seeds" in text
        assert "Trial budgets are not equal" in text
    assert (
        "lr one of 0.0001, 0.03"
        in dict(method(record, read_results(run.folder / "findings.json").verdict))["Strategy full"]
    )
    assert len(table.rows) == 2 * 4
    for budget in ("8", "16"):
        rows = [row for row in table.rows if row[1] == budget]
        won = [int(seed) for row in rows for seed in row[5].split(", ") if row[5] != "–"]
        assert sorted(won) == [0, 1], "every seed has one setting"
        for row in rows:
            trials = [
                trial
                for job in jobs
                if (job["strategy"], job["label_budget"]) == ("full", budget)
                for trial in job["record"]["grid"]
                if (f"{trial['lr']:g}", f"{trial['weight_decay']:g}") == row[2:4]
            ]
            assert row[4] == formats.percent(sum(t["validation_error"] for t in trials) / len(trials))


TRIED: dict[str, tuple[dict[str, int], bool, bool | None, str]] = {
    "unequal": ({"probe": 13, "full": 1}, True, False, "(probe 13, full 1). Heads on frozen features"),
    "unequal, no head": ({"full": 4, "lora": 1}, False, False, "(full 4, lora 1). Part of a difference"),
    "equal": ({"full": 4, "lora": 4}, False, True, "Every adapted model was chosen from 4 settings."),
    "nothing to choose": ({"full": 4, "majority": 0}, False, True, ""),
    "not known": ({"full": 0, "lora": 0}, False, None, ""),
}


def made_up(*jobs: dict[str, Any]) -> Any:
    """A run's record of which only what was tried is asked."""
    always = {
        "id": "",
        "benchmark": "toy",
        "stage": "after",
        "kind": "full",
        "label_budget": "8",
        "options": {},
        "attempts": 1,
        "labels": {"train": 8, "validation": 8},
        "cost": {"training": {"wall_seconds": 1.0}},
        "machine": {},
    }
    named = [JobRecord.from_json({**always, **job}) for job in jobs]
    return SimpleNamespace(given=None, jobs=named, models={(job.strategy, "8"): (0, 1) for job in named})


@pytest.mark.parametrize("name", TRIED)
def test_what_is_said_of_equal_trials(name: str) -> None:
    numbers, heads, equal, words = TRIED[name]
    penalties = {"inverse_penalties": [1.0]} if heads else {}
    record = made_up(
        *(
            {"strategy": s, "seed": 0, "options": penalties if s == "probe" else {}, "record": {"trials": n}}
            for s, n in numbers.items()
        )
    )

    assert words in equal_trials(record)
    assert bool(equal_trials(record)) == bool(words)
    assert trials_json(record)["equal"] is equal
    assert ("Heads" in equal_trials(record)) == heads
    assert settings_table(record).rows == ()


def test_settings_that_lost_and_small_groups_in_a_report() -> None:
    """A setting that never gave a model is told so; the worst group's error, which may be that of a few, is in no report."""
    ok = {"status": "ok", "validation_error": 0.25, "validation_worst_error": 0.5}
    lost = {"status": "diverged", "reason": "x"}
    jobs = []
    for seed, (trials, rate) in enumerate([((lost, ok, ok), 0.01), ((lost, lost, ok), 1e-3)]):
        grid = [{"lr": lr, "weight_decay": 0.0, **t} for lr, t in zip((0.1, 0.01, 1e-3), trials, strict=True)]
        kept = {"trials": 3, "grid": grid, "selected": {"lr": rate, "weight_decay": 0.0}}
        jobs.append({"strategy": "full", "seed": seed, "record": kept})
    record = made_up(*jobs)

    assert settings_table(record).rows == (
        ("full", "8", "0.1", "0", "diverged", "–", "0, 1"),
        ("full", "8", "0.01", "0", "25.0%", "0", "1"),
        ("full", "8", "0.001", "0", "25.0%", "1", "–"),
    )
    assert "worst" not in str(trials_json(record))
    assert "worst" in str(jobs), "the twin: the evidence has it"


def test_a_run_with_a_grid_is_resumed(run: Run, tmp_path: Path) -> None:
    """Finished jobs are found again; a workspace without them gives the same answers."""
    audit = tmp_path / "p" / "audits" / "audit.yaml"
    edit(text_project(tmp_path / "p"), (SHORT, ASKED), NAMED)
    assert api.run(audit, workspace=run.folder.parents[1]).fresh == 0

    again = api.run(audit, workspace=tmp_path / "w")

    def answers(one: Run) -> dict[str, bytes]:
        return {path.parent.name: path.read_bytes() for path in one.folder.glob("jobs/*/predictions.parquet")}

    assert answers(again) == answers(run)
