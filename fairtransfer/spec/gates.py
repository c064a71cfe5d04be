"""What every gate has: options, what it needs, what it is called. What one gate asks and how it is told stands in its own file.

A gate is one class in one file, `fairtransfer/gates/<kind>.py`, and lies in a higher layer: it is judged on findings. What lower
layers have to know of it (which keys it takes, what it needs, which rows it wants shown) it says by the names declared here, and
`gate_named` finds it in the registry.
"""

from __future__ import annotations

import abc
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator

from fairtransfer import registry
from fairtransfer.outcomes.metric import Metric
from fairtransfer.outcomes.table import find_metric, metric_named
from fairtransfer.spec.gate_metrics import names_of, refuse_unjudged
from fairtransfer.spec.names import JudgedMetricName
from fairtransfer.spec.strict import IN_UNIT, Name, Sentence, Strict, refuse


def _in_range(value: float, info: ValidationInfo) -> float:
    """Refuse a limit that no value of its metric can reach: of rates and scores outside 0 to 1, of numbers not above 0."""
    metric = find_metric(info.data.get("metric"))  # none where it is refused itself
    if metric is not None and metric.in_a_unit:
        if value <= 0:
            raise refuse("FT-G036", f"must be a finite number above 0, got `{value:g}`", "", IN_UNIT)
    elif metric is not None and not 0 <= value <= 1:
        found = f"must be a finite number between 0 and 1, got `{value:g}`"
        raise refuse("FT-G004", found, "", "write a number such as 0.05")
    return value


Margin = Annotated[float, AfterValidator(_in_range)]
"""A limit in the metric's own terms: between 0 and 1, or above 0 in the unit of a label that is a number."""


def _limits_in_schema(schema: dict[str, Any]) -> None:
    """Tell editors the same: the range of a limit depends on the metric."""
    limits = {name: schema["properties"].get(name) for name in ("margin", "at_most", "at_least")}
    names = [name for name, field in limits.items() if field and "maximum" not in field]
    if not names:
        return
    asked = {
        "properties": {"metric": {"enum": names_of(lambda metric: metric.unit == "label")}},
        "required": ["metric"],
    }
    schema["if"] = asked
    schema["then"] = {"properties": {name: {"exclusiveMinimum": 0} for name in names}}
    schema["else"] = {"properties": {name: {"minimum": 0, "maximum": 1} for name in names}}


class Needs(NamedTuple):
    """What a gate compares with, besides the adapted model.

    Attributes
    ----------
    before
        The model before adaptation.
    scratch
        A model trained from scratch.
    """

    before: bool = False
    scratch: bool = False


class ShownRows(NamedTuple):
    """Rows that a gate wants shown beside its verdict: groups compared after adaptation, or how differently they changed.

    Attributes
    ----------
    contrast
        ``rest``, ``all_pairs`` or ``reference:<group>``.
    """

    stage: Literal["difference", "difference_of_changes"]
    contrast: str


class GateOptions(Strict):
    """What every gate takes. A margin has no default: it is policy, not statistics.

    A class that has a `kind` is a gate, and complete: one that leaves a method or a word open is refused when it is defined.

    Attributes
    ----------
    kind
        The name it has in definitions.
    title, summary
        What people read: a name, and in one sentence what it asks.
    needs
        What it compares with.
    example
        How it is asked for in short, with ``by`` and the limit at least.
    """

    model_config = ConfigDict(json_schema_extra=_limits_in_schema)
    kind: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str]
    example: ClassVar[str]
    needs: ClassVar[Needs] = Needs()

    by: tuple[Name, ...] = Field(
        min_length=1, description="the attribute, or the list of attributes that form an intersection"
    )
    metric: JudgedMetricName = "error_rate"
    class_: Name | None = Field(None, alias="class", description="the class, for metrics of one class")
    benchmark: Name | None = Field(
        None, description="one benchmark's id; default: every benchmark that has the attribute"
    )
    monitored: dict[str, Sentence] = Field({}, description="groups reported but not judged, each with the reason")

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "kind" not in vars(cls):
            return
        missing = sorted(name for name in cls.__class_vars__ if not hasattr(cls, name))
        missing += sorted(getattr(cls, "__abstractmethods__", ())) if inspect.isabstract(cls) else []
        if missing:
            raise TypeError(f"the gate `{cls.kind}` says nothing of: {', '.join(missing)}")

    @field_validator("by", mode="before", json_schema_input_type=str | tuple[Name, ...])
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("metric", mode="before")
    @classmethod
    def _in_closed_form(cls, value: Any) -> Any:
        return refuse_unjudged(value)

    @field_validator("class_")
    @classmethod
    def _of_a_class(cls, value: str | None, info: ValidationInfo) -> str | None:
        metric = find_metric(info.data.get("metric"))
        if value is not None and metric is not None and (metric.of_numbers or metric.of_values):
            what = "a label that is a number" if metric.of_numbers else "a number of its own"
            found = f"`{info.data['metric']}` is of {what}, which has no class"
            raise refuse("FT-Y095", found, "", "leave `class` out")
        return value

    @property
    @abc.abstractmethod
    def limit(self) -> float:
        """The limit as the policy states it: a number between 0 and 1, or one in the label's own unit."""

    @property
    def reference(self) -> str | None:
        """The group that every other one is compared with; None where there is none."""
        return None

    @property
    def shown_rows(self) -> tuple[ShownRows, ...]:
        """The rows it wants shown besides those that every report has."""
        return ()

    @property
    def measures(self) -> Metric:
        """What is known of its metric."""
        return metric_named(self.metric)

    @property
    def judged(self) -> tuple[str, ...]:
        """The metrics it judges: its own, of most gates."""
        return (self.metric,)

    @property
    def harm_sign(self) -> int:
        """+1 where more of the metric is harm, -1 where less is."""
        return self.measures.harm_sign

    @property
    def takes_sides(self) -> bool:
        """Whether more of its metric is harm, or less, and not the other; False where it looks at both sides alike."""
        return True

    @property
    def of_numbers(self) -> bool:
        """Whether it is about predicted numbers, and its limit in the label's own unit."""
        return self.measures.of_numbers

    @property
    def compared_with(self) -> str:
        """Whom groups are compared with, as a definition writes it; empty where that is everyone else, or nobody."""
        return ""

    @property
    def id(self) -> str:
        """Stable name: kind, metric, attributes and whom groups are compared with, never limits."""
        target = "+".join(self.judged) + ("" if self.class_ is None else f"[{self.class_}]")
        where = f"@{self.benchmark}" if self.benchmark else ""
        against = f"~{self.compared_with}" if self.compared_with else ""
        return f"{self.kind}:{target}:{'*'.join(self.by)}{where}{against}"

    def judges(self, benchmark: str, attributes: tuple[str, ...]) -> bool:
        """Say whether it is about a benchmark, whose groups come from these attributes."""
        return self.benchmark in (None, benchmark) and set(self.by) <= set(attributes)


def gate_named(name: str) -> type[GateOptions]:
    """Return the gate of this name.

    Raises
    ------
    DefinitionError
        When there is none (``FT-R021``), or what is registered under this name is no gate of it (``FT-R025``).
    """
    return registry.subclass("gates", name, GateOptions, _lacks)  # type: ignore[type-abstract]  # a base


def _lacks(found: type[GateOptions], name: str) -> Iterator[str]:
    """Yield what is missing; a gate that leaves a method or a word open is refused where it is defined."""
    if getattr(found, "kind", None) != name:
        yield f"`kind = {name!r}`"


def gates_known() -> dict[str, type[GateOptions]]:
    """Return every gate by its name, in the order in which they are listed for people."""
    return {name: gate_named(name) for name in registry.names("gates")}


@dataclass(frozen=True, slots=True)
class GateSpec:
    """A gate as an audit asks for it, with the line that set it."""

    options: GateOptions
    line: int = 0

    @property
    def kind(self) -> str:
        """The gate's name in definitions."""
        return self.options.kind

    @property
    def id(self) -> str:
        """Stable name: kind, metric and attributes, never values."""
        return self.options.id

    @property
    def of_numbers(self) -> bool:
        """Whether it is about predicted numbers, and its margin in the label's own unit."""
        return self.options.of_numbers

    @property
    def margin(self) -> float:
        """The margin or limit: a number between 0 and 1, or one in the label's own unit."""
        return self.options.limit


OnInconclusive = Literal["block", "warn"]


class Policy(Strict):
    """What counts as enough evidence, and what is shown.

    Attributes
    ----------
    alpha
        The error rate gates may spend on a benchmark version, between 0 and 0.5.
    min_group
        The smallest denominator that is judged, from 10 on.
    on_inconclusive
        ``block`` or ``warn``: what not enough evidence means.
    planned_evaluations
        How many models are planned on the benchmark version; they share alpha.
    suppress_below
        Smaller counts are hidden in documents; verdicts use everything.
    failures
        What one alpha of failures covers. ``in_order``: the failures of all gates; the first gate has half of it, the next half
        of what is left, the last what remains, and a gate of which every group fails hands its part on. ``each``: those of every
        gate by itself. ``together``: Holm's correction over all comparisons of all gates.
    seeds
        ``together``: what other groups, and other adapted models, spread over the same seeds lends two degrees of freedom each
        to an interval, and never makes it narrower than its own spread does. ``separate``: only its own seeds count.
    show_small
        Tell estimates of groups below the minimum too, without an interval; they are in no verdict.

    Examples
    --------
    >>> import fairtransfer as ft
    >>> ft.Policy(alpha=0.1, planned_evaluations=4).alpha_run
    0.025
    """

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    min_group: Annotated[int, Field(ge=10, le=100_000)] = Field(10, description="smallest denominator that is judged")
    on_inconclusive: OnInconclusive = "block"
    planned_evaluations: Annotated[int, Field(ge=1, le=10_000)] = Field(
        20, description="how often this benchmark version will be used; alpha is shared"
    )
    suppress_below: Annotated[int, Field(ge=0, le=1000)] = Field(
        11, description="counts below this are hidden in documents; verdicts use full data"
    )
    failures: Literal["in_order", "each", "together"] = Field(
        "in_order",
        description="what one alpha of failures covers: in_order: all gates, half of it for the first, half of what is left for "
        "the next, and so on; each: every gate for itself; together: all comparisons of all gates alike",
    )
    seeds: Literal["together", "separate"] = Field(
        "together",
        description="together: other groups and models on the same seeds lend what they know of the spread over seeds; "
        "separate: every interval knows its own seeds only",
    )
    show_small: bool = Field(
        default=False,
        description="tell estimates of groups below min_group too, without intervals; they decide nothing",
    )

    @property
    def alpha_run(self) -> float:
        """The error rate one run may spend: alpha divided by the planned evaluations."""
        return self.alpha / self.planned_evaluations
