"""What is foreseen of a run, as short tables and sentences: the same on the command line, a console and in a notebook."""

from __future__ import annotations

from fairtransfer import formats
from fairtransfer.display import Grid
from fairtransfer.foresight import Foresight, GroupForesight, Reuse, SourceForesight
from fairtransfer.gates.gate_power import GatePower, GroupPower
from fairtransfer.gates.number_power import NumberGatePower
from fairtransfer.outcomes.table import metric_named
from fairtransfer.runner.disk import Disk
from fairtransfer.stats.planning import price_in_seeds, price_of_reuse

_USUAL = 20
"""How many evaluations a policy plans if it does not say."""

_SPREADS = {
    "changes": "how the size of the error changes",
    "errors": "prediction minus truth",
    "sizes": "the size of the error",
    "values": "the values",
    "changes of values": "how the values change",
}


def models_grid(seen: Foresight) -> Grid:
    """Return what would run: each model with its label budgets, seeds and jobs."""
    rows = tuple(
        (
            f"{m.strategy}, again" if m.again else m.strategy,
            ", ".join(m.budgets),
            str(m.seeds),
            f"{m.done} of {m.jobs}",
            expected_time(m.seconds),
        )
        for m in seen.models
    )
    return Grid("What would run", ("model", "label budgets", "seeds", "jobs done", "expected time"), rows, words=2)


def gate_title(gate: GatePower | NumberGatePower) -> str:
    """Return which gate is foreseen, with its limit and on which benchmark."""
    return f"{gate.gate}, limit {gate.limit}, on {gate.benchmark}"


def gate_grid(gate: GatePower) -> Grid:
    """Return a gate's chances in every group."""
    # Comparisons with everyone else share people, so that the chance of all is drawn, not multiplied.
    chance = f"chance that all pass if nothing is wrong: {_drawn(gate)}"
    pairs = any(group.against not in ("", "everyone else") for group in gate.groups)
    units = any(group.units != group.cases for group in gate.groups)
    headings = ("group", "cases", *(["units"] if units else []), "passes", "found", "to pass", "to find", "shown")
    return Grid(chance, headings, tuple(_group(group, pairs=pairs, units=units) for group in gate.groups))


def numbers_grid(gate: NumberGatePower) -> Grid:
    """Return with how much spread each group would settle a gate on numbers."""
    units = any(group.units != group.cases for group in gate.groups)
    unit = f", {gate.measured_in}" if gate.measured_in else ""
    headings = ("group", "cases", *(["units"] if units else []), f"passes if sd is at most{unit}")
    rows = tuple(
        (
            formats.group_label(group.group) + (f" against {group.against}" if group.against else ""),
            formats.count(group.cases),
            *([formats.count(group.units)] if units else []),
            "too few cases" if group.largest_sd is None else formats.quantity(group.largest_sd),
        )
        for group in gate.groups
    )
    return Grid(f"sd: of {_SPREADS[gate.about]}, from {'unit to unit' if units else 'case to case'}", headings, rows)


def rest_grid(seen: Foresight) -> Grid:
    """Return the groups that no gate judges: everyone's where there is no gate."""
    judged = {(gate.benchmark, gate.by) for gate in seen.gates}
    rest = [group for group in seen.groups if (group.benchmark, tuple(group.group)) not in judged]
    several = len({group.benchmark for group in seen.groups}) > 1

    def row(group: GroupForesight) -> tuple[str, ...]:
        name = formats.group_label(group.group) + (f" of {group.benchmark}" if several else "")
        shown = formats.points(group.detectable, unit=False).lstrip("+")
        return name, formats.count(group.cases), formats.count(group.units), shown

    return Grid("Groups that no gate judges", ("group", "cases", "units", "shown"), tuple(map(row, rest)))


def disk_needed(disk: Disk) -> str:
    """Return how much disk is needed, and for what."""
    # The run's folder holds a copy of the answers.
    parts = [(2 * disk.answers, "of answers"), (disk.weights, "of the source's weights")]
    parts.append((disk.kept or 0, "of what the network makes of rows, kept for later audits"))
    parts.append((disk.temporary or 0, "of temporary files"))
    listed = ", ".join(f"{formats.size(size)} {what}" for size, what in parts if size)
    missing = "; what the network makes of rows comes on top" if disk.kept is None else ""
    return f"about {listed or formats.size(0)}{missing}"


def expected_time(seconds: float | None) -> str:
    """Return how long something takes, or that it is not predicted."""
    return "not predicted" if seconds is None else formats.seconds(seconds)


def source_sentence(source: SourceForesight) -> str:
    """Return what is known of a source that is trained here first."""
    rows = f"{formats.count(source.train)} rows + {formats.count(source.validation)} for validation"
    state = "trained already" if source.done else "to be trained first"
    return f"source {source.id} on {source.card}: {rows}, {formats.count(source.left_out)} left out; {state}"


def reuse_sentence(reuse: Reuse) -> str:
    """Return what it costs to use a benchmark several times."""
    if reuse.planned == 1:
        price = formats.times(price_of_reuse(_USUAL, reuse.alpha))
        wider = price_in_seeds(_USUAL, reuse.alpha, reuse.seeds) if reuse.seeds else None
        return (
            f"alpha {reuse.alpha:g} for the one evaluation that is planned on this benchmark version: a second model can fail "
            f"and not pass; {_USUAL} would take {price} the cases{_of_seeds(reuse.seeds, wider, 'make')}."
        )
    return (
        f"passes share alpha {reuse.alpha:g} among {reuse.planned} planned evaluations of this benchmark version, "
        f"{reuse.alpha_run:g} each: that takes {formats.times(reuse.price)} the cases of a single one, "
        f"which the numbers above allow for"
        f"{_of_seeds(reuse.seeds, reuse.wider, 'makes')}."
    )


def _of_seeds(seeds: int | None, wider: float | None, makes: str) -> str:
    """Return what sharing alpha does to the spread over seeds; few seeds pay more for it than cases do."""
    return f", and {makes} what {seeds} seeds add to a bound {formats.times(wider)} as wide" if seeds and wider else ""


def _drawn(gate: GatePower) -> str:
    """Return the chance that all pass; where no draw did, or every one, it is still not certain."""
    passes = [group.passes for group in gate.groups]
    if gate.passes in (0.0, 1.0) and passes and 0 < min(passes) < 1:
        return "<1%" if gate.passes == 0 else ">99%"
    return formats.chance(gate.passes)


def _group(group: GroupPower, *, pairs: bool, units: bool) -> tuple[str, ...]:
    name = formats.group_label(group.group) + (f", {metric_named(group.metric).plain}" if group.metric else "")
    return (
        f"{name} against {group.against}" if pairs else name,
        formats.count(group.cases),
        *([formats.count(group.units)] if units else []),
        formats.chance(group.passes),
        formats.chance(group.fails),
        formats.count(group.needed_to_pass),
        formats.count(group.needed_to_fail),
        formats.points(group.detectable, unit=False).lstrip("+"),
    )
