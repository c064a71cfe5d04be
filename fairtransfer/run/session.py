"""Everything the jobs of one audit share while they run: data opened once, the model loaded once, inputs prepared once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from fairtransfer.adapt import BEFORE, STRATEGIES
from fairtransfer.adapt.budgets import budget_rows, resolve_budget
from fairtransfer.adapt.hardware import Hardware
from fairtransfer.adapt.inference import Runner
from fairtransfer.adapt.strategy import Adapted, Decision, FrozenFeatures, Labelled, Setting
from fairtransfer.adapt.task import Task
from fairtransfer.data.sides import Part
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.tables import predictions_table
from fairtransfer.models import open_backbone
from fairtransfer.models.backbone import Backbone, Prepared
from fairtransfer.models.checkpoint import placed
from fairtransfer.run.plan import Plan, Training, budget_problems
from fairtransfer.run.sides import Sides
from fairtransfer.spec.before import BEFORE_OPTIONS
from fairtransfer.spec.strategies import STRATEGY_OPTIONS, GroupOptions, GroupStage, Options


@dataclass
class Session:
    """The opened parts of a plan. Each is opened when the first job needs it."""

    plan: Plan
    sides: Sides
    hardware: Hardware
    _prepared: dict[int, Prepared] = field(default_factory=dict)

    @cached_property
    def backbone(self) -> Backbone:
        """The model, loaded."""
        model = self.plan.audit.model
        with placed(self.plan.files.loaded):
            return open_backbone(self.plan.checkpoint, model.reads, model.max_tokens)

    @cached_property
    def frozen(self) -> FrozenFeatures:
        """Features of the pretrained model, shared by all jobs."""
        return FrozenFeatures(self.backbone, Runner(self.hardware))

    @cached_property
    def task(self) -> Task:
        """Classes, in the order of all evidence, and kind of answer."""
        files = self.plan.files
        return Task(files.classes, self.sides.adaptation.multilabel, files.positive_class)

    def check(self) -> None:
        """Check the label budgets against the rows there are, before anything runs."""
        problems = budget_problems(self.plan.files, len(self.sides.adaptation.train))
        if problems:
            raise DefinitionError(problems)

    def prepared(self, part: Part) -> Prepared:
        """Return a part's inputs as the model takes them."""
        if id(part) not in self._prepared:
            self._prepared[id(part)] = self.backbone.prepare(part.inputs)
        return self._prepared[id(part)]

    def adapt(self, training: Training, progress: Callable[[float], None]) -> tuple[Adapted, dict[str, int]]:
        """Adapt the model as a training asks and return it with what the evidence keeps of its labels."""
        if training.stage == "before":
            setting, labels = self._setting(training, None, progress)
            asked: Any = BEFORE_OPTIONS[training.kind].model_validate(_from_json(training.options))
            return BEFORE[training.kind](setting, asked), labels
        chosen = STRATEGY_OPTIONS[training.kind].model_validate(_from_json(training.options))
        setting, labels = self._setting(training, chosen, progress)
        return STRATEGIES[training.kind]().fit(setting, chosen), labels

    def _setting(
        self, training: Training, options: Options | None, progress: Callable[[float], None]
    ) -> tuple[Setting, dict[str, int]]:
        side, seed = self.sides.adaptation, training.seed or 0
        written = next(
            (
                b
                for b in self.plan.audit.label_budgets
                if training.budget in (str(b), f"{b:g}" if isinstance(b, float) else "")
            ),
            0,
        )
        budget = resolve_budget(written, len(side.train)) if training.uses_labels else 0
        rows = budget_rows(side.train.y, budget, seed)
        # Never more labels to choose with than to learn from: validation labels have to be paid for too.
        checked = budget_rows(side.val.y, min(budget, len(side.val)), seed, "validation")
        stages = options.group_stages if isinstance(options, GroupOptions) else ()
        by = options.by if isinstance(options, GroupOptions) else ()

        def labelled(part: Part, chosen: list[int], stage: GroupStage) -> Labelled:
            # A strategy is given the groups it says it uses, and no others.
            groups = part.membership(by) if stage in stages else None
            return Labelled(self.prepared(part) if budget else _NOTHING, part.y, chosen, groups)

        train = labelled(side.train, rows.tolist(), "training")
        val = labelled(side.val, checked.tolist(), "validation")
        labels = {
            "train": len(rows),
            "validation": len(checked),
            "group_labels_train": len(rows) if "training" in stages else 0,
            "group_labels_validation": len(checked) if "validation" in stages else 0,
        }
        return Setting(self.backbone, self.frozen, Runner(self.hardware), self.task, train, val, seed, progress), labels

    def group_labels_at_prediction(self, adapted: Adapted, benchmark: str) -> int:
        """Return how many rows of a benchmark bring along their group to be answered."""
        by_group = adapted.decision is not None and adapted.decision.by
        return len(self.sides.judged[benchmark].part) if by_group else 0

    def predict(self, adapted: Adapted, benchmark: str) -> pa.Table:
        """Return a model's answers on a benchmark."""
        part = self.sides.judged[benchmark].part
        logits = adapted.logits(self.prepared(part))
        if not torch.isfinite(logits).all():
            raise FloatingPointError("some scores are NaN or infinite")
        scores = self.task.scores(logits)
        column = pa.FixedSizeListArray.from_arrays(
            pa.array(np.ascontiguousarray(scores).ravel(), pa.float32()), scores.shape[1]
        )
        answers = self.task.answers(scores) if adapted.decision is None else self._decided(adapted.decision, part)
        return predictions_table(list(part.ids), list(part.y), answers, column)

    def _decided(self, decision: Decision, part: Part) -> list[str]:
        return decision.answers(self.prepared(part), part.membership(decision.by) if decision.by else None)


class _Nothing(Prepared):
    """No rows."""

    @property
    def lengths(self) -> list[int]:
        return []

    def batch(self, positions: Any, device: torch.device) -> dict[str, torch.Tensor]:  # noqa: ARG002  # the interface
        return {}


_NOTHING = _Nothing()


def _from_json(options: dict[str, Any]) -> dict[str, Any]:
    """Return options as strict models take them: lists become tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
