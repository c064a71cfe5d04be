"""Small inputs that once came out wrong, where they are at hand: what is said of each now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fairtransfer.errors import DefinitionError
from fairtransfer.measurement import Measurement, measure

pytestmark = pytest.mark.fast

G = {"label": "y", "after": "new", "groups": "g"}
BOTH = {**G, "before": "old"}
NAN = {"label": "y", "after": "p", "groups": "g"}
NO_HARM = "no_harm:by=g,metric=error_rate,margin=0.05"

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "stray_before.csv": ({**BOTH, "item": "id", "gates": NO_HARM}, "FT-P101"),
    "G01_group_spellings.csv": (BOTH, "FT-G003"),
    "group_cut.parquet": (BOTH, "FT-P002: the file is cut off"),
    "group_list.parquet": (BOTH, "FT-P108"),
    "B18c_mixed_folder": (G, "FT-P002: the files of the folder differ"),
    "hf_score.csv": (
        {"label": "truth", "after": "pred", "groups": "region", "score": "score", "positive": "spam", "metrics": "auc"},
        "FT-P110",
    ),
    "hostile/p24-hive-folder-overrides-column/d": ({**NAN, "before": "o"}, "FT-P096"),
    "hostile/p10-bidi-label/t.csv": ({**NAN, "before": "o"}, "FT-P103"),
    "hostile/p50-nan-minimal/pred_nan.parquet": (NAN, "FT-P009: 20 rows"),
    "hostile/p50-nan-minimal/float32_nan.parquet": (NAN, "FT-P009: 20 rows"),
    "hostile/p50-nan-minimal/label_nan.parquet": (NAN, "FT-P008: 20 rows"),
    "hostile/p50-nan-minimal/number_nan.parquet": ({**NAN, "target": "number"}, "FT-P061: 40 rows"),
    "hostile/p50-nan-minimal/number_inf.parquet": ({**NAN, "target": "number"}, "FT-P061: 1 rows"),
    "hostile/p50-nan-minimal/score_nan.parquet": (
        {**NAN, "score": "s", "positive": "1", "metrics": "auc"},
        "FT-P025: 20 scores",
    ),
    "hostile/p50-nan-minimal/weights_nan.parquet": ({**NAN, "weights": "w"}, "FT-P014: 20 weights"),
    "hostile/p50-nan-minimal/counts_huge.parquet": ({**NAN, "counts": "w"}, "FT-P013: 20 counts"),
}
READ = {
    "G02_group_zwj.csv": BOTH,
    "F01_semicolon.csv": BOTH,
    "group_inf.parquet": BOTH,
    "hostile/p50-nan-minimal/class_inf.csv": NAN,
    "hostile/p50-nan-minimal/group_20digits.parquet": NAN,
    "hostile/p50-nan-minimal/text_20digits.parquet": NAN,
    "hostile/p50-nan-minimal/text_nan.parquet": NAN,
    "hostile/p50-nan-minimal/pred_1e300.parquet": NAN,
}


@pytest.fixture(scope="module")
def cases(shared_data: Path) -> Path:
    place = shared_data.parent / "cases"
    if not place.is_dir():
        pytest.skip("the shared cases are not here")
    return place


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_told_is_refused(name: str, cases: Path) -> None:
    asked, said = REFUSED[name]
    with pytest.raises(DefinitionError) as caught:
        measure(cases / name, **asked)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", READ)
def test_what_can_be_told_is_told(name: str, cases: Path) -> None:
    assert measure(cases / name, **READ[name]).counted.rows > 0


def value(found: Measurement, metric: str, **group: str) -> float | None:
    return next(f.estimate for f in found.findings if f.stage == "after" and f.metric == metric and f.group == group)


def test_values_are_the_right_ones(cases: Path) -> None:
    squeezed = measure(cases / "B07_squeezed.csv", **G, score="s", positive="1", metrics="auc")
    assert value(squeezed, "auc", g="A") == pytest.approx(0.776, abs=0.001)
    assert value(squeezed, "auc", g="B") == pytest.approx(0.823, abs=0.001)
    lists = measure(cases / "labels_lists.parquet", **BOTH, multilabel=True, gates=NO_HARM)
    assert value(lists, "error_rate") == pytest.approx(0.196, abs=0.001)
    assert lists.verdict.outcome == "pass"
    mended = measure(cases / "stray_before.csv", **BOTH, item="id", gates=NO_HARM, map="0.0=0,1.0=1")
    assert mended.verdict.outcome == "fail"
