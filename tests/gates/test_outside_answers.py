"""Answers that are none of the classes count as errors and never help a pass: whatever they may have meant, it stands."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairtransfer.measurement import measure
from fairtransfer.report.sentences import needed

pytestmark = pytest.mark.fast

STRANGE = "I cannot say"


def table(old_wrong: int, new_wrong: int, n: int = 400, **strange: int) -> pd.DataFrame:
    """Rows of two groups and two classes, so many answers wrong, and so many of a column, at its end, that are no class."""
    y = [("ham", "spam")[i // 2 % 2] for i in range(n)]
    turned = {"ham": "spam", "spam": "ham"}
    old = [turned[v] if i < old_wrong else v for i, v in enumerate(y)]
    new = [turned[v] if i < new_wrong else v for i, v in enumerate(y)]
    frame = pd.DataFrame({"y": y, "old": old, "new": new, "g": [("a", "b")[i % 2] for i in range(n)]})
    for column, count in strange.items():
        frame.loc[frame.index[-count:], column] = STRANGE
    return frame


def outcome(frame: pd.DataFrame, gate: str, **asked: Any) -> tuple[str, tuple[str, ...]]:
    seen = measure(frame, label="y", before="old", after="new", groups="g", gates=gate, positive="spam", **asked)
    (judged,) = seen.verdict.gates
    return judged.outcome, judged.reason_codes


NO_HARM = "no_harm:by=g,margin=0.05"


def test_a_model_before_that_answers_nothing_makes_no_new_model_pass() -> None:
    """Without them the new model is worse; with them as errors it looks better."""
    frame = table(0, 60, old=100)
    assert outcome(frame.replace({STRANGE: None}).assign(old=frame.y), NO_HARM)[0] == "fail"
    assert outcome(frame, NO_HARM) == ("inconclusive", ("outside_answers",))


def test_a_few_of_them_that_could_not_decide_it_block_nothing() -> None:
    frame = table(120, 20, old=2)
    assert outcome(frame, NO_HARM) == ("pass", ())
    for meant in ("spam", "ham"):
        assert outcome(frame.replace({STRANGE: meant}), NO_HARM)[0] == "pass"


def test_the_judged_models_own_count_against_it_and_may_pass() -> None:
    frame = table(120, 20, new=20)
    assert outcome(frame, NO_HARM)[0] == "pass"
    assert outcome(frame, "worst_group:by=g,at_most=0.3")[0] == "pass"
    assert outcome(table(120, 20, new=200), NO_HARM)[0] == "fail"


def test_no_answer_is_no_false_positive() -> None:
    gate = "worst_group:by=g,metric=false_positive_rate,at_most=0.1"
    frame = table(0, 0)
    frame.loc[frame.y == "ham", "new"] = ["spam" if i % 3 == 0 else "ham" for i in range((frame.y == "ham").sum())]
    assert outcome(frame, gate)[0] == "fail"
    frame.loc[(frame.y == "ham") & (frame.new == "spam"), "new"] = STRANGE
    assert outcome(frame, gate) == ("inconclusive", ("outside_answers",))


def test_those_of_others_do_not_make_a_group_look_like_them() -> None:
    gate = "gap:by=g,margin=0.15"
    frame = table(0, 0)
    frame.loc[(frame.g == "a") & (frame.index % 5 == 0), "new"] = "spam"
    frame.loc[(frame.g == "a") & (frame.index % 4 == 0), "new"] = frame.y.map({"ham": "spam", "spam": "ham"})
    assert outcome(frame, gate)[0] == "fail"
    frame.loc[(frame.g == "b") & (frame.index % 2 == 1) & (frame.index % 5 < 3), "new"] = STRANGE
    judged, codes = outcome(frame, gate)
    assert (judged, "outside_answers" in codes) == ("inconclusive", True)


def test_with_weights_none_of_them_may_help() -> None:
    frame = table(120, 20, old=1).assign(w=1.0)
    assert outcome(frame, NO_HARM, weights="w") == ("inconclusive", ("outside_answers",))
    assert outcome(table(120, 20).assign(w=1.0), NO_HARM, weights="w")[0] == "pass"


@pytest.mark.parametrize(("old_wrong", "strange"), [*itertools.product([30, 60, 100], [4, 30])])
def test_a_pass_stands_however_the_answers_are_read(old_wrong: int, strange: int) -> None:
    """The slow twin: every such answer of the model before taken as right, which is the worst it can have been."""
    frame = table(old_wrong, 30, old=strange)
    if outcome(frame, NO_HARM)[0] == "pass":
        worst = frame.assign(old=[y if old == STRANGE else old for y, old in zip(frame.y, frame.old, strict=True)])
        assert outcome(worst, NO_HARM)[0] == "pass"


def test_a_class_that_is_named_is_an_answer_like_any_other() -> None:
    frame = table(0, 60, old=100)
    assert outcome(frame, NO_HARM, classes=["ham", "spam", STRANGE])[0] != "inconclusive"


@pytest.mark.parametrize(
    "gate", ["worst_group:by=g,metric=f1_score,at_least=0.5", "worst_group:by=g,metric=precision,at_least=0.5"]
)
def test_what_weighs_answers_against_each_other_may_be_helped_by_one_that_is_none(gate: str) -> None:
    assert outcome(table(0, 40), gate)[0] == "pass"
    judged, codes = outcome(table(0, 40, new=60), gate)
    assert (judged, "outside_answers" in codes) == ("inconclusive", True)


def test_what_answers_mean_is_asked_for_and_not_more_cases() -> None:
    """Strays that hide a harm: where a comparison stays open by them, no number of cases is named."""
    rng = np.random.default_rng(3)
    y = rng.choice(["n", "p"], 240)
    old = np.where(np.arange(240) % 3 == 0, "unsure", y)
    new = np.where(rng.random(240) < 0.35, "n", y)
    frame = pd.DataFrame({"y": y, "old": old, "new": new, "g": rng.choice(["north", "south"], 240)})
    found = measure(frame, label="y", before="old", after="new", groups="g", gates=["no_harm:by=g,margin=0.05"])
    (gate,) = found.verdict.gates
    assert gate.outcome == "inconclusive"
    assert gate.reason_codes == ("outside_answers",)
    assert all(entry.answers and entry.people is None for entry in gate.needed)
    assert all("none of the classes" in needed(entry, several=False) for entry in gate.needed)
    assert "more cases would" not in gate.reason
