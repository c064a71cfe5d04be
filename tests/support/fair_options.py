"""Options of strategies that look at groups."""

from __future__ import annotations

from typing import Any

from fairtransfer.adapt.strategies.adversarial import AdversarialOptions
from fairtransfer.adapt.strategies.balance import BalanceOptions
from fairtransfer.adapt.strategies.dfr import DfrOptions
from fairtransfer.adapt.strategies.full import FullOptions
from fairtransfer.adapt.strategies.group_dro import GroupDroOptions
from fairtransfer.adapt.strategies.jtt import JttOptions
from fairtransfer.adapt.strategies.reductions import ReductionsOptions
from fairtransfer.adapt.strategies.reweight import ReweightOptions
from fairtransfer.adapt.strategies.threshold import ThresholdOptions
from fairtransfer.spec.fair_options import GroupOptions

BY = ("side",)


QUICK: dict[str, Any] = {"epochs": 6, "min_steps": 60, "lr": 1e-2, "head_lr": 1e-2}


TRAINING = FullOptions(**QUICK)


FEW = (0.001, 0.1, 10.0)


OPTIONS: dict[str, GroupOptions] = {
    "reweight": ReweightOptions(by=BY, inverse_penalties=FEW),
    "reweight, full": ReweightOptions(by=BY, on="full", training=TRAINING),
    "balance": BalanceOptions(by=BY, subsamples=3, inverse_penalties=FEW),
    "balance, weighed": BalanceOptions(by=BY, method="reweight", inverse_penalties=FEW),
    "balance, full": BalanceOptions(by=BY, on="full", training=TRAINING),
    "balance, weighed, full": BalanceOptions(by=BY, method="reweight", on="full", training=TRAINING),
    "group_dro": GroupDroOptions(by=BY, **QUICK),
    "jtt": JttOptions(by=BY, upweight=20, **QUICK),
    "adversarial": AdversarialOptions(by=BY, strength=5.0, **{**QUICK, "epochs": 30}),
    "dfr": DfrOptions(by=BY, refits=3),
    "dfr, full": DfrOptions(by=BY, refits=3, on="full", training=TRAINING),
    "threshold": ThresholdOptions(by=BY, inverse_penalties=FEW, constraints="equalized_odds"),
    "reductions": ReductionsOptions(by=BY, inverse_penalties=FEW, max_iter=10),
}
