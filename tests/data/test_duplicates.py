"""Leaks are found: every exact one, and the planted near ones; nothing is reported that is not there."""

from __future__ import annotations

import numpy as np
import pytest

from fairtransfer.data.duplicates import find_twins, leak_report
from fairtransfer.data.inputs import Texts
from fairtransfer.data.pictures import Images

pytestmark = pytest.mark.fast

RNG = np.random.default_rng(5)
LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz "))


def texts(count: int, length: int = 60) -> list[str]:
    return ["".join(LETTERS[RNG.integers(len(LETTERS), size=length)]) for _ in range(count)]


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1])
def test_every_planted_exact_leak_is_found(share: float) -> None:
    left, right = texts(1000), texts(1000)
    planted = int(1000 * share)
    left[:planted] = [f"  {text.upper()} " for text in right[:planted]]

    twins = find_twins(Texts(tuple(left)), Texts(tuple(right)), near=False, threshold=1.0)

    assert np.flatnonzero(twins.exact).tolist() == list(range(planted))
    assert int(twins.right_hit.sum()) == planted


def test_planted_near_leaks_are_found() -> None:
    """One changed letter in sixty leaves 84 % of the pieces in common: at a threshold of 0.7 all are found."""
    left, right = texts(500), texts(500)
    for i in range(50):
        changed = list(right[i])
        changed[30] = "#"
        left[i] = "".join(changed)

    twins = find_twins(Texts(tuple(left)), Texts(tuple(right)), near=True, threshold=0.7)

    assert int(twins.exact.sum()) == 0
    assert int(twins.near[:50].sum()) == 50
    assert int(twins.near[50:].sum()) == 0


def test_unrelated_texts_have_no_twins() -> None:
    """The twin: nothing is found where nothing is."""
    twins = find_twins(Texts(tuple(texts(300))), Texts(tuple(texts(300))), near=True, threshold=0.7)

    assert not twins.exact.any()
    assert not twins.near.any()


def test_equal_pictures_are_exact_and_slightly_brighter_ones_near() -> None:
    pictures = [RNG.integers(0, 200, size=(32, 32)).astype(np.uint8) for _ in range(20)]
    others = [
        pictures[0],
        (pictures[1] + 20).astype(np.uint8),
        *[RNG.integers(0, 200, size=(32, 32)).astype(np.uint8) for _ in range(10)],
    ]

    twins = find_twins(Images.of(pictures), Images.of(others), near=True, threshold=0.9)

    assert np.flatnonzero(twins.exact).tolist() == [0]
    assert np.flatnonzero(twins.near).tolist() == [1]


@pytest.mark.parametrize(("residual", "blocks"), [(0, False), (1, False), (2, True)])
def test_a_verdict_is_held_back_above_the_tolerated_share(residual: int, blocks: bool) -> None:
    assert leak_report({}, 100, residual, 0.01)["blocks"] is blocks
