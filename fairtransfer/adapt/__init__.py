"""Adapting a pretrained model: one file per strategy, one training loop.

The registries are the dicts at the end; what options each strategy takes is in `fairtransfer/spec/strategies.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fairtransfer.adapt.before.native_head import native_head
from fairtransfer.adapt.before.zero_shot import zero_shot
from fairtransfer.adapt.strategies.adversarial import Adversarial
from fairtransfer.adapt.strategies.balance import Balance
from fairtransfer.adapt.strategies.bitfit import Bitfit
from fairtransfer.adapt.strategies.dfr import Dfr
from fairtransfer.adapt.strategies.full import Full
from fairtransfer.adapt.strategies.gradual import Gradual
from fairtransfer.adapt.strategies.group_dro import GroupDro
from fairtransfer.adapt.strategies.jtt import Jtt
from fairtransfer.adapt.strategies.l2_sp import L2Sp
from fairtransfer.adapt.strategies.lora import Lora
from fairtransfer.adapt.strategies.lp_ft import LpFt
from fairtransfer.adapt.strategies.majority import Majority
from fairtransfer.adapt.strategies.partial import Partial
from fairtransfer.adapt.strategies.probe import Probe
from fairtransfer.adapt.strategies.reductions import Reductions
from fairtransfer.adapt.strategies.reweight import Reweight
from fairtransfer.adapt.strategies.scratch import Scratch
from fairtransfer.adapt.strategies.threshold import Threshold
from fairtransfer.adapt.strategy import Adapted, Setting, Strategy

__all__ = ["BEFORE", "STRATEGIES", "Adapted", "Setting", "Strategy"]

STRATEGIES: dict[str, type[Strategy]] = {
    "probe": Probe,
    "full": Full,
    "lp_ft": LpFt,
    "scratch": Scratch,
    "partial": Partial,
    "bitfit": Bitfit,
    "l2_sp": L2Sp,
    "gradual": Gradual,
    "lora": Lora,
    "majority": Majority,
    "reweight": Reweight,
    "balance": Balance,
    "group_dro": GroupDro,
    "jtt": Jtt,
    "dfr": Dfr,
    "adversarial": Adversarial,
    "threshold": Threshold,
    "reductions": Reductions,
}

BEFORE: dict[str, Callable[[Setting, Any], Adapted]] = {
    "zero_shot": zero_shot,
    "native_head": native_head,
    "probe": Probe().fit,
}
