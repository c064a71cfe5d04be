"""What a gate may ask. How it is judged is in the file of the same name under `fairtransfer/gates/`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from fairtransfer.outcomes.metric import Metric
from fairtransfer.outcomes.table import find_metric, metric_named, metrics
from fairtransfer.spec.names import JudgedMetricName
from fairtransfer.spec.strict import IN_UNIT, Name, Sentence, Strict, refuse


def _in_range(value: float, info: ValidationInfo) -> float:
    """Refuse a limit that no value of its metric can reach: of rates and scores outside 0 to 1, of numbers not above 0."""
    metric = find_metric(info.data.get("metric"))  # none where it is refused itself
    if metric is not None and metric.unit == "label":
        if value <= 0:
            raise refuse("FT-G036", f"must be a finite number above 0, got `{value:g}`", "", IN_UNIT)
    elif metric is not None and not 0 <= value <= 1:
        found = f"must be a finite number between 0 and 1, got `{value:g}`"
        raise refuse("FT-G004", found, "", "write a number such as 0.05")
    return value


Margin = Annotated[float, AfterValidator(_in_range)]


def _named(having: Callable[[Metric], bool]) -> list[str]:
    """Return the names of judged metrics that have something, sorted."""
    return sorted(metric.name for metric in metrics() if metric.judged and having(metric))


def _limits_in_schema(schema: dict[str, Any]) -> None:
    """Tell editors the same: the range of a limit depends on the metric."""
    names = [name for name in ("margin", "at_most", "at_least") if name in schema["properties"]]
    asked = {"properties": {"metric": {"enum": _named(lambda metric: metric.unit == "label")}}, "required": ["metric"]}
    schema["if"] = asked
    schema["then"] = {"properties": {name: {"exclusiveMinimum": 0} for name in names}}
    schema["else"] = {"properties": {name: {"minimum": 0, "maximum": 1} for name in names}}


class GateOptions(Strict):
    """What every gate takes. A margin has no default: it is policy, not statistics."""

    by: tuple[Name, ...] = Field(
        min_length=1, description="the attribute, or the list of attributes that form an intersection"
    )
    metric: JudgedMetricName = "error_rate"
    class_: Name | None = Field(None, alias="class", description="the class, for metrics of one class")
    benchmark: Name | None = Field(
        None, description="one benchmark's id; default: every benchmark that has the attribute"
    )
    monitored: dict[str, Sentence] = Field({}, description="groups reported but not judged, each with the reason")

    @field_validator("by", mode="before", json_schema_input_type=str | tuple[Name, ...])
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("metric", mode="before")
    @classmethod
    def _in_closed_form(cls, value: Any) -> Any:
        metric = find_metric(value)
        if metric is not None and metric.reported_only is not None:
            raise refuse(*metric.reported_only)
        return value

    @field_validator("class_")
    @classmethod
    def _of_a_class(cls, value: str | None, info: ValidationInfo) -> str | None:
        metric = find_metric(info.data.get("metric"))
        if value is not None and metric is not None and metric.of_numbers:
            found = f"`{info.data['metric']}` is of a label that is a number, which has no class"
            raise refuse("FT-Y095", found, "", "leave `class` out")
        return value

    @property
    def harm_sign(self) -> int:
        """+1 where more of the metric is harm, -1 where less is."""
        return metric_named(self.metric).harm_sign


class _Paired(GateOptions):
    model_config = ConfigDict(json_schema_extra=_limits_in_schema)
    margin: Margin

    @field_validator("metric")
    @classmethod
    def _has_pairs(cls, value: str) -> str:
        metric = metric_named(value)
        if metric.two_sided:
            instead = "mean_absolute_error" if metric.of_numbers else "brier_score"
            raise refuse(
                "FT-G032",
                f"`{value}` is best at 0, so a change of it may mend or harm",
                f"`worst_group` with `at_most`, which looks at both sides; or the change of `{instead}`",
            )
        if not metric.paired:
            raise refuse(
                "FT-G026",
                f"`{value}` has no paired change: its denominator changes with the model",
                f"allowed: {', '.join(_named(lambda other: other.paired and not other.of_numbers))}",
            )
        return value


class NoHarm(_Paired):
    """Adaptation must not raise any group's error by more than the margin (paired change, same people)."""

    summary: ClassVar[str] = "no group may get worse by more than the margin"


class NoNegativeTransfer(_Paired):
    """No group may be worse off than with a model trained from scratch by more than the margin."""

    summary: ClassVar[str] = "no group may be worse off than with a model trained from scratch"


class WorstGroup(GateOptions):
    """Every group must stay within a limit after adaptation."""

    model_config = ConfigDict(json_schema_extra=_limits_in_schema)
    summary: ClassVar[str] = "every group must stay within the limit"
    at_most: Margin | None = None
    at_least: Margin | None = None

    @model_validator(mode="after")
    def _direction(self) -> WorstGroup:
        wanted, other = ("at_most", "at_least") if self.harm_sign > 0 else ("at_least", "at_most")
        if getattr(self, other) is not None:
            limit = {"at_most": "a maximum", "at_least": "a minimum"}
            raise refuse(
                "FT-G018",
                f"`{self.metric}` needs {limit[wanted]}, the gate gives {limit[other]}",
                "",
                f"write `{wanted}`",
            )
        if getattr(self, wanted) is None:
            of = "above 0, in the label's own unit" if metric_named(self.metric).unit == "label" else "between 0 and 1"
            raise refuse("FT-Y035", "required key is missing", f"`{wanted}`: a number {of}", "add it")
        return self

    @property
    def limit(self) -> float:
        """The limit, whichever way it points."""
        return self.at_most if self.at_most is not None else float(self.at_least or 0.0)


class BetweenGroups(GateOptions):
    """A gate that compares groups with each other."""

    contrast: str = Field(
        "rest", pattern=r"^(rest|all_pairs|reference:.+)$", description="rest | all_pairs | reference:<group>"
    )

    @property
    def reference(self) -> str | None:
        """The group every other one is compared with; None where that is everyone else, or every other group."""
        return self.contrast.partition(":")[2] or None


class Gap(BetweenGroups):
    """After adaptation no group may be worse than its comparison by more than the margin."""

    model_config = ConfigDict(json_schema_extra=_limits_in_schema)
    summary: ClassVar[str] = "no group may be served worse than the others by more than the margin"

    @field_validator("metric")
    @classmethod
    def _is_a_rate(cls, value: str) -> str:
        metric = metric_named(value)
        if metric.of_scores:
            found = f"`{value}` of one group less that of the others has no interval here"
            raise refuse("FT-G033", found, "a metric that counts cases, such as `error_rate`; or judge `worst_group`")
        if metric.two_sided:
            found = f"`{value}` is best at 0, so the group with more of it is not the one served worse"
            raise refuse("FT-G035", found, "`mean_absolute_error`; or `worst_group` of this metric, with `at_most`")
        return value

    margin: Margin


class Ratio(BetweenGroups):
    """After adaptation every group's rate must be at least this share of its comparison's (four-fifths rule: 0.8)."""

    summary: ClassVar[str] = "every group's rate must be at least a share of the others'"
    metric: JudgedMetricName = "selection_rate"
    at_least: Annotated[float, Field(gt=0, le=1)]

    @field_validator("metric")
    @classmethod
    def _is_given(cls, value: str) -> str:
        if not metric_named(value).as_ratio:
            raise refuse(
                "FT-Y056",
                f"groups are not compared by a ratio of `{value}`",
                f"allowed: {', '.join(_named(lambda other: other.as_ratio))}",
                "use `gap`, which compares by a difference",
            )
        return value


GATE_OPTIONS: dict[str, type[GateOptions]] = {
    "no_harm": NoHarm,
    "worst_group": WorstGroup,
    "gap": Gap,
    "ratio": Ratio,
    "no_negative_transfer": NoNegativeTransfer,
}


@dataclass(frozen=True, slots=True)
class GateSpec:
    """A gate as an audit asks for it, with the line that set it."""

    kind: str
    options: GateOptions
    line: int = 0

    @property
    def id(self) -> str:
        """Stable name: kind, metric and attributes, never values."""
        target = self.options.metric if self.options.class_ is None else f"{self.options.metric}[{self.options.class_}]"
        where = f"@{self.options.benchmark}" if self.options.benchmark else ""
        return f"{self.kind}:{target}:{'*'.join(self.options.by)}{where}"

    @property
    def of_numbers(self) -> bool:
        """Whether it is about predicted numbers, and its margin in the label's own unit."""
        return metric_named(self.options.metric).of_numbers

    @property
    def margin(self) -> float:
        """The margin or limit: a number between 0 and 1, or one in the label's own unit."""
        if isinstance(self.options, Ratio):
            return self.options.at_least
        return self.options.limit if isinstance(self.options, WorstGroup) else float(self.options.margin)  # type: ignore[attr-defined]  # every other gate has one


OnInconclusive = Literal["block", "warn"]


class Policy(Strict):
    """What counts as enough evidence, and what is shown."""

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    min_group: Annotated[int, Field(ge=10, le=100_000)] = Field(10, description="smallest denominator that is judged")
    on_inconclusive: OnInconclusive = "block"
    planned_evaluations: Annotated[int, Field(ge=1, le=10_000)] = Field(
        20, description="how often this benchmark version will be used; alpha is shared"
    )
    suppress_below: Annotated[int, Field(ge=0, le=1000)] = Field(
        11, description="counts below this are hidden in documents; verdicts use full data"
    )

    @property
    def alpha_run(self) -> float:
        """The error rate one run may spend: alpha divided by the planned evaluations."""
        return self.alpha / self.planned_evaluations
