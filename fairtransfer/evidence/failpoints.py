"""Named points at which a test can make this process die or fail, to prove that a run survives it.

`FT_FAILPOINT=<name>:<nth>:<kill|raise|enospc|eio|sleep>` fires at the nth passage; without the variable nothing happens.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections import Counter
from collections.abc import Callable

VARIABLE = "FT_FAILPOINT"

_passed: Counter[str] = Counter()


def _fail_with(code: int) -> Callable[[], None]:
    def fail() -> None:
        raise OSError(code, os.strerror(code))

    return fail


def _raise() -> None:
    message = "failpoint"
    raise RuntimeError(message)


_ACTIONS: dict[str, Callable[[], None]] = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "raise": _raise,
    "enospc": _fail_with(errno.ENOSPC),
    "eio": _fail_with(errno.EIO),
    "sleep": lambda: time.sleep(3600),
}


def failpoint(name: str) -> None:
    """Do what `FT_FAILPOINT` asks for at this point."""
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return
    _passed[name] += 1
    target, nth, action = wanted.split(":")
    if target == name and _passed[name] == int(nth):
        _ACTIONS[action]()
