"""Splits are made by unit, from a seed, in proportion, whatever the order of rows."""

from __future__ import annotations

import random
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairtransfer.data import splits
from fairtransfer.spec.card_splits import GivenSplits, MadeSplits, SplitShares

pytestmark = pytest.mark.fast


def wanted(seed: int = 1, train: float = 0.5, val: float = 0.2, test: float = 0.3) -> MadeSplits:
    return MadeSplits(make=SplitShares(seed=seed, train=train, val=val, test=test))


rows = st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), min_size=1, max_size=120)


@given(rows, st.integers(0, 5))
def test_no_unit_is_on_two_sides(pairs: list[tuple[int, str]], seed: int) -> None:
    units = [f"u{unit}" for unit, _ in pairs]

    made = splits.made(wanted(seed), units, [label for _, label in pairs])

    assert splits.straddling(units, made) == []


@given(rows, st.randoms())
def test_the_order_of_rows_does_not_matter(pairs: list[tuple[int, str]], rng: random.Random) -> None:
    units, strata = [f"u{unit}" for unit, _ in pairs], [label for _, label in pairs]
    first = dict(zip(units, splits.made(wanted(), units, strata), strict=True))
    order = list(range(len(pairs)))
    rng.shuffle(order)

    again = dict(
        zip(
            [units[i] for i in order],
            splits.made(wanted(), [units[i] for i in order], [strata[i] for i in order]),
            strict=True,
        )
    )

    assert first == again


@settings(deadline=None)
@given(st.integers(0, 1000))
def test_shares_hold_within_every_stratum(seed: int) -> None:
    """Off by at most two units from the share, in each stratum of a hundred."""
    units = [f"u{i}" for i in range(400)]
    strata = [f"s{i % 4}" for i in range(400)]
    found: dict[str, Counter[str]] = defaultdict(Counter)

    for stratum, split in zip(strata, splits.made(wanted(seed), units, strata), strict=True):
        found[stratum][split] += 1

    for counts in found.values():
        assert abs(counts["train"] - 50) <= 2
        assert abs(counts["test"] - 30) <= 2


def test_another_seed_is_another_split() -> None:
    """The twin of reproducibility: the seed matters."""
    units = [f"u{i}" for i in range(50)]

    assert splits.made(wanted(1), units, ["a"] * 50) != splits.made(wanted(2), units, ["a"] * 50)
    assert splits.made(wanted(1), units, ["a"] * 50) == splits.made(wanted(1), units, ["a"] * 50)


def test_given_splits_are_taken_by_the_cards_names() -> None:
    found, problems = splits.given(
        GivenSplits(column="s", train=("tr",), test=("te", "te2")), ["tr", "te", "te2", "tr"]
    )

    assert problems == []
    assert found == ["train", "test", "test", "train"]


def test_straddling_units_are_found() -> None:
    assert splits.straddling(["a", "a", "b"], ["train", "test", "train"]) == ["a"]
