"""What is set aside as spelling, and what is not; what a map and bins may say."""

from __future__ import annotations

from typing import Any

import pytest

from fairtransfer.errors import DefinitionError, Problems
from fairtransfer.spec.recoding import Recoding, ranges, read_recoding
from fairtransfer.spec.spelling import as_map, hidden, look_alikes, meant, plain, variants

pytestmark = pytest.mark.fast

SAME = [
    ("Spam", "spam"),
    (" spam\t", "spam"),
    ("not  spam", "not spam"),
    ("caf\u00e9", "cafe\u0301"),
    ("1.0", "1"),
    ("1.", "1"),
    ("+3", "3.000"),
    ("-0.0", "0"),
    ("\uff11", "1"),
    ("spam.", "spam"),
    ('"spam"', "spam"),
    ("\u201cspam\u201d", "spam"),
    ("sp\u200bam", "spam"),
    ("STRASSE", "stra\u00dfe"),
    ("spam\u00a0", "spam"),
]
APART = [
    ("007", "07"),
    ("7", "07"),
    ("1.5", "1"),
    ("-1", "1"),
    ("a b", "ab"),
    ("a-b", "a b"),
    ("caf\u00e9", "cafe"),
    ("...", "."),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_words_that_differ_by_spelling_alone_are_one(one: str, other: str) -> None:
    assert plain(one) == plain(other)
    assert meant([one], [other, "something else"]) == {one: other}
    assert variants([one, other, "something else"]) == [sorted([one, other])]


@pytest.mark.parametrize(("one", "other"), APART)
def test_words_that_differ_by_more_are_two(one: str, other: str) -> None:
    assert plain(one) != plain(other)
    assert meant([one], [other, "something else"]) == {}


@pytest.mark.parametrize(
    ("classes", "answers"),
    [
        (["0", "1"], {"True": "1", "no": "0", "Y": "1", "f": "0", "false": "0"}),
        (["yes", "no"], {"1": "yes", "0.0": "no", "TRUE": "yes"}),
        (["true", "false"], {"1": "true", "N": "false"}),
        (["0", "1", "2"], {}),
        (["n", "p"], {}),
    ],
)
def test_yes_and_no_are_known_between_two_such_classes_only(classes: list[str], answers: dict[str, str]) -> None:
    words = ["True", "no", "Y", "f", "false", "1", "0.0", "TRUE", "N", "no way"]
    found = meant([word for word in words if word not in classes], classes)
    assert {word: found.get(word) for word in answers} == answers
    assert ("no way" in found) is False
    by_truth = {word for word in found if plain(word) not in map(plain, classes)}
    assert bool(by_truth) == bool(answers)


def test_a_class_is_no_spelling_of_another_and_what_may_be_two_is_none() -> None:
    assert meant(["yes", "Yes"], ["yes", "Yes"]) == {}
    assert meant(["YES"], ["yes", "Yes"]) == {}


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("\u0dc1\u0dca\u200d\u0dbb\u0dd3 \u0dbd\u0d82\u0d9a\u0dcf", None),  # Sinhala
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", None),  # Persian
        ("\u0915\u094d\u200d\u0937", None),  # Hindi
        ("\U0001f469\u200d\U0001f469\u200d\U0001f467", None),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", None),
        ("no\u200brth", "\u200b"),
        ("no\u200drth", "\u200d"),
        ("\u200d\u0dbb", "\u200d"),
        ("\u0645\u200c", "\u200c"),
        ("y\u202ees", "\u202e"),
        ("a\u00adb", "\u00ad"),
        ("\u200e\u0645", "\u200e"),
    ],
)
def test_joiners_are_letters_business_inside_words_of_other_scripts(word: str, found: str | None) -> None:
    assert hidden(word) == found


def test_letters_of_other_scripts_are_seen() -> None:
    assert look_alikes(["Male", "M\u0430le", "north"]) == [("Male", "M\u0430le")]
    assert look_alikes(["Male", "male", "MALE"]) == []


# --- map and bins ------------------------------------------------------------------------------------------------------


def read(written: Any = None, bins: Any = None, groups: tuple[str, ...] = ("region", "age", "a:b")) -> Recoding:
    problems = Problems()
    found = read_recoding(written, bins, groups, problems)
    problems.raise_if_any()
    return found


@pytest.mark.parametrize(
    "written",
    [
        "LABEL_1=spam, LABEL_0=ham,",
        ["LABEL_1=spam", "LABEL_0=ham"],
        {"LABEL_1": "spam", "LABEL_0": "ham"},
    ],
)
def test_a_map_of_answers_has_several_forms(written: Any) -> None:
    assert read(written) == Recoding({"LABEL_1": "spam", "LABEL_0": "ham"})


def test_a_map_of_groups_names_their_column() -> None:
    of_groups = {"region": {"North": "north", " s": "south"}}
    assert read(['region:North=north," s"=south']).groups == of_groups
    assert read({"region": {"North": "north", " s": "south"}}).groups == of_groups
    assert read({1: 0, 2.0: True}).answers == {"1": "0", "2": "true"}


def test_signs_of_the_form_stand_in_quotes() -> None:
    assert read('"a=b, or c"=d').answers == {"a=b, or c": "d"}
    assert read('"x:y"=z').answers == {"x:y": "z"}


@pytest.mark.parametrize("words", [{" a": "a"}, {"a,b": "c=d"}, {"A": "a", "a ": "a"}, {"x:y": "z"}])
def test_a_map_that_is_told_is_read_as_it_was_meant(words: dict[str, str]) -> None:
    assert read(as_map(words)).answers == words


@pytest.mark.parametrize(
    ("written", "bins", "said"),
    [
        ("spam", None, "FT-P106: `spam` is not OLD=NEW"),
        ("a=b=c", None, "FT-P106"),
        ("a=b,a=c", None, "FT-P106: `a` is mapped to `b` and to `c`"),
        ("place:a=b", None, "FT-P106: `place` is not among the groups"),
        (3, None, "FT-P041"),
        (None, "age", "FT-P107"),
        (None, "age=3,2", "FT-P107"),
        (None, "age=1,x", "FT-P107"),
        (None, "age=nan", "FT-P107"),
        (None, "size=1,2", "FT-P107: `size` is not among the groups"),
        (None, {"age": []}, "FT-P107"),
    ],
)
def test_what_cannot_be_read_is_refused(written: Any, bins: Any, said: str) -> None:
    with pytest.raises(DefinitionError, match=said):
        read(written, bins)


def test_ranges_leave_no_number_out() -> None:
    assert read(bins="age=18,30.5").bins == {"age": (18.0, 30.5)}
    assert ranges((18.0, 30.5)) == ("below 18", "18 to below 30.5", "30.5 and above")
    assert ranges((0.0,)) == ("below 0", "0 and above")
