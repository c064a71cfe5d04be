"""Texts that are nearly the same: every pair whose sets of pieces are similar enough, and no other.

Pieces are ordered from rare to frequent. Two sets of at least a similarity share one of their first, rarest pieces: of n
pieces, the first ``n - ⌈threshold * n⌉ + 1`` (Bayardo, Ma and Srikant 2007). Only pairs that share one of these are compared.
Unlike hashing, this finds all of them, and needs no random numbers.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

SHINGLE = 5

_SLACK = 1e-9
"""One piece more is looked at rather than one too few where rounding decides."""

Pieces = frozenset[str]


def pieces(text: str) -> Pieces:
    """Return the runs of `SHINGLE` characters of a text; a shorter text is one piece."""
    return frozenset(text[i : i + SHINGLE] for i in range(max(len(text) - SHINGLE + 1, 1)))


def near_pairs(left: Sequence[str], right: Sequence[str], threshold: float) -> Iterator[tuple[str, str]]:
    """Yield the different texts of both sides whose pieces have at least this Jaccard similarity; each pair once.

    Parameters
    ----------
    threshold
        Shared pieces over all pieces of both, above 0 and at most 1.
    """
    ours, theirs = ({text: pieces(text) for text in dict.fromkeys(side)} for side in (left, right))
    order = Counter(chain.from_iterable([*ours.values(), *theirs.values()]))
    first: defaultdict[str, list[str]] = defaultdict(list)
    for text, held in theirs.items():
        for piece in _rarest(held, order, threshold):
            first[piece].append(text)
    for text, held in ours.items():
        # A dict and not a set: the order of strings in a set is another in every process.
        for other in dict.fromkeys(chain.from_iterable(first.get(p, ()) for p in _rarest(held, order, threshold))):
            if _similar(held, theirs[other], threshold):
                yield text, other


def _rarest(held: Pieces, order: Mapping[str, int], threshold: float) -> list[str]:
    """Return the pieces of which similar sets share one; equally rare ones in the order of their letters."""
    count = len(held) - math.ceil(threshold * len(held) - _SLACK) + 1
    return sorted(held, key=lambda piece: (order[piece], piece))[:count]


def _similar(one: Pieces, two: Pieces, threshold: float) -> bool:
    if min(len(one), len(two)) < threshold * max(len(one), len(two)) - _SLACK:
        return False
    return len(one & two) >= threshold * len(one | two)
