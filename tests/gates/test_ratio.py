"""Ratios judged by bounds: golden verdicts, laws, how often they are wrong at the limit, and what people read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from support.contrasts import judge_contrasts
from support.finished_runs import carry_out
from support.html_page import Page
from support.toy import edit, toy_rows, write_project

from fairtransfer.data.sides import Part
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.findings.estimates.contrasts import RateRatioContrast
from fairtransfer.findings.estimates.rates import Rate
from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.gates.alphas import Alphas
from fairtransfer.gates.contrast import Contrast, Target
from fairtransfer.gates.decide import decide
from fairtransfer.gates.ratio import Ratio
from fairtransfer.gates.results import GateResult
from fairtransfer.measurement import Measurement, measure
from fairtransfer.outcomes.table import METRICS
from fairtransfer.runner.job import Job
from fairtransfer.spec.gates import GateSpec
from fairtransfer.spec.group_pairs import comparisons
from fairtransfer.stats.effective import Moments
from fairtransfer.stats.exact import exact_contrast
from fairtransfer.stats.intervals import normal_quantile

Counts = tuple[int, int]

counts = st.integers(10, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
limits = st.floats(0.3, 1)


def level(k: int, n: int) -> Rate:
    return Rate((k,), (n,), Moments(n, n, k, n, k, k), clustered=False, procedure=False)


def gate(at_least: float = 0.8) -> GateSpec:
    return GateSpec(Ratio(by=("region",), at_least=at_least))


def contrast(one: Counts, two: Counts, at_least: float = 0.8, name: str = "a") -> Contrast:
    """What the gate makes of two rates."""
    query = SimpleNamespace(
        meant=lambda metric, of: "yes",
        groups=lambda pairing, by: [{"region": name}, {"region": "z"}],
        proportion=lambda *asked, turned: RateRatioContrast(level(*one), level(*two), at_least),
    )
    asked = Ratio.model_construct(by=("region",), at_least=at_least)  # laws hold beyond what a policy may ask
    return next(asked.contrasts(query, Target("bench", "model", "", 10)))  # type: ignore[arg-type]


def outcome(*found: Contrast, at_least: float = 0.8, alpha: float = 0.05) -> GateResult:
    return decide(gate(at_least), judge_contrasts(found, alpha))


# --- the verdict -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "expected"),
    [((12, 50), "inconclusive"), ((30, 50), "pass"), ((2, 50), "fail"), ((0, 20), "fail"), ((15, 50), "inconclusive")],
)
def test_golden_ratios_come_out_as_their_bounds_say(one: Counts, expected: str) -> None:
    """Against 90 of 300. The last has the very rate of the others, and that is not yet enough."""
    assert outcome(contrast(one, (90, 300))).outcome == expected


def test_the_bare_ratio_decides_nothing() -> None:
    """0.73 is below four fifths and 0.93 above it; with these numbers of people neither is told from 0.8."""
    for one in ((11, 50), (14, 50)):
        assert outcome(contrast(one, (90, 300))).outcome == "inconclusive"
    assert outcome(contrast((2200, 10_000), (18_000, 60_000))).outcome == "fail"
    assert outcome(contrast((2800, 10_000), (18_000, 60_000))).outcome == "pass"


@settings(deadline=None)
@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=5), limits)
def test_exactly_one_outcome_and_never_pass_and_fail(found: list[tuple[Counts, Counts]], at_least: float) -> None:
    contrasts = [contrast(one, two, at_least, f"g{i}") for i, (one, two) in enumerate(found)]

    result, judged = outcome(*contrasts, at_least=at_least), judge_contrasts(contrasts, 0.05)

    assert not any(j.passed and j.failed for j in judged)
    assert (result.outcome == "pass") == all(j.passed for j in judged)
    assert (result.outcome == "fail") == any(j.failed for j in judged)
    assert result.outcome in ("pass", "fail", "inconclusive")


@settings(deadline=None)
@given(counts, counts, limits, limits)
def test_asking_for_less_never_takes_a_pass_away(one: Counts, two: Counts, first: float, second: float) -> None:
    low, high = sorted((first, second))

    if outcome(contrast(one, two, high), at_least=high).outcome == "pass":
        assert outcome(contrast(one, two, low), at_least=low).outcome == "pass"
    if outcome(contrast(one, two, low), at_least=low).outcome == "fail":
        assert outcome(contrast(one, two, high), at_least=high).outcome == "fail"


@settings(deadline=None)
@given(counts, counts)
def test_a_ratio_of_one_is_the_difference(one: Counts, two: Counts) -> None:
    found = exact_contrast(one[0] / one[1], one[1], two[0] / two[1], two[1], normal_quantile(0.95))
    (judged,) = judge_contrasts([contrast(one, two, 1.0)], 0.05)

    assert judged.inside == bool(found.low > 0)
    assert judged.failed == bool(found.high < 0)


@settings(deadline=None)
@given(counts, counts, st.sampled_from([0.05, 0.0025]))
def test_printed_bounds_are_the_limits_that_would_just_pass_and_just_fail(
    one: Counts, two: Counts, alpha: float
) -> None:
    """Slow twin: asked of the verdict itself, a little to either side of each bound."""
    told = Ratio(by=("region",), at_least=0.8).recorded(contrast(one, two), Alphas(alpha, alpha))
    low, high = told["ratio_lower"], told["ratio_upper"]

    def sides(at_least: float) -> tuple[bool, bool]:
        asked = contrast(one, two, at_least)
        return asked.upper(alpha) < 0, asked.lower(alpha) > 0

    assert low == pytest.approx(0, abs=1e-9) or sides(low * 0.999)[0]
    assert not sides(low * 1.001 + 1e-9)[0]
    if high is not None:
        assert sides(high * 1.001 + 1e-9)[1]
        assert not sides(high * 0.999)[1] or high < 1e-9
    if told["ratio"] is not None:
        assert low <= told["ratio"] <= (high or np.inf)


def seeded(hits: list[int], n: int) -> Rate:
    k = sum(hits)
    return Rate(
        tuple(hits), (n,) * len(hits), Moments(n, n * len(hits), k, n * 9, k * 3, k * 2), False, True
    )  # clustered, procedure


@given(st.lists(st.integers(60, 100), min_size=5, max_size=5), st.lists(st.integers(100, 160), min_size=5, max_size=5))
def test_bounds_of_ratios_hold_what_seeds_add(first: list[int], second: list[int]) -> None:
    sample = RateRatioContrast(seeded(first, 200), seeded(second, 400), 0.8)
    low, high = sample.bounds(0.95)

    assert replace(sample, limit=low * 0.999).limits(0.95)[0] > 0
    assert replace(sample, limit=low * 1.001).limits(0.95)[0] <= 0
    assert high is not None
    assert replace(sample, limit=high * 1.001).limits(0.95)[1] < 0
    assert replace(sample, limit=high * 0.999).limits(0.95)[1] >= 0


@pytest.mark.parametrize("selected", [0.3, 0.5])
def test_at_exactly_four_fifths_few_samples_are_decided(selected: float) -> None:
    """Every outcome of 20 against 60 people, through the gate: at most 6.5 % pass and 5.8 % fail; the bare ratio fails half."""
    passed = failed = bare = 0.0
    for x_a in range(21):
        for x_b in range(61):
            weight = binom.pmf(x_a, 20, 0.8 * selected) * binom.pmf(x_b, 60, selected)
            if weight > 1e-7:
                found = outcome(contrast((x_a, 20), (x_b, 60))).outcome
                passed, failed = passed + weight * (found == "pass"), failed + weight * (found == "fail")
                bare += weight * (x_a * 60 < 0.8 * x_b * 20)

    assert passed <= 0.065
    assert failed <= 0.058
    assert bare > 0.35


def test_a_pass_does_not_rest_on_fewer_than_five() -> None:
    """Four of ten against 3 of 300 lie far above four fifths; one more and it may be said."""
    few = outcome(contrast((4, 10), (3, 300)))

    assert (few.outcome, few.reason_codes, few.smallest_margin) == ("inconclusive", ("few_events",), None)
    assert few.needed[0].people == 16  # of 16 four tenths are 5 or more with a chance of 83 %, of 15 with 78 %
    assert outcome(contrast((5, 10), (3, 300))).outcome == "pass"


@pytest.mark.parametrize(
    ("one", "two", "code"),
    [((0, 9), (90, 300), "below_min_n"), ((90, 300), (0, 9), "below_min_n"), ((0, 40), (0, 400), "on_limit")],
)
def test_what_cannot_be_told_is_inconclusive(one: Counts, two: Counts, code: str) -> None:
    """Few on either side; and nobody selected anywhere, which no number of people settles."""
    result = outcome(contrast(one, two))

    assert (result.outcome, result.reason_codes) == ("inconclusive", (code,))
    assert result.needed[0].people == (None if code == "on_limit" else 10)
    assert result.needed[0].seeds is None


def test_a_group_that_cannot_be_computed_is_inconclusive() -> None:
    missing = replace(contrast((1, 10), (1, 10)), sample=NotEstimable("undefined", "0 cases"))

    assert outcome(missing, contrast((30, 50), (90, 300))).outcome == "inconclusive"


def test_the_number_needed_gives_about_the_power_it_promises() -> None:
    needed = outcome(contrast((10, 40), (30, 120))).needed[0].people
    draws = np.random.default_rng(8).binomial([needed, 3 * needed], 0.25, size=(200, 2))

    passes = sum(outcome(contrast((int(a), needed), (int(b), 3 * needed))).outcome == "pass" for a, b in draws)

    assert 0.7 <= passes / 200 <= 0.92


def test_reasons_tell_both_rates_the_ratio_and_the_bound_that_decides() -> None:
    failed, passed = outcome(contrast((2, 50), (90, 300))), outcome(contrast((30, 50), (90, 300)))
    both = outcome(contrast((300, 1000), (500, 1000)))

    assert failed.reason == "below the limit of 0.80: a 4.0%, everyone else 30.0%: ratio at most 0.41"
    assert passed.reason == (
        "the one comparison inside the limit of 0.80 to 1.25; closest is a 60.0%, everyone else 30.0%: ratio 2.00, at least 1.52"
    )
    assert both.reason == "below the limit of 0.80: a 30.0%, everyone else 50.0%: ratio 0.60, at most 0.66"
    assert passed.smallest_margin == pytest.approx(1.518, abs=1e-3)


# --- adding groups -----------------------------------------------------------------------------------------------------


def compared(groups: dict[str, Counts], how: str) -> GateResult:
    names = [{"region": name} for name in groups]
    total = tuple(map(sum, zip(*groups.values(), strict=True)))
    found = []
    for group, other in comparisons(names, how):
        one = groups[group["region"]]
        two = (total[0] - one[0], total[1] - one[1]) if other is None else groups[other["region"]]
        found.append(replace(contrast(one, two, name=group["region"]), other=other))
    return outcome(*found)


@settings(max_examples=30, deadline=None)
@given(counts, counts, counts, counts, st.sampled_from(["reference:a", "all_pairs"]))
def test_a_further_group_makes_no_pass_and_fails_nobody_else(
    a: Counts, b: Counts, c: Counts, further: Counts, how: str
) -> None:
    before = compared({"a": a, "b": b, "c": c}, how)
    after = compared({"a": a, "b": b, "c": c, "d": further}, how)

    def failing(result: GateResult) -> set[tuple[str, str]]:
        pairs = ((e.group["region"], e.against) for e in result.contrasts if e.outcome == "fail")
        named = {(e.group["region"], e.against_group["region"]) for e in result.contrasts if e.outcome == "fail"}
        assert len(named) == len(list(pairs))
        return {pair for pair in named if "d" not in pair}

    assert before.outcome == "pass" or after.outcome != "pass"
    assert failing(after) <= failing(before)


def test_against_the_rest_a_further_group_may_change_everything() -> None:
    """The twin: the comparison itself becomes another one."""
    groups = {"a": (300, 1000), "b": (600, 1000)}

    assert compared(groups, "rest").outcome == "fail"
    after = compared({**groups, "d": (100, 9000)}, "rest")
    assert {e.group["region"]: e.outcome for e in after.contrasts} == {"a": "pass", "b": "pass", "d": "fail"}


@pytest.mark.parametrize("name", ["north, old", "north & old", "region=north & age=old"])
def test_a_reference_is_found_however_it_is_written(name: str) -> None:
    groups = [{"region": r, "age": a} for r in ("north", "south") for a in ("old", "young")]

    found = list(comparisons(groups, f"reference:{name}"))

    assert {tuple(other.items()) for _, other in found if other} == {(("region", "north"), ("age", "old"))}
    assert len(found) == 3


def test_ratios_are_of_shares_that_people_are_given() -> None:
    """The names a definition may use are those of the table of metrics."""
    shares = [m for m in METRICS.values() if m.of_shares and not m.complement]
    given_to = {m.name for m in shares if m.adds in ("predicted_positive", "true_positive")}
    assert given_to - {"balanced_accuracy"} == {m.name for m in METRICS.values() if m.as_ratio}


# --- tables of predictions ---------------------------------------------------------------------------------------------


def table() -> pd.DataFrame:
    """600 people of the north, half of them selected; 400 of the south, a fifth; 40 of the west, half."""
    rows = [
        (region, i < k)
        for region, k, n in (("north", 300, 600), ("south", 80, 400), ("west", 20, 40))
        for i in range(n)
    ]
    frame = pd.DataFrame(rows, columns=["region", "chosen"])
    return frame.assign(y="yes", new=np.where(frame.chosen, "yes", "no"))


def measured(*gates: str, positive: str | None = "yes") -> Measurement:
    asked = {"positive": positive, "favourable": positive, "classes": ["yes", "no"]}
    return measure(table(), label="y", after="new", groups=["region"], gates=gates, **asked)


def test_a_ratio_gate_judges_a_table() -> None:
    (found,) = measured("ratio:by=region,metric=selection_rate,at_least=0.8").verdict.gates
    entries, above = ({e.group["region"]: e for e in found.contrasts if e.side == side} for side in ("below", "over"))

    assert found.outcome == "fail"
    assert above["north"].outcome == "fail", (
        "four fifths holds both ways: the north has more than twice the others' rate"
    )
    assert (above["north"].recorded["ratio"] or 0) > 1.25
    assert {name: entry.outcome for name, entry in entries.items()} == {
        "north": "pass",
        "south": "fail",
        "west": "pass",
    }
    assert entries["south"].recorded["ratio"] == pytest.approx(0.2 / 0.5)
    assert entries["south"].harm == pytest.approx(0.8 * 0.5 - 0.2)
    assert found.reason.startswith("below the limit of 0.80: south 20.0%, everyone else 50.0%: ratio 0.40, at most")


@pytest.mark.parametrize(("contrast", "pairs"), [("reference:north", 2), ("all_pairs", 6)])
def test_a_ratio_gate_compares_with_a_reference_or_with_all(contrast: str, pairs: int) -> None:
    (found,) = measured(f"ratio:by=region,at_least=0.8,contrast={contrast}").verdict.gates

    assert found.outcome == "fail"
    assert len(found.contrasts) == pairs * (2 if contrast.startswith("reference") else 1)
    assert all(entry.against_group for entry in found.contrasts)


def test_a_class_stands_in_the_gate_or_is_the_positive_one() -> None:
    """With and without ``--positive``; the other class turns the ratio round."""
    (given_,), (named,), (other,) = (
        measured(*gates, positive=positive).verdict.gates
        for gates, positive in (
            (("ratio:by=region,at_least=0.8",), "yes"),
            (("ratio:by=region,at_least=0.8,class=yes",), None),
            (("ratio:by=region,at_least=0.8,class=no",), None),
        )
    )

    assert [e.recorded["ratio"] for e in given_.contrasts] == [e.recorded["ratio"] for e in named.contrasts]
    assert other.contrasts[2].recorded["ratio"] == pytest.approx(0.8 / 0.5)


@pytest.mark.parametrize("kind", ["gap:by=region,metric={},margin=0.1", "worst_group:by=region,metric={},at_least=0.4"])
def test_other_gates_take_the_positive_class_too(kind: str) -> None:
    (found,) = measured(kind.format("selection_rate")).verdict.gates

    assert found.outcome == "fail"
    assert found.contrasts[1].group == {"region": "south"}
    assert found.contrasts[1].outcome == "fail"


def test_an_average_over_classes_can_be_compared() -> None:
    (found,) = measured("gap:by=region,metric=balanced_accuracy,margin=0.1", positive=None).verdict.gates

    assert (found.outcome, found.reason_codes) == ("inconclusive", ("undefined_metric",)), "nobody has the class no"


@pytest.mark.parametrize(
    ("asked", "code", "found"),
    [
        ("ratio:by=region,at_least=0.8,contrast=reference:nroth", "FT-P040", "did you mean `north`?"),
        ("ratio:by=region,at_least=0.8,class=maybe", "FT-P073", "no row has the class `maybe`"),
        ("ratio:by=region,metric=error_rate,at_least=0.8", "FT-Y056", "not compared by a ratio of `error_rate`"),
        ("ratio:by=region,at_least=0", "FT-G004", "above 0, at most 1"),
        ("ratio:by=region", "FT-Y035", "required key is missing"),
    ],
)
def test_what_is_wrong_with_a_ratio_gate_is_told(asked: str, code: str, found: str) -> None:
    with pytest.raises(DefinitionError) as error:
        measured(asked)

    assert code in str(error.value)
    assert found in str(error.value)


def test_a_rate_of_being_given_a_class_needs_the_class_that_people_want() -> None:
    with pytest.raises(DefinitionError, match="FT-G039"):
        measured("ratio:by=region,at_least=0.8", positive=None)


@pytest.mark.parametrize("asked", ["ratio:by=region,at_least=0.8", "gap:by=region,metric=error_rate,margin=0.2"])
def test_making_groups_alike_by_making_one_worse_is_warned_of(asked: str) -> None:
    alone = measured(asked).verdict
    beside = measured(asked, "worst_group:by=region,metric=error_rate,at_most=0.9").verdict

    assert ["better served group gets worse" in note for note in alone.notes] == [True]
    assert beside.notes == ()


def test_a_report_shows_the_ratio_its_bounds_and_its_limit(tmp_path: Path) -> None:
    measured("ratio:by=region,at_least=0.8,contrast=reference:north").report(tmp_path)
    told = Page((tmp_path / "table.html").read_text()).visible

    assert "Ratio: selection rate by region" in told
    assert "from 0.80 to 1.25" in told
    assert "0.40 (0.33 to 0.48)" in told
    assert (tmp_path / "table.md").read_text().count("Ratio") >= 3


# --- audits ------------------------------------------------------------------------------------------------------------

GATES = """\
gates:
  - ratio: {by: region, metric: recall, class: fruit, at_least: 0.8, contrast: "reference:north", monitored: {unknown: few}}
  - gap: {by: region, margin: 0.2, contrast: "reference:absent", monitored: {unknown: few}}
"""


def test_a_run_is_judged_by_ratios_and_a_reference_nobody_belongs_to_settles_nothing(tmp_path: Path) -> None:
    """The card lets the data say which groups there are, so that only they can tell that a reference is absent."""
    import re

    audit = write_project(tmp_path, toy_rows(480))
    audit.write_text(re.sub(r"gates:\n(?:  .*\n)+", GATES, audit.read_text()))
    edit(audit, ("[8, 16]", "[16]"))
    edit(tmp_path / "data_cards" / "toy.md", ("values: [north, south], ", ""))

    def answer(job: Job, part: Part) -> list[str]:
        regions = part.groups["region"]
        return [
            "tool" if region == "south" and truth == "fruit" else truth
            for region, truth in zip(regions, part.y, strict=True)
        ]

    run = carry_out(audit, answer)
    ratio, gap = read_json(run / "verdict.json")["gates"]

    assert ratio["outcome"] == "fail"
    assert ratio["decided_by"][0]["group"] == {"region": "south"}
    assert ratio["decided_by"][0]["against_group"] == {"region": "north"}
    assert (gap["outcome"], gap["reason_codes"]) == ("inconclusive", ["undefined_metric"])
    assert "Ratio: recall[fruit] by region" in (run / "report" / "report.html").read_text()
