"""Answers that were given elsewhere, joined with the rows that are judged: by item id, every answer accounted for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fairtransfer.data.benchmark import LABEL_JOIN
from fairtransfer.data.labels import finite
from fairtransfer.data.ledger import Ledger
from fairtransfer.data.prediction_file import Answers
from fairtransfer.data.predictor import Answerer
from fairtransfer.data.sides import JudgedSide
from fairtransfer.errors import shown
from fairtransfer.formats import plural

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
    """

    pred: Mapping[tuple[Answerer, str], tuple[str, ...]]
    ledgers: Mapping[str, Ledger]
    outside: Mapping[str, Mapping[str, Mapping[str, int]]]


def join_answers(
    answers: Answers,
    judged: Mapping[str, JudgedSide],
    classes: tuple[str, ...],
    tell: Tell,
    *,
    multilabel: bool = False,
    numeric: bool = False,
) -> Joined:
    """Join every model's answers with the judged rows.

    Parameters
    ----------
    tell
        Called with code, what was found, what is allowed and what to do, for everything that does not fit; then the
        result is not complete.
    numeric
        Answers are numbers: one that is none is refused, as nobody could say how far off it is.
    """
    joiner = _Joiner(answers, classes, multilabel=multilabel, numeric=numeric)
    for name, side in judged.items():
        joiner.benchmark(name, side)
    for (code, _), (first, n) in joiner.faults.items():
        more = f" (and so for {n - 1:,} more)" if n > 1 else ""
        tell(code, first + more, "", _ADVICE[code])
    return Joined(joiner.pred, joiner.ledgers, joiner.outside)


_ADVICE = {
    "FT-P012": "write answers and classes the same way",
    "FT-P037": "every model answers every judged item",
    "FT-P038": "items are joined by their id in the card's data",
    "FT-P061": "give a finite number for every judged item, such as 12 or 3.5, without its unit",
}


class _Joiner:
    def __init__(self, answers: Answers, classes: tuple[str, ...], *, multilabel: bool, numeric: bool) -> None:
        self.answers, self.classes, self.multilabel, self.numeric = answers, classes, multilabel, numeric
        self.pred: dict[tuple[Answerer, str], tuple[str, ...]] = {}
        self.ledgers: dict[str, Ledger] = {}
        self.outside: dict[str, dict[str, dict[str, int]]] = {}
        self.faults: dict[tuple[str, str], tuple[str, int]] = {}

    def benchmark(self, name: str, side: JudgedSide) -> None:
        """Join one benchmark, model by model."""
        wanted, rows, unjudged = side.part.ids, 0, 0
        others = {*side.benchmark.items.index, *side.benchmark.left_out} - set(wanted)
        outside: dict[str, Counter[str]] = defaultdict(Counter)
        for answerer in self.answers.answerers:
            said = self.answers.said.get((answerer, name), {})
            rows += len(said)
            unjudged += sum(item in others for item in said)
            self.fits(
                answerer, name, [i for i in wanted if i not in said], [i for i in said if i not in others], wanted
            )
            given = [said.get(item, "") for item in wanted]
            if self.numeric:
                self.pred[answerer, name] = self.numbers(answerer, name, wanted, given)
                continue
            pred = tuple(map(self.known, given))
            outside[answerer.model].update(g for g, p in zip(given, pred, strict=True) if g and not p)
            self.pred[answerer, name] = pred
            if not any(pred) and any(given):
                examples = ", ".join(sorted({shown(g) for g in given if g})[:3])
                found = f"no answer of {answerer} is one of the classes (answers: {examples}"
                self.fault("FT-P012", name, f"{found}; classes: {', '.join(self.classes[:3])})")
        notes = {
            f"answers of {model} outside the classes, counted as errors": n.total() for model, n in outside.items()
        }
        self.ledgers[name] = Ledger(rows, {UNJUDGED: unjudged} if unjudged else {}).noting(notes)
        self.outside[name] = {model: _most(n) for model, n in outside.items() if n}

    def fits(
        self, answerer: Answerer, name: str, missing: list[str], given: list[str], wanted: tuple[str, ...]
    ) -> None:
        """Look for judged items without an answer, and answers to items there are not."""
        known = set(wanted)
        unknown = [item for item in given if item not in known]
        for code, items, what in (("FT-P037", missing, "without an answer"), ("FT-P038", unknown, "unknown")):
            if items:
                text = f"{answerer} on `{name}`: {plural(len(items), 'item')} {what}, first `{shown(min(items))}`"
                self.fault(code, name, text)

    def numbers(self, answerer: Answerer, name: str, wanted: tuple[str, ...], given: list[str]) -> tuple[str, ...]:
        """Return answers that are numbers, each written one way; what is none is told."""
        found = tuple(map(finite, given))
        for item, text, value in zip(wanted, given, found, strict=True):
            if text and value is None:
                said = f"{answerer} on `{name}` answers item `{shown(item)}` with `{shown(text)}`, which is no finite number"
                self.fault("FT-P061", f"{name} {answerer}", said)
        return tuple("" if value is None else repr(value) for value in found)

    def fault(self, code: str, name: str, found: str) -> None:
        """Keep the first fault of a kind on a benchmark, and count the others."""
        first, n = self.faults.get((code, name), (found, 0))
        self.faults[code, name] = (first, n + 1)

    def known(self, answer: str) -> str:
        """Return an answer as the evidence keeps it: classes in the audit's order, nothing where a part is no class."""
        parts = set(answer.split(LABEL_JOIN)) if self.multilabel else {answer}
        return LABEL_JOIN.join(c for c in self.classes if c in parts) if parts <= set(self.classes) else ""


def _most(counted: Counter[str]) -> dict[str, int]:
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_LISTED])
