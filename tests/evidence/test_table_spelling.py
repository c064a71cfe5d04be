"""Tables whose answers, labels and groups are spelled in several ways: told with rows and the way out, and mended by it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from fairtransfer.errors import DefinitionError
from fairtransfer.measurement import Measurement, measure

pytestmark = pytest.mark.fast

ASKED = {"label": "y", "after": "new", "before": "old", "groups": "g"}
N = 240


def table(**columns: Any) -> pd.DataFrame:
    """Two groups, two classes; both models answer one row in five wrongly, other rows each."""
    y = [("ham", "spam")[i // 2 % 2] for i in range(N)]
    turned = {"ham": "spam", "spam": "ham"}
    old, new = ([turned[v] if i % 5 == k else v for i, v in enumerate(y)] for k in (0, 1))
    return pd.DataFrame({"y": y, "old": old, "new": new, "g": [("north", "south")[i % 2] for i in range(N)], **columns})


def spelled(column: str, *words: tuple[str, str], every: int = 3) -> pd.DataFrame:
    """The table, with some words of a column written otherwise in every third of their rows."""
    frame = table()
    for old, new in words:
        rows = [i for i, value in enumerate(frame[column]) if value == old][::every]
        frame.loc[rows, column] = new
    return frame


def refused(frame: pd.DataFrame, **asked: Any) -> str:
    with pytest.raises(DefinitionError) as caught:
        measure(frame, **{**ASKED, **asked})
    return str(caught.value)


def values(seen: Measurement) -> dict[tuple[str, str], tuple[float | None, float | None]]:
    return {
        (f.stage, f.group.get("g", "")): (f.n, f.estimate) for f in seen.findings if f.level == "group" or not f.group
    }


@pytest.mark.parametrize("side", ["old", "new"])
def test_answers_in_another_spelling_are_refused_with_rows_and_a_map_that_mends_them(side: str) -> None:
    frame = spelled(side, ("spam", " Spam"), ("ham", "HAM."))
    rows = frame[side].value_counts()
    said = refused(frame)
    assert "FT-P101" in said
    assert f"` Spam` ({rows[' Spam']} rows) for `spam`" in said
    assert f"`HAM.` ({rows['HAM.']} rows) for `ham`" in said
    assert """map='" Spam"=spam,HAM.=ham'""" in said
    mended = measure(frame, **ASKED, map='" Spam"=spam,HAM.=ham')
    assert values(mended) == values(measure(table(), **ASKED))
    assert mended.counted.notes[f"rows of {side} write `spam` as ` Spam`"] == rows[" Spam"]


def test_answers_for_yes_and_no_are_refused() -> None:
    numbers = table().replace({"ham": "0", "spam": "1"})
    for words in ({"0": "False", "1": "True"}, {"0": "0.0", "1": "1.0"}, {"0": "no", "1": "yes"}):
        said = refused(numbers.assign(old=numbers.old.replace(words)))
        assert all(f"`{word}`" in said for word in words.values()), said


def test_an_answer_that_is_mapped_to_itself_is_meant_as_it_is() -> None:
    frame = spelled("new", ("spam", "Spam"))
    n = int((frame.new == "Spam").sum())
    seen = measure(frame, **ASKED, map={"Spam": "Spam"})
    assert seen.counted.outside == {"new": {"Spam": n}}


def test_labels_in_several_spellings_are_refused_unless_all_are_named() -> None:
    frame = spelled("y", ("spam", "Spam"))
    said = refused(frame)
    assert "FT-P102" in said
    assert f"`Spam` ({(frame.y == 'Spam').sum()} rows), `spam` ({(frame.y == 'spam').sum()} rows)" in said
    assert "map='Spam=spam'" in said
    assert values(measure(frame, **ASKED, map="Spam=spam")) == values(measure(table(), **ASKED))
    assert measure(frame, **ASKED, classes="spam,Spam,ham").counted.classes == ("spam", "Spam", "ham")


def test_groups_in_several_spellings_are_refused_with_rows() -> None:
    frame = spelled("g", ("north", "North"), ("south", "south "))
    said = refused(frame)
    assert said.count("FT-G003") == 2
    assert f"`North` ({(frame.g == 'North').sum()} rows), `north`" in said
    assert "map='g:" in said
    assert values(measure(frame, **ASKED, map='g:North=north,"south "=south')) == values(measure(table(), **ASKED))
    kept = measure(frame, **ASKED, map={"g": {"North": "North", "south ": "south"}})
    assert {name for _, name in values(kept)} >= {"North", "north", "south"}


def test_groups_that_look_alike_or_hide_something_are_refused_and_scripts_keep_their_joiners() -> None:
    assert "FT-G005" in refused(spelled("g", ("north", "n\u043erth")))
    assert "U+200B" in refused(spelled("g", ("north", "nor\u200bth")))
    sinhala = "\u0dc1\u0dca\u200d\u0dbb\u0dd3 \u0dbd\u0d82\u0d9a\u0dcf"
    assert {name for _, name in values(measure(table().replace({"north": sinhala}), **ASKED))} >= {sinhala, "south"}


def test_labels_that_hide_something_or_are_too_many_are_refused() -> None:
    hidden = table().replace({"spam": "sp\u202eam"})
    assert "FT-P103" in refused(hidden)
    many = table(y=[f"w{i}" for i in range(N)])
    many = pd.concat([many.assign(y=[f"w{i + N * k}" for i in range(N)]) for k in range(5)])
    assert "FT-P104" in refused(many)


def test_of_several_classes_what_is_none_is_refused() -> None:
    frame = table(y=["a|b", "a"] * (N // 2), old=["a", "a"] * (N // 2), new=["b|a", "a|zzz"] * (N // 2))
    assert "FT-P105: answers in `new` hold what is no class: `zzz` (120 rows)" in refused(frame, multilabel=True)
    assert "FT-P101" in refused(frame.replace({"a|zzz": "A|b"}), multilabel=True)


def test_a_map_that_no_row_needs_is_told() -> None:
    seen = measure(table(), **ASKED, map="LABEL_7=spam")
    assert [problem.code for problem in seen.counted.warnings] == ["FT-P106"]


def test_numbers_fall_into_ranges_and_nobody_is_left_out() -> None:
    ages = [None if i % 40 == 0 else float(i % 90) for i in range(N)]
    frame = table(g=ages)
    seen = measure(frame, **ASKED, bins="g=18,60")
    names = {"below 18": lambda a: a < 18, "18 to below 60": lambda a: 18 <= a < 60, "60 and above": lambda a: a >= 60}
    sizes = {name: n for (stage, name), (n, _) in values(seen).items() if stage == "after" and name}
    right = {name: sum(a is not None and rule(a) for a in ages) for name, rule in names.items()}
    assert sizes == {**right, "unknown": sum(a is None for a in ages)}
    assert "FT-G012" in refused(table(g=["x", "12"] * (N // 2)), bins="g=18,60")


def test_a_class_among_several_is_mapped_as_a_part() -> None:
    frame = table(y=["a|b", "a"] * (N // 2), old=["b|a", "a"] * (N // 2), new=["A|b|A", " a"] * (N // 2))
    seen = measure(frame, **ASKED, multilabel=True, map='A=a," a"=a')
    assert {f.k for f in seen.findings if f.stage == "after" and not f.group} == {0}
    assert seen.counted.notes == {"rows of new write `a` as `A`": N // 2, "rows of new write `a` as ` a`": N // 2}


def test_the_unknown_are_a_group_that_others_may_be_a_spelling_of() -> None:
    frame = table(g=["Unknown", None, "north"] * (N // 3))
    assert "`Unknown` (80 rows), `unknown` (80 rows)" in refused(frame)
    assert {name for _, name in values(measure(frame, **ASKED, map="g:Unknown=unknown"))} == {"", "north", "unknown"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"map": "g:1=2", "bins": "g=3"}, "FT-P107: `g` is mapped, and made ranges of"),
        ({"multilabel_separator": ";"}, "FT-P022: rows have one class"),
    ],
)
def test_what_would_be_passed_over_in_silence_is_refused(asked: dict[str, Any], said: str) -> None:
    assert said in refused(table(), **asked)
