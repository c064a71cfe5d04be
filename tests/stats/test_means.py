"""Means of losses: sums and draws against slow twins, limits that hold where Student's do not, and when there are none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import expit
from scipy.stats import t as student

from fairtransfer.stats import means
from fairtransfer.stats.estimate import IntervalEstimate
from fairtransfer.stats.intervals import bonett_price, t_quantile
from fairtransfer.stats.means import bootstrap_t, bounded_mean, centred, root, summarise

LEVEL = 0.975


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def limits(found: IntervalEstimate) -> tuple[float, float]:
    assert found.low is not None, found.reason
    assert found.high is not None
    return found.low, found.high


def covers(found: IntervalEstimate, truth: float) -> bool:
    low, high = limits(found)
    return low <= truth <= high


# --- bounded values ----------------------------------------------------------------------------------------------------

errors = st.lists(st.floats(-1, 1), min_size=10, max_size=60)


def slow_bounded(values: list[float]) -> tuple[float, float]:
    """Student's interval of the values with -1 and 1 written behind them."""
    longer = np.array([*values, -1.0, 1.0])
    half = student.ppf(LEVEL, len(values) - 1) * longer.std() / math.sqrt(len(longer))
    low, high = longer.mean() - half, longer.mean() + half
    return max(-1.0, min(low, np.mean(values))), min(1.0, max(high, np.mean(values)))


@given(errors)
@example([-2.545311474758578e-161] + [0.0] * 12)  # its square has lost most of its digits
def test_a_bounded_mean_equals_its_slow_twin(values: list) -> None:
    assert_allclose(limits(bounded_mean(centred(summarise(values)), LEVEL)), slow_bounded(values), atol=1e-9)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60))
def test_changes_of_one_have_bonett_and_price_s_interval(b: int, c: int, rest: int) -> None:
    """With Student's quantile in place of the normal one."""
    n = b + c + rest
    if n < means.MINIMUM_BOUNDED:
        return
    found = bounded_mean(centred(summarise([1.0] * b + [-1.0] * c + [0.0] * rest)), LEVEL)

    expected = bonett_price(b, c, n, t_quantile(LEVEL, n - 1))

    change = (b - c) / n
    assert_allclose(limits(found), (min(expected.low, change), max(expected.high, change)), atol=1e-9)


@given(errors)
def test_limits_bracket_mirror_and_widen(values: list) -> None:
    low, high = limits(bounded_mean(centred(summarise(values)), LEVEL))
    mirrored = limits(bounded_mean(centred(summarise([-v for v in values])), LEVEL))
    wider = limits(bounded_mean(centred(summarise(values)), 0.995))

    assert -1 <= low <= np.mean(values) + 1e-12
    assert np.mean(values) - 1e-12 <= high <= 1
    assert_allclose(mirrored, (-high, -low), atol=1e-9)
    assert wider[0] <= low + 1e-12
    assert wider[1] >= high - 1e-12


@given(errors, st.integers(2, 5))
def test_repeating_every_case_within_its_unit_buys_nothing(values: list, times: int) -> None:
    repeated = summarise(np.repeat(values, times), np.repeat(np.arange(len(values)), times))

    assert_allclose(
        limits(bounded_mean(centred(repeated), LEVEL)),
        limits(bounded_mean(centred(summarise(values)), LEVEL)),
        atol=1e-6,
    )


def test_a_group_without_a_surprise_is_not_certain() -> None:
    """Twenty cases, all said to be unlikely, none of which came: the class may still be much more common."""
    low, high = limits(bounded_mean(centred(summarise([-0.01] * 20)), LEVEL))

    assert low < -0.1
    assert high > 0.1


@pytest.mark.parametrize("n", [10, 30, 100])
def test_limits_of_a_calibration_bias_cover(n: int) -> None:
    """1,000 groups each of rare, common and shifted classes; Student's alone fails them where the class is rare."""
    source = np.random.default_rng(5)
    worst, plain = 1.0, 1.0
    for a, b, shift in [(1, 30, 0.0), (1, 9, 0.5), (2, 2, 0.0), (0.3, 3, 0.0)]:
        many = source.beta(a, b, 100_000).clip(1e-6, 1 - 1e-6)
        truth = float((expit(np.log(many / (1 - many)) + shift) - many).mean())
        p = source.beta(a, b, (1000, n)).clip(1e-6, 1 - 1e-6)
        off = (source.random((1000, n)) < expit(np.log(p / (1 - p)) + shift)) - p
        half = student.ppf(LEVEL, n - 1) * off.std(axis=1, ddof=1) / math.sqrt(n)
        worst = min(worst, float(np.mean([covers(bounded_mean(centred(summarise(row)), LEVEL), truth) for row in off])))
        plain = min(plain, float((np.abs(off.mean(axis=1) - truth) <= half).mean()))

    assert worst >= 0.94
    assert plain < 0.9


def test_people_with_several_cases_need_their_units() -> None:
    """20 people of 5 cases with a bias of their own: limits over units cover, over cases they do not."""
    source = np.random.default_rng(6)
    who = np.repeat(np.arange(20), 5)
    covered = np.zeros(2)
    for _ in range(400):
        own = np.clip(source.normal(0.1, 0.35, 20), -0.8, 0.8)[who]
        off = np.clip(own + source.uniform(-0.2, 0.2, 100), -1, 1)
        covered += [covers(bounded_mean(centred(s), LEVEL), 0.1) for s in (summarise(off, who), summarise(off))]

    assert covered[0] / 400 >= 0.94
    assert covered[1] / 400 < 0.8


def test_bounded_means_that_cannot_be_told_say_why() -> None:
    few = bounded_mean(centred(summarise([0.1] * 9)), LEVEL)
    one = bounded_mean(centred(summarise([0.1] * 20, ["same"] * 20)), LEVEL)

    assert few == IntervalEstimate("too_small", reason="9 cases, fewer than 10")
    assert one == IntervalEstimate("undefined", reason="all cases belong to one unit")


# --- skewed values -----------------------------------------------------------------------------------------------------

losses = st.lists(st.integers(0, 50), min_size=30, max_size=60).filter(lambda v: len(set(v)) > 10)


def slow_bootstrap(values: np.ndarray, draws: int) -> tuple[float, float]:
    """One resample after the other."""
    ordered, n = np.sort(values), len(values)
    error = values.std(ddof=1) / math.sqrt(n)
    source, pivots = rng(), []
    for chosen in source.integers(0, n, size=(draws, n)):
        again = ordered[chosen]
        pivots.append((again.mean() - values.mean()) / (again.std(ddof=1) / math.sqrt(n)))
    upper = np.quantile(pivots, LEVEL, method="higher")
    lower = np.quantile(pivots, 1 - LEVEL, method="lower")
    return values.mean() - error * upper, values.mean() - error * lower


@given(losses)
def test_the_bootstrap_equals_its_slow_twin(values: list) -> None:
    v = np.array(values, dtype=float)

    assert_allclose(limits(bootstrap_t(v, rng(), LEVEL, draws=200)), slow_bootstrap(v, 200), rtol=1e-6)


@given(losses, st.randoms(use_true_random=False))
def test_the_order_of_cases_and_the_way_they_are_held_change_nothing(values: list, random: object) -> None:
    """The same values give the same limits; every case its own unit is no units at all."""
    found = limits(bootstrap_t(values, rng(), LEVEL, draws=200))
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert limits(bootstrap_t(shuffled, rng(), LEVEL, draws=200)) == found
    as_units = bootstrap_t(values, rng(), LEVEL, draws=200, units=[f"u{i}" for i in range(len(values))])
    assert_allclose(limits(as_units), found, rtol=1e-9)


@given(losses, st.integers(-20, 20), st.sampled_from([0.5, 2.0, 4.0]))
def test_limits_move_and_stretch_with_the_values(values: list, shift: int, factor: float) -> None:
    low, high = limits(bootstrap_t(values, rng(), LEVEL, draws=200))
    moved = limits(bootstrap_t([shift + factor * v for v in values], rng(), LEVEL, draws=200))

    assert_allclose(moved, (shift + factor * low, shift + factor * high), rtol=1e-6, atol=1e-6)


@given(losses)
def test_a_higher_level_gives_wider_limits_that_bounds_cut(values: list) -> None:
    low, high = limits(bootstrap_t(values, rng(), 0.95, draws=200))
    wider = limits(bootstrap_t(values, rng(), 0.99, draws=200))
    cut = limits(bootstrap_t(values, rng(), 0.99, draws=200, bounds=(0.0, math.inf)))

    assert wider[0] <= low <= np.mean(values) <= high <= wider[1]
    assert cut == (max(wider[0], 0.0), wider[1])


def test_draws_do_not_depend_on_how_many_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).lognormal(size=100)
    at_once = bootstrap_t(values, rng(), LEVEL)
    monkeypatch.setattr(means, "NUMBERS_AT_ONCE", 3000)

    assert_allclose(limits(bootstrap_t(values, rng(), LEVEL)), limits(at_once), rtol=1e-12)


@pytest.mark.parametrize(("n", "least"), [(30, 0.90), (50, 0.90), (100, 0.91)])
def test_limits_of_a_skewed_loss_cover_better_than_student_s(n: int, least: float) -> None:
    """600 samples of a lognormal loss; .925, .932 and .923 elsewhere, Student's .873, .913 and .898."""
    source, truth = np.random.default_rng(21), math.exp(0.5)
    covered, plain = 0, 0
    for _ in range(600):
        values = source.lognormal(size=n)
        covered += covers(bootstrap_t(values, source, LEVEL, draws=400), truth)
        half = student.ppf(LEVEL, n - 1) * values.std(ddof=1) / math.sqrt(n)
        plain += abs(values.mean() - truth) <= half

    assert covered / 600 >= least
    assert covered >= plain


def test_units_are_resampled_whole() -> None:
    """40 people of one to six cases that are alike: limits over units cover, over cases they do not."""
    source, truth = np.random.default_rng(7), math.exp(0.49)
    covered = np.zeros(2)
    for _ in range(200):
        who = np.repeat(np.arange(40), source.integers(1, 7, 40))
        values = np.exp(source.normal(0, 0.7, 40)[who] + source.normal(0, 0.7, len(who)))
        covered += [covers(bootstrap_t(values, source, LEVEL, units=u, draws=300), truth) for u in (who, None)]

    assert covered[0] / 200 >= 0.89
    assert covered[1] / 200 < 0.86


@pytest.mark.parametrize("shape", [0.1, 1.0])
def test_large_groups_have_the_limits_the_draws_approach(shape: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 5,000 skewed values the formula's limits lie within 6 % of the width from the drawn ones."""
    values = np.random.default_rng(9).gamma(shape, size=5000)
    drawn = limits(bootstrap_t(values, rng(), LEVEL))
    monkeypatch.setattr(means, "MOST_RESAMPLED", 4999)

    assert_allclose(limits(bootstrap_t(values, rng(), LEVEL)), drawn, atol=0.06 * (drawn[1] - drawn[0]))


def test_skewed_means_that_cannot_be_told_say_why() -> None:
    """Unbounded: 30 cases; bounded: 10. No spread: no limits. One large value among zeros: none that holds."""
    few = bootstrap_t(np.arange(29.0), rng(), LEVEL)
    bounded = bootstrap_t(np.linspace(0, 1, 29), rng(), LEVEL, bounds=(0.0, 1.0))
    people = bootstrap_t(np.arange(57.0), rng(), LEVEL, units=np.arange(57) // 3)
    same = bootstrap_t([0.1] * 40, rng(), LEVEL)
    one = bootstrap_t([0.0] * 39 + [5.0], rng(), LEVEL, bounds=(0.0, math.inf))
    cut = bootstrap_t([0.0] * 39 + [1.0], rng(), LEVEL, bounds=(0.0, 1.0))

    assert few == IntervalEstimate("too_small", reason="29 cases, fewer than 30")
    assert people == IntervalEstimate("too_small", reason="19 units, fewer than 20")
    assert bounded.status == "ok"
    assert same == IntervalEstimate("undefined", reason="the values do not vary, which leaves their spread unknown")
    assert one == IntervalEstimate("undefined", reason="too few values differ from the others to know their spread")
    assert limits(cut) == (0.0, 1.0)


def test_the_root_of_a_mean_square_keeps_its_status() -> None:
    squares = bootstrap_t(np.random.default_rng(2).normal(0, 3, 80) ** 2, rng(), LEVEL, bounds=(0.0, math.inf))

    assert squares.value is not None
    assert root(squares)[1:4] == pytest.approx([math.sqrt(squares.value), *map(math.sqrt, limits(squares))])
    assert root(IntervalEstimate("too_small", reason="9 cases")) == IntervalEstimate("too_small", reason="9 cases")
