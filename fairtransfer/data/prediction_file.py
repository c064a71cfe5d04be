"""A file of predictions that were made elsewhere: which models answered, and what each of them said of every item.

The long form has a row per answer (`item`, `stage`, `strategy`, `pred`, and where they apply `label_budget`, `seed` and
`benchmark`); the wide form a row per item (`item`, `before`, `after`). Every value is read as text, and every row is used
or refused with a reason.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fairtransfer.data.paths import PathRefused, locate
from fairtransfer.data.prediction_rows import PredictionRows
from fairtransfer.data.predictor import AnswersByItem, Predictor, ValuesByItem
from fairtransfer.data.tables import TableRefused
from fairtransfer.errors import Problems, shown
from fairtransfer.evidence.manifest import file_digest
from fairtransfer.spec.audit import LoadedAudit


@dataclass(frozen=True)
class PredictionFile:
    """What a file of predictions holds.

    Attributes
    ----------
    file
        Its place, as the audit writes it.
    unread
        Columns that are not read.
    said
        ``(model, benchmark id) -> item -> answer``, in order of first appearance.
    values
        The same of the numbers beside an answer, in the order of the columns that means are asked of.
    """

    file: str
    sha256: str
    unread: tuple[str, ...]
    answers: Mapping[tuple[Predictor, str], AnswersByItem]
    values: Mapping[tuple[Predictor, str], ValuesByItem]

    @property
    def predictors(self) -> tuple[Predictor, ...]:
        """Every model, the one before first, adapted ones in order of first appearance, seeds in order."""
        found = dict.fromkeys(predictor for predictor, _ in self.answers)
        rank = {model: i for i, model in enumerate(dict.fromkeys((a.strategy, a.budget) for a in found))}
        return tuple(sorted(found, key=lambda a: (a.stage != "before", rank[a.strategy, a.budget], a.seed or 0)))

    @property
    def models(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """``(strategy, label budget) -> seeds`` of the adapted models."""
        found: dict[tuple[str, str], tuple[int, ...]] = {}
        for predictor in self.predictors:
            if predictor.stage == "after":
                key = (predictor.strategy, predictor.budget)
                found[key] = (*found.get(key, ()), predictor.seed or 0)
        return found


def find_prediction_file(loaded: LoadedAudit) -> Path:
    """Return the file of predictions an audit names: inside the project, a regular file, no links on the way.

    Raises
    ------
    PathRefused
        ``FT-M005`` outside the project, ``FT-D001`` not there, ``FT-D003`` no regular file.
    """
    name, root = loaded.audit.model.parsed.name, loaded.root
    path = Path(os.path.normpath(loaded.locate(name)))
    if not path.is_relative_to(root):
        raise PathRefused("FT-M005", f"path leaves the project folder: `{shown(name)}`", "a file inside the project")
    return locate(root, path.relative_to(root).as_posix())


def read_prediction_file(
    loaded: LoadedAudit,
    benchmarks: Sequence[str],
    problems: Problems,
    columns: Sequence[str] = (),
    *,
    multilabel: bool = False,
) -> PredictionFile | None:
    """Read the file of predictions of an audit; None when anything in it is wrong (the problems say what).

    Parameters
    ----------
    benchmarks
        Ids of the audit's benchmarks; with several the file says in a column which one a row is about.
    columns
        Columns with a number for every answer.
    multilabel
        An empty answer means no class; otherwise it is no answer.
    """
    before = len(problems.errors)
    name = loaded.audit.model.parsed.name

    def tell(code: str, found: str, allowed: str = "", do: str = "", line: int = 0) -> None:
        where = f"{shown(name)}:{line}" if line else shown(name)
        problems.add(loaded.document.problem(code, ("model", "source"), f"{where}: {found}", allowed, do))

    try:
        path = find_prediction_file(loaded)
        reading = PredictionRows(path, benchmarks, tell, multilabel, columns, loaded.audit.model.separator)
        answers = reading.read()
    except PathRefused as refused:
        problems.add(loaded.document.problem(refused.code, ("model", "source"), refused.found, refused.allowed))
        return None
    except TableRefused as refused:
        tell(refused.code, refused.found, "", refused.do, refused.line)
        return None
    if len(problems.errors) > before:
        return None
    return PredictionFile(name, file_digest(path), reading.unread, answers, reading.values)
