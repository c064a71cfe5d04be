"""What charts draw: values in percent, or in the unit of what is measured, and the words beside them."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Span(NamedTuple):
    """A value with its limits."""

    value: float
    low: float
    high: float


class Dot(NamedTuple):
    """A group's value before or after; `label` names the group."""

    label: str
    stage: Literal["before", "after"]
    span: Span


class Move(NamedTuple):
    """A group's paired change; `clear`: limits for all groups at once leave out zero."""

    label: str
    span: Span
    clear: bool


class CurvePoint(NamedTuple):
    """A strategy's value with so many labels; `panel` names the group."""

    panel: str
    strategy: str
    labels: int
    span: Span


class Published(NamedTuple):
    """A group's value of the model as published."""

    panel: str
    value: float
