"""What adapting a pretrained model does to each group of people it will serve: measured, judged, written down.

The verbs::

    load_audit   Read an audit and the data cards it names, and check them together.
    plan         Say what a run of an audit would do, before anything is trained.
    run          Adapt the model in every way an audit lists, measure each group, judge and report.
    measure      Measure a table of predictions for each group, and judge it; no model, no training.
    measure_models  The same of many models, a row per item and model, each beside a named one.
    judge        Return the verdict of a finished run, computed from its evidence.
    render       Write the documents of a finished run again.
    verify       Check every file of a run against its digests.
    register     Make a strategy, metric, gate, model family, reader or document form of one's own known by name.
    use_plugin   Switch an installed plug-in on, in this process.

What they take and return::

    Columns      Which column of a table holds what.
    Policy       What counts as enough evidence, and what is shown.
    Plan         Every job of an audit, how long they take, and what each gate could come to.
    Run          A finished run: its verdict, its findings, its report.
    Measurement  What a table of predictions says about each group.
    Verdict      What the gates say.
    Finding      One row of results: the counts, the estimate and its interval, or why there is none.

A first look, and more in the README::

    import fairtransfer as ft
    ft.measure("answers.csv", label="y", before="old", after="new", groups="region")
"""

from __future__ import annotations

import importlib as _importlib
import typing as _typing

from fairtransfer.version import VERSION as __version__  # noqa: N811  # the name Python has for it

if _typing.TYPE_CHECKING:
    from fairtransfer.api import judge, load_audit, plan, render, run, verify
    from fairtransfer.extend import register, use_plugin
    from fairtransfer.findings.rows import Finding
    from fairtransfer.gates.results import Verdict
    from fairtransfer.measured_models import measure_models
    from fairtransfer.measurement import Measurement, measure
    from fairtransfer.plan_result import Plan
    from fairtransfer.run_result import Run
    from fairtransfer.spec.columns import Columns
    from fairtransfer.spec.gates import Policy

__all__ = [
    "Columns",
    "Finding",
    "Measurement",
    "Plan",
    "Policy",
    "Run",
    "Verdict",
    "__version__",
    "judge",
    "load_audit",
    "measure",
    "measure_models",
    "plan",
    "register",
    "render",
    "run",
    "use_plugin",
    "verify",
]

_HOMES = {
    "Columns": "spec.columns",
    "Finding": "findings.rows",
    "Measurement": "measurement",
    "Plan": "plan_result",
    "Policy": "spec.gates",
    "Run": "run_result",
    "Verdict": "gates.results",
    "judge": "api",
    "load_audit": "api",
    "measure": "measurement",
    "measure_models": "measured_models",
    "plan": "api",
    "register": "extend",
    "render": "api",
    "run": "api",
    "use_plugin": "extend",
    "verify": "api",
}
"""Where each name stands. A home is imported when one of its names is first used: importing the package costs nothing."""


def __getattr__(name: str) -> _typing.Any:
    """Return a verb or a type from its home."""
    if name not in _HOMES:
        message = f"module `fairtransfer` has no attribute `{name}`"
        raise AttributeError(message)
    found = getattr(_importlib.import_module(f"fairtransfer.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return what the package is used by; the rooms behind it are imported by their own names."""
    return sorted(__all__)
