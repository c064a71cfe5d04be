"""`worst_group`: after adaptation every group must stay within a limit.

A metric whose best value lies in the middle has two limits, one on each side: both have to hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pydantic import model_validator

from fairtransfer.gates.gate import Expected, Gate
from fairtransfer.spec.gates import Margin
from fairtransfer.spec.strict import refuse

if TYPE_CHECKING:
    from fairtransfer.findings.query import EvidenceQuery
    from fairtransfer.gates.contrast import Contrast, Target
    from fairtransfer.stats.truths import OneRate

_LIMITS = {"at_most": "a maximum", "at_least": "a minimum"}
_SIDES = {1: "the limit above 0", -1: "the limit below 0"}


class WorstGroup(Gate):
    """Every group must stay within a limit after adaptation."""

    kind = "worst_group"
    title = "Worst group"
    summary = "every group must stay within the limit"
    example = "worst_group:by=language,at_most=0.25"
    assumes = "in `worst_group` half the limit means nothing is wrong, and once and a half the limit is the harm"
    spread_of = "sizes"
    on_value = True
    drawn_on = "value"
    sees_everyone = True

    at_most: Margin | None = None
    at_least: Margin | None = None

    @model_validator(mode="after")
    def _direction(self) -> WorstGroup:
        wanted, other = ("at_most", "at_least") if self.harm_sign > 0 else ("at_least", "at_most")
        if getattr(self, other) is not None:
            found = f"`{self.metric}` needs {_LIMITS[wanted]}, the gate gives {_LIMITS[other]}"
            raise refuse("FT-G018", found, "", f"write `{wanted}`")
        if getattr(self, wanted) is None:
            of = "above 0, in the label's own unit" if self.measures.in_a_unit else "between 0 and 1"
            raise refuse("FT-Y035", "required key is missing", f"`{wanted}`: a number {of}", "add it")
        return self

    @property
    def limit(self) -> float:
        """The limit, whichever way it points."""
        return self.at_most if self.at_most is not None else float(self.at_least or 0.0)

    def contrasts(self, query: EvidenceQuery, target: Target) -> Iterator[Contrast]:
        """Yield one comparison per group and side: its value against the limit."""
        of, both = query.meant(self.metric, self.class_), self.measures.two_sided
        for group in query.groups(target.change, self.by):
            sample = query.judged_level(target.change, group, self.metric, of)
            for sign in (1, -1) if both else (self.harm_sign,):
                margin, against = (self.limit, _SIDES[sign]) if both else (sign * self.limit, "the limit")
                yield target.contrast(self, group, sample, margin, against=against, sign=sign)

    def smallest_margin(self, contrasts: Sequence[Contrast], alpha: float) -> float:
        """Return the limit that would just have held; of metrics that are good to have it is a floor."""
        return self.harm_sign * super().smallest_margin(contrasts, alpha)

    def limit_of(self, contrast: Contrast) -> str:
        """Return the limit on the side that a comparison is about."""
        return self._in_words(contrast.sign * contrast.margin, contrast.measured_in)

    def demanded(self, measured_in: str | None) -> str:
        """Return the limit, or both, as a table shows it."""
        if not self.measures.two_sided:
            return super().demanded(measured_in)
        return f"from {self._in_words(-self.limit, measured_in)} to {self.stated(measured_in)}"

    @property
    def harm_limit(self) -> float:
        """The limit as a share that is harmed."""
        return 1 - self.limit if self.harm_sign < 0 else self.limit

    @property
    def null_distance(self) -> float:
        """Half the way from the limit to the best there is; of metrics that are best at 0 all of it."""
        if self.measures.two_sided:
            return self.limit
        best = self.measures.bounds[1]
        return (best - self.limit) / 2 if self.harm_sign < 0 and best < float("inf") else self.limit / 2

    def truth(self, expected: Expected, ratio: float, times: float) -> OneRate:  # noqa: ARG002  # the limit says what is wrong
        """Return half the limit where nothing is wrong, and as far beyond it for the harm."""
        from fairtransfer.stats.truths import OneRate

        return OneRate(min((1 + times) / 2 * self.harm_limit, (1 + self.harm_limit) / 2))
