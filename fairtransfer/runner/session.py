"""Everything the jobs of one audit share while they run: data opened once, the model loaded once, inputs prepared once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from fairtransfer.adapt.before.way import before_named
from fairtransfer.adapt.budgets import budget_rows, resolve_budget
from fairtransfer.adapt.feature_cache import NoShelf, Shelf
from fairtransfer.adapt.flops import FlopTally
from fairtransfer.adapt.frozen_features import FrozenFeatures
from fairtransfer.adapt.grid import fit_best
from fairtransfer.adapt.hardware import Hardware
from fairtransfer.adapt.inference import Runner
from fairtransfer.adapt.number_task import NumberTask, numbers, standardised
from fairtransfer.adapt.strategy import Adapted, Decision, Labelled, Setting, strategy_named
from fairtransfer.adapt.task import Task
from fairtransfer.data.sides import AdaptationData, Part
from fairtransfer.data.splits import strata
from fairtransfer.evidence.tables import numbers_table, predictions_table
from fairtransfer.models import open_backbone
from fairtransfer.models.backbone import Backbone, Prepared
from fairtransfer.models.checkpoint import placed
from fairtransfer.runner.asked import from_json
from fairtransfer.runner.cost import Costing
from fairtransfer.runner.energy import EnergyMeter
from fairtransfer.runner.job import Plan, Training
from fairtransfer.runner.opened_data import OpenedData
from fairtransfer.runner.text_checks import grouped, refuse_unknown, write_reading
from fairtransfer.spec.fair_options import GroupOptions, GroupStage
from fairtransfer.spec.transfer_options import Options


@dataclass
class Session:
    """The opened parts of a plan. Each is opened when the first job needs it."""

    plan: Plan
    data: OpenedData
    hardware: Hardware
    costing: Costing = field(default_factory=lambda: Costing(flops=False))
    shelf: Shelf = field(default_factory=NoShelf)
    _prepared: dict[int, Prepared] = field(default_factory=dict)

    @cached_property
    def backbone(self) -> Backbone:
        """The model, loaded."""
        model = self.plan.audit.model
        with placed(self.plan.files.loaded):
            return open_backbone(self.plan.checkpoint, model.loaded_as, model.max_tokens)

    @cached_property
    def runner(self) -> Runner:
        """What runs networks here."""
        return Runner(self.hardware, FlopTally(on=self.costing.flops))

    @cached_property
    def energy(self) -> EnergyMeter:
        """What estimates energy here."""
        return EnergyMeter(self.costing.country)

    @cached_property
    def frozen(self) -> FrozenFeatures:
        """Features of the pretrained model, shared by all jobs."""
        return FrozenFeatures(self.backbone, self.runner, shelf=self.shelf)

    @cached_property
    def task(self) -> Task:
        """Classes, in the order of all evidence, and kind of answer."""
        files = self.plan.files
        assert not files.numeric, "of numbers every training has a task of its own"
        return Task(files.classes, self.data.adaptation.multilabel, files.positive_class)

    def prepared(self, part: Part) -> Prepared:
        """Return a part's inputs as the model takes them."""
        if id(part) not in self._prepared:
            self._prepared[id(part)] = self.backbone.prepare(part.inputs)
        return self._prepared[id(part)]

    def keep_reading(self, benchmark: str, folder: Path) -> None:
        """Write how a benchmark's texts were read beside the answers; pictures are seen whole.

        Raises
        ------
        DefinitionError
            When most of their tokens are unknown (``FT-M051``): where a plan could not see it without loading the tokenizer.
        """
        part = self.data.judged[benchmark].part
        reading, most = self.prepared(part).reading, self.backbone.max_tokens
        if reading is None:
            return
        refuse_unknown(self.plan, benchmark, grouped(part, reading, most))
        write_reading(folder, part, reading, most)

    def adapt(self, training: Training, progress: Callable[[float], None]) -> tuple[Adapted, dict[str, int]]:
        """Adapt the model as a training asks and return it with what the evidence keeps of its labels."""
        with placed(self.plan.files.loaded):
            return self._adapt(training, progress)

    def _adapt(self, training: Training, progress: Callable[[float], None]) -> tuple[Adapted, dict[str, int]]:
        if training.stage == "before":
            setting, labels = self._setting(training, None, progress)
            way = before_named(training.kind)
            asked = way.options.model_validate(from_json(training.options))
            return _telling(way.ask(setting, asked), setting), labels
        strategy = strategy_named(training.kind)
        chosen = strategy.options.model_validate(from_json(training.options))
        setting, labels = self._setting(training, chosen, progress)
        return _telling(fit_best(strategy, setting, chosen), setting), labels

    def _setting(
        self, training: Training, options: Options | None, progress: Callable[[float], None]
    ) -> tuple[Setting, dict[str, int]]:
        side, seed = self.data.adaptation, training.seed or 0
        written = next(
            (
                b
                for b in self.plan.audit.label_budgets
                if training.budget in (str(b), f"{b:g}" if isinstance(b, float) else "")
            ),
            0,
        )
        budget = resolve_budget(written, len(side.train)) if training.uses_labels else 0
        rows = budget_rows(_strata(side, side.train), budget, seed)
        # Never more labels to choose with than to learn from: validation labels have to be paid for too.
        checked = budget_rows(_strata(side, side.val), min(budget, len(side.val)), seed, "validation")
        stages = options.group_stages if isinstance(options, GroupOptions) else ()
        by = options.by if isinstance(options, GroupOptions) else ()

        def labelled(part: Part, chosen: list[int], stage: GroupStage) -> Labelled:
            # A strategy is given the groups it says it uses, and no others.
            groups = part.membership(by) if stage in stages else None
            return Labelled(self.prepared(part) if budget else _NOTHING, part.y, chosen, groups, part.units)

        train = labelled(side.train, rows.tolist(), "training")
        val = labelled(side.val, checked.tolist(), "validation")
        labels = {
            "train": len(rows),
            "validation": len(checked),
            "group_labels_train": len(rows) if "training" in stages else 0,
            "group_labels_validation": len(checked) if "validation" in stages else 0,
        }
        task = standardised(train.labels) if self.plan.files.numeric else self.task
        return Setting(self.backbone, self.frozen, self.runner, task, train, val, seed, progress), labels

    def group_labels_at_prediction(self, adapted: Adapted, benchmark: str) -> int:
        """Return how many rows of a benchmark bring along their group to be answered."""
        by_group = adapted.decision is not None and adapted.decision.by
        return len(self.data.judged[benchmark].part) if by_group else 0

    def predict(self, adapted: Adapted, benchmark: str) -> pa.Table:
        """Return a model's answers on a benchmark."""
        part = self.data.judged[benchmark].part
        with placed(self.plan.files.loaded):
            logits = adapted.logits(self.prepared(part))
        if not torch.isfinite(logits).all():
            raise FloatingPointError("some scores are NaN or infinite")
        if self.plan.files.numeric:
            task = NumberTask(**adapted.record["target"])
            return numbers_table(list(part.ids), numbers(part.y), task.values(logits))
        scores = self.task.scores(logits)
        column = pa.FixedSizeListArray.from_arrays(
            pa.array(np.ascontiguousarray(scores).ravel(), pa.float32()), scores.shape[1]
        )
        answers = self.task.answers(scores) if adapted.decision is None else self._decided(adapted.decision, part)
        return predictions_table(list(part.ids), list(part.y), answers, column)

    def _decided(self, decision: Decision, part: Part) -> list[str]:
        return decision.answers(self.prepared(part), part.membership(decision.by) if decision.by else None)


def _telling(adapted: Adapted, setting: Setting) -> Adapted:
    """Return a model whose record tells, where it answers with numbers, by which mean and deviation they are made."""
    if not isinstance(setting.task, NumberTask):
        return adapted
    return replace(adapted, record={**adapted.record, "target": setting.task.to_json()})


def _strata(side: AdaptationData, part: Part) -> tuple[str, ...]:
    """Return what label budgets hold in proportion: classes, or ranges of a number."""
    return tuple(strata(part.y)) if side.numeric else part.y


class _Nothing(Prepared):
    """No rows."""

    @property
    def lengths(self) -> list[int]:
        return []

    def batch(self, positions: Any, device: torch.device) -> dict[str, torch.Tensor]:  # noqa: ARG002  # the interface
        return {}


_NOTHING = _Nothing()
