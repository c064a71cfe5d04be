"""Three outcomes: exactly one of them, from counts and policy alone, and each with its reason."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.contrasts import contrast, judge_contrasts, level, outcome, paired
from support.fake_run import fake_run, wrong_answers
from support.given_project import given_project
from support.tables import NAMES, table
from support.toy import edit, rewrite_table, toy_rows, write_project

from fairtransfer import api
from fairtransfer.data.sides import Part
from fairtransfer.evidence.canonical import read_json
from fairtransfer.findings.estimates.rates import RateDifference
from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.gates.gap import Gap
from fairtransfer.gates.no_harm import NoHarm
from fairtransfer.gates.results import GateResult
from fairtransfer.gates.verdict import SEVERITY, worst
from fairtransfer.gates.worst_group import WorstGroup
from fairtransfer.measurement import measure
from fairtransfer.runner.job import Job, Roots
from fairtransfer.runner.opened_data import open_data
from fairtransfer.spec.gates import GateSpec
from fairtransfer.spec.group_pairs import comparisons
from fairtransfer.stats.effective import Moments

CLASSES = ("fruit", "tool", "animal")


changes = st.integers(10, 2000).flatmap(lambda n: st.tuples(st.integers(0, n // 2), st.integers(0, n // 2), st.just(n)))


# --- the rule ----------------------------------------------------------------------------------------------------------


@given(st.lists(changes, min_size=1, max_size=6), st.floats(0, 0.5))
def test_exactly_one_outcome_and_never_pass_and_fail(found: list[tuple[int, int, int]], margin: float) -> None:
    contrasts = [contrast(paired(*counts), margin, f"g{i}") for i, counts in enumerate(found)]

    result = outcome(*contrasts)
    judged = judge_contrasts(contrasts, 0.05)

    assert result.outcome in ("pass", "fail", "inconclusive")
    assert not any(j.passed and j.failed for j in judged)
    assert (result.outcome == "pass") == all(j.passed for j in judged)
    assert (result.outcome == "fail") == any(j.failed for j in judged)


@given(changes, st.floats(0, 0.4), st.floats(0, 0.4))
def test_a_larger_margin_never_takes_a_pass_away(counts: tuple[int, int, int], one: float, two: float) -> None:
    low, high = sorted((one, two))

    if outcome(contrast(paired(*counts), low)).outcome == "pass":
        assert outcome(contrast(paired(*counts), high)).outcome == "pass"
    if outcome(contrast(paired(*counts), high)).outcome == "fail":
        assert outcome(contrast(paired(*counts), low)).outcome == "fail"


@given(changes, st.floats(0, 0.4))
def test_more_errors_in_a_failing_group_never_mend_it(counts: tuple[int, int, int], margin: float) -> None:
    b, c, n = counts

    if outcome(contrast(paired(b, c, n), margin)).outcome == "fail" and c > 0:
        assert outcome(contrast(paired(b + 1, c - 1, n), margin)).outcome == "fail"


def test_a_failure_names_the_surest_group_and_the_one_farthest_off() -> None:
    """Proof is not size: 30 people who lost 47 points are the worse news, 2,000 who lost 25 the surer one."""
    large, small = contrast(paired(500, 0, 2000), 0.05, "large"), contrast(paired(14, 0, 30), 0.05, "small")

    both = outcome(large, small).reason
    alone = outcome(small, contrast(paired(7, 0, 30), 0.05, "other")).reason

    assert "over the limit of +5.0 points: large +25.0 points" in both
    assert "and 1 more group, of which the farthest off is small +46.7 points" in both
    assert "small +46.7 points" in alone
    assert "farthest" not in alone


sides = st.integers(10, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(sides, sides, st.floats(0, 0.4), st.floats(0, 0.4))
def test_rates_and_gaps_keep_the_laws_of_margin_and_harm(
    one: tuple[int, int], two: tuple[int, int], margin: float, other: float
) -> None:
    """A larger margin takes no pass away, and further errors of a group that fails do not mend it."""

    def gap(k: int, limit: float) -> str:
        return outcome(contrast(RateDifference(level(k, one[1]), level(*two)), limit)).outcome

    def rate(k: int, limit: float) -> str:
        return outcome(contrast(level(k, one[1]), limit)).outcome

    low, high = sorted((margin, other))
    for judge in (gap, rate):
        assert judge(one[0], low) != "pass" or judge(one[0], high) == "pass"
        assert judge(one[0], high) != "fail" or judge(one[0], low) == "fail"
        if judge(one[0], margin) == "fail" and one[0] < one[1]:
            assert judge(one[0] + 1, margin) == "fail"


def test_errors_of_the_others_can_turn_a_failure_into_a_pass() -> None:
    """The twin: levelling down. That is why gates on gaps come with a warning."""
    assert outcome(contrast(RateDifference(level(300, 1000), level(100, 1000)), 0.05)).outcome == "fail"
    assert outcome(contrast(RateDifference(level(300, 1000), level(400, 1000)), 0.05)).outcome == "pass"


def gap_among(groups: dict[str, tuple[int, int]], how: str) -> GateResult:
    names = [{"region": name} for name in groups]
    pairs = [(g, other) for g, other in comparisons(names, how) if other is not None]
    found = [
        replace(
            contrast(RateDifference(level(*groups[g["region"]]), level(*groups[o["region"]])), 0.05, g["region"]),
            other=o,
        )
        for g, o in pairs
    ]
    return outcome(*found, gate=GateSpec(Gap(by=("region",), margin=0.05)))


@settings(max_examples=30, deadline=None)
@given(sides, sides, sides, st.sampled_from(["reference:a", "all_pairs"]))
def test_a_further_group_makes_no_gap_pass_and_fails_nobody_else(
    a: tuple[int, int], b: tuple[int, int], further: tuple[int, int], how: str
) -> None:
    before, after = gap_among({"a": a, "b": b}, how), gap_among({"a": a, "b": b, "d": further}, how)

    def failing(result: GateResult) -> set[tuple[str, str]]:
        pairs = {(e.group["region"], e.against_group["region"]) for e in result.contrasts if e.outcome == "fail"}
        return {pair for pair in pairs if "d" not in pair}

    assert before.outcome == "pass" or after.outcome != "pass"
    assert failing(after) <= failing(before)


@given(changes, st.floats(0.01, 0.4), st.sampled_from([0.001, 0.01, 0.05]))
def test_a_smaller_alpha_never_makes_a_verdict_conclusive(
    counts: tuple[int, int, int], margin: float, alpha: float
) -> None:
    if outcome(contrast(paired(*counts), margin), alpha=0.1).outcome == "inconclusive":
        assert outcome(contrast(paired(*counts), margin), alpha=alpha).outcome == "inconclusive"


@pytest.mark.parametrize(
    ("sample", "code"),
    [
        (NotEstimable("undefined", "0 cases"), "undefined_metric"),
        (paired(0, 0, 9), "below_min_n"),
        (replace(paired(0, 0, 500), procedure=True), "few_seeds"),
        (replace(paired(0, 0, 500), clustered=True, moments=Moments(19, 500, 0, 20000, 0, 0)), "few_clusters"),
        (paired(40, 10, 500), "wide_ci"),
    ],
)
def test_what_cannot_be_evaluated_is_inconclusive_never_a_pass(sample: object, code: str) -> None:
    result = outcome(contrast(sample, 0.05), contrast(paired(0, 5, 2000), 0.05, "fine"))

    assert result.outcome == "inconclusive"
    assert result.reason_codes == (code,)
    assert result.needed


def test_the_same_group_with_enough_evidence_passes() -> None:
    """The twin: what holds the pass back is the evidence, not the rule."""
    assert outcome(contrast(paired(10, 12, 2000), 0.05), contrast(paired(0, 5, 2000), 0.05, "fine")).outcome == "pass"


def test_a_failure_beats_a_group_that_cannot_be_evaluated() -> None:
    assert (
        outcome(contrast(NotEstimable("undefined", "x"), 0.05), contrast(paired(300, 0, 1000), 0.05, "bad")).outcome
        == "fail"
    )


def test_a_pass_is_not_corrected_for_many_groups_but_a_failure_is() -> None:
    """Intersection-union for PASS, Holm for FAIL: the same counts pass in any number of groups, and stop failing in many."""
    good, bad = paired(20, 20, 1000), paired(80, 10, 1000)

    assert {outcome(*[contrast(good, 0.05, f"g{i}") for i in range(m)]).outcome for m in (1, 5, 40)} == {"pass"}
    assert outcome(contrast(bad, 0.05)).outcome == "fail"
    assert (
        outcome(contrast(bad, 0.05), *[contrast(paired(30, 0, 1000), 0.05, f"g{i}") for i in range(60)]).outcome
        == "inconclusive"
    )


def test_monitored_groups_are_counted_in_the_reason_not_judged() -> None:
    gate = GateSpec(NoHarm(by=("region",), margin=0.05, monitored={"tiny": "four people"}))

    result = outcome(contrast(paired(0, 0, 4), 0.05, "tiny"), contrast(paired(0, 5, 2000), 0.05, "fine"), gate=gate)

    assert result.outcome == "pass"
    assert "1 group monitored, not judged" in result.reason
    assert result.monitored == ({"region": "tiny"},)


def test_no_group_at_all_is_not_a_pass() -> None:
    assert outcome().outcome == "not_applicable"


def test_the_worst_gate_decides_and_nothing_is_never_a_pass() -> None:
    assert worst(["pass", "fail", "inconclusive"]) == "fail"
    assert worst(["pass", "not_applicable"]) == "pass"
    assert worst([]) == "not_applicable"
    assert SEVERITY.index("error") < SEVERITY.index("fail") < SEVERITY.index("inconclusive") < SEVERITY.index("pass")


# --- directions --------------------------------------------------------------------------------------------------------


def test_a_floor_for_accuracy_reads_like_a_ceiling_for_errors() -> None:
    floor = GateSpec(WorstGroup(by=("region",), metric="accuracy", at_least=0.7))
    ceiling = GateSpec(WorstGroup(by=("region",), metric="error_rate", at_most=0.3))
    accuracy = replace(level(100, 1000), complement=True)

    high = outcome(contrast(accuracy, -0.7, sign=-1), gate=floor)
    low = outcome(contrast(level(100, 1000), 0.3), gate=ceiling)

    assert (high.outcome, low.outcome) == ("pass", "pass")
    assert high.smallest_margin == pytest.approx(1 - (low.smallest_margin or 0))


def test_only_harm_fails_a_gap() -> None:
    """A group that is served better than the rest is no failure of the gate; the rest being worse than it is its own contrast."""
    gate = GateSpec(Gap(by=("region",), margin=0.05))

    assert outcome(contrast(RateDifference(level(10, 1000), level(300, 1000)), 0.05), gate=gate).outcome == "pass"
    assert outcome(contrast(RateDifference(level(300, 1000), level(10, 1000)), 0.05), gate=gate).outcome == "fail"


# --- error rates at the boundary ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("groups", [2, 8])
def test_at_the_margin_a_false_pass_and_a_false_fail_are_rare(groups: int) -> None:
    """True harm equal to the margin in one group, none in the others: each error stays within alpha and Monte-Carlo error."""
    rng = np.random.default_rng(11)
    replicates, n, churn, margin = 400, 600, 0.10, 0.05
    passed = failed = 0
    for _ in range(replicates):
        harms = [margin] + [0.0] * (groups - 1)
        draws = [rng.multinomial(n, [(churn + h) / 2, (churn - h) / 2, 1 - churn]) for h in harms]
        result = outcome(*[contrast(paired(int(b), int(c), n), margin, f"g{i}") for i, (b, c, _) in enumerate(draws)])
        passed += result.outcome == "pass"
        failed += result.outcome == "fail"

    limit = 0.05 + 3 * (0.05 * 0.95 / replicates) ** 0.5
    assert passed / replicates <= limit
    assert failed / replicates <= limit


def test_the_number_needed_gives_about_the_power_it_promises() -> None:
    """Fed back into a simulation of the gate, the advice of an inconclusive verdict holds."""
    small = contrast(paired(4, 4, 80), 0.05)
    needed = outcome(small).needed[0].people
    rng = np.random.default_rng(5)

    draws = rng.multinomial(needed, [0.05, 0.05, 0.90], size=400)
    passes = sum(outcome(contrast(paired(int(b), int(c), needed), 0.05)).outcome == "pass" for b, c, _ in draws)

    assert 0.7 <= passes / 400 <= 0.92


# --- whole runs --------------------------------------------------------------------------------------------------------


def test_runs_pass_fail_or_stay_open_as_their_answers_are(tmp_path: Path) -> None:
    """Clear improvement passes `no_harm`, clear harm in one region fails it and names the region."""
    rows = toy_rows(people=960)

    def verdict(name: str, after: dict[str, float]) -> dict[str, dict]:
        root = tmp_path / name
        audit = write_project(root, rows)
        edit(audit, ("margin: 0.05}", "margin: 0.05, monitored: {unknown: too few}}"))

        def rate(job: Job, group: dict[str, str]) -> float:
            return 0.4 if job.training.stage == "before" else after[group["region"]]

        run = fake_run(audit, root / "runs", wrong_answers(rate, CLASSES))
        return {g["kind"]: g for g in read_json(run / "verdict.json")["gates"]}

    better = verdict("better", {"north": 0.05, "south": 0.05, "unknown": 0.05})
    worse = verdict("worse", {"north": 0.05, "south": 0.9, "unknown": 0.05})

    assert better["no_harm"]["outcome"] == "pass"
    assert worse["no_harm"]["outcome"] == "fail"
    assert worse["no_harm"]["decided_by"][0]["group"] == {"region": "south"}
    assert worse["gap"]["outcome"] == "fail"


def test_leaking_benchmarks_cannot_pass(tmp_path: Path) -> None:
    rows = toy_rows(people=480)
    audit = write_project(tmp_path, rows)
    edit(audit, ("margin: 0.05}", "margin: 0.05, monitored: {unknown: too few}}"))
    edit(tmp_path / "data_cards" / "toy.md", ("across_splits: drop", "across_splits: report"))
    sides = open_data(api.load_audit(audit), Roots())
    copies = dict(zip(sides.adaptation.train.ids[:10], sides.judged["toy"].part.inputs.values[:10], strict=True))
    rewrite_table(tmp_path, [{**row, "text": copies.get(row["id"], row["text"])} for row in rows])

    def good(job: Job, group: dict[str, str]) -> float:
        return 0.6 if job.training.stage == "before" else 0.02

    run = fake_run(audit, tmp_path / "runs", wrong_answers(good, CLASSES))
    gate = read_json(run / "verdict.json")["gates"][0]

    assert read_json(run / "run.json")["benchmarks"][0]["leaks"]["blocks"] is True
    assert (gate["outcome"], gate["reason_codes"]) == ("inconclusive", ["leakage"])


def test_the_verdict_path_imports_no_random_numbers_and_no_torch(tmp_path: Path) -> None:
    """Judging a run loads neither torch nor numpy's random module functions: it is a function of counts and policy."""
    run = fake_run(
        write_project(tmp_path, toy_rows(people=48)), tmp_path / "runs", wrong_answers(lambda job, group: 0.3, CLASSES)
    )
    script = (
        "import sys\nfrom pathlib import Path\nimport numpy as np\n"
        "def refuse(*a, **k): raise AssertionError('random numbers in a verdict')\n"
        "np.random.default_rng = np.random.Generator = np.random.Philox = refuse\n"
        "from fairtransfer import api\napi.judge(Path(sys.argv[1]))\n"
        "assert not {'torch', 'transformers', 'timm', 'sklearn'} & set(sys.modules), 'training libraries were loaded'\n"
    )

    done = subprocess.run([sys.executable, "-c", script, str(run)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_a_changed_verdict_is_an_integrity_error(tmp_path: Path) -> None:
    from fairtransfer.errors import IntegrityError
    from fairtransfer.evidence.canonical import write_json
    from fairtransfer.evidence.manifest import write_sums

    def answer(job: Job, part: Part) -> list[str]:
        return list(part.y)

    run = fake_run(write_project(tmp_path, toy_rows(people=48)), tmp_path / "runs", answer)
    forged = read_json(run / "verdict.json")
    forged["outcome"] = "pass"
    write_json(run / "verdict.json", forged)
    with pytest.raises(IntegrityError, match=r"verdict\.json: expected"):
        api.judge(run)

    write_sums(run)

    with pytest.raises(IntegrityError, match="another verdict"):
        api.judge(run)


def test_too_few_units_ask_for_units_not_for_cases() -> None:
    few = replace(paired(0, 0, 500), clustered=True, moments=Moments(19, 500, 0, 20000, 0, 0))

    (needed,) = outcome(contrast(few, 0.05)).needed

    assert (needed.units, needed.have_units, needed.people) == (20, 19, None)


# --- words -------------------------------------------------------------------------------------------------------------

ONE_OF_MANY = re.compile(r"(?<![\d.,])1 (?:more )?(?:seeds|cases|units|jobs|classes|groups|comparisons)\b")


def test_one_of_a_thing_is_told_as_one(tmp_path: Path) -> None:
    """One seed, one case, one unit: a plural is noticed wherever findings and verdict say it."""
    models = [("before", "", "", ""), ("after", "full", "16", "0")]
    run = api.run(given_project(tmp_path / "p", models=models), workspace=tmp_path / "w")
    frame = pd.concat([table(40), table(1).assign(region="far")], ignore_index=True)
    gates = ["no_harm:by=region,margin=0.1", "gap:by=region,margin=0.1"]
    lone = measure(frame, **NAMES, groups=["region"], metrics=["error_rate", "macro_f1"], gates=gates)
    told = [json.dumps([found.verdict.to_json(), *(row.to_json() for row in found.findings)]) for found in (run, lone)]

    assert "exploratory: 1 seed;" in told[0]
    assert "1 case, fewer than 10" in told[1]
    assert not [found for text in told for found in ONE_OF_MANY.findall(text)]
    assert ONE_OF_MANY.search("exploratory: 1 seeds; how much")
