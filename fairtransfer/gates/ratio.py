"""`ratio`: every group's rate must be at least a share of its comparison's (four-fifths rule: 0.8), and theirs of its.

Judged on ``rate - share·comparison``, by bounds and without a division (MOVER, Zou and Donner 2008): the bare ratio falls
below a true four fifths in about half of all samples. A convention, not a test of law.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, cast

from pydantic import Field

from fairtransfer import formats
from fairtransfer.gates.between_groups import BetweenGroups
from fairtransfer.gates.gate import Expected, OwnTable, Pair, PlannedSide
from fairtransfer.spec.gate_metrics import RatioMetric

if TYPE_CHECKING:
    from fairtransfer.findings.estimates.contrasts import RateRatioContrast
    from fairtransfer.findings.estimates.values import NotEstimable
    from fairtransfer.findings.query import EvidenceQuery
    from fairtransfer.gates.alphas import Alphas
    from fairtransfer.gates.contrast import Contrast, Target
    from fairtransfer.gates.results import ContrastResult
    from fairtransfer.stats.truths import ShareOfRate

Bounds = tuple[float, float | None]


class Ratio(BetweenGroups):
    """Every group's rate must be at least this share of its comparison's, and theirs of its (four-fifths rule: 0.8)."""

    kind = "ratio"
    title = "Ratio"
    summary = "of every group's rate and the others', the smaller must be at least a share of the larger"
    example = "ratio:by=language,class=urgent,at_least=0.8"
    assumes = (
        "{given} of the cases of every group are given the class of `ratio`; its harm is as far below the limit as equal rates "
        "lie above it, and of two sides the worse counts"
    )
    spread_of = "sizes"
    own_table = OwnTable("Ratio", "1 is the same rate; bounds of the verdict in brackets.")

    metric: RatioMetric = "selection_rate"
    at_least: Annotated[float, Field(gt=0, le=1)]
    sides: Literal["both", "below"] = Field(
        "both", description="both | below: whether a rate may exceed its comparison's as it may not fall short of it"
    )

    @property
    def takes_sides(self) -> bool:
        """Whether only too low a rate is harm."""
        return self.sides == "below"

    @property
    def limit(self) -> float:
        """The smallest share that is acceptable."""
        return self.at_least

    def contrasts(self, query: EvidenceQuery, target: Target) -> Iterator[Contrast]:
        """Yield one comparison per group (or pair of groups): the limit's share of the comparison's rate less the group's.

        On both sides also the limit's share of the group's rate less the comparison's, unless another comparison is just that.

        A rate that rests on fewer than 5 people given the class cannot pass: its lower bound lies too high. At an error rate
        of 0.25 % up to six times as many false passes were found, with this rule up to three times (every outcome enumerated,
        groups of 10 to 1000, true ratio 0.8).
        """
        of, opposed = query.meant(self.metric, self.class_), list(self.opposed(query, target))
        for group, other in opposed:
            for turned in (False, True) if self._both_asked(opposed) else (False,):
                sample = query.proportion(target.change, group, other, self.metric, of, self.at_least, turned=turned)
                barred = _barred(sample)
                yield target.contrast(self, group, sample, 0.0, other=other, sign=-1, barred=barred, turned=turned)

    def _both_asked(self, opposed: Sequence[object]) -> bool:
        """Say whether a limit on the other side asks anything new: not where each is compared with the other anyway."""
        return self.sides == "both" and not self.mutual(opposed)

    def sides_of(self, pairs: Sequence[Pair]) -> int:
        """Return on how many sides of its limit a ratio is looked at."""
        return 2 if self._both_asked(pairs) else 1

    def smallest_margin(self, contrasts: Sequence[Contrast], alpha: float) -> float:
        """Return the largest share with which all would have passed."""
        return min(_low(contrast, alpha) for contrast in contrasts)

    def slack(self, contrast: Contrast, alpha: float) -> float:
        """Return by how much the ratio's lower bound exceeds the limit."""
        return _low(contrast, alpha) - self.at_least

    def recorded(self, contrast: Contrast, alphas: Alphas) -> dict[str, float | None]:
        """Return the ratio with its limits; null where it rests on too few people, or nothing limits it."""
        low, high = _told_bounds(contrast, alphas)
        return {"ratio": _told_ratio(contrast), "ratio_lower": low, "ratio_upper": high}

    def truth(self, expected: Expected, ratio: float, times: float) -> ShareOfRate:
        """Return equal rates where nothing is wrong; the harm is as far below the limit as these lie above it."""
        from fairtransfer.stats.truths import ShareOfRate

        given, share = 1 - expected.error, max(0.0, 1 - times * (1 - self.at_least))
        return ShareOfRate(1 - share * given, given, self.at_least, ratio)

    def planned_sides(self, pairs: Sequence[Pair]) -> tuple[PlannedSide, ...]:
        """Return both sides, where the other is asked for and not compared anyway."""
        return (PlannedSide(), PlannedSide(turned=True)) if self._both_asked(pairs) else (PlannedSide(),)

    def truth_of(self, side: PlannedSide, expected: Expected, ratio: float, times: float) -> ShareOfRate:
        """Return the same; on the other side it is the others' rate that lies as far below the limit."""
        from fairtransfer.stats.truths import TurnedShare

        found = self.truth(expected, ratio, times)
        return TurnedShare(found.without, found.p_other, found.tau, found.ratio) if side.turned else found

    @property
    def harm_limit(self) -> float:
        """By how much a rate may fall short of its share: not at all."""
        return 0.0

    def told(self, value: float | None, measured_in: str | None, beside: float | None = None) -> str:  # noqa: ARG002  # a ratio has no unit
        """Return a ratio in words."""
        return formats.told_apart(formats.ratio, value, beside)

    @property
    def signed_limit(self) -> float:
        """The limit on the ratio itself."""
        return self.at_least

    def stated(self, measured_in: str | None) -> str:
        """Return the limit in words, or both."""
        return (
            f"{super().stated(measured_in)} to {self._upper}" if self.sides == "both" else super().stated(measured_in)
        )

    def limit_of(self, contrast: Contrast) -> str:
        """Return the limit on the side that a comparison is about."""
        return self._upper if contrast.turned else self.told(self.at_least, None, self.at_least)

    @property
    def _upper(self) -> str:
        limit = 1 / self.at_least
        return self.told(limit, None, limit)

    def _beside(self, side: str) -> Callable[[float | None], str]:
        """Return what writes a ratio that stands beside the limit on a side."""
        limit = self.at_least if side == "below" else 1 / self.at_least
        return lambda value: self.told(value, None, limit)

    def demanded(self, measured_in: str | None) -> str:
        """Return the limit, or both, as a table shows it."""
        return f"{'from' if self.sides == 'both' else 'at least'} {self.stated(measured_in)}"

    def described(self, contrast: Contrast, alphas: Alphas, *, failed: bool) -> str:
        """Return both rates, their ratio where it may be told, and the bound that decides."""
        low, high = _told_bounds(contrast, alphas)
        upper, write = failed == (contrast.side == "below"), self._beside(contrast.side)
        bound = f"at most {write(high)}" if upper else f"at least {write(low)}"
        ratio = _told_ratio(contrast)
        point = "" if ratio is None else f"{write(ratio)}, "
        return f"{_rates(contrast)}: ratio {point}{bound}"

    def measured(self, contrast: Contrast, alphas: Alphas) -> str:
        """Return both rates, and their ratio with both bounds."""
        (low, high), ratio, write = _told_bounds(contrast, alphas), _told_ratio(contrast), self._beside(contrast.side)
        point = "" if ratio is None else f"{write(ratio)}, "
        return f"{_rates(contrast)}: ratio {point}{_span(low, high, write)}"

    def own_cell(self, entry: ContrastResult) -> str:
        """Return the ratio with its bounds."""
        if entry.blocked:
            return "–"
        ratio, low, high = (entry.recorded[name] for name in ("ratio", "ratio_lower", "ratio_upper"))
        write = self._beside(entry.side)
        bounds = _span(low, high, write)
        point = "too few cases to tell" if ratio is None else write(ratio)
        return f"{point} ({bounds})"


def _barred(sample: RateRatioContrast | NotEstimable) -> tuple[str, ...]:
    from fairtransfer.findings.estimates.values import NotEstimable
    from fairtransfer.stats.gap import LEAST_EVENTS

    return () if isinstance(sample, NotEstimable) or sample.events >= LEAST_EVENTS else ("few_events",)


def _sample(contrast: Contrast) -> RateRatioContrast:
    """Return the rates of a comparison that can be evaluated."""
    return cast("RateRatioContrast", contrast.sample)


def _low(contrast: Contrast, alpha: float) -> float:
    """Return the ratio's lower limit, on the side of the gate's limit on which the verdict's own bound lies."""
    low, limit = _sample(contrast).bounds(1 - alpha).low, _sample(contrast).limit
    return max(low, limit) if contrast.upper(alpha) < 0 else min(low, limit)


def _high(contrast: Contrast, alpha: float) -> float | None:
    """Return the ratio's upper limit likewise."""
    high, limit = _sample(contrast).bounds(1 - alpha).high, _sample(contrast).limit
    if contrast.lower(alpha) > 0:
        return limit if high is None else min(high, limit)
    return None if high is None else max(high, limit)


def _told_bounds(contrast: Contrast, alphas: Alphas) -> Bounds:
    """Return the limits of the group's rate divided by the other's, whichever way the sample has it."""
    low, high = _low(contrast, alphas.passing), _high(contrast, alphas.failing)
    if not contrast.turned:
        return low, high
    return (0.0 if high is None else 1 / high), (1 / low if low > 0 else None)


def _told_ratio(contrast: Contrast) -> float | None:
    ratio = _sample(contrast).ratio
    return 1 / ratio if ratio and contrast.turned else ratio


def _rates(contrast: Contrast) -> str:
    """Return the group's rate and the other's."""
    sample = _sample(contrast)
    sides = (sample.second, sample.first) if contrast.turned else (sample.first, sample.second)
    own, others = (formats.percent(side.estimate) for side in sides)
    return f"{own}, {contrast.against} {others}"


def _span(low: float | None, high: float | None, write: Callable[[float | None], str]) -> str:
    return f"{write(low)} or more" if high is None else f"{write(low)} to {write(high)}"
