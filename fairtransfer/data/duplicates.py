"""Leaks: rows on the adaptation side that stand again, exactly or nearly, in what the model is judged on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fairtransfer.data.inputs import Inputs, Texts
from fairtransfer.data.near_texts import near_pairs
from fairtransfer.data.pictures import HASH_BITS, Images


@dataclass(frozen=True, slots=True)
class Twins:
    """Which rows of one side have a twin on the other.

    Attributes
    ----------
    exact, near
        Masks over the rows of the left side; a row is near only if it is not exact.
    right_hit
        Mask over the rows of the right side that have a twin of either kind.
    """

    exact: NDArray[np.bool_]
    near: NDArray[np.bool_]
    right_hit: NDArray[np.bool_]

    def to_json(self) -> dict[str, int]:
        """Return the counts."""
        return {
            "exact": int(self.exact.sum()),
            "near": int(self.near.sum()),
            "judged_rows_with_twin": int(self.right_hit.sum()),
        }


def find_twins(left: Inputs, right: Inputs, *, near: bool, threshold: float) -> Twins:
    """Find the rows of `left` that stand again in `right`.

    Texts are near when their sets of 5-character shingles have at least this Jaccard similarity; pictures when at least this
    share of the bits of their difference hashes agree.
    """
    right_keys = defaultdict(list)
    for position, key in enumerate(right.keys()):
        right_keys[key].append(position)
    left_keys = left.keys()
    exact = np.array([key in right_keys for key in left_keys], dtype=bool)
    hit = np.zeros(len(right), dtype=bool)
    for key in left_keys:
        hit[right_keys.get(key, [])] = True
    close = np.zeros(len(left), dtype=bool)
    if near and len(left) and len(right):
        close, reached = _near(left, right, threshold)
        hit |= reached
    return Twins(exact, close & ~exact, hit)


def _near(left: Inputs, right: Inputs, threshold: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    if isinstance(left, Texts) and isinstance(right, Texts):
        return _near_texts(left.keys(), right.keys(), threshold)
    if isinstance(left, Images) and isinstance(right, Images):
        return _near_images(left, right, threshold)
    return np.zeros(len(left), dtype=bool), np.zeros(len(right), dtype=bool)


def _near_texts(left: list[str], right: list[str], threshold: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    pairs = list(near_pairs(left, right, threshold))
    found = {mine for mine, _ in pairs}, {other for _, other in pairs}
    close, hit = (
        np.array([t in near for t in texts], dtype=bool) for texts, near in zip((left, right), found, strict=True)
    )
    return close, hit


def _near_images(left: Images, right: Images, threshold: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    mine = np.stack([picture.sketch for picture in left.values])
    theirs = np.stack([picture.sketch for picture in right.values])
    close, hit = np.zeros(len(left), dtype=bool), np.zeros(len(right), dtype=bool)
    for position, hashed in enumerate(mine):
        agree = HASH_BITS - np.bitwise_count(theirs ^ hashed).sum(axis=1)
        twins = agree >= threshold * HASH_BITS
        close[position] = bool(twins.any())
        hit |= twins
    return close, hit


DuplicatePolicy = Literal["drop", "report", "off", "fail"]


def leak_report(pairs: dict[str, Twins], judged: int, residual: int, tolerated: float) -> dict[str, Any]:
    """Return what the evidence keeps about leaks.

    Parameters
    ----------
    judged
        Rows the model is judged on.
    residual
        How many of them still have a twin on the adaptation side after the card's policy was applied.
    """
    share = residual / judged if judged else 0.0
    return {
        "pairs": {name: twins.to_json() for name, twins in pairs.items()},
        "residual": residual,
        "judged": judged,
        "tolerated": tolerated,
        "blocks": share > tolerated,
    }
