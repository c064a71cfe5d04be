"""What a training is asked: its options, as strict models again, from what plan and evidence keep of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairtransfer.spec.pretrain import SourceTraining
from fairtransfer.spec.strategies import STRATEGY_OPTIONS, strategy_kind
from fairtransfer.spec.transfer_options import StepOptions

if TYPE_CHECKING:
    from fairtransfer.runner.job import Training


def training_in(training: Training) -> StepOptions | None:
    """Return the options of the training by gradient that it does; None where it does none."""
    if training.stage == "source":
        return SourceTraining.model_validate({k: v for k, v in from_json(training.options).items() if k != "start"})
    if training.stage == "before":
        return None
    return STRATEGY_OPTIONS[training.kind].model_validate(from_json(training.options)).trained


def packages_of(training: Training) -> tuple[str, ...]:
    """Return the packages a training needs besides those of every other; their versions decide its result too."""
    extra = strategy_kind(training.kind).extra if training.stage == "after" else None
    return () if extra is None else (extra.package,)


def from_json(options: dict[str, Any]) -> dict[str, Any]:
    """Return options as strict models take them: lists become tuples, in what is nested too."""
    nested = {key: from_json(value) if isinstance(value, dict) else value for key, value in options.items()}
    return {key: tuple(value) if isinstance(value, list) else value for key, value in nested.items()}
