"""Features of the pretrained network: computed once, shared by everything that leaves it as it is."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from fairtransfer.adapt.feature_cache import Kept, NoShelf, Shelf, shelved
from fairtransfer.adapt.inference import Runner
from fairtransfer.models.backbone import Backbone, Network, Prepared


@dataclass
class FrozenFeatures:
    """Features of the pretrained network, computed once for each set of rows and shared by everything that is frozen.

    `heads` keeps what was fitted on them, by the rows and options it was fitted with: a probe and the fine-tuning that
    starts from it use the same head. `entered` keeps rows with their hidden states below a block, by rows and block.
    `spent` keeps how many operations either took: they count for every job that uses them. With a `network`, features are that
    one's instead of the pretrained network's; only the pretrained network's are put on the shelf.
    """

    backbone: Backbone
    runner: Runner
    network: Network | None = None
    shelf: Shelf = field(default_factory=NoShelf)
    heads: dict[Hashable, Any] = field(default_factory=dict)
    entered: dict[tuple[int, str], tuple[Prepared, Prepared]] = field(default_factory=dict)
    spent: dict[Hashable, int] = field(default_factory=dict)
    _charged_as: object = field(default_factory=object)
    _kept: dict[int, tuple[Prepared, Tensor]] = field(default_factory=dict)

    def of(self, prepared: Prepared) -> Tensor:
        """Return features of all rows, rows x dim."""
        if id(prepared) not in self._kept:
            kept = self._of(prepared)
            self._kept[id(prepared)], self.spent[id(prepared)] = (prepared, kept["features"]), int(kept["operations"])
        self.charge(id(prepared))
        return self._kept[id(prepared)][1]

    def charge(self, work: Hashable) -> None:
        """Count what something shared took as work of the job that now uses it."""
        # Not by its id, which another may have once this one is gone: a strategy may train several networks in one job.
        self.runner.flops.charge((self._charged_as, work), self.spent[work])

    def _of(self, prepared: Prepared) -> Kept:
        def computed() -> Kept:
            network = self.network or self.backbone.pretrained()
            return counted(self.runner, lambda: {"features": self.runner.features(network, prepared)})

        rows = prepared.fingerprint if self.network is None else None
        return shelved(self.shelf, rows, "features", computed)


def counted(runner: Runner, work: Callable[[], Kept]) -> Kept:
    """Return what some work gives together with its operations, which are not counted for the job that happens to run."""
    with runner.flops.apart() as spent:
        found = work()
    return {**found, "operations": torch.tensor(spent.total or 0)}
