"""Answers that are none of the classes count as errors; here it is seen that they never help a pass.

Before, an error makes any new model look good; among the others a group is compared with, it makes the group look no worse; and
who is answered with nothing is no false positive. How far such answers can have moved a comparison is at most their share of
its smallest denominator: a bound that lies no farther inside the limit than that is no pass.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from fairtransfer.findings.counts import Block
from fairtransfer.findings.query import EvidenceQuery
from fairtransfer.gates.contrast import Contrast, Target
from fairtransfer.gates.gate import Gate
from fairtransfer.outcomes.classes import WRONG
from fairtransfer.outcomes.table import metric_named

CODE = "outside_answers"
AGAINST_AFTER = (WRONG, "true_positive")
"""Events to which such an answer of the judged model can only be added as harm: to be wrong, and not to be found."""


def without_help(query: EvidenceQuery, gate: Gate, target: Target, contrast: Contrast) -> Contrast:
    """Return a comparison that cannot pass by answers outside the classes; it may still fail."""
    if contrast.blocked or gate.measures.outcome != "classes":
        return contrast
    block = query.block(target.gain if gate.needs.scratch else target.change)
    moved = 0.0 if block is None else most_moved(block, gate, contrast)
    helped = moved > 0 and contrast.upper(query.study.policy.alpha_run) + moved >= contrast.margin
    return replace(contrast, barred=(*contrast.barred, CODE)) if helped else contrast


def most_moved(block: Block, gate: Gate, contrast: Contrast) -> float:
    """Return how far answers outside the classes can have moved the harm of a comparison to the better, at most."""
    own = block.members(contrast.group)
    others = np.zeros(len(own), dtype=bool)
    if gate.compares_groups:
        others = ~own if contrast.other is None else block.members(contrast.other)
    after, before = block.outside_second, block.outside_first & _compares_models(gate)
    helping = others & (after | before) | own & before
    metric = metric_named(contrast.metric or gate.metric)
    usual = "over" if metric.harm_sign > 0 else "below"  # of too many found, one more that is not found helps
    if not metric.of_shares or metric.adds not in AGAINST_AFTER or contrast.side != usual:
        helping |= own & after
    if not helping.any():
        return 0.0
    if block.w is not None or not gate.measures.of_shares:
        return math.inf  # a few rows may weigh more than all others; and an F1 score is no share of rows
    rows = np.bincount(block.seed, weights=np.where(helping, block.n, 0), minlength=len(block.seeds))
    return float(rows.max()) / contrast.smallest


def _compares_models(gate: Gate) -> bool:
    return gate.needs.before or gate.needs.scratch
