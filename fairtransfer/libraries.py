"""The one place where what a library raises becomes an error with a code.

A library may raise anything when a file is not what it seems: `struct.error` for a picture, `KeyError` for a configuration,
an error class of its own for a table. To list them is to miss one, and one that is missed is a traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fairtransfer.errors import FairtransferError, visible

_SHOWN = 300


@contextmanager
def refusing(refused: Callable[[str], Exception], *apart: type[Exception]) -> Iterator[None]:
    """Turn whatever a library raises inside into an error of ours; it begins no more than the library's own call.

    Parameters
    ----------
    refused
        Makes the error, of why the library gave up.
    apart
        Errors that pass as they are, beside our own and a lack of memory, which is no fault of what is read.
    """
    passing: tuple[type[BaseException], ...] = (FairtransferError, MemoryError, *apart)
    try:
        yield
    except passing:
        raise
    except (
        Exception
    ) as error:  # what a library raises is no closed list; the reason is kept whole, as the cause and in words
        raise refused(reason(error)) from error


def reason(error: BaseException) -> str:
    """Return why a library gave up, on one line: the kind of error, and the beginning of what it says."""
    said = " ".join(line.strip() for line in str(error).splitlines() if line.strip())
    words = visible(f"{type(error).__name__}: {said}" if said else type(error).__name__)
    return words if len(words) <= _SHOWN else words[: _SHOWN - 1] + "…"
