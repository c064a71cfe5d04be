"""Both sides of a plan, opened once: what is adapted on and what is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairtransfer.data.answer_words import AnswerWords
from fairtransfer.data.benchmark import LABEL_JOIN, Benchmark
from fairtransfer.data.opening import open_benchmark
from fairtransfer.data.prediction_file import PredictionFile
from fairtransfer.data.prediction_join import Joined, join_predictions
from fairtransfer.data.sides import AdaptationData, EvaluationData, judged_alone, separate
from fairtransfer.errors import DefinitionError, Problem, Problems, shown
from fairtransfer.runner.job import Roots
from fairtransfer.spec.audit_files import AuditFiles
from fairtransfer.spec.card import LoadedCard
from fairtransfer.spec.label_map import LabelMap
from fairtransfer.spec.questions import means_asked


@dataclass(frozen=True)
class SourceData:
    """The rows a source model is trained on, and which of them stand again in a benchmark, by benchmark."""

    rows: AdaptationData
    leaks: Mapping[str, dict[str, Any] | None]


@dataclass(frozen=True)
class OpenedData:
    """The opened data of an audit.

    Attributes
    ----------
    learned, joined
        What is adapted on, or the predictions that were made elsewhere; an audit has one of them.
    source
        What the source model is trained on here, if it is.
    """

    learned: AdaptationData | None
    judged: Mapping[str, EvaluationData]
    warnings: tuple[Problem, ...]
    joined: Joined | None = None
    source: SourceData | None = None

    @property
    def adaptation(self) -> AdaptationData:
        """What is adapted on."""
        assert self.learned is not None, "asked for where models are adapted"
        return self.learned

    @property
    def given(self) -> Joined:
        """Predictions made elsewhere, joined with the judged rows."""
        assert self.joined is not None, "asked for where predictions are given"
        return self.joined


def is_multilabel(files: AuditFiles) -> bool:
    """Say whether the models of an audit may answer with several classes; a label map makes one of them."""
    return files.benchmarks[0].card.label.type == "multilabel" and files.loaded.audit.benchmarks[0].labels is None


def open_data(
    files: AuditFiles,
    roots: Roots,
    predictions: PredictionFile | None = None,
    opened: Mapping[Path, Benchmark] | None = None,
) -> OpenedData:
    """Open every card of an audit, check all of them, and separate the two sides, or join the answers that are given.

    Parameters
    ----------
    opened
        Cards that have been opened already, by their path; the others are opened here.

    Raises
    ------
    DefinitionError
        With the problems of all cards at once, or of the answers.
    """
    audit, problems = files.loaded.audit, Problems()
    found = dict(opened or {})
    for card in files.cards:
        if card.path not in found:
            _open(card, roots, found, problems)
    problems.raise_if_any()
    judged = [(found[card.path], ref.labels) for card, ref in zip(files.benchmarks, audit.benchmarks, strict=True)]
    warnings = tuple(w for benchmark in found.values() for w in benchmark.warnings)
    if audit.made_elsewhere:
        alone = {benchmark.card.id: judged_alone(benchmark, labels) for benchmark, labels in judged}
        return OpenedData(None, alone, warnings, None if predictions is None else _joined(files, predictions, alone))
    chosen = audit.training_set
    adaptation, apart = separate(found[files.training.path], chosen.split, chosen.labels, judged)
    source = _source(files, found, judged)
    return OpenedData(adaptation, {side.benchmark.card.id: side for side in apart}, warnings, source=source)


def _source(
    files: AuditFiles, opened: Mapping[Path, Benchmark], judged: Sequence[tuple[Benchmark, LabelMap | None]]
) -> SourceData | None:
    """Return the rows the source is trained on: kept apart from what is judged, as what is adapted on is."""
    asked = files.loaded.audit.model.pretrain
    if asked is None or files.source is None:
        return None
    side, apart = separate(opened[files.source.path], asked.split, asked.labels, judged)
    return SourceData(side, {found.benchmark.card.id: found.leaks for found in apart})


def _joined(files: AuditFiles, predictions: PredictionFile, judged: Mapping[str, EvaluationData]) -> Joined:
    problems, document, model = Problems(), files.loaded.document, files.loaded.audit.model

    def tell(code: str, found: str, allowed: str, do: str) -> None:
        problems.add(document.problem(code, ("model", "source"), f"{shown(predictions.file)}: {found}", allowed, do))

    joined = join_predictions(
        predictions,
        judged,
        files.classes,
        tell,
        multilabel=is_multilabel(files),
        numeric=files.numeric,
        means=means_asked(files.loaded.audit),
        words=AnswerWords(model.map, model.multilabel_separator or LABEL_JOIN),
    )
    problems.raise_if_any()
    return joined


def _open(card: LoadedCard, roots: Roots, opened: dict[Path, Benchmark], problems: Problems) -> None:
    try:
        opened[card.path] = open_benchmark(card, roots.data)
    except DefinitionError as error:
        problems.extend(error.problems)
