"""What adapting a pretrained model does to each group of people it will serve: measured, judged, written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairtransfer.version import VERSION

if TYPE_CHECKING:
    from fairtransfer.api import Run, judge, load_audit, plan, render, run, verify
    from fairtransfer.measuring import Measurement, measure

__version__ = VERSION
__all__ = ["Measurement", "Run", "__version__", "judge", "load_audit", "measure", "plan", "render", "run", "verify"]


def __getattr__(name: str) -> Any:
    """Import the verbs when one is first used, so that importing the package costs nothing."""
    if name in ("Measurement", "measure"):
        from fairtransfer import measuring

        return getattr(measuring, name)
    if name in __all__:
        from fairtransfer import api

        return getattr(api, name)
    message = f"module `fairtransfer` has no attribute `{name}`"
    raise AttributeError(message)
