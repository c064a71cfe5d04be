"""Before adaptation, by the checkpoint's own head: its labels, mapped to the benchmark's classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from pydantic import Field

from fairtransfer.adapt.before.way import Asked, Before
from fairtransfer.adapt.strategy import Adapted, Setting
from fairtransfer.errors import DefinitionError, Problem, did_you_mean, shown
from fairtransfer.spec.strict import Strict

if TYPE_CHECKING:
    from torch import Tensor

    from fairtransfer.models.backbone import Prepared


class NativeHeadOptions(Strict):
    """Use the head the checkpoint was published with, and map its labels to the benchmark's classes."""

    labels: dict[str, str] = Field({}, description="checkpoint label -> class; default: equal names")


@final
class NativeHead(Before[NativeHeadOptions]):
    """The model as published. Several of its labels may mean one class; a label that means none is never an answer."""

    kind = "native_head"
    options = NativeHeadOptions
    words = "its own head, labels mapped"
    reads_head = True

    def refused(self, asked: Asked, options: NativeHeadOptions) -> list[Problem]:
        """Return why a head cannot answer: it has no labels, or they do not mean the classes."""
        if asked.labels is None:
            return []
        if not asked.labels:
            do = "use `before: zero_shot` (texts) or `before: probe`"
            return [Problem("FT-M023", "the checkpoint has no classification head with named labels", "", do)]
        try:
            class_columns(list(asked.labels), options.labels, asked.classes)
        except DefinitionError as error:
            return list(error.problems)
        return []

    def ask(self, setting: Setting, options: NativeHeadOptions) -> Adapted:
        """Return the model, asked by its own head.

        A class's logit is the log of the summed probabilities of its labels, so that the answer is the class with the most
        probability, whatever share of it went to labels without a class.
        """
        import torch

        def logits(prepared: Prepared) -> Tensor:
            own = setting.backbone.own_head
            raw, labels = (
                setting.backbone.native_logits(prepared, setting.runner)
                if own is None
                else (own(setting.frozen.of(prepared)), list(own.classes))
            )
            columns = class_columns(labels, options.labels, setting.task.classes)
            logs = torch.log_softmax(raw, dim=1) if not setting.task.multilabel else raw
            return torch.stack([torch.logsumexp(logs[:, columns[name]], dim=1) for name in setting.task.classes], dim=1)

        return Adapted(
            logits,
            {
                "method": "the checkpoint's own head",
                "label_map": dict(options.labels),
                "trainable_parameters": 0,
                "trials": 0,
            },
        )


def class_columns(labels: list[str], mapping: dict[str, str], classes: tuple[str, ...]) -> dict[str, list[int]]:
    """Return the columns of the checkpoint's labels that mean each class.

    Raises
    ------
    DefinitionError
        When a class has no label, or the map names one that does not exist (``FT-M015``).
    """
    problems = []
    for label, name in mapping.items():
        if label not in labels:
            hint = did_you_mean(label, labels)
            problems.append(
                _problem(
                    f"the checkpoint has no label `{shown(label)}`",
                    f"its labels: {', '.join(labels[:12])}",
                    hint if hint.startswith("did") else "",
                )
            )
        if name not in classes:
            problems.append(_problem(f"`{shown(name)}` is not a class", f"classes: {', '.join(classes[:12])}"))
    meaning = [mapping.get(label, label) for label in labels]
    columns = {name: [i for i, meant in enumerate(meaning) if meant == name] for name in classes}
    listed, do = f"its labels: {', '.join(labels[:12])}", "map it under `before.native_head.labels`"
    unmapped = [name for name, found in columns.items() if not found]
    problems += [_problem(f"no label of the checkpoint means `{shown(name)}`", listed, do) for name in unmapped]
    if problems:
        raise DefinitionError(problems)
    return columns


def _problem(found: str, allowed: str, do: str = "") -> Problem:
    return Problem("FT-M015", found, allowed, do, path="before.native_head.labels")
