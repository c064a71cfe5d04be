"""The one training loop. Read it top to bottom: schedule, order, step, validation, selection."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fairtransfer.adapt.dropout import seeded_dropout
from fairtransfer.adapt.random_streams import numpy_stream, stream_seed, torch_stream
from fairtransfer.adapt.selection import AVERAGE, Score, Selection
from fairtransfer.adapt.strategy import Adapted, Diverged, Labelled, Setting, check_classes
from fairtransfer.formats import plural
from fairtransfer.models.backbone import Network, Prepared, one_pass
from fairtransfer.spec.grids import one
from fairtransfer.spec.transfer_options import StepOptions, TrainingOptions

MEGABATCH = 8
"""Batches that are sorted by length together: rows of one batch are of similar length, the order stays random."""


@dataclass(frozen=True)
class Plan:
    """The length of a training."""

    steps: int
    checks: tuple[int, ...]


def _nothing(*_: object) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Recipe:
    """What a strategy changes about the loop.

    Attributes
    ----------
    objective
        Maps logits, targets and the batch's positions among the training rows to the loss; default: the mean cross-entropy.
    order
        Called with lengths of the rows, batch size and seed; yields batches of positions for ever.
    before_step
        Given the step and the number of steps, once the network is in training mode.
    before_update
        When the gradients are there, and clipped.
    checks
        How often validation is consulted; as the options say where None.
    """

    objective: Callable[[Tensor, Tensor, list[int]], Tensor] | None = None
    order: Callable[[list[int], int, int], Iterator[list[int]]] | None = None
    before_step: Callable[[int, int], None] = _nothing
    before_update: Callable[[], None] = _nothing
    selection: Selection = AVERAGE
    checks: int | None = None


PLAIN = Recipe()


def plan_steps(rows: int, options: StepOptions, checks: int) -> Plan:
    """Return how many optimiser steps a training takes, and after which of them validation is consulted."""
    steps = max(options.epochs * math.ceil(rows / options.batch_size), options.min_steps)
    return Plan(steps, tuple(sorted({math.ceil(steps * k / checks) for k in range(1, checks + 1)})))


def batches(lengths: list[int], size: int, seed: int) -> Iterator[list[int]]:
    """Yield batches of row numbers for ever, epoch after epoch, decided by the seed alone."""
    epoch = 0
    while True:
        rng = numpy_stream(seed, "order", epoch)
        order = rng.permutation(len(lengths)).tolist()
        found: list[list[int]] = []
        for begin in range(0, len(order), size * MEGABATCH):
            mega = sorted(order[begin : begin + size * MEGABATCH], key=lambda i: lengths[i])
            found += [mega[i : i + size] for i in range(0, len(mega), size)]
        for position in rng.permutation(len(found)):
            yield found[position]
        epoch += 1


def drawn(weights: NDArray[np.float64]) -> Callable[[list[int], int, int], Iterator[list[int]]]:
    """Return an order in which every row is drawn anew, in proportion to its weight."""

    def order(lengths: list[int], size: int, seed: int) -> Iterator[list[int]]:
        shares, batch = weights / weights.sum(), 0
        while True:
            yield numpy_stream(seed, "drawn", batch).choice(len(lengths), size=size, p=shares).tolist()
            batch += 1

    return order


def train(setting: Setting, network: Network, head: nn.Linear, options: StepOptions, recipe: Recipe = PLAIN) -> Adapted:
    """Train head and what of the backbone may move, with AdamW, and return the checkpoint validation prefers."""
    check_classes(setting.train.labels, setting.task, "the training rows")
    hardware = setting.runner.hardware
    device = hardware.torch_device
    model = nn.ModuleDict({"backbone": network.module, "head": head}).to(device)
    if isinstance(options, TrainingOptions):
        setting.backbone.limit_embeddings(
            network.module, setting.train.prepared, setting.train.rows, trained=options.embeddings == "trained"
        )
    optimizer = torch.optim.AdamW(_parameter_groups(network.module, head, options), fused=True)
    plan = plan_steps(len(setting.train.rows), options, recipe.checks or options.checks)
    targets, kind = setting.task.targets(setting.train.labels).to(device), object()
    all_lengths = setting.train.prepared.lengths
    lengths = [all_lengths[i] for i in setting.train.rows]
    order = (recipe.order or batches)(lengths, options.batch_size, setting.seed)
    objective = recipe.objective or (lambda logits, y, _: setting.task.loss(logits, y))
    best = _Best(setting, network, head, recipe.selection)
    for step in range(plan.steps):
        rows = next(order)
        model.train()
        recipe.before_step(step, plan.steps)
        _set_rate(optimizer, step, plan.steps, options)
        optimizer.zero_grad(set_to_none=True)
        batch = _inputs(setting, [setting.train.rows[i] for i in rows], step, options)
        # What moves may change from step to step, and what a step costs with it.
        moving = (kind, sum(p.requires_grad for p in model.parameters()))
        with setting.runner.flops.passing(moving, max(lengths[i] for i in rows), len(rows)):
            with seeded_dropout(setting.seed, step, device), hardware.autocast():
                logits = head(network.features(batch))
            loss = objective(logits.float(), targets[rows], rows)
            if not torch.isfinite(loss):
                raise Diverged.at(step + 1)
            with one_pass():
                loss.backward()  # type: ignore[no-untyped-call]  # torch does not type it
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        recipe.before_update()
        optimizer.step()
        if step + 1 in plan.checks:
            best.consider(step + 1)
        setting.progress((step + 1) / plan.steps)
    trainable = _trainable(model)
    model.zero_grad(set_to_none=True)  # a model that is kept while others are trained keeps its weights alone
    return best.adapted(plan, trainable)


def _inputs(setting: Setting, positions: list[int], step: int, options: StepOptions) -> dict[str, Tensor]:
    """Return a batch; what is changed in its pictures is decided by seed and step alone."""
    device, prepared = setting.runner.hardware.torch_device, setting.train.prepared
    if isinstance(options, TrainingOptions) and options.augmentation == "timm":
        return prepared.augmented(positions, device, stream_seed(setting.seed, "augmentation", step))
    return prepared.batch(positions, device)


def _parameter_groups(module: nn.Module, head: nn.Linear, options: StepOptions) -> list[dict[str, Any]]:
    """Return the optimiser's groups: weight decay on matrices only, a rate of its own for the head."""
    moving = [p for p in module.parameters() if p.requires_grad]
    rate, decay = one(options.lr), one(options.weight_decay)
    groups = [
        {"params": [p for p in moving if p.ndim > 1], "lr": rate, "weight_decay": decay},
        {"params": [p for p in moving if p.ndim <= 1], "lr": rate, "weight_decay": 0.0},
        {"params": list(head.parameters()), "lr": options.head_lr, "weight_decay": decay},
    ]
    return [{**group, "peak": group["lr"]} for group in groups if group["params"]]


def _set_rate(optimizer: torch.optim.Optimizer, step: int, steps: int, options: StepOptions) -> None:
    """Set the learning rate: a linear rise, then a linear fall to zero."""
    rise = max(1, round(options.warmup * steps))
    factor = (step + 1) / rise if step < rise else (steps - step) / max(1, steps - rise)
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor


def _trainable(model: nn.Module) -> int:
    """Return how many numbers moved: a pooler whose output nobody uses has no gradient and does not count."""
    return sum(p.numel() for p in model.parameters() if p.grad is not None)


class _Best:
    """Keeps the checkpoint validation prefers."""

    def __init__(self, setting: Setting, network: Network, head: nn.Linear, selection: Selection) -> None:
        self.setting, self.network, self.head, self.selection = setting, network, head, selection
        self.scores: dict[int, Score] = {}
        self.step = 0
        self.state: tuple[dict[str, Any], dict[str, Any]] | None = None

    def consider(self, step: int) -> None:
        logits = predict(self.setting, self.network, self.head, subset(self.setting.val))
        score = self.selection.score(self.setting, logits)
        if not math.isfinite(score[-1]):
            raise Diverged.at(step)
        if not self.scores or score < min(self.scores.values()):
            self.step = step
            self.state = (copy.deepcopy(self.network.module.state_dict()), copy.deepcopy(self.head.state_dict()))
        self.scores[step] = score

    def adapted(self, plan: Plan, trainable: int) -> Adapted:
        assert self.state is not None, "the last step is always a check"
        self.network.module.load_state_dict(self.state[0])
        self.head.load_state_dict(self.state[1])
        self.state = None
        record = {
            "selection": self.selection.rule(plural(len(plan.checks), "checkpoint"), "the earliest", self.setting.task),
            "selected": {"step": self.step},
            "steps": plan.steps,
            **self.selection.record(self.scores[self.step]),
            "trials": 1,
            "trainable_parameters": trainable,
        }
        return Adapted(lambda prepared: predict(self.setting, self.network, self.head, prepared), record)


class _Rows(Prepared):
    """Some rows of prepared inputs."""

    def __init__(self, prepared: Prepared, rows: list[int]) -> None:
        self.prepared, self.rows = prepared, rows
        every = prepared.lengths
        self._lengths = [every[i] for i in rows]

    @property
    def lengths(self) -> list[int]:
        return self._lengths

    def batch(self, positions: Any, device: torch.device) -> dict[str, Tensor]:
        return self.prepared.batch([self.rows[i] for i in positions], device)


def subset(labelled: Labelled) -> Prepared:
    """Return the prepared inputs of these rows alone."""
    return _Rows(labelled.prepared, list(labelled.rows))


def predict(setting: Setting, network: Network, head: nn.Linear, prepared: Prepared) -> Tensor:
    """Return logits of every prepared row."""
    head.eval()
    return setting.runner.run(lambda batch: head(network.features(batch)), network.module, prepared)


def new_head(setting: Setting) -> nn.Linear:
    """Return a fresh head: the same for every strategy at one seed."""
    with torch_stream(setting.seed, "head"):
        return nn.Linear(setting.backbone.dim, len(setting.task.classes))
