"""What a benchmark that was used up leaves of a verdict: no pass. A failure stands.

Who tries models until one passes finds one that passes by luck, and models made with the test cases in view look better on
them than they are: both make passes too easy, neither hides a harm. A harm that is sure all the same is not kept back. It
is claimed at the same level as ever, so that for each model the chance of a false failure stays below it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from fairtransfer.evidence.reuse import Place
from fairtransfer.formats import listing, plural
from fairtransfer.gates.results import GateResult
from fairtransfer.spec.gates import Policy

USED_UP = "reuse_budget_exhausted"
"""The reason code of gates on a benchmark that has no alpha left."""

MOST_PLANNED = 10_000
"""The largest number of evaluations a policy may plan."""

_NOTHING = 1e-9


def apply_reuse_budget(gate: GateResult, places: Sequence[Place]) -> GateResult:
    """Return the gate without a pass where a benchmark has no alpha left for one; whatever else it says stays, and why."""
    judged = {contrast.benchmark for contrast in gate.contrasts}
    used = [place for place in places if place.exhausted and place.benchmark in judged]
    if not used or gate.outcome not in ("pass", "fail", "inconclusive"):
        return gate
    told = listing([_used(place) for place in used])
    if gate.outcome == "pass":
        why = f"no pass can be given: {told}; the notes say what to do"
        return replace(gate, outcome="inconclusive", reason=why, reason_codes=(USED_UP,), decided_by=(), needed=())
    tail = "the failure stands, although" if gate.outcome == "fail" else "nor could a pass be given:"
    return replace(gate, reason=f"{gate.reason}; {tail} {told}", reason_codes=(*gate.reason_codes, USED_UP))


def _used(place: Place) -> str:
    planned = plural(place.planned, "evaluation")
    return f"{place.benchmark} is used up (this is evaluation {place.evaluation}, the policy plans {planned})"


def reuse_notes(places: Sequence[Place], policy: Policy) -> Iterator[str]:
    """Yield which evaluation of each benchmark this is; where nothing is left for it, why, and what to do."""
    for place in places:
        if place.exhausted:
            yield _exhausted(place, policy)
        elif place.planned > 1:
            yield f"evaluation {place.evaluation} of {place.planned} planned on {place.benchmark}, this version"


def _exhausted(place: Place, policy: Policy) -> str:
    before = "models judged on this version of it before (`.reuse` lists them)"
    taken = f"{place.spent:g} of alpha {policy.alpha:g} was taken by {before}"
    wanted = f"this audit plans {plural(place.planned, 'evaluation')}, {policy.alpha_run:g} each"
    return (
        f"the benchmark {place.benchmark} is used up: {taken}, and {wanted}; a failure stands, a pass cannot be given; "
        f"{what_to_do(place.spent, policy.alpha)}"
    )


def what_to_do(spent: float, alpha: float) -> str:
    """Return how a model that is new to a benchmark can come to a verdict when what it would take is not left."""
    fresh = (
        "judge the model on fresh data, with a card of their own or a new `version` of this one (a new version of the same "
        "data only hides how often they were used)"
    )
    return f"plan at least {enough} evaluations, or {fresh}" if (enough := evaluations_left(spent, alpha)) else fresh


def evaluations_left(spent: float, alpha: float) -> int | None:
    """Return the smallest number of planned evaluations of which one fits into what is left; None where nothing is."""
    left = alpha - spent
    if left <= alpha * _NOTHING:
        return None
    enough = math.ceil(alpha / left * (1 - _NOTHING))
    return enough if enough <= MOST_PLANNED else None
