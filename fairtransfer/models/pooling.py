"""From one vector a token to one vector a text, in the ways of sentence-transformers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor


def pooled(hidden: Tensor, mask: Tensor, ways: Sequence[str]) -> Tensor:
    """Return one vector per text: each way's, one behind the other.

    Parameters
    ----------
    hidden
        Rows x tokens x width; padding stands behind each text.
    mask
        1 where there is text, 0 where there is padding; every row has text.
    """
    found = [_WAYS[way](hidden, mask) for way in ways]
    return found[0] if len(found) == 1 else torch.cat(found, dim=-1)


def _first(hidden: Tensor, mask: Tensor) -> Tensor:  # noqa: ARG001  # one signature for all ways
    return hidden[:, 0]


def _last(hidden: Tensor, mask: Tensor) -> Tensor:
    return hidden[torch.arange(len(mask), device=hidden.device), mask.sum(dim=1) - 1]


def _largest(hidden: Tensor, mask: Tensor) -> Tensor:
    return hidden.masked_fill(mask.unsqueeze(-1) == 0, float("-inf")).amax(dim=1)


def _mean(hidden: Tensor, mask: Tensor) -> Tensor:
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1)


def _mean_of_roots(hidden: Tensor, mask: Tensor) -> Tensor:
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1).sqrt()


def _weighted(hidden: Tensor, mask: Tensor) -> Tensor:
    """Return the mean in which the n-th token counts n times."""
    places = torch.arange(1, hidden.shape[1] + 1, device=hidden.device)
    weights = (mask * places).unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1)


_WAYS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cls": _first,
    "max": _largest,
    "mean": _mean,
    "mean_sqrt_len_tokens": _mean_of_roots,
    "weightedmean": _weighted,
    "lasttoken": _last,
}
