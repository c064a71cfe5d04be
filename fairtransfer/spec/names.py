"""Names that definitions and data share: of metrics, and of groups with a meaning of their own."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from fairtransfer.outcomes.table import find_metric, metrics


class _Named:
    """A metric's name, as an annotation: what is none is refused with the list of those there are."""

    def __init__(self, *, judged: bool) -> None:
        self.judged = judged

    def names(self) -> list[str]:
        """Return the names there are."""
        return [metric.name for metric in metrics() if metric.judged or not self.judged]

    def __call__(self, value: Any) -> Any:
        """Return the name, or refuse it as pydantic refuses an unknown word."""
        metric = find_metric(value)
        if metric is not None and (metric.judged or not self.judged):
            return value
        listed = [repr(name) for name in self.names()]
        expected = f"{', '.join(listed[:-1])} or {listed[-1]}"
        raise PydanticCustomError("literal_error", "Input should be {expected}", {"expected": expected})

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Tell editors the names."""
        return {**handler(core), "enum": self.names()}


_ANY, _JUDGED = _Named(judged=False), _Named(judged=True)

MetricName = Annotated[str, BeforeValidator(_ANY), _ANY]
"""Of a metric that may be reported (`fairtransfer.outcomes.table`)."""

JudgedMetricName = Annotated[str, BeforeValidator(_JUDGED), _JUDGED]
"""Of a metric that a gate may be about: limits in closed form that hold in small groups."""

OTHER_GROUP = "other"
"""The group of values that a card does not list and pools."""

UNKNOWN_GROUP = "unknown"
"""The group of the people whose membership was not recorded."""

LOOKS_MISSING = frozenset({"", "na", "n/a", "<na>", "none", "null", "nan", "nil", "-", "?"})
"""Names of groups, in small letters, that look like a missing value. They are kept as text, and told."""
