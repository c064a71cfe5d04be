"""Reads the sentence of a gate as a person does, and compares every number, sign and word in it with the rows it is about."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fairtransfer.findings.rows import Finding
from fairtransfer.formats import group_label
from fairtransfer.gates.gate import Gate
from fairtransfer.gates.results import ContrastResult, GateResult

_NUMBER = r"[+−]?\d[\d,]*(?:\.\d+)?"
_VALUE = rf"{_NUMBER}(?:%| points| [a-z]+)?"
STAGES = {"worst_group": "after", "no_harm": "change", "no_negative_transfer": "gain"}


def number(text: str) -> float:
    """A number as it is written: rates and points as shares."""
    found = re.match(_NUMBER, text)
    assert found, f"no number in {text!r}"
    value = float(found[0].replace("−", "-").replace(",", ""))
    return value / 100 if "%" in text or "points" in text else value


def near(text: str, value: float) -> bool:
    """Whether a number is told as it is, rounded, its sign with it."""
    told = number(text)
    return abs(told - value) <= max(0.00051 if "%" in text or "points" in text else 0.0006, 0.006 * abs(value))


def sign_of(entry: ContrastResult) -> int:
    return 1 if entry.side == "over" else -1


def name_of(entry: ContrastResult) -> str:
    metric = f", {entry.metric.replace('_', ' ')}" if entry.metric else ""
    return group_label(entry.group) + metric


def check(gate: GateResult, own: Gate, rows: Sequence[Finding], of: str | None) -> int:
    """Read the sentence of a gate; return how many comparisons in it were compared with their rows."""
    for entry in gate.contrasts:
        agrees_with_its_row(entry, own, rows, of)
    if gate.kind == "ratio":
        return {"fail": _ratio_decided, "pass": _ratio_decided, "inconclusive": _ratio_open}[gate.outcome](gate)
    if gate.outcome == "inconclusive":
        return _open(gate)
    return _failed(gate) if gate.outcome == "fail" else _passed(gate)


def agrees_with_its_row(entry: ContrastResult, own: Gate, rows: Sequence[Finding], of: str | None) -> None:
    """The comparison is of the value that the findings tell, and harm lies where the row says it does."""
    if entry.blocked or entry.harm is None or own.kind == "ratio":
        return
    metric = entry.metric or own.metric
    mine = [r for r in rows if (r.metric, r.class_) == (metric, of) and r.level != "gap" and r.against is None]

    def value(stage: str, group: dict[str, str]) -> Finding:
        return next(row for row in mine if (row.stage, row.group) == (stage, group))

    row = value(STAGES.get(own.kind, "after"), entry.group)
    told = sign_of(entry) * entry.harm
    if own.kind in STAGES:
        assert row.estimate is not None
        assert abs(row.estimate - told) < 1e-9, f"{own.id}: {told} is told of a row with {row.estimate}"
    elif entry.against_group is not None:
        other = value("after", entry.against_group)
        assert abs((row.estimate or 0) - (other.estimate or 0) - told) < 1e-9
    if row.harm_direction != "none" and own.kind != "equalized_odds":  # which looks at both sides
        assert (entry.side == "over") == (row.harm_direction == "higher_is_worse"), f"{own.id}: harm is {entry.side}"


def _failed(gate: GateResult) -> int:
    """Read ``below the limit of −5.0 points: ...; over the limit of +5.0 points: ...``: what fails on each side, by itself."""
    read = 0
    parts = re.split(rf"; (?=(?:over|below) the limit of {_VALUE}: )", gate.reason)
    assert len(parts) == len({(one.side, one.margin) for one in gate.decided_by}), f"a side is left out: {gate.reason}"
    for part in parts:
        found = re.match(rf"(over|below) the limit of ({_VALUE}): (.+)", part)
        assert found, gate.reason
        mine = [one for one in gate.decided_by if one.side == found[1]]
        assert mine, f"nothing that fails lies {found[1]} its limit: {gate.reason}"
        _fails(gate, mine, found)
        read += 1
    return read


def _fails(gate: GateResult, mine: Sequence[ContrastResult], found: re.Match[str]) -> None:
    entry, over = mine[0], found[1] == "over"
    assert near(found[2], sign_of(entry) * entry.margin), gate.reason
    value, bound = _described(found[3], entry, entry.lower, "lower" if over else "upper")
    limit = number(found[2])
    assert (min(value, bound) > limit) if over else (max(value, bound) < limit), f"not beyond its limit: {gate.reason}"
    if (more := re.search(r", and (\d+) more (?:group|comparison)", found[3])) is not None:
        assert int(more[1]) == len(mine) - 1, f"{len(mine) - 1} more fail on this side: {gate.reason}"
    else:
        assert len(mine) == 1, gate.reason
    if (farthest := re.search(r"the farthest off is (.+)$", found[3])) is not None:
        worst = max(mine, key=lambda one: one.harm or 0.0)
        _described(farthest[1], worst, worst.lower, "lower" if over else "upper")


def _passed(gate: GateResult) -> int:
    found = re.match(
        r"(?:all \d+ comparisons|the one comparison) inside the limit of (.+?); closest is (.+)", gate.reason
    )
    assert found, gate.reason
    (entry,) = gate.decided_by
    both = entry.metric is not None or "the limit " in entry.against  # a limit without a sign holds on both sides
    assert near(found[1], entry.margin if both else sign_of(entry) * entry.margin), gate.reason
    _, bound = _described(found[2], entry, entry.upper, "upper" if entry.side == "over" else "lower")
    limit = abs(number(found[1])) if both else sign_of(entry) * number(found[1])
    assert sign_of(entry) * bound < limit, f"a bound that is told does not hold: {gate.reason}"
    assert entry.upper is not None
    assert entry.upper < entry.margin
    return 1


def _described(text: str, entry: ContrastResult, bound: float | None, side: str) -> tuple[float, float]:
    """Read ``south −8.3 points against the model before (lower bound −10.1 points)``."""
    label = re.escape(name_of(entry))
    found = re.match(rf"{label} ({_VALUE}) against (.+?) \((upper|lower) bound ({_VALUE})\)", text)
    assert found, text
    assert entry.harm is not None
    assert bound is not None
    assert near(found[1], sign_of(entry) * entry.harm), f"{found[1]} is told of {sign_of(entry) * entry.harm}: {text}"
    assert found[2] == entry.against, text
    assert near(found[4], sign_of(entry) * bound), f"the bound {found[4]} is told of {sign_of(entry) * bound}: {text}"
    assert found[3] == side, f"{found[3]} bound is told, and the {side} one decided: {text}"
    return number(found[1]), number(found[4])


_SAID = rf"(?<=: |; )(over|below|inside|on) (?:it|the limit of {_VALUE})(?: on its own)?,"


def _open(gate: GateResult) -> int:
    """Read ``over it, but the bounds reach inside it; ... (south +6.5 points, −3.0 to +16.0 points)``."""
    assert "the interval holds the limit" not in gate.reason
    _counts(gate)
    read = 0
    for entry in gate.decided_by:
        if entry.blocked:
            continue
        pair = f" against {re.escape(entry.against)}" if entry.against_group else ""
        label = re.escape(name_of(entry)) + pair
        for found in re.finditer(rf"{label} ({_VALUE}), ({_NUMBER}) to ({_VALUE})", gate.reason):
            lead = gate.reason[: found.start()]
            said = list(re.finditer(_SAID, lead))[-1]
            if said[1] not in (entry.side, "inside", "on"):
                continue  # of a limit on the other side
            _is_where_it_is_said_to_be(gate, entry, said[1], lead[said.start() :], found)
            read += 1
    return read


def _counts(gate: GateResult) -> None:
    """Read ``3 of the gate's 6 comparisons`` and ``among all 12 comparisons of all gates, 6 of them this one's``."""
    own = len(gate.contrasts)
    many = "the gate's one comparison" if own == 1 else f"{len(gate.needed)} of the gate's {own} comparisons"
    assert gate.reason.startswith(f"{many} cannot be settled"), gate.reason
    for found in re.finditer(
        r"among all (\d+) comparisons (of the gate|of all gates, (\d+) of them this one's)", gate.reason
    ):
        assert int(found[3] or found[1]) == own, gate.reason
        assert found[3] is None or int(found[1]) > own, gate.reason
    assert gate.reason.count("among all") == gate.reason.count("comparisons of"), gate.reason


def _is_where_it_is_said_to_be(
    gate: GateResult, entry: ContrastResult, said: str, words: str, found: re.Match[str]
) -> None:
    assert entry.harm is not None
    assert entry.lower is not None
    assert entry.upper is not None
    assert near(found[1], sign_of(entry) * entry.harm), gate.reason
    unit = found[3][len(re.match(_NUMBER, found[3])[0]) :]  # type: ignore[index]  # it matched
    low, high = sorted(sign_of(entry) * end for end in (entry.lower, entry.upper))
    assert near(found[2] + unit, low), gate.reason
    assert near(found[3], high), gate.reason
    where = "inside" if entry.harm < entry.margin else entry.side if entry.harm > entry.margin else "on"
    assert said == where, f"said to be {said} it, and is {where}: {gate.reason}"
    alone = "on its own" in words
    assert alone == (entry.lower > entry.margin), f"whether it is the correction that keeps it open: {gate.reason}"
    if not alone:
        assert entry.lower <= entry.margin <= entry.upper, f"the bounds do not hold the limit: {gate.reason}"
    else:
        assert "multiplicity" in gate.reason_codes


def _ratio_decided(gate: GateResult) -> int:
    entry = gate.decided_by[0]
    ratio, low, high = (entry.recorded[name] for name in ("ratio", "ratio_lower", "ratio_upper"))
    found = re.search(rf": ratio (?:({_NUMBER}), )?at (most|least) ({_NUMBER})", gate.reason)
    assert found, gate.reason
    upper = (gate.outcome == "fail") == (entry.side == "below")
    assert (found[2] == "most") == upper, gate.reason
    end = high if upper else low
    assert end is not None
    assert near(found[3], round(end, 2)) or near(found[3], end), gate.reason
    assert (found[1] is None) == (ratio is None), gate.reason
    if gate.outcome == "fail":
        side = re.match(rf"(over|below) the limit of ({_NUMBER})", gate.reason)
        assert side, gate.reason
        assert side[1] == entry.side, gate.reason
        told, limit = number(found[3]), number(side[2])
        assert told < limit if entry.side == "below" else told > limit, (
            f"a bound that is told does not fail: {gate.reason}"
        )
    return 1


def _ratio_open(gate: GateResult) -> int:
    read = 0
    for entry in gate.decided_by:
        ratio = None if entry.blocked else entry.recorded["ratio"]
        if ratio is None or (entry.side == "below") != (ratio <= 1):
            continue
        label = re.escape(group_label(entry.group))
        for found in re.finditer(rf"{label}[^;()]*: ratio ({_NUMBER}), ", gate.reason):
            if not near(found[1], ratio):
                continue  # of the other side
            said = list(re.finditer(_SAID, gate.reason[: found.start()]))
            limit = gate.margin if entry.side == "below" else 1 / gate.margin
            beyond = ratio < limit if entry.side == "below" else ratio > limit
            if said and said[-1][1] in (entry.side, "inside"):
                assert (said[-1][1] == entry.side) == beyond or (said[-1][1] == "inside" and not beyond), gate.reason
                read += 1
    return read
