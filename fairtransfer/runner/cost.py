"""What a job cost: wall time, peak memory, operations, energy; what was expected of it."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairtransfer.runner.asked import training_in
from fairtransfer.runner.energy import EnergyMeter
from fairtransfer.runner.job import GIVEN
from fairtransfer.spec.grids import settings_in
from fairtransfer.spec.strategies import StrategyKind, strategy_kind

if TYPE_CHECKING:
    from fairtransfer.adapt.flops import FlopTally
    from fairtransfer.runner.job import Training

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Costing:
    """What of the cost is measured besides time and memory. It decides no result, so it is no part of an audit.

    Attributes
    ----------
    flops
        Whether operations are counted.
    country
        Where the electricity comes from, as three letters of ISO 3166; without it energy is not estimated.
    """

    flops: bool = True
    country: str | None = None


NO_COUNT = "counting was turned off"


def cost_record(flops: str | None, energy: dict[str, Any]) -> dict[str, Any]:
    """Return how operations (by which method, None for not at all) and energy were measured, or why not."""
    counted = (
        {"status": "not_measured", "reason": NO_COUNT} if flops is None else {"status": "counted", "method": flops}
    )
    return {"flops": counted, "energy": energy}


class Meter:
    """Measures one piece of work; the peak memory is that of the whole process while it ran."""

    def __init__(self, device: str, flops: FlopTally, energy: EnergyMeter) -> None:
        self.device, self.flops, self.energy = device, flops, energy
        flops.begin()
        energy.start()
        self.began = time.perf_counter()
        _reset_peak()
        if device == "cuda":
            import torch

            torch.cuda.reset_peak_memory_stats()

    def read(self) -> dict[str, Any]:
        """Return seconds and bytes since the start."""
        cost: dict[str, Any] = {
            "wall_seconds": round(time.perf_counter() - self.began, 3),
            "peak_memory_bytes": peak_memory(),
            "flops": self.flops.total,
            **self.energy.read(),
        }
        if self.device == "cuda":
            import torch

            cost["peak_device_memory_bytes"] = torch.cuda.max_memory_allocated()
        return cost


def _reset_peak() -> None:
    """Ask the kernel to forget the process's highest memory use; where it cannot, the peak covers earlier jobs too."""
    try:
        _CLEAR.write_text("5", encoding="ascii")
    except OSError:
        return


def peak_memory() -> int:
    """Return the process's highest resident memory in bytes."""
    try:
        lines = _STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    found = next((line for line in lines if line.startswith("VmHWM:")), None)
    return int(found.split()[1]) * 1024 if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def expected_work(training: Training, benchmarks: int) -> float:
    """Return a training's expected share of a sweep's work, in rows passed through the network: for progress bars only."""
    if training.kind == GIVEN:
        return 0.0
    passes = strategy_kind(training.kind).passes if training.stage == "after" else StrategyKind.passes
    if not passes:
        return 0.0
    judged, trained = 1000.0 * benchmarks, training_in(training)
    if trained is None:
        return judged / 4
    budget = 1000 if training.budget == "all" else float(training.budget)
    rows: float = max(sum(trained.lengths) * budget, trained.min_steps * trained.batch_size)
    return passes * rows * settings_in(training.options) + judged
