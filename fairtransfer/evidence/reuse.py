"""The reuse ledger: which models were judged for release on a benchmark, and what each took of the error rate.

Trying models until one passes finds one that passes by luck. So a policy says how many it will try, each may spend that part
of alpha, and a ledger counts. One file per benchmark, append-only; every line holds the digest of the line before it, so
that a line changed, inserted or taken out of the middle is noticed. The last lines are held by the runs: each run keeps its
place (`place_in`), and a place that the ledger has not got was cut off.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fairtransfer.errors import IntegrityError
from fairtransfer.evidence.atomic import sync_folder
from fairtransfer.evidence.canonical import canonical, digest, read_json

if TYPE_CHECKING:
    from fairtransfer.spec.card import Card

FOLDER = ".reuse"
"""In the workspace, beside the runs."""

REUSE_FILE = "reuse.json"
"""In a run's folder: its places."""

RESTORE = (
    "put back the ledger as it was (from version control or a backup); if it is lost, how often this benchmark was used is "
    "not known any more: judge on fresh data, with a card or a version of their own"
)
"""What to do about a ledger that is not what was written."""

FIRST = "0" * 64
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Line:
    """One model's evaluation.

    Attributes
    ----------
    evaluation
        Counts distinct models from 1.
    model
        Digest of the answers that were judged.
    outcome
        Of the verdict.
    alpha
        What the evaluation took of the benchmark's error rate; 0 where nothing was left.
    previous
        SHA-256 of the line before; of the first line 64 zeros.
    """

    evaluation: int
    model: str
    audit_id: str
    run_id: str
    outcome: str
    alpha: float
    previous: str

    @property
    def content(self) -> bytes:
        """The line as the file has it, without its end."""
        return canonical(asdict(self))


@dataclass(frozen=True, slots=True)
class Place:
    """Where an evaluation stands in the ledger of a benchmark; a run keeps it, and its verdict is judged by it.

    Attributes
    ----------
    benchmark, ledger
        The benchmark's id, and the digest its ledger is named by.
    spent
        What models judged earlier have taken.
    alpha
        What this one takes; 0 where it was judged before, or nothing is left.
    exhausted
        Not enough is left for this model: it cannot pass. That it fails is told all the same.
    previous
        Digest of the last line there was.
    """

    benchmark: str
    ledger: str
    model: str
    evaluation: int
    planned: int
    spent: float
    alpha: float
    exhausted: bool
    previous: str


def ledger_name(card: Card) -> str:
    """Return the name of a benchmark's ledger: raising the version declares fresh data, or that a new count begins."""
    return digest({"id": card.id, "version": card.version, "rows": card.decides_rows()})


class Uses(NamedTuple):
    """How many different models were judged on a benchmark, and what they took of its error rate."""

    models: int
    spent: float


def uses_of(workspace: Path, card: Card) -> Uses:
    """Return how a benchmark was used in a workspace."""
    lines = read_ledger(ledger_path(workspace, ledger_name(card)))
    return Uses(len({line.model for line in lines}), sum(line.alpha for line in lines))


def ledger_path(workspace: Path, ledger: str) -> Path:
    """Return where a benchmark's ledger is kept."""
    return workspace / FOLDER / f"{ledger}.jsonl"


def read_ledger(path: Path) -> list[Line]:
    """Return the lines of a ledger; none where there is no file yet.

    Raises
    ------
    IntegrityError
        When a line was changed, inserted or taken out.
    """
    if not path.is_file():
        return []
    lines: list[Line] = []
    previous = FIRST
    for number, text in enumerate(path.read_bytes().splitlines(), 1):
        line = _line(text, f"{path}:{number}")
        if line.previous != previous or line.content != text:
            raise IntegrityError(
                f"{path}:{number}: the reuse ledger was changed: this line does not follow the one before; {RESTORE}"
            )
        lines.append(line)
        previous = _digest(line)
    return lines


def _line(text: bytes, where: str) -> Line:
    try:
        return Line(**json.loads(text))
    except (ValueError, TypeError, RecursionError) as error:
        raise IntegrityError(f"{where}: the reuse ledger was changed: the line cannot be read; {RESTORE}") from error


def _digest(line: Line) -> str:
    return hashlib.sha256(line.content).hexdigest()


def is_left(wanted: float, spent: float, alpha: float) -> bool:
    """Say whether so much of alpha is left after what was spent of it."""
    return spent + wanted <= alpha * (1 + _ROUNDING)


def place_in(lines: Sequence[Line], benchmark: str, ledger: str, model: str, planned: int, alpha: float) -> Place:
    """Return where a model stands: a new one takes its part of alpha if that is left, one that took it takes nothing.

    Parameters
    ----------
    planned, alpha
        Of the policy: how many models are to be judged, and the error rate they share.
    """
    places = list(dict.fromkeys(line.model for line in lines))
    evaluation = places.index(model) + 1 if model in places else len(places) + 1
    own = sum(line.alpha for line in lines if line.model == model)
    spent = sum(line.alpha for line in lines)
    wanted = max(0.0, alpha / planned - own) if abs(alpha / planned - own) > _ROUNDING else 0.0
    exhausted = wanted > 0 and not is_left(wanted, spent, alpha)
    previous = _digest(lines[-1]) if lines else FIRST
    taken = 0.0 if exhausted else wanted
    return Place(benchmark, ledger, model, evaluation, planned, spent, taken, exhausted, previous)


def enter(path: Path, place: Place, audit_id: str, run_id: str, outcome: str) -> None:
    """Append an evaluation, unless its model stands there already and takes nothing more."""
    lines = read_ledger(path)
    if place.alpha == 0 and any(line.model == place.model for line in lines):
        return
    line = Line(place.evaluation, place.model, audit_id, run_id, outcome, place.alpha, place.previous)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(line.content + b"\n")
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)


def kept_places(folder: Path) -> tuple[Place, ...]:
    """Return the places that a run keeps; none of a run that was not judged for release."""
    path = folder / REUSE_FILE
    try:
        return tuple(Place(**place) for place in read_json(path)["places"]) if path.is_file() else ()
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"{path} cannot be read: it is no place in a reuse ledger") from error


def check_places(folder: Path) -> None:
    """Check a run's places against the ledgers of its workspace; a folder that was taken elsewhere has none beside it.

    Raises
    ------
    IntegrityError
        When a ledger was changed or cut short.
    """
    workspace = folder.resolve().parent.parent
    if (workspace / FOLDER).is_dir():
        for place in kept_places(folder):
            _check(workspace, place, folder)


def check_all(workspace: Path, ledgers: AbstractSet[str]) -> None:
    """Check the places of every run in a workspace: a ledger that was cut short would have alpha to spend again."""
    for path in sorted(workspace.glob(f"[!.]*/[!.]*/{REUSE_FILE}")):
        for place in kept_places(path.parent):
            if place.ledger in ledgers:
                _check(workspace, place, path.parent)


def _check(workspace: Path, place: Place, run: Path) -> None:
    path = ledger_path(workspace, place.ledger)
    lines = read_ledger(path)
    if not any(line.model == place.model and line.evaluation == place.evaluation for line in lines):
        raise IntegrityError(
            f"{path}: the reuse ledger was cut short: it has no line of evaluation {place.evaluation} of "
            f"{place.benchmark}, which the run in {run} keeps; {RESTORE}"
        )
