"""Every strategy, built in or registered, through every law: from audit to evidence and report on every kind of label.

What does not fit a kind of label is refused when the audit is read, and says why. The strategy of the worked example is
registered beside those of the table, and goes through the same.
"""

from __future__ import annotations

import functools
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from support import adapting
from support.number_project import number_project
from support.plans import jobs_of
from support.plugin_packages import EXAMPLE
from support.tiny_models import save_encoder
from support.toy import edit, toy_rows, write_project

import fairtransfer as ft
from fairtransfer import api, registry
from fairtransfer.adapt.grid import fit_best
from fairtransfer.adapt.strategy import Adapted, OneClass, Setting, strategy_named
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.tables import read_table
from fairtransfer.models import inspect_checkpoint, open_backbone
from fairtransfer.models.backbone import Backbone
from fairtransfer.report.chart_data import CurvePoint, Span
from fairtransfer.report.curves import learning_curves
from fairtransfer.runner.asked import training_in
from fairtransfer.runner.cost import expected_work
from fairtransfer.runner.opened_data import open_data
from fairtransfer.runner.rates import kind_of_work, steps_of
from fairtransfer.runner.timing_probe import probe
from fairtransfer.spec.check import load_audit
from fairtransfer.spec.fair_options import GroupOptions
from fairtransfer.spec.strategies import STRATEGY_OPTIONS, strategy_kind
from fairtransfer.spec.transfer_options import Options, StepOptions

pytestmark = pytest.mark.train
TARGETS = ("binary", "multiclass", "multilabel", "number")
BY_GROUP = {kind for kind, options in STRATEGY_OPTIONS.items() if issubclass(options, GroupOptions)}
REGISTERED = "wise_ft"
NAMES = (*registry.names("strategies"), REGISTERED)
NO_TWO, SEVERAL, NUMBER = (
    "needs two classes, the task has 3",
    "needs one class a row",
    "needs classes, and the label is a number",
)


def refused(kind: str) -> dict[str, str]:
    """Kind of label -> why it is refused, as a strategy's `tasks` say it; multilabel rows of the toy have three classes."""
    tasks = strategy_kind(kind).tasks
    few = {"multiclass": NO_TWO, "multilabel": NO_TWO} if "classes" not in tasks else {}
    several = {"multilabel": SEVERAL} if "several_labels" not in tasks else {}
    number = {"number": NUMBER} if "number" not in tasks else {}
    return {**several, **few, **number}


REFUSED = {
    target: {kind: refused(kind)[target] for kind in registry.names("strategies") if target in refused(kind)}
    for target in TARGETS
}
BEFORE = 'before: {zero_shot: {prompt: "a word about {label}"}}'
LISTED = "strategies: [probe, {full: {epochs: 2, lr: 0.001}}, scratch]"
GROUPS = "    groups: [region, age]\n"


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    """The strategy of the worked example, registered as a program would."""
    sys.path.insert(0, str(EXAMPLE))
    from fairtransfer_wise_ft.strategy import WiseFt

    ft.register(WiseFt)
    yield
    registry.forget("strategies", REGISTERED)
    sys.path.remove(str(EXAMPLE))


def least(kind: str, target: str = "binary") -> dict[str, Any]:
    """The options with the least work."""
    options = STRATEGY_OPTIONS[kind]
    asked: dict[str, Any] = {"epochs": 2, "min_steps": 2} if issubclass(options, StepOptions) else {}
    if issubclass(options, GroupOptions):
        asked |= {"by": "region"} | ({"cells": "group"} if target == "number" else {})
    return asked


def written(kind: str, target: str) -> str:
    """A strategy as an audit lists it."""
    asked = ", ".join(f"{key}: {value}" for key, value in least(kind, target).items())
    return f"{{{kind}: {{{asked}}}}}"


def project(root: Path, target: str, kinds: list[str]) -> Path:
    """The toy project with this kind of label and these strategies."""
    listed = "strategies: [" + ", ".join(["probe", *(written(kind, target) for kind in kinds if kind != "probe")]) + "]"
    if target == "number":
        audit = edit(
            number_project(root), ("seeds: [0, 1]", "seeds: [0]"), ("label_budgets: [60]", "label_budgets: [24]")
        )
    else:
        rows = toy_rows(60)
        if target == "multilabel":
            rows = [{**row, "label": row["label"] + ("|tool" if "big" in row["text"] else "")} for row in rows]
            rows = [{**row, "label": row["label"].replace("tool|tool", "tool")} for row in rows]
        audit = edit(
            write_project(root, rows),
            ("seeds: [0, 1, 2]", "seeds: [0]"),
            ("label_budgets: [8, 16]", "label_budgets: [24]"),
            ("  - no_negative_transfer: {by: region, margin: 0.05}\n", ""),
            (BEFORE, "before: probe"),
        )
        if target == "multilabel":
            edit(root / "data_cards" / "toy.md", ("type: multiclass", "type: multilabel"))
        if target == "binary":
            edit(audit, (GROUPS, GROUPS + "    labels: {food: [fruit], other: rest}\n"))
    return edit(audit, (LISTED, listed))


def real_model(root: Path) -> None:
    """A model that can be loaded in the place of the one that cannot."""
    shutil.rmtree(root / "models" / "tiny")
    save_encoder(root / "models" / "tiny")


def fitting(target: str) -> list[str]:
    return [kind for kind in NAMES if kind not in REFUSED[target]]


# --- every kind of label ---------------------------------------------------------------------------------------------------


def test_strategies_that_look_at_groups_refuse_what_they_always_did() -> None:
    """Written by hand, beside what the strategies say of themselves: only what looks at groups refused a kind of label."""
    two = {"threshold", "reductions"}

    assert {kind for kind in REFUSED["multiclass"] if kind in BY_GROUP} == two
    assert REFUSED["multilabel"].keys() >= BY_GROUP
    assert BY_GROUP - REFUSED["number"].keys() == {"balance", "group_dro"}
    assert REFUSED["binary"] == {}
    assert not {"probe", "full", "lp_ft", "scratch", "partial"} & {kind for told in REFUSED.values() for kind in told}


@pytest.mark.parametrize(("target", "kind"), [(target, kind) for target in TARGETS for kind in sorted(REFUSED[target])])
def test_what_does_not_fit_is_refused_before_anything_runs(tmp_path: Path, target: str, kind: str) -> None:
    with pytest.raises(DefinitionError) as error:
        load_audit(project(tmp_path, target, [kind]), report_only=True)

    told = [problem for problem in error.value.problems if f"`{kind}`" in problem.found]
    assert [problem.code for problem in told] == ["FT-Y065" if target == "number" else "FT-Y050"]
    assert REFUSED[target][kind] in told[0].found


@functools.cache
def ran(root: Path, target: str) -> Path:
    """The folder of a run with all the others."""
    audit = project(root, target, fitting(target))
    real_model(root)
    return api.run(load_audit(audit, report_only=True), workspace=root / "runs").folder


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {target: tmp_path_factory.mktemp(target) for target in TARGETS}


@pytest.mark.parametrize(("target", "kind"), [(t, kind) for t in TARGETS for kind in fitting(t)])
def test_what_fits_answers_every_row_and_says_what_it_was_chosen_by(
    roots: dict[str, Path], target: str, kind: str
) -> None:
    folder = ran(roots[target], target)
    job = next(job for job in map(read_json, folder.glob("jobs/*/job.json")) if job["strategy"] == kind)
    table = read_table(folder / "jobs" / job["id"] / "predictions.parquet")
    items = read_table(folder / "benchmarks" / "toy" / "items.parquet")

    assert read_json(folder / "run.json")["failed_jobs"] == []
    assert table["item"].to_pylist() == items["item"].to_pylist()
    assert None not in table["pred"].to_pylist()
    assert "validation" in job["record"]["selection"]
    by_worst = kind in BY_GROUP
    assert ("worst" in job["record"]["selection"]) == by_worst
    counted = job["labels"]["group_labels_train"] + job["labels"]["group_labels_validation"]
    assert (counted > 0) == by_worst
    assert job["record"]["trials"] >= (kind != "majority")


# --- the documents, the plan, and the second time --------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
def test_the_report_says_of_each_what_it_does_and_with_which_options(roots: dict[str, Path], target: str) -> None:
    folder = ran(roots[target], target)
    page = (folder / "report" / "report.html").read_text()
    numbers = read_json(folder / "report" / "report.json")
    for kind in fitting(target):
        way = strategy_named(kind)
        assert way.words in page.replace("&#39;", "'"), kind
        assert f"Strategy {kind}" in page
    assert {row["strategy"] for row in numbers["rows"]} >= set(fitting(target)) - {"scratch"}
    told = read_json(folder / "run.json")["plugins"]
    assert [one["provides"] for one in told] == [[f"strategies:{REGISTERED}"]]
    assert "code that is not part of fairtransfer" in page


@pytest.mark.parametrize("kind", NAMES)
def test_its_curve_has_its_colour(kind: str) -> None:
    points = [CurvePoint("all", kind, labels, Span(20.0, 10.0, 30.0)) for labels in (8, 16)]
    drawn = learning_curves(points, [], ["all"], [kind], "error rate", [8, 16])
    assert strategy_named(kind).colour in "".join(drawn.elements)


def test_a_plan_foresees_time_and_work_of_each(tmp_path: Path) -> None:
    audit = project(tmp_path, "binary", list(NAMES))
    real_model(tmp_path)
    made = jobs_of(load_audit(audit, report_only=True))
    data = open_data(made.files, made.roots)
    trainings = [t for t, _ in made.by_training() if t.stage == "after"]
    rates = probe(made, data, trainings, None)

    for training in trainings:
        asked = strategy_named(training.kind)
        seconds = rates.seconds(training, data.adaptation, 24, 10)
        assert kind_of_work(training) in rates.works, f"`{training.kind}` could not be timed"
        assert seconds is not None
        assert seconds > 0
        assert (expected_work(training, 1) > 0) == (asked.passes > 0)
        timed = rates.works[kind_of_work(training)].step is not None
        assert not timed or training_in(training) is not None
        assert timed or steps_of(training, 24) < 4, "with fewer steps than four all of it is timed at once"


def test_what_is_done_again_comes_out_the_same_to_the_byte(roots: dict[str, Path]) -> None:
    """Jobs that are taken out of the store are carried out anew: the same seed, the same answers, the same record."""
    root = roots["binary"]
    folder = ran(root, "binary")
    before = {path.parent.name: path.read_bytes() for path in folder.glob("jobs/*/predictions.parquet")}
    again = shutil.copytree(root, root.parent / "binary-again")
    for job in (path for path in (again / "runs" / ".store" / "jobs").iterdir()):
        kept = read_json(next(job.rglob("job.json")))
        if kept["stage"] == "after":
            shutil.rmtree(job)
    shutil.rmtree(again / "runs" / folder.parent.name)
    done = api.run(load_audit(again / "audits" / "audit.yaml", report_only=True), workspace=again / "runs")

    assert done.fresh == len(NAMES) + 2, "and the chosen one again, with scratch beside it"
    assert {path.parent.name: path.read_bytes() for path in done.folder.glob("jobs/*/predictions.parquet")} == before


# --- the strategy alone ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    folder = tmp_path_factory.mktemp("model") / "tiny"
    save_encoder(folder)
    return open_backbone(inspect_checkpoint(folder, f"folder:{folder}"), "text")


def setting(backbone: Backbone, kind: str, y: tuple[str, ...] = adapting.Y) -> tuple[Setting, Options]:
    """Rows of two classes in two groups, and the least options; groups as far as the strategy uses them."""
    found = adapting.setting(backbone, y=y)
    options = STRATEGY_OPTIONS[kind].model_validate(least(kind))
    stages = options.group_stages if isinstance(options, GroupOptions) else ()
    groups = tuple(("north", "south")[i // 2 % 2] for i in range(len(y)))
    train = replace(found.train, groups=groups if "training" in stages else None)
    val = replace(found.val, groups=groups if "validation" in stages else None)
    return replace(found, train=train, val=val), options


def answers(adapted: Adapted, found: Setting) -> object:
    prepared = found.train.prepared
    if adapted.decision is None:
        return adapted.logits(prepared).tolist()
    groups = tuple(("north", "south")[i // 2 % 2] for i in range(len(prepared)))
    return adapted.decision.answers(prepared, groups if adapted.decision.by else None)


@pytest.mark.parametrize("kind", NAMES)
def test_it_leaves_the_pretrained_model_as_it_was_and_tells_what_it_did(backbone: Backbone, kind: str) -> None:
    found, options = setting(backbone, kind)
    shares: list[float] = []
    began = {name: tensor.clone() for name, tensor in backbone.module.state_dict().items()}
    adapted = fit_best(strategy_named(kind), replace(found, progress=shares.append), options)

    ended = backbone.module.state_dict()
    assert began.keys() == ended.keys()
    assert all(torch.equal(began[name], ended[name]) for name in began), "other strategies begin with it too"
    told = {"validation_error", "validation_loss", "selection", "trainable_parameters", "trials"}
    assert told <= adapted.record.keys()
    assert 0 <= adapted.record["validation_error"] <= 1
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    logits = adapted.logits(found.train.prepared)
    assert logits.shape == (len(adapting.Y), 2)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize("kind", NAMES)
def test_the_seed_decides_alone(backbone: Backbone, kind: str) -> None:
    """Whatever ran before, and however torch's own generator stands."""
    found, options = setting(backbone, kind)
    first = answers(fit_best(strategy_named(kind), found, options), found)
    torch.manual_seed(12345)
    again, _ = setting(backbone, kind)
    assert answers(fit_best(strategy_named(kind), again, options), again) == first


@pytest.mark.parametrize("kind", NAMES)
def test_nothing_to_tell_apart_is_a_result_with_a_name(backbone: Backbone, kind: str) -> None:
    """Rows of one class alone: one that asks the network says so; one that does not answers this class."""
    found, options = setting(backbone, kind, y=(adapting.CLASSES[0],) * len(adapting.Y))
    if not strategy_named(kind).passes:
        assert fit_best(strategy_named(kind), found, options).record["validation_error"] == 0.0
        return
    with pytest.raises(OneClass):
        fit_best(strategy_named(kind), found, options)
