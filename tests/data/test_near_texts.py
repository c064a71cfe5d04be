"""Near texts: exactly the pairs that comparing every text with every other finds."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtransfer.data.near_texts import near_pairs, pieces

pytestmark = pytest.mark.fast

few = st.text("ab ", max_size=14)
sides = st.tuples(st.lists(few, max_size=12), st.lists(few, max_size=12))


def slow(left: list[str], right: list[str], threshold: float) -> set[tuple[str, str]]:
    def similar(one: str, two: str) -> bool:
        mine, other = pieces(one), pieces(two)
        return len(mine & other) >= threshold * len(mine | other)

    return {(one, two) for one in left for two in right if similar(one, two)}


@given(sides, st.sampled_from([0.5, 0.6, 2 / 3, 0.7, 0.75, 0.8, 0.9, 1.0]))
def test_every_near_pair_is_found_and_no_other(texts: tuple[list[str], list[str]], threshold: float) -> None:
    found = list(near_pairs(*texts, threshold))

    assert set(found) == slow(*texts, threshold)
    assert len(found) == len(set(found))


@pytest.mark.parametrize(("changed", "near"), [(1, True), (2, False)])
def test_the_threshold_is_the_share_of_common_pieces(changed: int, near: bool) -> None:
    """Each other letter far from the rest costs five pieces of 46 on either side: 41/51 and 36/56 are left."""
    text = "".join(chr(ord("a") + i % 26) + chr(ord("A") + i % 25) for i in range(25))
    other = list(text)
    for i in range(changed):
        other[10 + 20 * i] = "#"

    assert bool(list(near_pairs([text], ["".join(other)], 0.8))) is near


def test_the_order_is_the_same_in_every_process() -> None:
    code = (
        "from fairtransfer.data.near_texts import near_pairs\n"
        "texts = [f'a text with number {i} in it' for i in range(30)]\n"
        "print(list(near_pairs(texts, texts, 0.5)))"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(seen) == 1
