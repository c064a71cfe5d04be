"""Running a network over prepared rows without gradients: big batches of rows of similar length, results in row order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from fairtransfer.adapt.flops import FlopTally
from fairtransfer.adapt.hardware import Hardware
from fairtransfer.models.backbone import Network, Prepared, one_pass

TOKENS_PER_BATCH = 4096
ROWS_PER_BATCH = 128


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs networks on this machine, and tallies what that takes."""

    hardware: Hardware
    flops: FlopTally = field(default_factory=lambda: FlopTally(on=False))

    def run(self, function: Callable[[dict[str, Tensor]], Tensor], module: nn.Module, prepared: Prepared) -> Tensor:
        """Return `function` of every row (float32, on the CPU), computed by `module` in evaluation mode.

        Raises
        ------
        PassFailed
            When the library that made the network gives up.
        """
        device = self.hardware.torch_device
        module.to(device).eval()
        order: list[int] = []
        pieces: list[Tensor] = []
        batches, lengths = list(batches_by_length(prepared)), prepared.lengths
        counted, kind = {0, len(batches) // 2, len(batches) - 1}, object()
        with torch.inference_mode(), self.hardware.autocast():
            for number, rows in enumerate(batches):
                with one_pass():
                    with self.flops.passing(kind, lengths[rows[-1]], len(rows), count=number in counted):
                        found = function(prepared.batch(rows, device))
                    pieces.append(found.float().cpu())
                order += rows
        stacked = torch.cat(pieces)
        result = torch.empty_like(stacked)
        result[torch.tensor(order)] = stacked
        return result.clone()

    def features(self, network: Network, prepared: Prepared) -> Tensor:
        """Return features, rows x dim. BatchNorm and dropout are in evaluation mode: frozen means frozen.

        Raises
        ------
        FloatingPointError
            When some are NaN or infinite: nothing can be fitted on them.
        """
        found = self.run(network.features, network.module, prepared)
        if bad := int((~torch.isfinite(found)).any(dim=1).sum()):
            raise FloatingPointError(f"the model gives NaN or infinity for {bad:,} of {len(found):,} rows")
        return found


def batches_by_length(prepared: Prepared) -> Iterator[list[int]]:
    """Yield all rows in batches of similar length; they depend on the rows alone, so that results do too."""
    lengths = prepared.lengths
    order = sorted(range(len(lengths)), key=lambda i: (lengths[i], i))
    begin = 0
    while begin < len(order):
        rows = order[begin : begin + rows_that_fit(lengths[order[min(begin + ROWS_PER_BATCH, len(order)) - 1]])]
        yield rows
        begin += len(rows)


def rows_that_fit(length: int) -> int:
    """Return how many rows of this length go into one batch."""
    return max(1, min(ROWS_PER_BATCH, TOKENS_PER_BATCH // max(length, 1)))
