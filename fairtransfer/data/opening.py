"""Opening a benchmark: a data card's rows are read and checked against everything the card says about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from fairtransfer.data import groups, labels, splits
from fairtransfer.data.benchmark import Benchmark, place
from fairtransfer.data.items import Items, picked
from fairtransfer.data.ledger import Ledger, by_group
from fairtransfer.data.row_checks import row_problems
from fairtransfer.data.rows import CardRows, read_rows
from fairtransfer.errors import Problem, Problems, shown
from fairtransfer.formats import plural
from fairtransfer.spec.card import LoadedCard
from fairtransfer.spec.card_splits import MadeSplits


def open_benchmark(loaded: LoadedCard, data_root: Path | None = None, problems: Problems | None = None) -> Benchmark:
    """Read a card's data and check everything the card says about it.

    Parameters
    ----------
    data_root
        The operator's data folder, for files the card places `under: data_root`.

    Raises
    ------
    DefinitionError
        With every contradiction between the card and its data.
    """
    collected = Problems()
    benchmark = _Opening(loaded, data_root, collected).open()
    if problems is not None:
        problems.extend(collected)
    collected.raise_if_any()
    assert benchmark is not None, "data that cannot be read has been reported"
    return replace(benchmark, warnings=collected.warnings)


class _Opening:
    """The steps from a card to a benchmark; each adds the problems it finds and the next go on where they can."""

    def __init__(self, loaded: LoadedCard, data_root: Path | None, problems: Problems) -> None:
        self.loaded, self.card, self.data_root, self.problems = loaded, loaded.card, data_root, problems

    def open(self) -> Benchmark | None:
        rows = read_rows(self.loaded, self.data_root, self.problems)
        if rows is None:
            return None
        reasons: list[str | None] = [None] * rows.n
        y = self.labels(rows, reasons)
        columns = self.attributes(rows, reasons)
        units = self.units(rows)
        split = self.split(rows, units, y, columns, reasons)
        self.take(row_problems(self.card, rows.inputs.keys() if rows.sound else None, units, split, y))
        if self.problems.errors:
            return None
        order = sorted((i for i, reason in enumerate(reasons) if reason is None), key=lambda i: rows.ids[i])
        ledger = self.ledger(rows, columns, reasons)
        left_out = tuple(rows.ids[i] for i, reason in enumerate(reasons) if reason is not None)
        # A row without a group is left out, so that no column loses a value here.
        attributes = {name: tuple(v for i in order if (v := values[i]) is not None) for name, values in columns.items()}
        items = Items(picked(rows.ids, order), picked(y, order), picked(split, order), picked(units, order), attributes)
        inputs = rows.inputs.take(order)
        noticed = {what: frozenset(rows.ids[i] for i in told) for what, told in sorted(rows.noticed.items()) if told}
        return Benchmark(
            self.loaded, self.card.label.classes, items, inputs, ledger, left_out=left_out, noticed=noticed
        )

    def ledger(self, rows: CardRows, columns: dict[str, list[str | None]], reasons: list[str | None]) -> Ledger:
        """Return where every row of the card goes, whichever side it will be on."""
        of_reason: dict[str, list[int]] = {}
        for row, reason in enumerate(reasons):
            if reason is not None:
                of_reason.setdefault(reason, []).append(row)
        used = {what: [i for i in told if reasons[i] is None] for what, told in sorted(rows.noticed.items())}
        groups = {what: by_group(columns, told) for what, told in {**of_reason, **used}.items()}
        excluded = {reason: len(told) for reason, told in of_reason.items()}
        notes = {**rows.notes, **{what: len(told) for what, told in used.items()}}
        return Ledger(rows.n).without(excluded, groups).noting(dict(sorted(notes.items())), groups)

    def take(self, found: Iterable[Problem]) -> None:
        """Place problems of the data at the card's entries for them."""
        for problem in found:
            self.problems.add(place(self.loaded, problem))

    def labels(self, rows: CardRows, reasons: list[str | None]) -> list[str]:
        values = rows.columns[self.card.label.column]
        found, problems, noticed = labels.given(self.card.label, values)
        self.take(problems)
        rows.noticed.update(noticed)
        for i, value in enumerate(values):
            if value is None:
                reasons[i] = "label missing"
        return found

    def attributes(self, rows: CardRows, reasons: list[str | None]) -> dict[str, list[str | None]]:
        columns: dict[str, list[str | None]] = {}
        for attribute in self.card.attributes:
            assigned, problems = groups.assign(attribute, rows.columns[attribute.column])
            self.take(problems)
            columns[attribute.name] = assigned.values
            for i, value in enumerate(assigned.values):
                if value is None and reasons[i] is None:
                    reasons[i] = f"{attribute.name} missing"
            rows.noticed.update(assigned.noticed)
        return columns

    def units(self, rows: CardRows) -> list[str]:
        if not self.card.unit:
            return list(rows.ids)
        columns = [rows.columns[name] for name in self.card.unit]
        blank = sum(None in parts for parts in zip(*columns, strict=True))
        if blank:
            found = f"{plural(blank, 'row')} without a value in the unit column ({', '.join(self.card.unit)})"
            self.take([Problem("FT-D059", found, path="unit")])
        return [" / ".join(str(part) for part in parts) for parts in zip(*columns, strict=True)]

    def split(
        self,
        rows: CardRows,
        units: list[str],
        y: list[str],
        columns: dict[str, list[str | None]],
        reasons: list[str | None],
    ) -> list[str]:
        how = self.card.splits
        if how == "none":
            return [splits.OUTSIDE] * rows.n
        if isinstance(how, MadeSplits):
            for name in how.make.stratify:
                if name not in columns:
                    unknown = f"`{shown(name)}` is not an attribute of this card"
                    self.take([Problem("FT-Y033", unknown, path="splits")])
            layers = [columns[name] for name in how.make.stratify if name in columns]
            by_label = splits.strata(y) if self.card.label.type == "number" else y
            strata = ["\0".join(map(str, values)) for values in zip(by_label, *layers, strict=True)]
            used = [i for i, reason in enumerate(reasons) if reason is None]
            chosen = dict(zip(used, splits.made(how, [units[i] for i in used], [strata[i] for i in used]), strict=True))
            return [chosen.get(i, splits.OUTSIDE) for i in range(rows.n)]
        found, problems = splits.given(how, rows.columns[how.column])
        self.take(problems)
        return found
