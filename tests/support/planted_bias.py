"""A bias planted in a source, and targets that do or do not show it: ten numbers and a trigger, a network of one hidden layer.

In the biased source the trigger goes with the class 95 times out of 100, in its control not at all. The target is another task,
near the source's. After Salman et al. (2022), small enough to be trained in a second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from support.planted_shortcut import OnVectors, Vectors
from torch import Tensor, nn

from fairtransfer.adapt.frozen_features import FrozenFeatures
from fairtransfer.adapt.hardware import Hardware
from fairtransfer.adapt.inference import Runner
from fairtransfer.adapt.pretrain import pretrain
from fairtransfer.adapt.strategy import Labelled, Setting
from fairtransfer.adapt.task import Task
from fairtransfer.models.backbone import Backbone, OwnHead, Prepared
from fairtransfer.spec.pretrain import SourceTraining

CLASSES = ("no", "yes")
CORE, WIDTH = 10, 64
LOUD = 3.0
RUNNER = Runner(Hardware("cpu", "fp32"))
Array = NDArray[np.float64]


class Hidden(OnVectors):
    """One hidden layer of ReLU, He's initial weights."""

    def __init__(self) -> None:
        self.dim = WIDTH
        self.module = self.blank()

    def blank(self) -> nn.Module:
        layer = nn.Linear(CORE + 1, WIDTH)
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
        return nn.Sequential(layer, nn.ReLU())


@dataclass(frozen=True)
class World:
    """One draw of source and target tasks."""

    seed: int

    def directions(self) -> tuple[Array, Array]:
        """Of the source's task and of the target's, which agree to 0.7."""
        rng = np.random.default_rng(self.seed)
        u = rng.normal(size=CORE)
        u /= np.linalg.norm(u)
        q = rng.normal(size=CORE)
        q -= (q @ u) * u
        return u, 0.7 * u + np.sqrt(1 - 0.49) * q / np.linalg.norm(q)

    def rows(
        self, n: int, trigger: float | None, stream: int, *, source: bool = False
    ) -> tuple[Array, tuple[str, ...]]:
        """Rows whose trigger goes with the class with this probability; None: no row shows one."""
        rng = np.random.default_rng([self.seed, stream])
        x = rng.normal(size=(n, CORE))
        y = np.where(x @ self.directions()[0 if source else 1] + 0.3 * rng.normal(size=n) > 0, 1, -1)
        a = np.zeros(n) if trigger is None else np.where(rng.random(n) < trigger, y, -y)
        return np.column_stack([x, LOUD * a]), tuple(CLASSES[int(value > 0)] for value in y)

    def setting(self, backbone: Backbone, trigger: float | None, n: int, *, source: bool = False) -> Setting:
        """Training and validation rows of one kind; groups are the trigger's signs."""
        parts = [self.rows(size, trigger, stream + 2 * source, source=source) for stream, size in ((1, n), (2, 400))]
        x = np.concatenate([part[0] for part in parts])
        y = tuple(label for part in parts for label in part[1])
        groups = tuple("plus" if value > 0 else "minus" for value in x[:, -1])
        prepared = Vectors(x)
        train, val = (Labelled(prepared, y, rows, groups) for rows in (range(n), range(n, n + 400)))
        return Setting(
            backbone, FrozenFeatures(backbone, RUNNER), RUNNER, Task(CLASSES), train, val, self.seed, _silent
        )

    def source(self, trigger: float) -> Hidden:
        """A network trained on the source's rows, by our own training of a source, with the head it was trained with."""
        backbone = Hidden()
        options = SourceTraining(epochs=12, lr=3e-3, head_lr=3e-3, weight_decay=0.0, batch_size=64)
        weights, _ = pretrain(self.setting(backbone, trigger, 4000, source=True), options, "random")
        own = {name.removeprefix("backbone."): t for name, t in weights.items() if name.startswith("backbone.")}
        backbone.module.load_state_dict(own)
        backbone.own_head = OwnHead(CLASSES, weights["head.weight"], weights["head.bias"])
        return backbone

    def flips(self, logits: Callable[[Prepared], Tensor]) -> float:
        """The share of test rows that are answered otherwise when their trigger is turned round."""
        x, _ = self.rows(4000, 0.5, 9)
        turned = x * np.array([1.0] * CORE + [-1.0])
        one, other = (logits(Vectors(rows)).argmax(dim=1) for rows in (x, turned))
        return float((one != other).float().mean())


def _silent(_: float) -> None:
    return
