"""Rows that went through the frozen lower blocks already: computed once, used by every step, seed and label budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import final

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from fairtransfer.adapt.feature_cache import Kept, shelved
from fairtransfer.adapt.frozen_features import FrozenFeatures, counted
from fairtransfer.adapt.inference import Runner, batches_by_length
from fairtransfer.models.backbone import Network, Prepared
from fairtransfer.models.resume import ENTERING, output_of, resuming

LIMIT = 2**29
"""Bytes of hidden states kept for one set of rows; above, the lower blocks run in every step. It depends on the rows
alone, never on the memory of a machine: the two ways round differently."""

TOLERANCE = 1e-3


@final
class Entered(Prepared):
    """Prepared rows, each with its hidden states."""

    def __init__(self, prepared: Prepared, states: Sequence[Tensor]) -> None:
        self.prepared, self.states = prepared, states

    @property
    def lengths(self) -> Sequence[int]:
        """The lengths of the inputs."""
        return self.prepared.lengths

    def batch(self, positions: Sequence[int], device: torch.device) -> dict[str, Tensor]:
        """Return the network's inputs, and the hidden states padded as the inputs are."""
        states = pad_sequence([self.states[i] for i in positions], batch_first=True)
        return {**self.prepared.batch(positions, device), ENTERING: states.to(device)}


def entered(frozen: FrozenFeatures, prepared: Prepared, lower: tuple[str, ...]) -> Prepared:
    """Return rows with what the lower blocks make of them, or the rows as they are where that cannot be kept."""
    if not lower or not len(prepared):
        return prepared
    key = (id(prepared), lower[-1])
    if key not in frozen.entered:
        with frozen.runner.flops.apart() as spent:
            ready, operations = _entered(frozen, prepared, lower)
        frozen.entered[key], frozen.spent[key] = (prepared, ready), (spent.total or 0) + operations
    frozen.charge(key)
    return frozen.entered[key][1]


def _entered(frozen: FrozenFeatures, prepared: Prepared, lower: tuple[str, ...]) -> tuple[Prepared, int]:
    """Return the rows, and the operations their states took, whether now or when they were put on the shelf."""
    network = frozen.backbone.pretrained()
    network.module.to(frozen.runner.hardware.torch_device).eval()
    find = output_of(network, lower[-1])
    lengths = prepared.lengths
    # The shortest and the longest row together: the batch with the most padding.
    sample = sorted(
        {min(range(len(lengths)), key=lengths.__getitem__), max(range(len(lengths)), key=lengths.__getitem__)}
    )
    found = dict(_states(frozen.runner, find, prepared, [sample]))
    if not _fits(found, prepared) or not _same(frozen.runner, resuming(network, lower), prepared, found):
        return prepared, 0

    def states() -> Kept:
        of_row = dict(_states(frozen.runner, find, prepared, batches_by_length(prepared)))
        rows = [of_row[i] for i in range(len(lengths))]
        return {"states": torch.cat(rows), "sizes": torch.tensor([len(row) for row in rows])}

    kept = shelved(frozen.shelf, prepared.fingerprint, lower[-1], lambda: counted(frozen.runner, states))
    return Entered(prepared, torch.split(kept["states"], kept["sizes"].tolist())), int(kept["operations"])


def _states(
    runner: Runner,
    find: Callable[[dict[str, Tensor]], Tensor | None],
    prepared: Prepared,
    batches: Iterator[list[int]] | list[list[int]],
) -> Iterator[tuple[int, Tensor]]:
    """Yield row and hidden states, without padding; nothing where the blocks hand on more than one state per token."""
    with torch.no_grad(), runner.hardware.autocast():
        for rows in batches:
            batch = prepared.batch(rows, runner.hardware.torch_device)
            with runner.flops.passing(find, max(prepared.lengths[i] for i in rows), len(rows)):
                states = find(batch)
            mask = batch.get("attention_mask")
            if states is None or len(states) != len(rows) or (mask is not None and states.shape[:2] != mask.shape):
                return
            for row, state in zip(rows, states.float().cpu(), strict=True):
                yield row, state if mask is None else state[: prepared.lengths[row]].clone()


def _fits(found: dict[int, Tensor], prepared: Prepared) -> bool:
    """Return whether there are states, and those of all rows are within the limit."""
    if not found:
        return False
    row = max(found, key=prepared.lengths.__getitem__)
    return found[row].nbytes / prepared.lengths[row] * sum(prepared.lengths) <= LIMIT


def _same(runner: Runner, network: Network, prepared: Prepared, found: dict[int, Tensor]) -> bool:
    """Return whether resuming from these states gives the features of the whole network."""
    rows, device = sorted(found), runner.hardware.torch_device
    states = Entered(prepared, [found.get(i, torch.empty(0)) for i in range(len(prepared))])
    with torch.no_grad(), runner.hardware.autocast():
        whole = network.features(prepared.batch(rows, device)).float()
        resumed = network.features(states.batch(rows, device)).float()
    return bool(torch.allclose(whole, resumed, rtol=TOLERANCE, atol=TOLERANCE))
