"""How torch's threads wait for each other: asleep, so that a training beside other work keeps to its share of the cores.

By default they spin. Where another process holds one of the cores, the thread that spins takes the time that the thread it waits
for would need. How threads wait changes no result.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

POLICY = "OMP_WAIT_POLICY"
"""Read by every OpenMP library, once, when it is loaded: of torch, that is when torch is."""

FINER = ("GOMP_SPINCOUNT", "KMP_BLOCKTIME")
"""The same in the words of GNU's and of Intel's and LLVM's library."""


def wait_passively(environment: MutableMapping[str, str] = os.environ) -> None:
    """Have the threads of libraries that are still to be loaded wait asleep, unless the user has said how they wait."""
    if not any(name in environment for name in (POLICY, *FINER)):
        environment[POLICY] = "PASSIVE"
