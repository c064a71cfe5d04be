"""What holds for every gate there is, registered ones too: a law is a function of a gate, and fails with the reason."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from pydantic import ValidationError
from support.contrasts import judge_contrasts
from support.gate_world import EXPECTED, Known, contrasts, verdict

from fairtransfer.errors import Problems
from fairtransfer.evidence.reuse import Place
from fairtransfer.gates.alphas import Alphas
from fairtransfer.gates.decide import decide
from fairtransfer.gates.gate import Gate
from fairtransfer.gates.results import Needed
from fairtransfer.gates.reuse_budget import USED_UP, apply_reuse_budget
from fairtransfer.outcomes.table import metrics
from fairtransfer.report.sentences import needed as told
from fairtransfer.spec import json_schema
from fairtransfer.spec.gates import GateSpec
from fairtransfer.spec.short import read_gates
from fairtransfer.stats.planning import power_for_all
from fairtransfer.stats.power import chance_to_fail, chance_to_pass, people_needed

DRAWS = 160
MANY = 50_000
"""So many cases settle every gate at its example's limit."""

Law = Callable[[type[Gate]], None]


def spec_of(gate: type[Gate], **changes: str) -> GateSpec:
    """The gate as its example asks for it, about regions, and about tools where it is about a class; with other options."""
    found = Problems()
    (spec,) = read_gates([short(gate, **changes)], found) or (None,)
    assert not found.errors, list(map(str, found.errors))
    assert spec is not None
    return spec


def short(gate: type[Gate], **changes: str) -> str:
    kind, _, rest = gate.example.partition(":")
    options = dict(part.split("=", 1) for part in rest.split(","))
    options |= {"by": "region"} | ({"class": "tool"} if "class" in options else {}) | changes
    return f"{kind}:" + ",".join(f"{name}={value}" for name, value in options.items())


def line(gate: type[Gate], **changes: str) -> str:
    """The same as an audit writes it."""
    kind, _, rest = short(gate, **changes).partition(":")
    return f"  - {kind}: {{{', '.join(part.replace('=', ': ', 1) for part in rest.split(','))}}}\n"


def asked(gate: type[Gate], **changes: str) -> Gate:
    options = spec_of(gate, **changes).options
    assert isinstance(options, Gate)
    return options


def limited(gate: Gate, limit: float) -> Gate:
    """The same gate with another limit."""
    (name,) = (n for n in type(gate).model_fields if isinstance(getattr(gate, n), float))
    return gate.model_copy(update={name: limit})


# --- what it asks ------------------------------------------------------------------------------------------------------


def has_words(gate: type[Gate]) -> None:
    """A name, a sentence without its full stop, and an example that is the gate itself."""
    assert gate.title[0].isupper()
    assert gate.summary[0].islower()
    assert not gate.summary.endswith(".")
    assert gate.__doc__
    assert spec_of(gate).kind == gate.kind == gate.example.partition(":")[0]
    assert asked(gate).id.startswith(f"{gate.kind}:")


def fits_the_schema(gate: type[Gate]) -> None:
    """Editors accept the example, and refuse a key there is none of, as the reader does."""
    refs = json_schema()
    kind, _, rest = short(gate).partition(":")
    options = {k: float(v) if v[0].isdigit() else v for k, v in (part.split("=") for part in rest.split(","))}
    wanted = {**refs["properties"]["gates"], "$defs": refs["$defs"]}

    jsonschema.validate([{kind: options}], wanted)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([{kind: {**options, "margn": 0.1}}], wanted)
    with pytest.raises(ValidationError):
        gate.model_validate({**options, "margn": 0.1})
    assert json.loads(json.dumps(options))


def limit_is_policy(gate: type[Gate]) -> None:
    """Without a limit a gate is refused: none has a default."""
    found = Problems()
    read_gates([f"{gate.kind}:by=region"], found)

    assert [problem.code for problem in found.errors] == ["FT-Y035"]


# --- how it comes out --------------------------------------------------------------------------------------------------


def reaches_every_outcome(gate: type[Gate]) -> None:
    """Nothing wrong and many cases: it passes. Twice the margin: it fails. A few cases: it stays open, and says what it takes."""
    found = [verdict(asked(gate), times, Known(n)) for times, n in ((0, MANY), (2, MANY), (0, 15))]

    assert [result.outcome for result in found] == ["pass", "fail", "inconclusive"]
    assert asked(gate).stated(None) in found[0].reason
    (first, *_), side = contrasts(asked(gate), 2, Known(MANY)), found[1].decided_by[0].side
    assert found[1].reason.startswith(f"{side} the limit of {asked(gate).limit_of(first)}: north")
    assert all((entry.people or 0) > 15 for entry in found[2].needed)
    assert found[0].asks == gate.summary


def knows_harm_from_good(gate: type[Gate]) -> None:
    """The twin of its direction: of a metric that is good to have, the same people make the same verdict."""
    try:
        good = gate.model_validate({**asked(gate).model_dump(by_alias=True), "metric": "accuracy"})
    except ValidationError:
        return  # it takes no such metric, or another kind of limit with it
    found = [verdict(good, times, Known(MANY, good=True)).outcome for times in (0, 2)]

    assert found == ["pass", "fail"]


def has_bounds_in_order(gate: type[Gate]) -> None:
    """The surer a bound, the farther from the harm it lies."""
    alphas = (0.0025, 0.01, 0.05, 0.2, 0.4)
    for times in (0, 1, 2):
        for one in contrasts(asked(gate), times, Known(300)):
            upper, lower = [one.upper(a) for a in alphas], [one.lower(a) for a in alphas]
            assert upper == sorted(upper, reverse=True)
            assert lower == sorted(lower)
            assert one.harm is not None
            assert lower[0] <= one.harm <= upper[0]


def tells_bounds_on_their_side(gate: type[Gate]) -> None:
    """Of every metric it takes, an upper bound that is told lies above the value that is told, and a lower one below it."""
    tried = 0
    for metric in [*(metric.name for metric in metrics() if metric.judged), *OWN]:
        for own in asked_of(gate, metric):
            good = own.harm_sign < 0
            for one, failed in itertools.product(contrasts(own, 1, Known(300, good=good)), (False, True)):
                words = own.described(one, Alphas(0.05, 0.05), failed=failed)
                side, values = re.search(r"(lower|upper) bound|at (least|most) ", words), NUMBER.findall(words)
                assert side, words
                bound, value = as_number(values[-1]), as_number(values[0 if "bound" in words else -2])
                upper = side[1] == "upper" or side[2] == "most"
                assert bound >= value if upper else bound <= value, f"{metric}: {words}"
                tried += 1
    assert tried > 3


NUMBER = re.compile(r"[+−]?\d[\d.,]*")
OWN = ("mean:rating:higher:0:1", "mean:rating:lower:0:1", "mean:rating:higher", "mean:rating:lower:-5:5")


def as_number(text: str) -> float:
    return float(text.rstrip(".,").replace("−", "-").replace(",", ""))


def asked_of(gate: type[Gate], metric: str) -> Iterator[Gate]:
    """The gate about another metric, as far as it takes it, with whichever limit goes with that."""
    options = {**asked(gate).model_dump(by_alias=True, exclude_none=True), "metric": metric}
    for swapped in ({}, {"at_least": options.get("at_most")}):
        changed = {k: v for k, v in options.items() if not (swapped and k == "at_most")} | swapped
        with contextlib.suppress(ValidationError):
            yield gate.model_validate(changed)


def is_rarely_wrong_on_the_limit(gate: type[Gate]) -> None:
    """Where a group's harm is the margin itself, both mistakes stay within the promise (and what so few draws may add)."""
    most = 0.05 + 3 * (0.05 * 0.95 / DRAWS) ** 0.5
    wide = limited(
        asked(gate), asked(gate).limit if gate.on_value or not gate.compares_groups else max(asked(gate).limit, 0.1)
    )
    rng = np.random.default_rng(26)
    found = [verdict(wide, 1.0, Known(400, rng)).outcome for _ in range(DRAWS)]

    assert found.count("pass") <= most * DRAWS
    assert found.count("fail") <= most * DRAWS


def is_planned_as_it_is_judged(gate: type[Gate]) -> None:
    """The chances that plans tell, and the cases they ask for, are those of the real gate."""
    own = asked(gate)
    null, harm = own.null_truth(EXPECTED, 1.0), own.harm_truth(EXPECTED, 1.0)
    family = len(contrasts(own, 0, Known(MANY)))
    to_pass = people_needed(null, "pass", own.harm_limit, 0.05, power_for_all(family))
    to_fail = people_needed(harm, "fail", own.harm_limit, 0.05 / family)
    assert to_pass is not None
    assert to_fail is not None

    for times, n, wanted in ((0.0, to_pass, "pass"), (2.0, to_fail, "fail")):
        rng = np.random.default_rng(27)
        share = sum(verdict(own, times, Known(n, rng)).outcome == wanted for _ in range(DRAWS)) / DRAWS
        assert 0.8 - 0.1 <= share <= 0.96, f"{wanted} with {n}: {share}"
    assert chance_to_pass(null, to_pass, own.harm_limit, 0.05) > chance_to_pass(harm, to_pass, own.harm_limit, 0.05)
    assert chance_to_fail(harm, to_fail, own.harm_limit, 0.05) > chance_to_fail(null, to_fail, own.harm_limit, 0.05)
    assert 0 < null.detectable(200, 2, 0.025) < null.detectable(50, 2, 0.025)


UNITS = "at least 20 units (people, documents or what else rows share), not 19"


def is_blocked_with_the_right_numbers(gate: type[Gate]) -> None:
    """Too few cases, units or seeds: no verdict, and the words say how many there are and how many it takes."""
    worlds = {
        "below_min_n": (Known(9), "at least 10 cases, not 9"),
        "few_clusters": (Known(400, units=19), UNITS),
        "few_seeds": (Known(400, seeds=2), "at least 3 seeds, not 2"),
    }
    for code, (world, words) in worlds.items():
        result = verdict(asked(gate), 0, world)
        assert (result.outcome, result.reason_codes) == ("inconclusive", (code,))
        assert {_wanted(entry) for entry in result.needed} == {words}
        assert all(entry.blocked == (code,) for entry in result.contrasts)
        assert result.smallest_margin is None
    few = verdict(asked(gate), 0, Known(9, units=8, seeds=2))
    said = {part for entry in few.needed for part in _wanted(entry).split(" and ")}
    assert said == {"at least 10 cases, not 9", "at least 3 seeds, not 2", UNITS.replace("19", "8")}
    assert set(few.reason_codes) == set(worlds)
    assert all(words in few.reason for words in ("minimum", "fewer than 20 units", "fewer than 3 seeds")), few.reason
    enough = verdict(asked(gate), 0, Known(MANY, units=MANY // 2, seeds=3))
    assert enough.outcome == "pass", "the twin: what holds it back is the evidence"


def _wanted(entry: Needed) -> str:
    """What it takes, in words; which cases of a group count is not looked at."""
    words = told(entry, several=False).split(": ")[1]
    return words.replace(f" {entry.counted}", "") if entry.counted else words


def has_a_smallest_margin(gate: type[Gate]) -> None:
    """The margin that is told is the one at which the verdict turns."""
    own, world = asked(gate), Known(2000)
    smallest = verdict(own, 0, world).smallest_margin
    assert smallest is not None
    looser = -1 if "at_least" in gate.example else 1

    assert _again(own, world, smallest + looser * 1e-6) == "pass"
    assert _again(own, world, smallest - looser * 1e-6) != "pass"


def _again(gate: Gate, world: Known, limit: float) -> str:
    """The outcome of the same counts at another limit."""
    other, known = limited(gate, limit), contrasts(gate, 0, world)
    if known[0].margin == 0:  # the limit is in the estimate itself
        samples = [replace(c.sample, limit=limit) for c in known]  # type: ignore[type-var]
        found = [replace(c, sample=sample) for c, sample in zip(known, samples, strict=True)]
    else:
        found = [replace(c, margin=limit if c.margin > 0 else -limit) for c in known]
    return decide(GateSpec(other), judge_contrasts(found, 0.05)).outcome


def takes_no_pass_from_a_used_up_benchmark(gate: type[Gate]) -> None:
    """A pass is taken back where the reuse budget is spent; a failure stands."""
    place = Place("bench", "ledger", "model", 3, 2, 0.05, 0.0, exhausted=True, previous="0" * 64)
    good, bad = (verdict(asked(gate), times, Known(MANY)) for times in (0, 2))

    held, kept = apply_reuse_budget(good, [place]), apply_reuse_budget(bad, [place])

    assert (held.outcome, held.reason_codes) == ("inconclusive", (USED_UP,))
    assert (kept.outcome, kept.reason_codes[-1]) == ("fail", USED_UP)


LAWS: tuple[Law, ...] = (
    has_words,
    fits_the_schema,
    limit_is_policy,
    reaches_every_outcome,
    knows_harm_from_good,
    has_bounds_in_order,
    tells_bounds_on_their_side,
    is_rarely_wrong_on_the_limit,
    is_planned_as_it_is_judged,
    is_blocked_with_the_right_numbers,
    has_a_smallest_margin,
    takes_no_pass_from_a_used_up_benchmark,
)
