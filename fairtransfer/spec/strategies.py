"""The ways to adapt a model, by the name an audit calls them, with the options each of them takes.

What a strategy does is in the file of the same name under `fairtransfer/adapt/`.
"""

from __future__ import annotations

from dataclasses import dataclass

from fairtransfer.spec.fair_options import (
    AdversarialOptions,
    BalanceOptions,
    DfrOptions,
    GroupDroOptions,
    JttOptions,
    ReductionsOptions,
    ReweightOptions,
    ThresholdOptions,
)
from fairtransfer.spec.transfer_options import (
    BitfitOptions,
    FullOptions,
    GradualOptions,
    L2SpOptions,
    LoraOptions,
    LpFtOptions,
    MajorityOptions,
    Options,
    PartialOptions,
    ProbeOptions,
    ScratchOptions,
)

CONTROLS = frozenset({"scratch", "majority"})
"""What is listed to be compared with: never the candidate unless the audit names it."""

STRATEGY_OPTIONS: dict[str, type[Options]] = {
    "probe": ProbeOptions,
    "full": FullOptions,
    "lp_ft": LpFtOptions,
    "scratch": ScratchOptions,
    "partial": PartialOptions,
    "bitfit": BitfitOptions,
    "l2_sp": L2SpOptions,
    "gradual": GradualOptions,
    "lora": LoraOptions,
    "majority": MajorityOptions,
    "reweight": ReweightOptions,
    "balance": BalanceOptions,
    "group_dro": GroupDroOptions,
    "jtt": JttOptions,
    "dfr": DfrOptions,
    "adversarial": AdversarialOptions,
    "threshold": ThresholdOptions,
    "reductions": ReductionsOptions,
}


@dataclass(frozen=True, slots=True)
class StrategySpec:
    """A strategy as an audit asks for it: which one, under which name, with which options."""

    kind: str
    options: Options

    @property
    def name(self) -> str:
        """The name under which its results appear."""
        return self.options.name or self.kind
