"""F1 of a class and its mean over classes, from counts; limits from draws of the counts. Reported, never judged.

F1 is no share of cases, and no interval for it is known in closed form that holds in small groups. But it is a function of one:
with J, the share of right ones among all cases that are of the class or were put into it, ``F1 = 2J / (1 + J)``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fairtransfer.stats.draws import DRAWS, TOTAL, joint, rates
from fairtransfer.stats.estimate import quotient
from fairtransfer.stats.intervals import Floats

MOST_CELLS = 4096
"""With more cells than this, draws take too long: values are told without limits."""

MANY_CELLS = 512
FEWER_DRAWS = 2_000
"""Draws where there are many cells: the ends of an interval then move by 0.06 standard deviations."""

Flags = NDArray[np.bool_]


def f1_scores(hits: ArrayLike, truths: ArrayLike, answers: ArrayLike) -> Floats:
    """Return ``2·hits / (truths + answers)`` per class; NaN where no case is of the class, whatever was answered.

    Parameters
    ----------
    hits, truths, answers
        Cases of the class answered with it, cases of the class, and cases answered with it.

    Notes
    -----
    scikit-learn's `f1_score` gives 0 for a class without cases that was answered, and lets its caller choose where it was not
    (`zero_division`). Here a group without cases of a class says nothing of how well the class is found.
    """
    hit, of, said = (np.asarray(a, dtype=np.float64) for a in (hits, truths, answers))
    return np.where(of > 0, quotient(2 * hit, of + said), np.nan)


def drawn_f1(counts: ArrayLike, truth: Flags, said: Flags, name: bytes) -> Floats:
    """Return draws of the F1 score of every class, draws x models x classes; models share draws, so that changes are paired.

    Parameters
    ----------
    counts
        Cases in each of the K possible cells, those without cases included; they may be fractions.
    truth
        Cells x classes: the cell's cases are of the class.
    said
        Models x cells x classes: they were answered with it.
    name
        What the counts are of; with the counts it decides the draws.

    Notes
    -----
    A smoothed Bayesian bootstrap: cells are drawn as ``Gamma(c + a)`` with two imaginary cases in all. As many of them are
    right as wrong, for every model; with two classes that is the same share for every cell. Shared evenly by the cells of many
    classes nearly all of them would be wrong.
    """
    cells = np.asarray(counts, dtype=np.float64)
    draws = DRAWS if len(cells) <= MANY_CELLS else FEWER_DRAWS
    drawn = joint((cells + _imaginary(truth, said))[None], [name], b"f1", draws, total=0)[:, 0]
    models = [rates(drawn, (truth & one).T, (truth | one).T, cells) for one in said]
    shares = np.stack(models, axis=1)
    return 2 * shares / (1 + shares)


def _imaginary(truth: Flags, said: Flags) -> Floats:
    """Return the imaginary cases of every cell: each way to be right or wrong, model by model, has as many."""
    right = (truth[None] == said).all(axis=2)
    pattern = (right * 2 ** np.arange(len(said))[:, None]).sum(axis=0)
    sizes = np.bincount(pattern)
    found: Floats = TOTAL / (sizes > 0).sum() / sizes[pattern]
    return found
