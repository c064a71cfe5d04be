"""The one table of metrics: what there is, by name. Metrics of plug-ins stand beside it, in the registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from fairtransfer import registry
from fairtransfer.errors import DefinitionError, Problem, shown
from fairtransfer.outcomes import numbers, probabilities, row_value
from fairtransfer.outcomes.classes import EVENTS, F1_SCORES, SHARES, WRONG
from fairtransfer.outcomes.metric import Metric

METRICS: Mapping[str, Metric] = {
    metric.name: metric for metric in (*SHARES, *probabilities.METRICS, *F1_SCORES, *numbers.METRICS)
}

ADDED: Mapping[str, tuple[str, ...]] = {
    "classes": (WRONG, *EVENTS),
    "probabilities": (*probabilities.VALUES, "rank"),
    "numbers": tuple(numbers.VALUES),
    "row_value": (),
}
"""What a case can add, by outcome: a metric of a plug-in is made of these. (Values of one's own need none.)"""


def find_metric(name: object) -> Metric | None:
    """Return the metric of a name, or None where there is none."""
    found = METRICS.get(name) or row_value.mean_named(name) if isinstance(name, str) else None
    if found is None and name in registry.names("metrics"):
        return metric_named(str(name))
    return found


def metric_named(name: str) -> Metric:
    """Return the metric of a name.

    Raises
    ------
    DefinitionError
        When there is none (``FT-R021``), or what is registered under this name is no metric of it (``FT-R025``).
    """
    found = METRICS.get(name) or row_value.mean_named(name) or registry.get("metrics", name)
    if not (isinstance(found, Metric) and found.name == name):
        what = f"`{name}` of metrics is {shown(repr(found))}"
        raise DefinitionError([Problem("FT-R025", what, f"a `{Metric.__module__}.Metric` of this name")])
    if found.adds not in ADDED[found.outcome] and name in registry.names("metrics"):
        what = f"`{name}` adds `{shown(found.adds)}` of {found.outcome}, which nothing counts"
        raise DefinitionError([Problem("FT-R025", what, f"known: {', '.join(ADDED[found.outcome])}")])
    return found


def events_for(names: Iterable[str]) -> list[str]:
    """Return what is counted of classes for these metrics, each event once; of other metrics nothing is."""
    found = (metric_named(name) for name in names)
    return list(dict.fromkeys(metric.adds for metric in found if metric.outcome == "classes"))


def metrics() -> Iterator[Metric]:
    """Yield every metric there is, in the order in which names are listed for people."""
    yield from METRICS.values()
    yield from (metric_named(name) for name in registry.names("metrics"))
