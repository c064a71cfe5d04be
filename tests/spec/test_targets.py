"""Every strategy on every kind of label: it works from audit to evidence, or is refused when the audit is read, and says why."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from support.number_project import number_project
from support.tiny_models import save_encoder
from support.toy import edit, toy_rows, write_project

from fairtransfer import api
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.tables import read_table
from fairtransfer.spec.check import load_audit
from fairtransfer.spec.fair_options import GroupOptions
from fairtransfer.spec.strategies import STRATEGY_OPTIONS
from fairtransfer.spec.transfer_options import StepOptions

pytestmark = pytest.mark.train
TARGETS = ("binary", "multiclass", "multilabel", "number")
BY_GROUP = {kind for kind, options in STRATEGY_OPTIONS.items() if issubclass(options, GroupOptions)}
REFUSED = {
    "binary": {},
    "multiclass": dict.fromkeys(("threshold", "reductions"), "needs two classes, the task has 3"),
    "multilabel": {
        **dict.fromkeys(BY_GROUP, "needs one class a row"),
        **dict.fromkeys(("threshold", "reductions"), "needs two classes, the task has 3"),
    },
    "number": dict.fromkeys(BY_GROUP - {"balance", "group_dro"}, "needs classes, and the label is a number"),
}
BEFORE = 'before: {zero_shot: {prompt: "a word about {label}"}}'
LISTED = "strategies: [probe, {full: {epochs: 2, lr: 0.001}}, scratch]"
GROUPS = "    groups: [region, age]\n"


def written(kind: str, target: str) -> str:
    """A strategy as an audit lists it, with the least work."""
    options = STRATEGY_OPTIONS[kind]
    asked = ["epochs: 2", "min_steps: 2"] if issubclass(options, StepOptions) else []
    if issubclass(options, GroupOptions):
        asked += ["by: region", *(["cells: group"] if target == "number" else [])]
    return f"{{{kind}: {{{', '.join(asked)}}}}}"


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


def test_the_table_knows_every_strategy() -> None:
    """A new one has to say what it does with each kind of label."""
    assert {kind for refused in REFUSED.values() for kind in refused} <= BY_GROUP <= {*STRATEGY_OPTIONS}


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
    audit = project(root, target, [kind for kind in STRATEGY_OPTIONS if kind not in REFUSED[target]])
    for path in (root / "models" / "tiny").iterdir():
        path.unlink()
    save_encoder(root / "models" / "tiny")
    return api.run(load_audit(audit, report_only=True), workspace=root / "runs").folder


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {target: tmp_path_factory.mktemp(target) for target in TARGETS}


@pytest.mark.parametrize(
    ("target", "kind"), [(t, kind) for t in TARGETS for kind in STRATEGY_OPTIONS if kind not in REFUSED[t]]
)
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
