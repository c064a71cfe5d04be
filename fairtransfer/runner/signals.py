"""Signals that wait for a good moment."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Self, final

_DEFERRED = (signal.SIGINT, signal.SIGTERM)


@final
class Deferred:
    """Notes Ctrl-C and requests to end while it is open, and passes them on where `check` is called, or at the end.

    Code that waits inside a compiled library makes an error of its own of what a signal's handler raises.
    """

    def __init__(self) -> None:
        self._kept: dict[int, signal._HANDLER] = {}
        self._heard: int | None = None

    def __enter__(self) -> Self:
        for number in _DEFERRED:
            handler = signal.getsignal(number)
            if self._install(number, self._note):
                self._kept[number] = handler
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()
        self._raise()

    def again(self) -> None:
        """Listen again, after other code has put a handler of its own in place."""
        for number in self._kept:
            self._install(number, self._note)

    def check(self) -> None:
        """Pass on what was heard."""
        if self._heard is not None:
            self._restore()
            self._raise()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._heard = number

    def _restore(self) -> None:
        for number, handler in self._kept.items():
            self._install(number, handler)

    def _raise(self) -> None:
        heard, self._heard = self._heard, None
        if heard is not None:
            signal.raise_signal(heard)

    @staticmethod
    def _install(number: int, handler: signal._HANDLER) -> bool:
        try:
            signal.signal(number, handler)
        except ValueError:  # only the main thread has handlers
            return False
        return True
