"""Answers that were given elsewhere, joined with the rows that are judged: by item id, every answer accounted for."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fairtransfer.data.answer_words import AnswerWords
from fairtransfer.data.benchmark import LABEL_JOIN
from fairtransfer.data.labels import finite
from fairtransfer.data.ledger import Ledger, by_group
from fairtransfer.data.prediction_file import PredictionFile
from fairtransfer.data.predictor import Predictor
from fairtransfer.data.sides import EvaluationData
from fairtransfer.errors import shown
from fairtransfer.formats import plural
from fairtransfer.outcomes.metric import Limits
from fairtransfer.spec.spelling import listed, meant, spelled_otherwise

MOST_LISTED = 20
"""Different answers outside the classes that are listed for each model."""

UNJUDGED = "answers to items that are not judged"

Tell = Callable[[str, str, str, str], None]


@dataclass(frozen=True)
class Joined:
    """What every model answers to every judged item.

    Attributes
    ----------
    pred
        ``(model, benchmark id) -> answers`` in the order of the judged rows; empty where an answer is no class.
    ledgers
        ``benchmark id ->`` what became of the answers in the file.
    outside
        ``benchmark id -> model -> answer -> rows`` of the most frequent answers that are no class.
    values
        ``(model, benchmark id) -> column -> numbers`` in the same order, of the columns that means are asked of.
    """

    pred: Mapping[tuple[Predictor, str], tuple[str, ...]]
    ledgers: Mapping[str, Ledger]
    outside: Mapping[str, Mapping[str, Mapping[str, int]]]
    values: Mapping[tuple[Predictor, str], Mapping[str, tuple[float, ...]]]


def join_predictions(
    predictions: PredictionFile,
    judged: Mapping[str, EvaluationData],
    classes: tuple[str, ...],
    tell: Tell,
    *,
    multilabel: bool = False,
    numeric: bool = False,
    means: Mapping[str, Limits] | None = None,
    words: AnswerWords | None = None,
) -> Joined:
    """Join every model's answers with the judged rows.

    Parameters
    ----------
    tell
        Called with code, what was found, what is allowed and what to do, for everything that does not fit; then the
        result is not complete.
    numeric
        Answers are numbers: one that is none is refused, as nobody could say how far off it is.
    means
        Columns that means are asked of, in the order in which they were read, and what their numbers can be.
    words
        How answers are read: which word means which class, and what parts the classes of one answer.
    """
    joiner = _Joiner(
        predictions, classes, means or {}, words or AnswerWords({}), multilabel=multilabel, numeric=numeric
    )
    for name, side in judged.items():
        joiner.benchmark(name, side)
    for (code, _), (first, n) in joiner.faults.items():
        more = f" (and so for {n - 1:,} more)" if n > 1 else ""
        tell(code, first + more, "", _ADVICE[code])
    return Joined(joiner.pred, joiner.ledgers, joiner.outside, joiner.values)


_ADVICE = {
    "FT-P012": "write answers and classes the same way",
    "FT-P101": "each would count as an error; write them as the classes are written",
    "FT-P105": "write the classes only; a row without any is empty",
    "FT-P037": "every model answers every judged item",
    "FT-P038": "items are joined by their id in the card's data",
    "FT-P047": "give every judged item a finite number of every model, within the ends that the metric says",
    "FT-P061": "give a finite number for every judged item, such as 12 or 3.5, without its unit",
}


class _Joiner:
    def __init__(
        self,
        predictions: PredictionFile,
        classes: tuple[str, ...],
        means: Mapping[str, Limits],
        words: AnswerWords,
        *,
        multilabel: bool,
        numeric: bool,
    ) -> None:
        self.means, self.words = means, words
        self.values: dict[tuple[Predictor, str], dict[str, tuple[float, ...]]] = {}
        self.predictions, self.classes, self.multilabel, self.numeric = predictions, classes, multilabel, numeric
        self.pred: dict[tuple[Predictor, str], tuple[str, ...]] = {}
        self.ledgers: dict[str, Ledger] = {}
        self.outside: dict[str, dict[str, dict[str, int]]] = {}
        self.faults: dict[tuple[str, str], tuple[str, int]] = {}

    def benchmark(self, name: str, side: EvaluationData) -> None:
        """Join one benchmark, model by model."""
        wanted, rows, unjudged = side.part.ids, 0, list[str]()
        told = dict[str, list[int]]()
        others = {*side.benchmark.items.ids, *side.benchmark.left_out} - set(wanted)
        outside: dict[str, Counter[str]] = defaultdict(Counter)
        for predictor in self.predictions.predictors:
            answers = self.predictions.answers.get((predictor, name), {})
            rows += len(answers)
            unjudged += [item for item in answers if item in others]
            self.fits(
                predictor,
                name,
                [i for i in wanted if i not in answers],
                [i for i in answers if i not in others],
                wanted,
            )
            written = [answers.get(item, "") for item in wanted]
            self.values[predictor, name] = self.valued(predictor, name, [item for item in wanted if item in answers])
            if self.numeric:
                self.pred[predictor, name] = self.numbers(predictor, name, wanted, written)
                continue
            given = [self.words.read(answer, several=self.multilabel) for answer in written]
            for row, note in self.words.noted(written, given, predictor.model):
                told.setdefault(note, []).append(row)
            pred = tuple(map(self.known, given))
            self.pred[predictor, name] = pred
            outsiders = [row for row, (g, p) in enumerate(zip(given, pred, strict=True)) if g and not p]
            strange = Counter(given[row] for row in outsiders)
            outside[predictor.model].update(strange)
            told.setdefault(f"answers of {predictor.model} outside the classes, counted as errors", []).extend(
                outsiders
            )
            if strange and not self.spelled(predictor, name, strange) and not any(pred):
                examples = ", ".join(sorted({shown(g) for g in given if g})[:3])
                found = f"no answer of {predictor} is one of the classes (answers: {examples}"
                self.fault("FT-P012", name, f"{found}; classes: {', '.join(self.classes[:3])})")
        self.ledgers[name] = _ledger(side, rows, unjudged, told)
        self.outside[name] = {model: _most(n) for model, n in outside.items() if n}

    def spelled(self, predictor: Predictor, name: str, strange: Counter[str]) -> bool:
        """Look for answers that are classes in another spelling, and for what is none beside others; tell whether there are."""
        words = Counter(part for answer in strange.elements() for part in answer.split(LABEL_JOIN) if part)
        counted = words if self.multilabel else strange
        unmeant = [word for word in counted if word not in self.words.as_they_are]
        if same := dict(sorted(meant(unmeant, self.classes).items())):
            found = f"answers of {predictor} on `{name}` are classes in another spelling"
            self.fault("FT-P101", name, f"{found}: {spelled_otherwise(same, counted)}")
        elif self.multilabel and (none := sorted(set(unmeant) - set(self.classes))):
            found = f"answers of {predictor} on `{name}` hold what is no class: {listed(none, counted)}"
            self.fault("FT-P105", name, found)
        else:
            return False
        return True

    def fits(
        self, predictor: Predictor, name: str, missing: list[str], given: list[str], wanted: tuple[str, ...]
    ) -> None:
        """Look for judged items without an answer, and answers to items there are not."""
        known = set(wanted)
        unknown = [item for item in given if item not in known]
        for code, items, what in (("FT-P037", missing, "without an answer"), ("FT-P038", unknown, "unknown")):
            if items:
                text = f"{predictor} on `{name}`: {plural(len(items), 'item')} {what}, first `{shown(min(items))}`"
                self.fault(code, name, text)

    def numbers(self, predictor: Predictor, name: str, wanted: tuple[str, ...], given: list[str]) -> tuple[str, ...]:
        """Return answers that are numbers, each written one way; what is none is told."""
        found = tuple(map(finite, given))
        for item, text, value in zip(wanted, given, found, strict=True):
            if text and value is None:
                fault = f"{predictor} on `{name}` answers item `{shown(item)}` with `{shown(text)}`, which is no finite number"
                self.fault("FT-P061", f"{name} {predictor}", fault)
        return tuple("" if value is None else repr(value) for value in found)

    def valued(self, predictor: Predictor, name: str, items: list[str]) -> dict[str, tuple[float, ...]]:
        """Return the numbers beside the answers, by column; what is none, or beyond its ends, is told."""
        found: dict[str, tuple[float, ...]] = {}
        held = self.predictions.values.get((predictor, name), {})
        for place, (column, (low, high)) in enumerate(self.means.items()):
            numbers = [finite(held[item][place]) for item in items]
            for item, value in zip(items, numbers, strict=True):
                if value is None or not low <= value <= high:
                    text = shown(held[item][place]) or "nothing"
                    fault = f"{predictor} on `{name}` has `{text}` in `{shown(column)}` for item `{shown(item)}`"
                    self.fault("FT-P047", f"{name} {predictor} {column}", fault)
            found[column] = tuple(math.nan if value is None else value for value in numbers)
        return found

    def fault(self, code: str, name: str, found: str) -> None:
        """Keep the first fault of a kind on a benchmark, and count the others."""
        first, n = self.faults.get((code, name), (found, 0))
        self.faults[code, name] = (first, n + 1)

    def known(self, answer: str) -> str:
        """Return an answer as the evidence keeps it: classes in the audit's order, nothing where a part is no class."""
        parts = set(answer.split(LABEL_JOIN)) if self.multilabel else {answer}
        return LABEL_JOIN.join(c for c in self.classes if c in parts) if parts <= set(self.classes) else ""


def _ledger(side: EvaluationData, rows: int, unjudged: Sequence[str], told: Mapping[str, list[int]]) -> Ledger:
    """Return what became of the answers about a benchmark; `told`: note -> judged rows. A row may be told of several times."""
    items = side.benchmark.items
    place = {item: i for i, item in enumerate(items.ids)}
    apart = {
        name: [groups[place[i]] if i in place else None for i in unjudged] for name, groups in items.groups.items()
    }
    groups = {what: by_group(side.part.groups, of) for what, of in told.items()}
    notes = {what: len(of) for what, of in sorted(told.items())}
    found = Ledger(rows).without({UNJUDGED: len(unjudged)}, {UNJUDGED: by_group(apart, range(len(unjudged)))})
    return found.noting(notes, groups)


def _most(counted: Counter[str]) -> dict[str, int]:
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_LISTED])
