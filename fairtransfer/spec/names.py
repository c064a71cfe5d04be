"""Names that definitions and data share: of metrics, and of groups with a meaning of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from fairtransfer.errors import shown
from fairtransfer.outcomes import row_value
from fairtransfer.outcomes.table import find_metric, metrics
from fairtransfer.spec.strict import refuse

MEANS_IN_SCHEMA: tuple[dict[str, Any], ...] = (
    {"type": "string", "pattern": f"^{row_value.MEAN}:"},
    {
        "type": "object",
        "properties": {
            row_value.MEAN: {"type": "string"},
            "better": {"enum": [*row_value.BETTER]},
            "range": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
        },
        "required": [row_value.MEAN, "better"],
        "additionalProperties": False,
    },
)
"""The mean of a column, as a name and as a mapping, for editors."""


def name_of_mean(value: Any) -> Any:
    """Return the name of the mean of a column where a mapping says which; what is about something else is left as it is.

    Raises
    ------
    PydanticCustomError
        Where the mean of a column is written so that its direction or its ends are not known (``FT-Y096``).
    """
    if isinstance(value, Mapping) and row_value.MEAN in value:
        name = row_value.written_out(value)
        if name is not None and row_value.mean_named(name) is not None:
            return name
        raise refuse("FT-Y096", f"the mean of a column is not written out: {_told(value)}", _WRITTEN, "say all of it")
    if row_value.is_mean(value) and row_value.mean_named(value) is None:
        raise refuse("FT-Y096", f"`{shown(value)}` does not say all of the mean of a column", row_value.FORM)
    return value


_WRITTEN = "{mean: COLUMN, better: higher | lower}, with `range: [LOW, HIGH]` where it has two ends"


def _told(value: Mapping[Any, Any]) -> str:
    return shown(", ".join(f"{key}: {one}" for key, one in value.items()))


class _Named:
    """A metric's name, as an annotation: what is none is refused with the list of those there are."""

    def __init__(self, *, judged: bool) -> None:
        self.judged = judged

    def names(self) -> list[str]:
        """Return the names there are."""
        return [metric.name for metric in metrics() if metric.judged or not self.judged]

    def __call__(self, value: Any) -> Any:
        """Return the name, or refuse it as pydantic refuses an unknown word."""
        value = name_of_mean(value)
        metric = find_metric(value)
        if metric is not None and (metric.judged or not self.judged):
            return value
        listed = [repr(name) for name in self.names()]
        expected = f"{', '.join(listed[:-1])} or {listed[-1]}"
        raise PydanticCustomError("literal_error", "Input should be {expected}", {"expected": expected})

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Tell editors the names."""
        return {"anyOf": [{**handler(core), "enum": self.names()}, *MEANS_IN_SCHEMA]}


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
