"""F1 scores of groups, from the joint counts of truth and answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fairtransfer.findings.counts import Block, Numbers
from fairtransfer.findings.estimates.f1 import F1Score
from fairtransfer.findings.estimates.rates import Rate
from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.formats import plural
from fairtransfer.outcomes.classes import EVENTS, why_empty
from fairtransfer.stats.f1_limits import correlations, jaccard_sums

Flags = NDArray[np.bool_]
Shares = Callable[[str], Rate | NotEstimable]
"""From a class to the share of right ones among the cases of it or put into it."""

CONCERNED = "jaccard"


def f1_estimate(
    block: Block, inside: Flags, labels: list[str], models: Sequence[tuple[Flags, Shares]]
) -> F1Score | NotEstimable:
    """Return an F1 score or its change, or why there is none.

    Parameters
    ----------
    inside
        The cells of the people asked about.
    labels
        The classes whose scores are averaged.
    models
        Answers (cells x classes) and shares of one model; of a change those of the model before, too, second.
    """
    columns = [block.classes.index(label) for label in labels]
    of_class = [_cases(block, inside & block.truth[:, column]) for column in columns]
    people = _cases(block, inside)
    if empty := [label for label, n in zip(labels, of_class, strict=True) if n == 0]:
        more = f" (and {plural(len(empty) - 1, 'more class', 'more classes')})" if len(empty) > 1 else ""
        return NotEstimable("undefined", why_empty("true_positive", empty[0]) + more, people)
    found: list[tuple[Rate, ...]] = []
    for _, shares in models:
        rates = [shares(label) for label in labels]
        if missing := next((rate for rate in rates if isinstance(rate, NotEstimable)), None):
            return missing
        found.append(tuple(rate for rate in rates if not isinstance(rate, NotEstimable)))
    truth, said = block.truth[inside][:, columns], [answers[inside][:, columns] for answers, _ in models]
    concerned, right = zip(*(EVENTS[CONCERNED].counted(truth, chosen) for chosen in said), strict=True)
    sums = jaccard_sums(np.hstack(right), np.hstack(concerned), _as_cases(block, inside))
    together = correlations(sums, len(labels))
    return F1Score(found[0], found[1] if len(found) > 1 else (), together, people, min(of_class))


def _cases(block: Block, flags: Flags) -> float:
    """Return the cases of these cells, averaged over seeds."""
    return float(block.n[flags].sum()) / len(block.seeds)


def _as_cases(block: Block, inside: Flags) -> Numbers:
    """Return how many cases each cell stands for, averaged over seeds; where they weigh, by weight, as many in all."""
    counted = (block.n if block.w is None else block.w)[inside].astype(np.float64)
    return counted * (block.n[inside].sum() / counted.sum() / len(block.seeds)) if counted.sum() > 0 else counted
