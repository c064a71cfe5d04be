"""What is checked of a model once it is loaded, and before anything is trained: its head, its blocks, one pass through it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import torch
from torch import Tensor

from fairtransfer.adapt.hardware import is_out_of_memory
from fairtransfer.adapt.strategy import Strategy, strategy_named
from fairtransfer.data.inputs import Texts
from fairtransfer.data.sides import Part
from fairtransfer.errors import Problem, Problems
from fairtransfer.models.backbone import PassFailed
from fairtransfer.models.checkpoint import placed
from fairtransfer.runner.asked import from_json
from fairtransfer.runner.job import Plan, Training
from fairtransfer.runner.rates import kind_of_work
from fairtransfer.runner.session import Session


def check_network(session: Session, trainings: Iterable[Training]) -> None:
    """Open the model, and refuse what it cannot do.

    Raises
    ------
    DefinitionError
        Where it cannot be opened, or nothing passes through it (``FT-M053``); else with the problems of the way to ask it and of
        all strategies at once.
    """
    problems, trial = Problems(), _trial(session)
    for part in _parts(trial):
        problems.extend(_passes(trial, part, _features))
    problems.raise_if_any()
    for training in {kind_of_work(t): t for t in trainings}.values():
        with problems.gathered(), placed(session.plan.files.loaded):
            problems.extend(_check(trial, training))
    problems.raise_if_any()


def _trial(session: Session) -> Session:
    """Return a session with the same model, in which nothing is counted or kept."""
    trial = Session(session.plan, session.data, session.hardware)
    trial.backbone = session.backbone
    return trial


def _check(session: Session, training: Training) -> Iterator[Problem]:
    if training.stage != "before":
        strategy = strategy_named(training.kind)
        if (
            type(strategy).check is not Strategy.check
        ):  # the others look at nothing: no rows have to be prepared for them
            asked = strategy.options.model_validate(from_json(training.options))
            strategy.check(session.backbone, session.prepared(session.data.adaptation.train), asked)
    # The head of a source that is trained here is not there before it is.
    elif not training.uses_labels and session.plan.pretraining is None:
        for part in _parts(session):
            yield from _passes(session, part, partial(_answers, training))


def _parts(session: Session) -> Iterator[Part]:
    """Yield the shortest and the longest row of each set: one may be empty, the other reach the last position there is."""
    for part in (session.data.adaptation.train, *(side.part for side in session.data.judged.values())):
        if not len(part):
            continue
        values = part.inputs.values if isinstance(part.inputs, Texts) else [""] * len(part)
        rows = {pick(range(len(part)), key=lambda row: len(values[row])) for pick in (min, max)}
        yield part.take(sorted(rows))


def _passes(session: Session, part: Part, run: Callable[[Session, Part], Tensor]) -> Iterator[Problem]:
    """Yield why a few rows do not pass through the network."""
    try:
        given = run(session, part)
    except (PassFailed, FloatingPointError, MemoryError) as error:
        yield pass_failed(session.plan, error)
        return
    if not torch.isfinite(given).all():
        yield pass_failed(session.plan, FloatingPointError("some scores of the model are NaN or infinite"))


def _features(session: Session, part: Part) -> Tensor:
    return session.runner.features(session.backbone.pretrained(), session.backbone.prepare(part.inputs))


def _answers(training: Training, session: Session, part: Part) -> Tensor:
    """Return what the model says as it was published, asked as the audit asks it."""
    adapted, _ = session.adapt(training, lambda _: None)
    return adapted.logits(session.backbone.prepare(part.inputs))


def pass_failed(plan: Plan, error: Exception) -> Problem:
    """Return what is told of a pass that failed, at the audit's line for the model."""
    if is_out_of_memory(error):
        found, do = "two rows do not fit into memory with the model", "use a smaller model, or a smaller `max_tokens`"
    elif isinstance(error, FloatingPointError):
        wider = "" if plan.machine.precision == "fp32" else "try `model: {precision: fp32}`; else "
        found, do = str(error), f"{wider}use another checkpoint"
    else:
        found = f"a pass through the model failed: {error}"
        do = "check that `config.json`, weights and tokenizer are of one model"
    return plan.files.loaded.document.problem("FT-M053", ("model", "source"), found, "", do)
