"""What adapting a pretrained model does to each group of people it will serve: measured, judged, written down."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fairtransfer.version import VERSION

if TYPE_CHECKING:
    from fairtransfer.api import Run, judge, load_audit, plan, render, run, verify
    from fairtransfer.measurement import Measurement, measure

__version__ = VERSION
__all__ = ["Measurement", "Run", "__version__", "judge", "load_audit", "measure", "plan", "render", "run", "verify"]


class _Package(ModuleType):
    """The package. `run` is a verb and a subpackage; importing the subpackage must not put it in the verb's place."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute, but leave verbs alone."""
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    """Import the verbs when one is first used, so that importing the package costs nothing."""
    if name in ("Measurement", "measure"):
        from fairtransfer import measurement

        return getattr(measurement, name)
    if name in __all__:
        from fairtransfer import api

        return getattr(api, name)
    message = f"module `fairtransfer` has no attribute `{name}`"
    raise AttributeError(message)
