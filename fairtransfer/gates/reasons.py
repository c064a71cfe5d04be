"""Why a gate came out as it did, in sentences: numbers as the metric has them, sign and all, and the bound that decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.formats import group_label, listing, plural
from fairtransfer.gates.contrast import MINIMUM_UNITS
from fairtransfer.gates.gate import Gate
from fairtransfer.gates.judged import JudgedContrast, Lean
from fairtransfer.gates.outside_answers import CODE as OUTSIDE
from fairtransfer.gates.results import Needed
from fairtransfer.outcomes.table import metric_named
from fairtransfer.stats.means import MINIMUM_UNBOUNDED
from fairtransfer.stats.seeds import PROCEDURE_MINIMUM

MOST_NAMED = 4
"""Comparisons named for one reason; verdict.json has all."""

_NOT_JUDGED = {
    "undefined_metric": "the metric cannot be computed",
    "no_spread": "every case has the same error, or changed alike, which leaves the spread unknown",
    "below_min_n": "fewer cases than the policy's minimum",
    "few_for_a_mean": f"fewer than {MINIMUM_UNBOUNDED} cases, or units, too few to know how errors spread",
    "few_clusters": f"fewer than {MINIMUM_UNITS} units",
    "few_seeds": f"fewer than {PROCEDURE_MINIMUM} seeds",
    "few_events": "fewer than 5 cases put into the class",
    "too_skewed": "a few cases make most of the spread, so that worse ones may be missing: too skewed to pass",
    "outside_answers": "answers that are none of the classes count as errors, and could have made it pass; map or name them",
}
"""Why a comparison is not judged, or cannot pass."""

_BOUNDS: Mapping[Lean, str] = {
    "beyond": "but the bounds reach inside it",
    "inside": "but the bounds reach beyond it",
    "on": "and the bounds reach to both sides",
}

_NARROWER = {
    "wide_ci": "more cases would narrow them",
    "seed_limited": "more seeds would narrow them, more cases would not",
    "on_limit": "so close to the limit that no realistic number of cases would settle it",
}


CODES = (*_NOT_JUDGED, *_NARROWER, "multiplicity")
"""Why a comparison may be open."""


def open_codes(judged: JudgedContrast, settling: Needed) -> tuple[str, ...]:
    """Return why a comparison neither passes nor fails: reason codes."""
    contrast = judged.contrast
    if contrast.blocked:
        return contrast.blocked
    if judged.inside or OUTSIDE in contrast.barred:
        return contrast.barred
    assert not isinstance(contrast.sample, NotEstimable), "a contrast that is not blocked has a sample"
    if judged.beyond_alone:
        return ("multiplicity",)
    if settling.lies_on_limit:
        return ("on_limit",)
    return ("seed_limited",) if contrast.sample.seed_share(1 - _level(judged)) > 0.5 else ("wide_ci",)


def _level(judged: JudgedContrast) -> float:
    """Return the error rate of the bound that keeps a comparison open."""
    return judged.alphas.passing if judged.lean == "inside" else judged.alphas.failing


def failed(gate: Gate, found: Sequence[JudgedContrast]) -> str:
    """Return the surest failure of each limit: on either side it is another, and what lies beyond it another's harm."""
    limits: dict[str, list[JudgedContrast]] = {}
    for one in found:
        limits.setdefault(f"{one.contrast.side} the limit of {gate.limit_of(one.contrast)}", []).append(one)
    return "; ".join(f"{limit}: {_surest(gate, those)}" for limit, those in limits.items())


def _surest(gate: Gate, found: Sequence[JudgedContrast]) -> str:
    """Return the surest failure, how many more there are, and the largest one where it is another."""
    first, worst = found[0], max(found, key=lambda j: j.contrast.harm or 0.0)
    groups = {(j.contrast.benchmark, *sorted(j.contrast.group.items())) for j in found}
    what = "more group" if len(groups) == len(found) else "more comparison"
    more = f", and {plural(len(found) - 1, what)}" if len(found) > 1 else ""
    if worst is not first:
        more += f", of which the farthest off is {_described(gate, worst, failed=True)}"
    return _described(gate, first, failed=True) + more


def passed(gate: Gate, closest: JudgedContrast, count: int) -> str:
    """Return that all comparisons hold, and the one that lies closest to the limit."""
    groups = f"all {count} comparisons" if count > 1 else "the one comparison"
    nearest = _described(gate, closest, failed=False)
    return f"{groups} inside the limit of {gate.stated(closest.contrast.measured_in)}; closest is {nearest}"


def left_open(gate: Gate, found: Iterable[tuple[JudgedContrast, tuple[str, ...]]], count: int) -> str:
    """Return why comparisons are open, alike ones together: on which side of the limit they lie, and what keeps them open."""
    open_ = list(found)
    named: dict[str, list[str]] = {}
    for judged, codes in open_:
        for code in codes:
            words, name = _why(gate, judged, code, count), _named(gate, judged, code)
            named.setdefault(words, []).extend({name} - set(named.get(words, [])))  # two sides may name a group twice
    parts = [f"{words} ({_some(names)})" for words, names in named.items()]
    limit = gate.stated(open_[0][0].contrast.measured_in)
    many = f"{len(open_)} of the gate's {count} comparisons" if count > 1 else "the gate's one comparison"
    return f"{many} cannot be settled against the limit of {limit}: {'; '.join(parts)}"


def _why(gate: Gate, judged: JudgedContrast, code: str, count: int) -> str:
    if code in _NOT_JUDGED:
        return _NOT_JUDGED[code]
    side, lean = judged.contrast.side, judged.lean
    limit = gate.limit_of(judged.contrast)
    it = "it" if limit == gate.stated(judged.contrast.measured_in) else f"the limit of {limit}"  # one of two
    at = f"{side if lean == 'beyond' else lean} {it}"
    if code == "multiplicity":
        return f"{at} on its own, but not surely {_among(judged, count)}"
    if code == "on_limit":
        return f"{at}, {_NARROWER[code]}"
    return f"{at}, {_BOUNDS[lean]}; {_NARROWER[code]}"


def _among(judged: JudgedContrast, own: int) -> str:
    """Return what makes a single bound too little: how many comparisons share an error rate, and whose they are."""
    if judged.family == 1:
        return "at this gate's share of the error rate"
    whose = "of the gate" if judged.family == own else f"of all gates, {own} of them this one's"
    return f"among all {judged.family} comparisons {whose}"


def _named(gate: Gate, judged: JudgedContrast, code: str) -> str:
    """Return a comparison, with what was measured where it could be judged."""
    pair = f" against {judged.contrast.against}" if judged.contrast.other else ""
    if code in _NOT_JUDGED:
        return _who(judged) + pair
    return f"{_who(judged)}{pair} {gate.measured(judged.contrast, judged.alphas)}"


def _some(names: Sequence[str]) -> str:
    more = f"; and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return "; ".join(names[:MOST_NAMED]) + more if any("," in name for name in names) else listing(names, MOST_NAMED)


def _who(judged: JudgedContrast) -> str:
    """Return the group, the benchmark where the audit has several, and the metric where the gate judges several."""
    of = f" of {judged.contrast.benchmark}" if judged.several else ""
    metric = judged.contrast.metric
    return group_label(judged.contrast.group) + of + (f", {metric_named(metric).plain}" if metric else "")


def _described(gate: Gate, judged: JudgedContrast, *, failed: bool) -> str:
    return f"{_who(judged)} {gate.described(judged.contrast, judged.alphas, failed=failed)}"
