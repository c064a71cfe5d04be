"""Leaving cyclic garbage alone while a command of a second or two lasts."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Do without the search for cyclic garbage; also a decorator.

    Loading libraries makes a million objects that all stay: looking through them again and again for garbage is a fifth of
    the time such a command takes. What it leaves lying is small beside what it loads.
    """
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.enable()
