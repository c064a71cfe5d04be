"""The change of an AUC on the same rows: DeLong's covariance from every pair, and limits that cover in small groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from support.scored_tables import SCORES, scored, seen
from support.tables import GROUPS, found, table

from fairtransfer.evidence.rankings import Scored, ranking_change_rows, ranking_rows
from fairtransfer.evidence.views import Cases, View
from fairtransfer.findings.estimates.rankings import RankingChange
from fairtransfer.findings.sums import PerSeed, key_of
from fairtransfer.measurement import Measurement, measure
from fairtransfer.stats import auc as au
from fairtransfer.stats.auc_change import Area, Sizes, auc_change_interval

Z = 0.975


def placements(score: np.ndarray, yes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For every positive the share of negatives below it, for every negative the share of positives above; pair by pair."""
    won = [[1.0 if p > n else 0.5 if p == n else 0.0 for n in score[~yes]] for p in score[yes]]
    return np.mean(won, axis=1), np.mean(won, axis=0)


def slow_covariance(one: np.ndarray, two: np.ndarray, yes: np.ndarray) -> float:
    """DeLong, DeLong and Clarke-Pearson (1988), from all pairs."""
    (p, n), (q, m) = placements(one, yes), placements(two, yes)
    return float(np.cov(p, q)[0, 1] / len(p) + np.cov(n, m)[0, 1] / len(n))


def slow_units(one: np.ndarray, two: np.ndarray, yes: np.ndarray, units: np.ndarray) -> float:
    """The same where the rows of a unit move together."""
    moved = []
    for score in (one, two):
        of_positive, of_negative = placements(score, yes)
        effects = np.zeros(len(score))
        effects[yes] = (of_positive - of_positive.mean()) / yes.sum()
        effects[~yes] = (of_negative - of_negative.mean()) / (~yes).sum()
        moved.append([effects[units == name].sum() for name in np.unique(units)])
    k = len(moved[0])
    return float(np.dot(*moved)) * k / (k - 1)


def kept(rows: Measurement, **group: str) -> Any:
    answers = rows.study.rankings.of(key_of("table", "change", ("new", ""), "group", group, "auc", "yes"))
    assert answers is not None
    return answers


# --- counting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [None, "person"])
@pytest.mark.parametrize("group", [{}, {"region": "south"}, {"region": "north", "age": "old"}])
def test_covariances_equal_those_of_every_pair_of_rows(unit: str | None, group: dict[str, str]) -> None:
    frame = scored(300)
    row = kept(seen(frame, **GROUPS, unit=unit), **group).first
    mine = frame[np.all([frame[name] == value for name, value in group.items()], axis=0)] if group else frame
    yes, old, new = (mine.y == "yes").to_numpy(), mine.s0.to_numpy(), mine.s1.to_numpy()

    def slow(one: np.ndarray, two: np.ndarray) -> float:
        return slow_covariance(one, two, yes) if unit is None else slow_units(one, two, yes, mine.person.to_numpy())

    auc = [placements(score, yes)[0].mean() for score in (old, new)]
    assert_allclose([row["auc_before"], row["auc_after"], row["value"]], [*auc, auc[1] - auc[0]], rtol=1e-9)
    expected = [slow(old, old), slow(new, new), slow(old, new)]
    assert_allclose([row["variance_before"], row["variance"], row["covariance"]], expected, rtol=1e-9)
    assert (row["n"], row["positives"]) == (len(mine), yes.sum())


def test_a_finding_has_the_limits_of_its_parts() -> None:
    frame = scored(400)
    rows = seen(frame, groups=["region"])
    told, row = found(rows, "change", "auc", region="south"), kept(rows, region="south").first
    areas = Area(row["auc_before"], row["variance_before"]), Area(row["auc_after"], row["variance"])
    sizes = Sizes(row["positives"], row["n"] - row["positives"])
    limits = auc_change_interval(*areas, row["covariance"], sizes, Z)
    assert told.ci == pytest.approx((float(limits.low), float(limits.high)))
    assert told.ci_method == "mover/delong envelope"
    before, after = (found(rows, stage, "auc", region="south").estimate for stage in ("before", "after"))
    assert told.estimate == pytest.approx(after - before)


def test_pairs_of_scores_are_counted_only_where_rankings_are_compared() -> None:
    frame = scored(200)
    assert "change" in seen(frame).counted.scores["yes"]
    assert "change" not in seen(frame, metrics=["brier_score"]).counted.scores["yes"]
    assert "change" in seen(frame, metrics=["error_rate"], groups=["age"], gates=[GATE]).counted.scores["yes"]


GATE = "no_harm:by=age,metric=auc,margin=0.1"


def test_few_cases_of_a_class_are_told_not_compared() -> None:
    frame = scored(300).assign(region=["tiny"] * 15 + ["large"] * 285)
    row = found(seen(frame, groups=["region"]), "change", "auc", region="tiny")
    assert (row.status, row.estimate, row.n) == ("too_small", None, 15)
    assert "needs 10 of each" in row.status_reason


def test_cells_say_the_same_as_the_rows_they_stand_for() -> None:
    """Rows that are alike counted once and many times: one story."""
    frame = scored(120).round({"s0": 1, "s1": 1})
    counted = frame.groupby(["y", "old", "new", "s0", "s1", "region"]).size().reset_index(name="many")
    one = seen(frame, groups=["region"])
    two = seen(counted, groups=["region"], counts="many")
    for group in ({}, {"region": "north"}):
        assert_allclose(kept(one, **group).first["covariance"], kept(two, **group).first["covariance"], rtol=1e-9)


def test_one_model_against_itself_has_the_variances_of_a_level() -> None:
    rng = np.random.default_rng(0)
    n = 60
    codes = rng.integers(0, 20, n)
    own = np.arange(n)
    view = View([{}], np.zeros(n, dtype=np.int64), own, np.zeros(n, dtype=np.int64), own)
    cases = Cases({(): view}, np.ones(n, dtype=np.int64), own, alone=True)
    mine = Scored(rng.random(n) < 0.5, codes, codes / 20)
    (change,) = ranking_change_rows(cases, mine, mine, {})
    (level,) = ranking_rows(cases, mine, {})
    assert change["value"] == 0
    assert_allclose([change["variance"], change["covariance"]], [level["variance"]] * 2, rtol=1e-12)


# --- limits ------------------------------------------------------------------------------------------------------------

areas = st.tuples(st.floats(0, 1), st.floats(0, 0.05), st.floats(0, 1), st.floats(0, 0.05), st.floats(-1, 1))
sizes = st.tuples(st.integers(10, 300), st.integers(10, 300)).map(lambda pair: Sizes(*pair))


def limits_of(found: tuple[float, ...], of: Sizes, level: float = Z) -> tuple[float, float]:
    a, v, b, w, r = found
    interval = auc_change_interval(Area(a, v), Area(b, w), r * (v * w) ** 0.5, of, level)
    return float(interval.low), float(interval.high)


@given(areas, sizes)
def test_limits_hold_the_change_and_a_higher_level_holds_a_lower(found: tuple[float, ...], of: Sizes) -> None:
    low, high = limits_of(found, of)
    inner = limits_of(found, of, 0.95)
    assert -1 <= low <= found[2] - found[0] <= high <= 1
    assert low - 1e-12 <= inner[0] <= inner[1] <= high + 1e-12


@given(areas, sizes)
def test_before_and_after_swapped_mirror_the_limits(found: tuple[float, ...], of: Sizes) -> None:
    a, v, b, w, r = found
    low, high = limits_of(found, of)
    assert limits_of((b, w, a, v, r), of) == pytest.approx((-high, -low), abs=1e-12)


def test_models_that_rank_alike_still_leave_room() -> None:
    """No change was seen and none in the ranks of any row: ten cases of a class do not prove that there is none."""
    few, many = (limits_of((0.8, 0.1 / n, 0.8, 0.1 / n, 1.0), Sizes(n, n)) for n in (10, 1000))
    assert few[1] - few[0] > 0.2
    assert many[1] - many[0] < 0.01


def test_scores_that_part_the_classes_perfectly_tell_no_agreement() -> None:
    low, high = limits_of((1.0, 0.0, 1.0, 0.0, 0.0), Sizes(12, 30))
    assert low < -0.1
    assert high > 0.1


def test_a_model_that_changes_the_ranks_of_few_is_not_taken_as_two() -> None:
    """Paired limits are far shorter than those of two models on different rows."""
    frame = table(2000).assign(s0=lambda f: scored(2000).s1)
    rng = np.random.default_rng(1)
    frame["s1"] = np.clip(np.round(frame.s0 * 256 + rng.normal(0, 4, len(frame))), 1, 255) / 256
    rows = measure(frame, label="y", before="old", after="new", groups=["age"], **SCORES, metrics=["auc"])
    row, change = kept(rows).first, found(rows, "change", "auc")
    size = Sizes(row["positives"], row["n"] - row["positives"])
    two = auc_change_interval(
        Area(row["auc_before"], row["variance_before"]), Area(row["auc_after"], row["variance"]), 0.0, size, Z
    )
    assert row["covariance"] > 0.9 * row["variance"]
    assert change.ci[1] - change.ci[0] < 0.4 * float(two.high - two.low)


# --- over seeds --------------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.lists(st.floats(0.5, 0.9), min_size=3, max_size=5))
def test_seeds_widen_the_limits_and_equal_seeds_do_not(after: list[float]) -> None:
    def sample(values: list[float]) -> RankingChange:
        row = {"n": 200, "positives": 80, "units": 200, "units_positive": 80, "units_negative": 120}
        rows = tuple(
            row
            | {"seed": s, "value": v - 0.6, "auc_before": 0.6, "auc_after": v}
            | {"variance": 0.001, "variance_before": 0.001, "covariance": 0.0005}
            for s, v in enumerate(values)
        )
        return RankingChange(PerSeed(rows, None), procedure=True, bounds=(-1.0, 1.0))

    spread, alike = sample(after), sample([float(np.mean(after))] * len(after))
    assert spread.estimate == pytest.approx(alike.estimate)
    assert spread.limits(Z)[0] <= alike.limits(Z)[0] + 1e-12
    assert spread.limits(Z)[1] >= alike.limits(Z)[1] - 1e-12


def test_limits_cover_and_delongs_alone_do_not() -> None:
    """15 positives, 40 negatives, 0.85 to 0.95: the change that matters most is where DeLong's interval is too short."""
    rng = np.random.default_rng(4)
    yes = np.arange(55) < 15
    shift = np.where(yes[:, None], np.sqrt(2) * np.array([1.0364, 1.6449]), 0)
    covered = np.zeros(2)
    for _ in range(300):
        scores = rng.normal(size=(55, 1)) * np.sqrt(0.8) + rng.normal(size=(55, 2)) * np.sqrt(0.2) + shift
        areas, effects = [], []
        for column in scores.T:
            codes, bins = au.exact_bins(column)
            h = au.histograms(codes, yes, np.zeros(55, dtype=np.intp), (1, bins))
            areas.append(Area(float(au.area(h)[0]), float(au.delong_variance(h)[0])))
            effects.append(au.influence(codes, yes, bins))
        e = effects[0] * effects[1]
        covariance = float(e[yes].sum() * 15 / 14 + e[~yes].sum() * 40 / 39)
        mine = auc_change_interval(*areas, covariance, Sizes(15, 40), Z)
        half = 1.96 * np.sqrt(max(0.0, areas[0].variance + areas[1].variance - 2 * covariance))
        change = areas[1].auc - areas[0].auc
        covered += [float(mine.low) <= 0.1 <= float(mine.high), abs(change - 0.1) <= half]
    assert covered[0] / 300 >= 0.95
    assert covered[1] / 300 < 0.93
