"""What this machine can do: device and number format, chosen once and recorded with every result."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch

_NO_MEMORY = (
    "DefaultCPUAllocator: can't allocate memory",
    "DefaultCPUAllocator: not enough memory",
    "STATUS_ALLOC_FAILED",
)
"""What torch says on the CPU (on Windows the second), and what libraries say on a GPU."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """Where and how numbers are computed.

    Attributes
    ----------
    device
        ``cpu`` or ``cuda``.
    precision
        ``bf16`` (autocast: weights stay float32, matrix products run in bfloat16) or ``fp32``.
    """

    device: str
    precision: str

    @property
    def torch_device(self) -> torch.device:
        """The device as torch names it."""
        return torch.device(self.device)

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which networks run."""
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.precision == "bf16")


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether memory ran out: torch has an error of its own for that on devices, and on the CPU only words.

    Of an error that was made of another, the other is looked at too.
    """
    chain = [error, *([error.__cause__] if error.__cause__ is not None else [])]
    return any(
        isinstance(one, (torch.OutOfMemoryError, MemoryError)) or any(said in str(one) for said in _NO_MEMORY)
        for one in chain
    )


def detect() -> Hardware:
    """Return the fastest honest setting: bfloat16 only where the processor has instructions for it."""
    if torch.cuda.is_available():
        return Hardware("cuda", "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32")
    return Hardware("cpu", "bf16" if _cpu_has_bf16() else "fp32")


def _cpu_has_bf16() -> bool:
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(name, False) for name in ("amx_bf16", "avx512_bf16"))
