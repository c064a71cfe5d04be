"""Labels and answers in files of their own: joined by the names of rows, whatever their order; who is missing is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from fairtransfer.errors import DefinitionError
from fairtransfer.measurement import Measurement, measure

pytestmark = pytest.mark.fast

N = 200


def whole() -> pd.DataFrame:
    y = [("ham", "spam")[i // 2 % 2] for i in range(N)]
    turned = {"ham": "spam", "spam": "ham"}
    old, new = ([turned[v] if i % k == 0 else v for i, v in enumerate(y)] for k in (4, 9))
    return pd.DataFrame({"id": range(N), "y": y, "old": old, "new": new, "g": [("a", "b")[i % 2] for i in range(N)]})


def values(found: Measurement) -> list[Any]:
    return [(f.stage, f.group, f.n, f.estimate) for f in found.findings]


ASKED = {"label": "y", "groups": "g", "item": "id"}


def test_files_say_the_same_as_one_table_whatever_their_order(tmp_path: Path) -> None:
    frame = whole()
    frame[["id", "g"]].to_csv(tmp_path / "who.csv", index=False)
    frame[["id", "y"]].sample(frac=1, random_state=0).to_json(tmp_path / "y.jsonl", orient="records", lines=True)
    for side, seed in (("old", 1), ("new", 2)):
        answers = frame[["id", side]].rename(columns={side: "pred"})
        answers.sample(frac=1, random_state=seed).to_parquet(tmp_path / f"{side}.parquet", index=False)
    files = {"labels_file": "y.jsonl", "before_file": "old.parquet", "after_file": "new.parquet"}
    found = measure(
        tmp_path / "who.csv",
        **ASKED,
        before="pred",
        after="pred",
        **{name: tmp_path / file for name, file in files.items()},
    )
    assert values(found) == values(measure(frame, **ASKED, before="old", after="new"))
    assert (found.question.columns.before, found.question.columns.after) == (
        "pred of old.parquet",
        "pred of new.parquet",
    )


def test_scores_come_from_the_file_of_their_model() -> None:
    frame = whole().assign(p=lambda d: (d.new == "spam") * 0.5 + d.id % 7 / 20)
    asked = {**ASKED, "after": "new", "positive": "spam", "score": "p", "metrics": "auc"}
    parts = measure(frame[["id", "y", "g"]], **asked, after_file=frame[["id", "new", "p"]][::-1])
    assert values(parts) == values(measure(frame, **asked))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f[:-3], "FT-P112: 3 items have no row in `table`, for example id `19"),
        (lambda f: pd.concat([f, f[:2]]), "FT-P006: 2 items stand more than once"),
        (lambda f: f.rename(columns={"new": "knew"}), "FT-P003: column `new` not found; did you mean `knew`"),
        (lambda f: f.rename(columns={"id": "row"}), "FT-P003: column `id` not found"),
        (lambda f: f[:0], "FT-P112: 200 items have no row"),
    ],
)
def test_what_does_not_fit_is_told(change: Any, said: str) -> None:
    frame = whole()
    with pytest.raises(DefinitionError, match=said):
        measure(frame[["id", "y", "g"]], **ASKED, after="new", after_file=change(frame[["id", "new"]]))


def test_files_are_never_joined_by_position() -> None:
    frame = whole()
    with pytest.raises(DefinitionError, match="FT-P112: files are joined by items"):
        measure(frame[["y", "g"]], label="y", groups="g", after="new", after_file=frame[["new"]])


def test_answers_about_others_are_counted() -> None:
    frame = whole()
    found = measure(frame[["id", "y", "g"]][:150], **ASKED, after="new", after_file=frame[["id", "new"]])
    assert found.counted.rows == 150
    assert found.counted.notes == {"rows of table are about items that table does not have": 50}


@pytest.mark.parametrize("spelled", [lambda i: float(i), lambda i: f"{i:03d}", lambda i: f" {i}"])
def test_items_that_are_only_written_otherwise_are_told(spelled: Any) -> None:
    frame = whole()
    other = frame[["id", "new"]].assign(id=[str(spelled(i)) for i in frame.id])
    with pytest.raises(DefinitionError, match=r"which is written `.*` there"):
        measure(frame[["id", "y", "g"]], **ASKED, after="new", after_file=other)
