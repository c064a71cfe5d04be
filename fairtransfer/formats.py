"""The only place that turns numbers into words: rates, changes, intervals, counts, durations, sizes.

Files keep unrounded numbers; what a person reads is rounded here and nowhere else. A missing number is always a word.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

RATE_DIGITS = 1
RATIO_DIGITS = 2
NUMBER_DIGITS = 3
SIGNIFICANT = 3
"""Digits of a number in the label's own unit, which may be grams or millions."""
_MINUS = "−"  # a real minus sign: a hyphen is read as a dash by screen readers

STATUS_WORDS = {
    "suppressed": "hidden (small group)",
    "too_small": "too few cases",
    "undefined": "cannot be computed",
    "not_measured": "not measured",
}

OUTCOME_WORDS = {
    "pass": "PASS",
    "fail": "FAIL",
    "inconclusive": "NOT ENOUGH EVIDENCE",
    "not_applicable": "NOT APPLICABLE",
    "error": "COULD NOT RUN",
}

POLICY_WORDS = {
    "pass": "MEETS POLICY",
    "fail": "DOES NOT MEET POLICY",
    "inconclusive": "NOT ENOUGH EVIDENCE",
    "not_applicable": "NOTHING TO JUDGE",
    "error": "COULD NOT RUN",
}


PLAIN = (1e-6, 1e9)
"""Steps of an axis that are written without a power of ten."""


def _fixed(number: float, digits: int) -> str:
    text = f"{number:.{digits}f}"
    return text.replace("-", "") if float(text) == 0 else text.replace("-", _MINUS)


def percent(rate: float | None, more: int = 0) -> str:
    """Return a rate in [0, 1] as a percentage, ``14.1%``; a missing one as a dash. `more`: so many more digits."""
    return "–" if rate is None else f"{_fixed(100 * rate, RATE_DIGITS + more)}%"


def points(change: float | None, more: int = 0, *, unit: bool = True) -> str:
    """Return a change of a rate in percentage points with its sign, ``+6.8 points``; `more`: so many more digits."""
    if change is None:
        return "–"
    text = _fixed(100 * change, RATE_DIGITS + more)
    sign = "+" if change > 0 and float(f"{100 * change:.{RATE_DIGITS + more}f}") != 0 else ""
    return f"{sign}{text} points" if unit else f"{sign}{text}"


def ratio(value: float | None, more: int = 0) -> str:
    """Return a ratio of two rates, ``0.82``; a missing one as a dash. `more`: so many more digits."""
    return "–" if value is None else _fixed(value, RATIO_DIGITS + more)


def percent_interval(interval: Sequence[float] | None) -> str:
    """Return an interval of rates, ``10.2 to 18.9``; the rate before it carries the sign."""
    return "–" if interval is None else f"{percent(interval[0])[:-1]} to {percent(interval[1])[:-1]}"


def points_interval(interval: Sequence[float] | None) -> str:
    """Return an interval of changes, ``+3.0 to +10.5``."""
    return "–" if interval is None else f"{points(interval[0], unit=False)} to {points(interval[1], unit=False)}"


def number(value: float | None, more: int = 0) -> str:
    """Return a value that is no rate, such as an AUC or a loss, ``0.873``; a missing one as a dash. `more`: more digits."""
    return "–" if value is None else _fixed(value, NUMBER_DIGITS + more)


def number_change(value: float | None, more: int = 0) -> str:
    """Return a change of such a value with its sign, ``+0.012``; `more`: so many more digits."""
    text = number(value, more)
    return f"+{text}" if value is not None and value > 0 and float(f"{value:.{NUMBER_DIGITS + more}f}") != 0 else text


def number_interval(interval: Sequence[float] | None) -> str:
    """Return an interval of such values, ``0.846 to 0.919``."""
    return "–" if interval is None else f"{number(interval[0])} to {number(interval[1])}"


def number_change_interval(interval: Sequence[float] | None) -> str:
    """Return an interval of such changes, ``−0.038 to +0.021``."""
    return "–" if interval is None else f"{number_change(interval[0])} to {number_change(interval[1])}"


def quantity(value: float | None, more: int = 0) -> str:
    """Return a number in the label's own unit to three significant digits, ``1,234``, ``12.3``, ``0.00123``, or to `more`."""
    return "–" if value is None else _with_digits(value, _decimals(value) + more)


def _with_digits(value: float, digits: int, *, signed: bool = False) -> str:
    text = f"{value:,.{digits}f}"
    if float(f"{value:.{digits}f}") == 0:
        return text.replace("-", "")
    return f"+{text}" if signed and value > 0 else text.replace("-", _MINUS)


def _decimals(value: float) -> int:
    return 0 if value == 0 else max(0, SIGNIFICANT - 1 - math.floor(math.log10(abs(value))))


def tick(value: float, step: float) -> str:
    """Return a number along an axis, with as many decimals as its steps need: ``0.25``, ``−40``, ``1,200``, ``2e−09``."""
    if PLAIN[0] <= step < PLAIN[1] or value == 0:
        return _with_digits(value, max(0, -math.floor(math.log10(step) + 1e-9)) if value else 0)
    return f"{value:.6g}".replace("-", _MINUS)


def quantity_change(value: float | None, more: int = 0) -> str:
    """Return a change of such a number with its sign, ``+1.23``."""
    return f"+{quantity(value, more)}" if value is not None and value > 0 else quantity(value, more)


def quantity_interval(interval: Sequence[float] | None) -> str:
    """Return an interval of such numbers, ``1.05 to 1.44``."""
    return _ends(interval, signed=False)


def quantity_change_interval(interval: Sequence[float] | None) -> str:
    """Return an interval of such changes, ``−1.29 to +0.104``."""
    return _ends(interval, signed=True)


def _ends(interval: Sequence[float] | None, *, signed: bool) -> str:
    """Return both ends with as many decimals as the one farther from zero has."""
    if interval is None:
        return "–"
    digits = _decimals(max(interval, key=abs))
    return " to ".join(_with_digits(end, digits, signed=signed) for end in interval)


@dataclass(frozen=True, slots=True)
class Wording:
    """How a metric's values and changes are put into words.

    Attributes
    ----------
    unit
        What its changes are counted in; empty where that is not known, or there is none.
    scale
        What values are multiplied by in charts.
    axis
        What its values are counted in, in charts.
    """

    value: Callable[[float | None], str]
    interval: Callable[[Sequence[float] | None], str]
    change: Callable[[float | None], str]
    change_interval: Callable[[Sequence[float] | None], str]
    unit: str = ""
    scale: float = 1.0
    axis: str = ""


def _points_only(change: float | None) -> str:
    return points(change, unit=False)


RATE = Wording(percent, percent_interval, _points_only, points_interval, "points", 100.0, "%")
SCORE = Wording(number, number_interval, number_change, number_change_interval)


def in_unit(unit: str) -> Wording:
    """Return the wording of numbers in the label's own unit; empty where it is not known."""
    return Wording(quantity, quantity_interval, quantity_change, quantity_change_interval, unit, 1.0, unit)


def told_apart(write: Callable[[float | None, int], str], value: float | None, beside: float | None) -> str:
    """Return a number with as many digits as it takes to tell it from the limit it stands beside.

    A bound of 0.3004 beside a limit of 0.3 is ``0.3004``: rounded, it would seem to hold. The limit itself (a number beside
    itself) is written whole, as the policy has it; one that has no end, such as a ninth, with two digits more.
    """
    if value is None or beside is None:
        return write(value, 0)
    tried = range(_MOST_MORE + 1)
    if value == beside:
        return next((text for more in tried if _is_whole(text := write(value, more), value)), write(value, 2))
    return next((text for more in tried if (text := write(value, more)) != write(beside, more)), write(value, 0))


_MOST_MORE = 7
"""Numbers that differ from their limit farther behind the point are told as if they were on it."""


def _is_whole(text: str, value: float) -> bool:
    """Say whether a number is written without rounding, as a share or in percent."""
    digits = re.search(r"\d[\d,]*(\.\d+)?", text)
    written = float(digits[0].replace(",", "")) if digits else math.nan
    shares = written / 100 if "%" in text or text.endswith("points") else written
    return math.isclose(shares, abs(value), rel_tol=1e-9)


def limit_of(value: float | None, *, level: bool, rate: bool, beside: float | None = None) -> str:
    """Return what a gate compares: a level or a change, of a rate (percent, points) or of something else (a number).

    Parameters
    ----------
    beside
        The limit it is compared with, and told apart from.
    """
    write = (percent if level else points) if rate else (number if level else number_change)
    return told_apart(write, value, beside)


def limit_in_unit(value: float | None, unit: str, *, level: bool, beside: float | None = None) -> str:
    """Return the same of a label that is a number, with its unit where this is known: ``2.31 days``, ``+0.500 days``."""
    return told_apart(quantity if level else quantity_change, value, beside) + (f" {unit}" if unit else "")


def stated_limit(value: float, unit: str, *, level: bool) -> str:
    """Return a limit as a policy states it, whole; where its unit is not known, that it is the label's."""
    return limit_in_unit(value, unit or "in the label's unit", level=level, beside=value)


def p_value(value: float) -> str:
    """Return a p-value, ``0.012``; never 0."""
    return "below 0.001" if value < 0.001 else f"{value:.3f}"


def per_hundred(rate: float | None) -> str:
    """Return a rate as people: ``14 of every 100``; rates that are neither 0 nor 1 are never shown as 0 or 100."""
    if rate is None:
        return "–"
    whole = round(100 * rate)
    if whole == 0 and rate > 0:
        return "fewer than 1 of every 100"
    if whole == 100 and rate < 1:
        return "more than 99 of every 100"
    return f"{whole} of every 100"


def count(number: float | None) -> str:
    """Return a count with thousands separated, ``1,204``; averages over seeds keep one decimal."""
    if number is None:
        return "–"
    return f"{int(number):,}" if float(number).is_integer() else f"{number:,.1f}"


def mean_count(number: float) -> str:
    """Return a mean of counts with one decimal, ``12.5``."""
    return f"{number:,.1f}"


def noun(number: float, word: str, many: str | None = None) -> str:
    """Return the word alone as the number wants it: ``person`` or ``people``."""
    return word if number == 1 else many or f"{word}s"


def plural(number: float, word: str, many: str | None = None) -> str:
    """Return ``1 person`` or ``3 people``."""
    return f"{count(number)} {noun(number, word, many)}"


def seconds(duration: float) -> str:
    """Return a duration for people: ``0.4 s``, ``41 s``, ``3 min 12 s``, ``2 h 05 min``."""
    if duration < 10:
        return f"{duration:.1f} s"
    if duration < 90:
        return f"{duration:.0f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def size(octets: float) -> str:
    """Return a number of bytes for people: ``412 KiB``, ``1.4 GiB``."""
    for unit in ("bytes", "KiB", "MiB"):
        if octets < 1024:
            return f"{octets:.0f} {unit}"
        octets /= 1024
    return f"{octets:.1f} GiB"


def operations(number: float) -> str:
    """Return a number of floating-point operations for people: ``3.4 GFLOP``, ``12 TFLOP``."""
    for unit in ("FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP"):
        if number < 999.5:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:,.3g} PFLOP"


def energy(kwh: float) -> str:
    """Return an energy for people: ``0.42 Wh``, ``1.3 kWh``."""
    return f"{kwh:.3g} kWh" if kwh >= 1 else f"{kwh * 1000:.3g} Wh"


def group_name(group: Mapping[str, str]) -> str:
    """Return a group as ``language=hausa & register=formal``; the empty group is everyone."""
    return " & ".join(f"{attribute}={value}" for attribute, value in group.items()) or "everyone"


def group_label(group: Mapping[str, str]) -> str:
    """Return a group's values only, for a table whose heading names the attributes: ``hausa & formal``."""
    return " & ".join(group.values()) or "everyone"


def listing(words: Sequence[str], most: int | None = None) -> str:
    """Return ``a``, ``a and b`` or ``a, b and c``; with more words than `most`, ``a, b and 5 more``."""
    if most is not None and len(words) > most:
        words = [*words[:most], f"{count(len(words) - most)} more"]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def times(factor: float) -> str:
    """Return a factor, ``2.2 times``."""
    return f"{_fixed(factor, 1)} times"


def chance(probability: float) -> str:
    """Return a probability in whole percent, ``80%``; one that is neither 0 nor 1 is shown as neither."""
    if 0 < probability < 0.005:
        return "<1%"
    return ">99%" if 0.995 < probability < 1 else f"{round(100 * probability)}%"
