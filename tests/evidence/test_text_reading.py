"""How texts were read, per group: counts against a slow twin, and sentences that say what the counts say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtransfer.evidence.text_reading import TextReading, counted, told

pytestmark = pytest.mark.fast

TEXT = st.tuples(st.integers(0, 40), st.floats(0, 1), st.booleans(), st.sampled_from(["a", "b", None]))


@given(st.lists(TEXT, min_size=1, max_size=30))
def test_counts_are_those_of_every_group_looked_at_alone(rows: list[tuple[int, float, bool, str | None]]) -> None:
    tokens, cut, groups = [r[0] for r in rows], [r[2] for r in rows], [r[3] for r in rows]
    unknown = [round(n * share) for n, share, _, _ in rows]
    found = counted(tokens, unknown, cut, {"g": groups}, 64)
    for one in found.groups:
        mine = [i for i, group in enumerate(groups) if not one.group or group == one.group["g"]]
        assert one.texts == len(mine)
        assert one.tokens == sum(tokens[i] for i in mine)
        assert one.unknown == sum(unknown[i] for i in mine)
        assert one.cut == sum(cut[i] for i in mine)
        assert one.empty == sum(tokens[i] == 0 for i in mine)
    assert {one.group.get("g") for one in found.groups} - {None} == set(groups) - {None}
    assert TextReading.from_json(found.to_json()) == found


def reading(**groups: list[tuple[int, int, bool]]) -> TextReading:
    """Texts as (tokens, unknown, cut), by group."""
    rows = [(*text, name) for name, texts in groups.items() for text in texts]
    tokens, unknown, cut, names = zip(*rows, strict=True)
    return counted(tokens, unknown, cut, {"language": names}, 64)


def test_plain_texts_give_nothing_to_tell() -> None:
    assert list(told(reading(en=[(10, 0, False)] * 4, fr=[(14, 1, False)] * 4))) == []


def test_cut_texts_are_told_by_group_the_most_cut_first() -> None:
    found = list(told(reading(en=[(60, 0, False)] * 3 + [(70, 0, True)], sw=[(80, 0, True)] * 2)))
    assert found == ["3 of 6 texts are longer than 64 tokens; only their beginning is read (sw 2 of 2, en 1 of 4)"]


def test_tokens_by_group_are_compared_from_half_as_many_more() -> None:
    assert list(told(reading(en=[(10, 0, False)], am=[(15, 0, False)]))) == [
        "am takes 1.5 times as many tokens a text as en (15.0 and 10.0)"
    ]
    assert list(told(reading(en=[(10, 0, False)], am=[(14, 0, False)]))) == []


def test_unknown_tokens_of_one_group_are_told() -> None:
    assert list(told(reading(en=[(10, 0, False)], am=[(10, 9, False)]))) == [
        "90.0% of the tokens of am are unknown to the tokenizer"
    ]


def test_texts_without_a_token_are_told() -> None:
    assert list(told(reading(en=[(10, 0, False), (0, 0, False)]))) == [
        "nothing of 1 text becomes a token; the model answers them as it answers an empty text (en 1 of 2)"
    ]


def test_nothing_is_told_of_hidden_groups_and_no_means_of_few_texts() -> None:
    seen = reading(en=[(10, 0, False)] * 20, am=[(90, 80, True)])
    hidden = {frozenset({("language", "am")})}
    for sentence in (*told(seen, hidden), *told(seen, (), 2)):
        assert "am" not in sentence.replace("same", "").split()
    assert any("am takes" in sentence for sentence in told(seen))
