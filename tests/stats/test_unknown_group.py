"""Bounds for people whose group is not recorded: every way to say who belongs, looked at one by one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from support.slow_limits import slow_share

from fairtransfer.stats.intervals import Interval, normal_quantile
from fairtransfer.stats.unknown_group import difference_bounds, impact_ratio_bounds, rate_bounds, sampled_rate_bounds

pytestmark = pytest.mark.fast

Z95 = normal_quantile(0.975)


def limits(interval: Interval) -> tuple[float, float]:
    return float(interval.low), float(interval.high)


def counts(largest: int, least: int = 0) -> st.SearchStrategy[tuple[int, int]]:
    """Events and people."""
    return st.integers(least, largest).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def joining(unknown: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """How many with and without the event may belong to the group."""
    events, people = unknown
    yield from itertools.product(range(events + 1), range(people - events + 1))


# --- one group ---------------------------------------------------------------------------------------------------------


@given(counts(12), counts(8))
def test_bounds_of_a_rate_are_the_extremes_of_all_ways(known: tuple, unknown: tuple) -> None:
    """Reached exactly, on both sides; no number where nobody is in the group or could be."""
    (k, n), found = known, limits(rate_bounds(*known, *unknown))
    rates = [Fraction(k + a, n + a + b) for a, b in joining(unknown) if n + a + b]

    if rates:
        assert_allclose(found, (float(min(rates)), float(max(rates))), atol=1e-12)
    else:
        assert all(math.isnan(v) for v in found)


def test_bounds_of_a_rate_by_hand() -> None:
    """34 of 76, and 10 with and 10 without the event of unknown group."""
    assert_allclose(limits(rate_bounds(34, 76, 10, 20)), (34 / 86, 44 / 86))


@given(counts(40, 1))
def test_where_everyone_is_recorded_bounds_are_the_rate(known: tuple) -> None:
    assert limits(rate_bounds(*known, 0, 0)) == (known[0] / known[1], known[0] / known[1])


def test_a_group_nobody_is_recorded_in_can_be_anyone() -> None:
    """Unless all unknown people are alike."""
    assert limits(rate_bounds(0, 0, 3, 7)) == (0, 1)
    assert limits(rate_bounds(0, 0, 7, 7)) == (1, 1)
    assert limits(rate_bounds(0, 0, 0, 7)) == (0, 0)


@given(counts(40), counts(20), counts(5))
def test_more_people_of_unknown_group_never_narrow_the_bounds(known: tuple, unknown: tuple, more: tuple) -> None:
    low, high = limits(rate_bounds(*known, *unknown))
    wider = limits(rate_bounds(*known, unknown[0] + more[0], unknown[1] + more[1]))

    if not math.isnan(low):
        assert wider[0] <= low + 1e-12
        assert wider[1] >= high - 1e-12


@given(counts(15, 1), counts(6))
def test_bounds_with_chance_hold_for_every_way_to_say_who_belongs(known: tuple, unknown: tuple) -> None:
    """The union of the intervals of all ways, neither narrower nor wider."""
    k, n = known
    every = [slow_share(k + a, n + a + b, Z95) for a, b in joining(unknown)]

    found = limits(sampled_rate_bounds(*known, *unknown, Z95))

    assert_allclose(found, (min(low for low, _ in every), max(high for _, high in every)), atol=1e-12)


def test_bounds_broadcast_over_groups() -> None:
    found = rate_bounds(np.array([34, 50, 0]), np.array([76, 92, 0]), 10, 20)

    assert_allclose(found.low, [34 / 86, 50 / 102, 0])
    assert_allclose(found.high, [44 / 86, 60 / 102, 1])


@pytest.mark.parametrize("wrong", [(5, 4, 0, 0), (1, 4, 3, 2), (-1, 4, 0, 0), (1, 4, -1, 2)])
def test_counts_that_cannot_be_are_refused(wrong: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="more events than people"):
        rate_bounds(*wrong)


# --- several groups ----------------------------------------------------------------------------------------------------


def allocations(unknown: tuple[int, int], groups: int) -> Iterator[tuple[list[int], list[int]]]:
    """All ways to give those with the event, and those without, to the groups or to none of them."""

    def split(people: int) -> list[tuple[int, ...]]:
        return [s for s in itertools.product(range(people + 1), repeat=groups) if sum(s) <= people]

    events, people = unknown
    for having, lacking in itertools.product(split(events), split(people - events)):
        yield list(having), list(lacking)


@settings(max_examples=40)
@given(counts(8, 1), counts(8, 1), counts(5))
def test_bounds_of_a_difference_are_the_extremes_of_all_ways(one: tuple, two: tuple, unknown: tuple) -> None:
    k, n = [one[0], two[0]], [one[1], two[1]]

    found = limits(difference_bounds(k, n, *unknown))

    differences = []
    for having, lacking in allocations(unknown, 2):
        first, second = ((k[i] + having[i]) / (n[i] + having[i] + lacking[i]) for i in range(2))
        differences.append(first - second)
    assert_allclose(found, (min(differences), max(differences)), atol=1e-12)


def test_bounds_of_impact_ratios_have_their_golden_values() -> None:
    """Women 34 of 76, men 50 of 92, ten selected and ten not of unknown group: 0.6721; above the cap, so 1."""
    found = impact_ratio_bounds([34, 50], [76, 92], 10, 20)

    assert_allclose(found.low[0], 0.6721, atol=1e-4)
    assert_allclose(found.high, [1, 1])


@settings(max_examples=60)
@given(st.lists(counts(5, 1), min_size=2, max_size=3), counts(4))
def test_bounds_of_impact_ratios_hold_and_the_lower_ones_are_reached(groups: list, unknown: tuple) -> None:
    """With two groups the upper ones are reached too."""
    k, n = np.array(groups).T
    found = impact_ratio_bounds(k, n, *unknown)
    ratios = []
    for having, lacking in allocations(unknown, len(groups)):
        rates = (k + having) / (n + np.array(having) + lacking)
        if rates.max() > 0:
            ratios.append(rates / rates.max())

    if not ratios:
        assert np.isnan(found.low).all()
        return
    least, largest = np.min(ratios, axis=0), np.max(ratios, axis=0)
    assert_allclose(found.low, least, atol=1e-12)
    assert (found.high >= largest - 1e-12).all()
    if len(groups) == 2:
        assert_allclose(found.high, largest, atol=1e-12)
