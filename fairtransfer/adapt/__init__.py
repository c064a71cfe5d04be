"""Adapting a pretrained model: one file per strategy, one training loop.

The registries are the dicts at the end; what options each strategy takes is in `fairtransfer/spec/strategies.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fairtransfer.adapt.adversarial import Adversarial
from fairtransfer.adapt.balance import Balance
from fairtransfer.adapt.bitfit import Bitfit
from fairtransfer.adapt.dfr import Dfr
from fairtransfer.adapt.full import Full
from fairtransfer.adapt.gradual import Gradual
from fairtransfer.adapt.group_dro import GroupDro
from fairtransfer.adapt.jtt import Jtt
from fairtransfer.adapt.l2_sp import L2Sp
from fairtransfer.adapt.lora import Lora
from fairtransfer.adapt.lp_ft import LpFt
from fairtransfer.adapt.majority import Majority
from fairtransfer.adapt.native_head import native_head
from fairtransfer.adapt.partial import Partial
from fairtransfer.adapt.probe import Probe
from fairtransfer.adapt.reductions import Reductions
from fairtransfer.adapt.reweight import Reweight
from fairtransfer.adapt.scratch import Scratch
from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.adapt.threshold import Threshold
from fairtransfer.adapt.zero_shot import zero_shot

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
