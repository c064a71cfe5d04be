"""F1 scores of groups: the point from counts, the limits from draws of the joint counts. In no verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairtransfer.evidence.canonical import canonical
from fairtransfer.findings.counts import Block, View
from fairtransfer.findings.estimates.values import CI_LEVEL, ONE_SIDED, NotEstimable, suffix
from fairtransfer.findings.gap_details import GapByChance, GapDetails, Group, WorstAndBest
from fairtransfer.findings.query import EvidenceQuery, Model, Pairing
from fairtransfer.findings.rows import Finding
from fairtransfer.formats import plural
from fairtransfer.spec.questions import Question
from fairtransfer.stats.draws import quantiles
from fairtransfer.stats.f1 import MOST_CELLS, drawn_f1, f1_scores
from fairtransfer.stats.intervals import Floats
from fairtransfer.stats.planning import detectable_by_width
from fairtransfer.stats.seeds import seed_part, seed_share, widen

METHOD = "draws of the counts"
NO_LIMITS = "none: too many classes to draw the counts of, or rows with several"

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class SimulatedF1:
    """What was observed of F1 scores in one group.

    Attributes
    ----------
    by_seed
        The value (or change) of every seed.
    draws
        What it could have been, from counts averaged over seeds; None where the cells are too many.
    n, least
        Cases of the group, and of the rarest class asked for.
    """

    by_seed: tuple[float, ...]
    draws: Floats | None
    n: float
    least: float
    clustered: bool
    procedure: bool
    weighted: bool

    @property
    def estimate(self) -> float:
        """The value, averaged over seeds."""
        return fmean(self.by_seed)

    def fields(self, lowest: float) -> dict[str, Any]:
        """Return the fields of a finding; `lowest` is the lowest value there is."""
        counts: dict[str, Any] = {"n": self.n, "estimate": self.estimate}
        if self.draws is None:
            return counts | {"ci_method": NO_LIMITS}
        interval, seeded = quantiles(self.draws, CI_LEVEL), self.procedure and len(self.by_seed) > 1
        part = seed_part(self.by_seed if seeded else (), ONE_SIDED)
        low, high = widen(self.estimate, interval, part.half)
        limits = max(low, lowest), min(high, 1.0)
        named = suffix(len(self.by_seed), clustered=self.clustered, procedure=self.procedure, weighted=self.weighted)
        if seeded:
            counts |= {"seed_sd": part.sd, "seed_share": seed_share(self.estimate, limits, part.half)}
        counts |= {"minimum_detectable": detectable_by_width((high - low) / 2, ONE_SIDED)}
        return counts | {"ci": limits, "ci_level": CI_LEVEL, "ci_method": METHOD + named}


class F1Scores:
    """F1 scores of one model, or how they changed from one to another (`model` None), group by group.

    What one group's counts could have been is drawn once, for all questions about it.
    """

    def __init__(self, query: EvidenceQuery, pairing: Pairing, model: Model | None) -> None:
        self.query, self.pairing, self.model = query, pairing, model
        self._found: dict[tuple[bytes, Question], SimulatedF1 | NotEstimable] = {}
        self._last: tuple[bytes, Floats | None] = (b"", None)

    def of(self, group: Group, question: Question) -> SimulatedF1 | NotEstimable:
        """Return what was observed, or why there is nothing."""
        key = (canonical(group), question)
        if key not in self._found:
            self._found[key] = self._observed(group, question)
        return self._found[key]

    @cached_property
    def _said(self) -> list[Flags]:
        """The answers of the models compared, cells x classes."""
        sides = {"before": [self._block.first], "after": [self._block.second]}
        return sides[self.model] if self.model else [self._block.first, self._block.second]

    @cached_property
    def _block(self) -> Block:
        block = self.query.block(self.pairing)
        assert block is not None, "questions are asked of pairs that exist"
        return block

    def _observed(self, group: Group, question: Question) -> SimulatedF1 | NotEstimable:
        study, block = self.query.study, self._block
        chosen = [question[1]] if question[1] is not None else list(study.classes)
        columns = [study.classes.index(of) for of in chosen]
        once = self.model == "before" and not study.before_has_seeds and self.pairing.stage == "change"
        cells = _Cells.of(block, group, before_once=once)
        truths = cells.sums(block.truth)[0, columns]
        if empty := [of for of, n in zip(chosen, truths.tolist(), strict=True) if n == 0]:
            more = f" (and {plural(len(empty) - 1, 'more class', 'more classes')})" if len(empty) > 1 else ""
            return NotEstimable("undefined", f"0 cases of the class `{empty[0]}`{more}", cells.people)
        values = [_by_seed(cells, block.truth, said, columns) for said in self._said]
        least = min(cells.people_of(block.truth[:, column]) for column in columns)
        return SimulatedF1(
            tuple((values[-1] - (values[0] if self.model is None else 0)).tolist()),
            self._draws(group, cells, columns) if least >= study.policy.min_group else None,
            cells.people,
            least,
            self.query.clustered(self.pairing.benchmark),
            self.query.procedure,
            block.w is not None,
        )

    def _draws(self, group: Group, cells: _Cells, columns: list[int]) -> Floats | None:
        """Return draws of the mean over the classes asked for; None where the counts cannot be drawn."""
        if self._last[0] != (name := canonical(group)):
            worth = cells.people * _share(self.query, self.pairing, self.model, group)
            self._last = name, _drawn(cells, self._said, worth, name)
        drawn = self._last[1]
        if drawn is None:
            return None
        means: Floats = drawn[:, :, columns].mean(axis=2)
        return means[:, 1] - means[:, 0] if self.model is None else means[:, 0]


def _by_seed(cells: _Cells, truth: Flags, said: Flags, columns: list[int]) -> Floats:
    hits, truths, answers = (cells.sums(flags)[:, columns] for flags in (truth & said, truth, said))
    found: Floats = f1_scores(hits, truths, answers).mean(axis=1)
    return found


@dataclass(frozen=True)
class _Cells:
    """The cells of one group: how much each weighs, and of which seed it is."""

    block: Block
    inside: Flags
    seeds: int

    @classmethod
    def of(cls, block: Block, group: Group, *, before_once: bool) -> _Cells:
        """Return the cells of a group; of the model as published those of one seed, as it is one model."""
        matches = np.array([all(g[name] == value for name, value in group.items()) for g in block.groups], dtype=bool)
        inside = matches[block.group] & ((block.seed == 0) if before_once else True)
        return cls(block, inside, 1 if before_once else len(block.seeds))

    @property
    def weights(self) -> Floats:
        """Cases, or their weights, of each cell; 0 outside the group."""
        counted = self.block.n if self.block.w is None else self.block.w
        return np.where(self.inside, counted, 0).astype(np.float64)

    @property
    def people(self) -> float:
        """Cases, averaged over seeds."""
        return self.people_of(np.ones(len(self.inside), dtype=bool))

    def people_of(self, flags: Flags) -> float:
        """Return the cases that are flagged, averaged over seeds."""
        return float(self.block.n[self.inside & flags].sum()) / self.seeds

    def sums(self, flags: Flags) -> Floats:
        """Return the weight of flagged cells, seeds x classes."""
        table = np.zeros((self.seeds, flags.shape[1]))
        np.add.at(table, self.block.seed[self.inside], self.weights[self.inside, None] * flags[self.inside])
        return table


def _drawn(cells: _Cells, said: Sequence[Flags], worth: float, name: bytes) -> Floats | None:
    """Return draws of every class's F1, draws x models x classes; None where rows have several classes, or cells are too many.

    Parameters
    ----------
    worth
        How many independent cases the group is worth.
    """
    classes, sets = len(cells.block.classes), [cells.block.truth, *said]
    codes = [np.where(flags.any(axis=1), flags.argmax(axis=1), classes) for flags in sets]
    answers = classes + int(max(c.max() for c in codes[1:]) == classes)  # one more for answers that are no class
    sizes = [classes, *[answers] * len(said)]
    several = any((flags.sum(axis=1) > 1).any() for flags in sets) or (codes[0] == classes).any()
    if several or int(np.prod(sizes)) > MOST_CELLS:
        return None
    counts = np.bincount(np.ravel_multi_index(codes, sizes), cells.weights, int(np.prod(sizes)))
    places = np.unravel_index(np.arange(len(counts)), sizes)
    truth, *answered = (place[:, None] == np.arange(classes) for place in places)
    return drawn_f1(counts * (worth / counts.sum()), truth, np.stack(answered), name)


def _share(query: EvidenceQuery, pairing: Pairing, model: Model | None, group: Group) -> float:
    """Return the share of its cases that a group is worth where rows share units or weigh unevenly: the least of any class.

    A metric that mixes classes has no effective size of its own; that of the error rate and of every class's recall bound it.
    """
    asked: list[tuple[str, str | None]] = [("error_rate", None), *(("recall", of) for of in query.study.classes)]
    shares = [1.0]
    for metric, of in asked:
        found = (
            query.change(pairing, group, metric, of)
            if model is None
            else query.level(pairing, model, group, metric, of)
        )
        if not isinstance(found, NotEstimable):
            shares.append(found.effective_share(ONE_SIDED))
    return max(min(shares), 1e-9)


def drawn_gap(scores: F1Scores, view: View, question: Question, blank: Finding) -> Finding:
    """Return the max-min gap over a view's groups, with the gap that the groups' own uncertainty makes where there is none."""
    found = [(group, scores.of(group, question)) for group in scores.query.groups(scores.pairing, view)]
    minimum = scores.query.study.policy.min_group
    large = [(g, o) for g, o in found if not isinstance(o, NotEstimable) and o.least >= minimum]
    details = GapDetails(tuple(g for g, _ in found if g not in [kept for kept, _ in large]))
    if len(large) < 2:
        reason = f"{len(large)} group(s) large enough to compare"
        return replace(blank, status="undefined", status_reason=reason, details=details)
    (worst_group, worst), (best_group, best) = (pick(large, key=lambda pair: pair[1].estimate) for pick in (min, max))
    details = replace(
        details,
        served=WorstAndBest(worst_group, worst.estimate, best_group, best.estimate),
        groups_compared=len(large),
        noise_floor=_floor([o for _, o in large]),
    )
    method = "none: compare with the noise floor"
    return replace(blank, estimate=best.estimate - worst.estimate, ci_method=method, details=details)


def _floor(groups: Sequence[SimulatedF1]) -> GapByChance | None:
    """Return the gap of groups that fare alike, each as uncertain as it is: its draws moved to one place.

    None where some group's counts cannot be drawn.
    """
    centred = [o.draws - o.draws.mean() for o in groups if o.draws is not None]
    if len(centred) < len(groups):
        return None
    shortest = min(map(len, centred))
    table = np.stack([draws[:shortest] for draws in centred])
    gaps = table.max(axis=0) - table.min(axis=0)
    return GapByChance(float(gaps.mean()), float(np.quantile(gaps, 0.95)))
