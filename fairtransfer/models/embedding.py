"""Training token embeddings without touching the rows that no training text uses.

A vocabulary has tens of thousands of rows; a few hundred labelled texts use a thousand. Only those are parameters while
training runs, so that the optimiser neither reads nor writes the others. The result is what dense training gives, except
that rows never seen keep their starting values instead of being shrunk by weight decay.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class SeenRows(nn.Module):
    """Stands in for an embedding during training; `seen` are its trainable rows, in the order of their token ids."""

    def __init__(self, table: nn.Embedding, tokens: Iterable[int]) -> None:
        super().__init__()
        ids = torch.tensor(sorted(set(tokens)), device=table.weight.device)
        self.table = table
        self.table.requires_grad_(requires_grad=False)
        self.seen = nn.Parameter(table.weight.detach()[ids].clone())
        self.register_buffer("ids", ids, persistent=False)
        place = torch.full((table.num_embeddings,), -1, device=ids.device)
        place[ids] = torch.arange(len(ids), device=ids.device)
        self.register_buffer("place", place, persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return embeddings: trainable rows in training, the whole table otherwise."""
        if self.training:
            return nn.functional.embedding(self.place[tokens], self.seen)  # type: ignore[index]  # a buffer
        return nn.functional.embedding(tokens, self.merged())

    def merged(self) -> Tensor:
        """Return the whole table, with its trained rows put in."""
        with torch.no_grad():
            self.table.weight[self.ids] = self.seen.to(self.table.weight.dtype)  # type: ignore[index]  # a buffer
        return self.table.weight
