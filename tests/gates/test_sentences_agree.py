"""Every number, sign and word of comparison in a verdict agrees with the row it is about: all metrics, gates, sides, outcomes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.gate_laws import asked_of
from support.verdict_reading import check, number, sign_of

from fairtransfer.formats import limit_in_unit, limit_of, ratio, told_apart
from fairtransfer.gates.gate import Gate
from fairtransfer.gates.results import GateResult
from fairtransfer.measurement import Measurement, measure
from fairtransfer.outcomes.table import metrics
from fairtransfer.spec.gates import gates_known
from fairtransfer.spec.questions import class_meant

KINDS = [kind for kind in gates_known().values() if issubclass(kind, Gate) and not kind.needs.scratch]
WORLDS = ("better", "worse", "mixed", "few", "many")
LIMITS = {"at_most": (0.05, 0.3, 0.8), "at_least": (0.95, 0.8, 0.3), "margin": (0.001, 0.05, 0.4)}
FAVOURABLE = {"positive": "yes", "favourable": "yes"}


def world(name: str) -> pd.DataFrame:
    """Answers and scores of two models for three groups, or for nine of which one is harmed: better, worse, or some of each."""
    rng = np.random.default_rng(WORLDS.index(name))
    groups = [f"g{n}" for n in range(9)] if name == "many" else ["north", "south", "west"]
    size = 40 if name == "few" else 260
    parts = []
    for place, group in enumerate(groups):
        old, new = {"better": (0.4, 0.1), "worse": (0.1, 0.4)}.get(name, (0.25, 0.25))
        if name in ("mixed", "many"):
            new = (0.6, 0.25, 0.05)[place] if name == "mixed" else 0.33 if place == 0 else 0.2
        y = rng.random(size) < 0.5
        answers = {model: y ^ (rng.random(size) < error) for model, error in (("old", old), ("new", new))}
        scores = {f"s_{m}": np.clip(0.15 + 0.7 * a + rng.normal(0, 0.1, size), 0.01, 0.99) for m, a in answers.items()}
        said = {model: np.where(a, "yes", "no") for model, a in answers.items()}
        parts.append(pd.DataFrame({"y": np.where(y, "yes", "no"), **said, **scores, "g": group}))
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(rating=frame.s_new, rating_old=frame.s_old, days=rng.normal(5, 2, len(frame)).round(2)).assign(
        days_old=lambda f: f.days + rng.normal(0.4, 1, len(f)),
        days_new=lambda f: f.days + rng.normal(-0.5, 1.5, len(f)),
    )


PAIRED = ("error_rate", "recall", "auc")
"""Metrics of which groups are compared in every way; the others with everyone else."""


def gates_of(
    names: list[str], place: int, contrasts: tuple[str, ...] = ("rest", "all_pairs", "reference:south")
) -> list[Gate]:
    """Every gate on every one of these metrics that it takes, with one of three limits."""
    found: dict[str, Gate] = {}
    for kind in KINDS:
        for own in (one for name in names for one in asked_of(kind, name)):
            key = next(key for key in LIMITS if getattr(own, key, None) is not None)
            limit = LIMITS[key][place] * (0.5 if kind.kind == "ratio" and place == 2 else 1)
            changes: dict[str, Any] = {"by": ("g",), key: limit, "class_": None}
            ways = contrasts if own.metric in PAIRED else contrasts[:1]
            for contrast in ways if kind.compares_groups else ("",):
                made = own.model_copy(update=changes | ({"contrast": contrast} if contrast else {}))
                found[made.id] = made
    return list(found.values())


def judged() -> list[str]:
    return [m.name for m in metrics() if m.judged and not (m.of_numbers or m.of_values)]


@cache
def seen(name: str, place: int, about: str) -> Measurement:
    """A world measured with every gate at once."""
    frame, groups = world(name), {"groups": "g"}
    if about == "numbers":
        numbers = [m.name for m in metrics() if m.judged and m.of_numbers]
        columns = {
            "label": "days",
            "before": "days_old",
            "after": "days_new",
            "target": "number",
            "measured_in": "days",
        }
        return measure(frame, **groups, **columns, gates=gates_of(numbers, place))
    if about == "values":
        means = ["mean:rating:higher:0:1", "mean:rating:lower:0:1", "mean:rating:higher"]
        columns = {"value": "rating", "value_before": "rating_old"}
        return measure(frame, **groups, **columns, metrics=means, gates=gates_of(means, place))
    columns = {"label": "y", "before": "old", "after": "new", "score": "s_new", "score_before": "s_old"}
    asked = ["error_rate", "accuracy"] if name == "many" else judged()
    gates = gates_of(asked, place, ("rest",) if name in ("many", "few") else ("rest", "all_pairs", "reference:south"))
    return measure(
        frame, **groups, **columns, **FAVOURABLE, metrics=asked, gates=gates, policy={"failures": "together"}
    )


def reads(found: Measurement) -> Counter[tuple[str, str]]:
    """Read every sentence of a verdict; how many comparisons were, by kind of gate and outcome."""
    read: Counter[tuple[str, str]] = Counter()
    for asked, gate in zip(found.study.gates, found.verdict.gates, strict=True):
        own = asked.options
        assert isinstance(own, Gate)
        of = class_meant(own.metric, own.class_, found.study.positive_class, found.study.favourable_class)
        read[gate.kind, gate.outcome] += check(gate, own, found.findings, of)
    return read


SEEN = (
    *(("classes", name, place) for name, place in (("better", 1), ("worse", 1), ("mixed", 1), ("few", 2), ("many", 1))),
    *((about, "mixed", place) for about in ("numbers", "values") for place in (0, 1)),
)


def test_every_sentence_of_every_gate_agrees_with_the_numbers() -> None:
    read: Counter[tuple[str, str]] = Counter()
    for about, name, place in SEEN:
        read += reads(seen(name, place, about))

    for kind in KINDS:
        assert all(read[kind.kind, outcome] for outcome in ("pass", "fail", "inconclusive")), (kind.kind, read)
    codes = {
        code for about, name, place in SEEN for g in seen(name, place, about).verdict.gates for code in g.reason_codes
    }
    assert {"over_margin", "wide_ci", "multiplicity"} <= codes


def test_every_document_holds_these_sentences(tmp_path: Path) -> None:
    found = seen("mixed", 1, "classes")
    found.report(tmp_path, "html,md,json")
    html, told = (tmp_path / "table.html").read_text(), (tmp_path / "table.md").read_text().replace("\\", "")
    kept = {
        gate["id"]: gate["reason"] for gate in json.loads((tmp_path / "table.json").read_text())["verdict"]["gates"]
    }

    for gate in found.verdict.gates:
        assert gate.reason in html.replace("&#39;", "'")
        assert gate.reason in told
        assert gate.reason == kept[gate.id]


# --- numbers beside their limits -----------------------------------------------------------------------------------------

WRITERS = {
    "share": lambda value, beside: limit_of(value, level=True, rate=True, beside=beside),
    "points": lambda value, beside: limit_of(value, level=False, rate=True, beside=beside),
    "score": lambda value, beside: limit_of(value, level=True, rate=False, beside=beside),
    "change": lambda value, beside: limit_of(value, level=False, rate=False, beside=beside),
    "days": lambda value, beside: limit_in_unit(value, "days", level=True, beside=beside),
    "more days": lambda value, beside: limit_in_unit(value, "days", level=False, beside=beside),
    "ratio": lambda value, beside: told_apart(ratio, value, beside),
}
ROUND = st.decimals("0.001", "0.999", places=3).map(float) | st.sampled_from([0.0125, 0.00125, 1 / 0.9, 12.5, 1250.0])
NEAR = st.sampled_from([0.5, 0.1, 1e-2, 3e-3, 4e-4, 5e-5, 6e-6])


@given(way=st.sampled_from(sorted(WRITERS)), limit=ROUND, off=NEAR, sign=st.sampled_from([1, -1]))
def test_a_number_beside_its_limit_lies_on_the_side_it_is_told_on(
    way: str, limit: float, off: float, sign: int
) -> None:
    """However near: a bound of 0.3004 beside a limit of 0.3 is no ``0.300``."""
    write, value = WRITERS[way], limit * (1 + sign * off)
    told, stated = number(write(value, limit)), number(write(limit, limit))
    assert (told > stated) if sign > 0 else (told < stated), f"{write(value, limit)} beside {write(limit, limit)}"


@given(way=st.sampled_from(sorted(WRITERS)), limit=ROUND.filter(lambda one: one != 1 / 0.9))
def test_a_limit_is_told_whole(way: str, limit: float) -> None:
    """A margin of 0.0125 is 1.25 points, not 1.2; the twin: a number that stands alone is rounded."""
    assert number(WRITERS[way](limit, limit)) == pytest.approx(limit, rel=1e-9)
    assert len(WRITERS[way](2 / 3, None)) <= len("+66.667 days")


# --- the twin: sentences as they were -----------------------------------------------------------------------------------


def as_it_was(gate: GateResult, own: Gate) -> GateResult:
    """The sentence of a gate with signs as harm has them, always over the limit, one reason for all that is open."""
    turned = own.harm_sign if own.on_value and not own.measures.two_sided else 1

    def told(harm: float | None) -> str:
        return limit_of(None if harm is None else turned * harm, level=own.on_value, rate=own.measures.unit == "share")

    entry, limit = gate.decided_by[0], told(turned * own.limit)
    if gate.outcome == "inconclusive":
        reason = f"1 of 2 comparisons cannot be settled against the limit of {limit}: the interval holds the limit (g0)"
        return replace(gate, reason=reason)
    name = next(iter(entry.group.values()))
    side, bound = ("lower", entry.lower) if gate.outcome == "fail" else ("upper", entry.upper)
    side = side if turned > 0 else "lower" if side == "upper" else "upper"
    value = f"{name} {told(entry.harm)} against {entry.against} ({side} bound {told(bound)})"
    held = f"the one comparison inside the limit of {limit}; closest is "
    start = f"over the limit of {limit}: " if gate.outcome == "fail" else held
    return replace(gate, reason=start + value)


def old_ones(name: str, place: int) -> list[tuple[Gate, GateResult, Any]]:
    found = seen(name, place, "classes")
    pairs = [(asked.options, gate) for asked, gate in zip(found.study.gates, found.verdict.gates, strict=True)]
    return [(own, gate, found.findings) for own, gate in pairs if isinstance(own, Gate) and own.kind != "ratio"]


def test_the_reader_refuses_sentences_as_they_were() -> None:
    """Where less is harm the sign was turned round, or the wrong side told; where more is, they were right."""
    refused: Counter[tuple[bool, str]] = Counter()
    for name, place in (("better", 1), ("worse", 1), ("many", 1)):
        for own, gate, rows in old_ones(name, place):
            of = class_meant(own.metric, own.class_, "yes", "yes")
            good = sign_of(gate.decided_by[0]) < 0
            if own.on_value and gate.outcome == "pass":
                continue  # these were right
            if gate.outcome == "inconclusive" or good:
                with pytest.raises(AssertionError):
                    check(as_it_was(gate, own), own, rows, of)
                refused[good, gate.outcome] += 1
            elif not own.measures.two_sided and len(gate.decided_by) == 1:
                assert check(as_it_was(gate, own), own, rows, of)

    assert refused[True, "fail"] > 3
    assert refused[True, "pass"] > 3
    assert refused[False, "inconclusive"] > 0
