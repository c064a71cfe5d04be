"""What a job cost: wall time, peak memory, trainable parameters, labels."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Any

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


class Meter:
    """Measures one job; the peak memory is that of the whole process while the job ran."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.began = time.perf_counter()
        _reset_peak()
        if device == "cuda":
            import torch

            torch.cuda.reset_peak_memory_stats()

    def read(self) -> dict[str, Any]:
        """Return seconds and bytes since the start."""
        cost: dict[str, Any] = {"wall_seconds": round(time.perf_counter() - self.began, 3), "peak_memory_bytes": peak_memory()}
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
