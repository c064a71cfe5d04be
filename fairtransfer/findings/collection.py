"""The findings of a run or a table as a collection that can be asked for some of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, final

from fairtransfer.display import Display, Displayed, Grid, as_text
from fairtransfer.errors import DefinitionError, Problem, Problems
from fairtransfer.findings.frames import frame_of
from fairtransfer.findings.metric_table import column_of, unknown
from fairtransfer.findings.rows import Finding
from fairtransfer.formats import group_name, plural

if TYPE_CHECKING:
    import pandas as pd

EVERYONE = "everyone"

_ASKED: dict[str, Callable[[Finding], str | None]] = {
    "stage": lambda f: f.stage,
    "metric": lambda f: f.metric,
    "class_": lambda f: f.class_,
    "strategy": lambda f: f.strategy,
    "label_budget": lambda f: f.label_budget,
    "benchmark": lambda f: f.benchmark,
    "level": lambda f: f.level,
    "status": lambda f: f.status,
}
"""What `where` can ask of a finding, beside its group."""


@final
class Findings(tuple[Finding, ...], Displayed):
    """Findings in the order in which they were made; a tuple that can be asked for some of them.

    Examples
    --------
    >>> import pandas as pd
    >>> import fairtransfer as ft
    >>> answers = pd.DataFrame({"y": [1, 0] * 40, "new": [1, 0, 0, 0] * 20, "region": ["north", "north", "south", "south"] * 20})
    >>> found = ft.measure(answers, label="y", after="new", groups="region").findings
    >>> [f.estimate for f in found.where(stage="after", by="region")]
    [0.0, 0.5]
    >>> found.one(stage="after", group={"region": "south"}, metric="error_rate").k
    20.0
    """

    __slots__ = ()

    def where(
        self,
        *,
        group: Mapping[str, str] | str | None = None,
        by: str | Sequence[str] | None = None,
        **asked: str | None,
    ) -> Findings:
        """Return the findings that are about what is asked for; what is not named may be anything.

        Parameters
        ----------
        group
            ``{"region": "south"}``, or as results write it, ``"region=south & age=old"``; ``{}`` or ``"everyone"`` is everyone.
        by
            All groups by an attribute, or by several, ``"region*age"``.
        asked
            ``stage``, ``metric``, ``class_``, ``strategy``, ``label_budget``, ``benchmark``, ``level`` or ``status``, each with
            one value. `metric` may name the class too, ``"recall[yes]"``; a gap is of the level ``gap``.

        Raises
        ------
        DefinitionError
            When no finding at all has a value that is asked for (``FT-P043``), with those there are.
        """
        problems, found = Problems(), list(self)
        for name, value in asked.items():
            found = [f for f in found if _has(f, name, value)]
            problems.extend(self._missing(name, value))
        if group is not None:
            wanted = _members(group)
            found = [f for f in found if frozenset(f.group.items()) == wanted and f.level != "gap"]
            if not any(frozenset(f.group.items()) == wanted for f in self):
                problems.add(unknown("group", _written(group), list(dict.fromkeys(group_name(f.group) for f in self))))
        if by is not None:
            names = set(by.split("*") if isinstance(by, str) else by)
            found = [f for f in found if set(f.group) == names and f.level != "gap"]
            if not any(set(f.group) == names for f in self):
                views = list(dict.fromkeys("*".join(f.group) for f in self if f.group))
                problems.add(unknown("by", "*".join(sorted(names)), views))
        problems.raise_if_any()
        return Findings(found)

    def one(self, **asked: Any) -> Finding:
        """Return the only finding that is about what is asked for; see `where`.

        Raises
        ------
        DefinitionError
            When there is none (``FT-P043``), or more than one, with what tells them apart.
        """
        found = self.where(**asked)
        if len(found) == 1:
            return found[0]
        apart = [name for name, of in _ASKED.items() if len({of(f) for f in found}) > 1]
        apart += ["group"] if len({frozenset(f.group.items()) for f in found}) > 1 else []
        do = f"say {' and '.join(f'{name}=' for name in apart)}" if apart else ""
        raise DefinitionError(
            [Problem("FT-P043", f"{len(found) or 'no'} findings are about this", "exactly one", do, "findings")]
        )

    def __repr__(self) -> str:
        return as_text(self.display())

    def display(self) -> Display:
        """Return every finding in a line."""
        rows = tuple((f.about, f.result) for f in self)
        if not rows:
            return Display("no findings")
        grid = Grid("", ("About", "Result"), rows, words=2)
        more = "more: .where(...) asks for some, .to_frame() holds all of each"
        return Display(plural(len(self), "finding"), grids=(grid,), more=more)

    def to_frame(self) -> pd.DataFrame:
        """Return the findings as a DataFrame, one row each; a group's attributes are columns of their own."""
        return frame_of(finding.to_json() for finding in self)

    def _missing(self, name: str, value: str | None) -> list[Problem]:
        """Return why nothing can be found by a value; None stands for findings that have none."""
        if name not in _ASKED:
            return [unknown("where", name, [*_ASKED, "group", "by"])]
        if not self or any(_has(f, name, value) for f in self):
            return []
        known = [str(there) for there in dict.fromkeys(_ASKED[name](f) for f in self)]
        return [unknown(name, value, list(dict.fromkeys(column_of(f) for f in self)) if name == "metric" else known)]


def _has(finding: Finding, name: str, value: str | None) -> bool:
    if name not in _ASKED:
        return False
    return _ASKED[name](finding) == value or (name == "metric" and column_of(finding) == value)


def _members(group: Mapping[str, str] | str) -> frozenset[tuple[str, str]]:
    """Return a group as its attributes with their values; a text is a group as results write it."""
    if isinstance(group, str):
        pairs = [part.partition("=") for part in group.split(" & ")] if group != EVERYONE else []
        return frozenset((name.strip(), value.strip()) for name, _, value in pairs)
    return frozenset((str(name), str(value)) for name, value in group.items())


def _written(group: Mapping[str, str] | str) -> str:
    return group if isinstance(group, str) else group_name({str(name): str(value) for name, value in group.items()})
