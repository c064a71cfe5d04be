"""Which figures a report shows, and the numbers they are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from fairtransfer import formats
from fairtransfer.findings.gap_details import Group
from fairtransfer.findings.rows import Finding, Stage
from fairtransfer.gates.gate import gate_of
from fairtransfer.report import charts, curves, dots, sentences, svg
from fairtransfer.report.chart_data import CurvePoint, Dot, Move, Published, Span
from fairtransfer.report.charts import Figure
from fairtransfer.report.subject import Subject
from fairtransfer.report.who_changed import how_sure, settled

MOST_GROUPS = 60
"""A chart with more rows than this is not readable; its table is."""

MOST_ON_FRONT = 8
"""Groups that the decision page's picture shows: of more, the worst served."""

MOST_PANELS = 24
"""Groups with a learning curve of their own."""

MOST_IN_CAPTION = 4
"""Groups named in a caption; the table holds all."""


def first_figure(subject: Subject) -> Figure | None:
    """Return the picture of the decision page: of the view that decided the verdict, of many groups those served worst."""
    if not subject.can_be_told:
        return None
    drawer, first = _Drawer(subject), _decisive(subject)
    views = [(benchmark, view) for benchmark in subject.study.benchmarks for view in benchmark.views]
    views.sort(key=lambda pair: (pair[0].id, frozenset(pair[1])) != first)
    found = (drawer.dots(benchmark.key, view, MOST_ON_FRONT) for benchmark, view in views)
    return next((figure for figure in found if figure is not None), None)


def _decisive(subject: Subject) -> tuple[str, frozenset[str]] | None:
    """Return benchmark and attributes of what decided the gate that decided; None where nothing did."""
    entries = subject.deciding.decided_by if subject.deciding is not None else ()
    return next(((entry.benchmark, frozenset(entry.group)) for entry in entries), None)


def figures(subject: Subject) -> tuple[Figure, ...]:
    """Return the figures of a report: per view before, after and change; per benchmark the learning curves."""
    return tuple(_Drawer(subject).all()) if subject.can_be_told else ()


class _Drawer:
    def __init__(self, subject: Subject) -> None:
        self.subject, self.study, self.rows = subject, subject.study, subject.rows
        self.metric, self.class_label = subject.metric
        self.measure = sentences.metric_name(self.metric, self.class_label)
        self.model = (subject.strategy, subject.budget)
        self.words = subject.words

    def all(self) -> Iterator[Figure]:
        for benchmark in self.study.benchmarks:
            for view in benchmark.views:
                if figure := self.dots(benchmark.key, view):
                    yield figure
                if view == benchmark.views[0] and (lines := self.curves(benchmark.key, view)):
                    yield lines

    def row(self, key: str, stage: Stage, group: Group, model: tuple[str, str | None] | None = None) -> Finding | None:
        strategy, budget = (None, None) if stage == "before" else model or self.model
        found = self.rows.find(key, stage, self.metric, group, strategy, budget, self.class_label)
        return found if found is not None and found.status == "ok" else None

    def dots(self, key: str, view: tuple[str, ...], most: int | None = None) -> Figure | None:
        """Draw a view before and after; of more than `most` groups, those served worst after."""
        groups = self.rows.groups(key, view)
        shown = [(g, row) for g in groups if (row := self.row(key, "after", g)) is not None]
        if not shown or (most is None and len(shown) > MOST_GROUPS):
            return None
        worse_high = shown[0][1].harm_direction == "higher_is_worse"
        shown.sort(key=lambda pair: pair[1].estimate or 0.0, reverse=worse_high)
        cut, shown = most is not None and len(shown) > most, shown[:most]
        labels = {tuple(g.values()): f"{formats.group_label(g)} (n={formats.count(row.n)})" for g, row in shown}
        points: list[Dot] = []
        moves: list[Move] = []
        for group, after in shown:
            label = labels[tuple(group.values())]
            if (before := self.row(key, "before", group)) is not None:
                points.append(Dot(label, "before", self._scaled(before)))
            points.append(Dot(label, "after", self._scaled(after)))
            if (moved := self.row(key, "change", group)) is not None:
                moves.append(Move(label, self._scaled(moved), clear=how_sure(moved) == "clearly"))
        anchor = f"{'p' if cut else 'f'}-{key.split('@')[0]}-{'-'.join(view)}"
        limit, margin = self.limit("value", key, view), self.limit("change", key, view)
        margin = margin if margin is None or worse_high else -margin
        chart = dots.before_after(
            points,
            moves,
            list(labels.values()),
            self.measure,
            _limit(limit, self.words.value, self.words.scale),
            _limit(margin, self.words.change, self.words.scale),
            "right" if worse_high else "left",
            self.words,
        )
        only = f", the {len(shown)} worst served of {len(groups)} groups" if cut else ""
        stages = f" {self.subject.stages.both}," if self.study.has_before else ""
        title = f"{sentences.metric_title(self.metric, self.class_label)}{stages} by {' and '.join(view)}{only}"
        text = self._described(key, shown)
        caption = self._caption(key, shown, every=len(shown) == len(groups))
        if cut:
            caption += f" (the {len(shown)} worst served of {len(groups)})"
        return Figure(anchor, caption, title, text, svg.document(chart, anchor, title, text))

    def limit(self, side: Literal["value", "change"], key: str, view: tuple[str, ...]) -> float | None:
        """Return the limit, as the gate has it, that is drawn on a side of the chart of this metric, benchmark and view."""
        name = next(benchmark.id for benchmark in self.study.benchmarks if benchmark.key == key)
        drawn = (gate for gate in map(gate_of, self.study.gates) if gate.drawn_on == side)
        asked = (gate for gate in drawn if set(gate.by) == set(view) and gate.judges(name, view))
        mine = (gate for gate in asked if self.subject.asks(gate) == (self.metric, self.class_label))
        return next((gate.limit for gate in mine), None)

    def _caption(self, key: str, shown: list[tuple[Group, Finding]], *, every: bool) -> str:
        """Return the message of the figure, as a sentence; it claims nothing about groups that are not shown."""
        if not self.study.has_before:
            (worst, row), among = shown[0], "" if every else ", of the groups shown"
            value = f"{self.words.value(row.estimate)} of {formats.plural(row.n or 0, 'case')}"
            return f"Worst served{among}: {formats.group_label(worst)}, {self.measure} {value}"
        moved = [(formats.group_label(g), self.row(key, "change", g)) for g, _ in shown]
        by, stages = f"by {self.measure}", self.subject.stages
        worse, better = (
            [name for name, row in moved if how_sure(row) == "clearly" and settled(row) == side]
            for side in ("worse", "better")
        )
        alone = [f"{name} is {settled(row)} off" for name, row in moved if how_sure(row) == "alone"]
        step = stages.step[0].upper() + stages.step[1:]
        on_its_own = f"; on its own, not surely among all groups, {_some(alone)}" if alone else ""
        if worse:
            helped = f"{',' if len(worse) > 1 else ''} and helps {_some(better)}" if better else ""
            return f"{step} clearly harms, {by}, {_some(worse)}{helped}{on_its_own}"
        if len(better) == len(moved) and every:
            return f"Every group is clearly better off {by} {stages.after}"
        if better:
            return (
                f"{step} clearly helps, {by}, {_some(better)}; for no other group a clear change is shown{on_its_own}"
            )
        end = "" if every else " shown here"
        if alone:
            return f"No group{end} changed clearly {by}{on_its_own}"
        return f"The data do not tell whether, {by}, {stages.step} helped or harmed any group{end}"

    def _described(self, key: str, shown: list[tuple[Group, Finding]]) -> str:
        group, after = shown[0]
        before = self.row(key, "before", group)
        was = f"{self.words.value(before.estimate)} {self.subject.stages.before}, " if before else ""
        now = f"{self.words.value(after.estimate)}{f' {self.subject.stages.after}' if self.study.has_before else ''}"
        return f"Worst served here: {formats.group_label(group)}, {was}{now}. Data in the table below."

    def curves(self, key: str, view: tuple[str, ...]) -> Figure | None:
        budgets = dict(self.study.label_budgets)
        models = self.rows.models(key)
        groups = self.rows.groups(key, view)
        if len(budgets) < 2 or not models or len(groups) > MOST_PANELS:
            return None
        points: list[CurvePoint] = []
        published: list[Published] = []
        for group in [{}, *groups]:
            panel = formats.group_label(group)
            if (before := self.row(key, "before", group)) is not None:
                published.append(Published(panel, self.words.scale * (before.estimate or 0.0)))
            for strategy, budget in models:
                row = self.row(key, "scratch" if strategy == self.study.scratch else "after", group, (strategy, budget))
                if row is not None:
                    points.append(CurvePoint(panel, strategy, budgets[budget or ""], self._scaled(row)))
        if not points:
            return None
        names = list(dict.fromkeys(strategy for strategy, _ in models))
        panels = list(dict.fromkeys(point.panel for point in points))  # groups without numbers have no plot
        chart = curves.learning_curves(
            points, published, panels, names, self.measure, sorted(budgets.values()), self.words
        )
        anchor = f"c-{key.split('@')[0]}"
        name = sentences.metric_title(self.metric, self.class_label)
        title = f"{name} by number of labels, for everyone and by {' and '.join(view)}"
        text = (
            f"One panel for everyone and one for each of {len(panels) - 1} groups; a line per strategy, the model as published "
            "dashed. Data in the full tables."
        )
        return Figure(
            anchor,
            f"What more labels buy by {self.measure}, and for whom (dashed: the model as published)",
            title,
            text,
            svg.document(chart, anchor, title, text),
        )

    def _scaled(self, row: Finding) -> Span:
        """Return value and limits as a chart draws them: rates in percent, numbers in their own unit."""
        assert row.estimate is not None, "rows that are drawn have a value"
        assert row.ci is not None, "and limits"
        if self.words.scale == 1:
            return Span(*(float(f"{value:.6g}") for value in (row.estimate, *row.ci)))
        return Span(*(round(self.words.scale * value, 4) for value in (row.estimate, *row.ci)))


def _limit(at: float | None, words: Callable[[float], str], scale: float) -> charts.Limit | None:
    return None if at is None else charts.Limit(scale * at, f"limit {words(at)}")


def _some(names: list[str]) -> str:
    return formats.listing(names, MOST_IN_CAPTION)
