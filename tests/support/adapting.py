"""What strategies are tried on: texts, their classes, a setting, and options for each."""

from __future__ import annotations

from fairtransfer.adapt.frozen_features import FrozenFeatures
from fairtransfer.adapt.hardware import Hardware
from fairtransfer.adapt.inference import Runner
from fairtransfer.adapt.strategies.bitfit import BitfitOptions
from fairtransfer.adapt.strategies.full import FullOptions
from fairtransfer.adapt.strategies.gradual import GradualOptions
from fairtransfer.adapt.strategies.l2_sp import L2SpOptions
from fairtransfer.adapt.strategies.lora import LoraOptions
from fairtransfer.adapt.strategies.lp_ft import LpFtOptions
from fairtransfer.adapt.strategies.majority import MajorityOptions
from fairtransfer.adapt.strategies.partial import PartialOptions
from fairtransfer.adapt.strategies.probe import ProbeOptions
from fairtransfer.adapt.strategies.scratch import ScratchOptions
from fairtransfer.adapt.strategy import Adapted, Labelled, Setting
from fairtransfer.adapt.task import Task
from fairtransfer.data.inputs import Inputs, Texts
from fairtransfer.models.backbone import Backbone
from fairtransfer.spec.transfer_options import Options

RUNNER = Runner(Hardware("cpu", "fp32"))


CLASSES = ("fruit", "tool")


WORDS = {"fruit": ["apple", "plum", "pear", "fig"], "tool": ["hammer", "saw", "drill", "file"]}


Y = tuple(CLASSES[i % 2] for i in range(64))


TEXTS = Texts(tuple(f"{WORDS[y][i % 4]} {('small', 'big')[i % 3 == 0]}" for i, y in enumerate(Y)))


def setting(
    backbone: Backbone, inputs: Inputs = TEXTS, y: tuple[str, ...] = Y, seed: int = 0, task: Task | None = None
) -> Setting:
    prepared = backbone.prepare(inputs)
    frozen = FrozenFeatures(backbone, RUNNER)
    rows = range(len(y))
    train = Labelled(prepared, y, [i for i in rows if i % 5])
    val = Labelled(prepared, y, [i for i in rows if i % 5 == 0])
    return Setting(backbone, frozen, RUNNER, task or Task(CLASSES), train, val, seed, lambda share: None)


OPTIONS: dict[str, Options] = {
    "probe": ProbeOptions(),
    "full": FullOptions(epochs=3, lr=1e-3, batch_size=8),
    "lp_ft": LpFtOptions(epochs=3, lr=1e-4, batch_size=8),
    "scratch": ScratchOptions(epochs=10, lr=3e-3, batch_size=8),
    "partial": PartialOptions(blocks=1, lr=2e-3, batch_size=8),
    "bitfit": BitfitOptions(epochs=5, lr=1e-2, head_lr=1e-2, batch_size=8),
    "l2_sp": L2SpOptions(lr=1e-3, batch_size=8),
    "gradual": GradualOptions(epochs=8, lr=2e-3, batch_size=8),
    "lora": LoraOptions(epochs=5, lr=1e-2, head_lr=1e-2, batch_size=8),
    "majority": MajorityOptions(),
}


def error(adapted: Adapted, found: Setting) -> float:
    return found.task.error(adapted.logits(found.train.prepared), found.train.y)
