"""Long tables, a row per item and model: each model beside a named one gives what two columns of answers give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from fairtransfer.cli.app import app
from fairtransfer.errors import DefinitionError
from fairtransfer.measured_models import folders, measure_models
from fairtransfer.measurement import Measurement, measure

N = 120
ASKED = {"label": "y", "groups": "region", "item": "id"}
GATE = "no_harm:by=region,margin=0.3"
OTHER = {"no": "yes", "yes": "no"}


def wide() -> pd.DataFrame:
    """Two regions; three models err in one row of four, five and seven, and have a score and a rating each."""
    y = [("no", "yes")[i // 2 % 2] for i in range(N)]
    found = {"id": range(N), "y": y, "region": [("north", "south")[i % 2] for i in range(N)]}
    for name, every in (("base", 4), ("new/a", 5), ("y", 7)):
        said = [OTHER[v] if i % every == 0 else v for i, v in enumerate(y)]
        scores = [(80 if v == "yes" else 20) + i % 13 for i, v in enumerate(said)]
        found |= {
            f"{name} said": said,
            f"{name} p": [s / 100 for s in scores],
            f"{name} r": [i % every for i in range(N)],
        }
    return pd.DataFrame(found)


def long() -> pd.DataFrame:
    """The same with a row per item and model, shuffled."""
    frame = wide()
    parts = [
        pd.DataFrame({
            **{c: frame[c] for c in ("id", "y", "region")},
            "who": name, "said": frame[f"{name} said"], "p": frame[f"{name} p"], "r": frame[f"{name} r"],
        })
        for name in ("base", "new/a", "y")
    ]  # fmt: skip
    return pd.concat(parts).sample(frac=1, random_state=0)


def measured(frame: pd.DataFrame | None = None, **asked: Any) -> dict[str, Measurement]:
    given = {**ASKED, "after": "said", "model_column": "who", "before": "base", **asked}
    return measure_models(long() if frame is None else frame, **given)


def refused(frame: pd.DataFrame | None = None, **asked: Any) -> str:
    with pytest.raises(DefinitionError) as caught:
        measured(frame, **asked)
    return str(caught.value)


def numbers(seen: Measurement) -> list[Any]:
    return [(f.stage, f.level, f.group, f.metric.split(":")[0], f.n, f.estimate, f.ci) for f in seen.findings]


def test_every_model_has_the_numbers_that_two_columns_give() -> None:
    more = {"score": "p", "value": "r", "positive": "yes", "metrics": ["error_rate", "brier_score", "mean:r:lower"]}
    found = measured(**more, gates=GATE)
    assert list(found) == ["new/a", "y"]
    columns = {"after": "y said", "before": "base said", "score": "y p", "score_before": "base p"}
    columns |= {"value": "y r", "value_before": "base r"}
    metrics = ["error_rate", "brier_score", "mean:y r:lower"]
    alone = measure(
        wide(), **ASKED, **columns, positive="yes", metrics=metrics, gates=GATE, policy={"planned_evaluations": 2}
    )
    assert numbers(found["y"]) == numbers(alone)
    assert found["y"].verdict.outcome == alone.verdict.outcome == "pass"
    assert found["y"].study.policy.alpha_run == 0.025, "alpha is shared among the models"
    assert found["new/a"].document().title == "base and new/a on table"


def test_items_are_joined_by_name_and_what_is_left_over_is_counted_or_refused() -> None:
    frame = long()
    fewer = frame[(frame.who != "y") | (frame.id >= 20)]
    found = measured(fewer)["y"]
    assert found.counted.rows == N - 20
    assert found.counted.notes == {"rows of base are about items that y does not have": 20}
    assert list(measured(frame, item="who,id")) == ["new/a", "y"], "what names a row names its item too"
    assert "FT-P112: 20 items have no row in `base`" in refused(frame[(frame.who != "base") | (frame.id >= 20)])
    assert "FT-P006" in refused(pd.concat([frame, frame[frame.who == "y"][:1]]))


@pytest.mark.parametrize("column", ["y", "region"])
def test_rows_that_disagree_about_their_item_are_refused(column: str) -> None:
    frame = long().reset_index(drop=True)
    frame.loc[frame.index[(frame.id == 7) & (frame.who == "y")], column] = "else"
    said = refused(frame)
    assert f"FT-P116: 1 items have several values in `{column}`, for example id `7`" in said


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"before": "bse"}, "no row is of the model `bse`"),
        ({"before": ""}, "FT-P115: no model is named"),
        ({"item": None}, "models are compared by item, and none is named"),
        ({"model_column": "whom"}, "column `whom` not found"),
        ({"model_column": "id", "item": "r"}, "more than 100 names"),
        ({"label": ["y"]}, "FT-P041"),
        ({"after": "y"}, "FT-P004"),
        ({"before": ["base"]}, "FT-P115: no model is named"),
        ({"threshold": 0.5}, "threshold= is not taken"),
        ({"counts": "p"}, "counts= is not taken"),
        ({"before_file": "old.csv"}, "before_file= is not taken"),
        ({"after": None}, "FT-P042"),
    ],
)
def test_what_cannot_be_compared_is_refused(asked: dict[str, Any], said: str) -> None:
    assert said in refused(**asked)


def test_models_may_be_named_by_numbers() -> None:
    frame = long()
    assert list(measured(frame.assign(who=frame.who.map({"base": 1, "y": 2, "new/a": 3})), before=1)) == ["2", "3"]


def test_one_model_alone_and_rows_of_nobody_are_refused() -> None:
    frame = long()
    assert "holds `base` alone" in refused(frame[frame.who == "base"])
    assert "no name in some rows" in refused(frame.assign(who=frame.who.where(frame.id != 3)))


def test_the_command_tells_of_every_model_and_writes_a_report_of_each(tmp_path: Path) -> None:
    frame = long()
    frame.loc[(frame.who == "y"), "said"] = "no"
    frame.to_csv(tmp_path / "long.csv", index=False)
    asked = ["--label", "y", "--after", "said", "--item", "id", "--groups", "region", "--model-column", "who"]
    asked += [
        "--before",
        "base",
        "--gate",
        "no_harm:by=region,margin=0.05",
        "--out",
        str(tmp_path / "out"),
        "--json",
        "-",
    ]
    done = CliRunner().invoke(app, ["measure", str(tmp_path / "long.csv"), *asked])
    models = json.loads(done.stdout)["models"]
    assert models["y"]["verdict"]["outcome"] == "fail"
    assert done.exit_code == 1, "one model that fails is a failure"
    assert sorted(path.parent.name for path in (tmp_path / "out").glob("*/table.html")) == ["new-a", "y"]


def test_no_two_models_share_a_folder() -> None:
    assert dict(folders(dict.fromkeys(["a/b", "a:b", "A-B", "..", "x.y"]))) == {
        "a/b": "a-b", "a:b": "a-b-2", "A-B": "A-B-3", "..": "model", "x.y": "x.y",
    }  # fmt: skip
