"""`dfr`: deep feature reweighting, the last layer retrained on group-balanced subsets (Kirichenko et al. 2023)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, final

from fairtransfer.adapt.cells import balanced_rows, cells_of
from fairtransfer.adapt.holdout import parted
from fairtransfer.adapt.loop import new_head, train
from fairtransfer.adapt.selection import selection_of
from fairtransfer.adapt.strategies.probe import Fit, fit_head, headed
from fairtransfer.adapt.strategy import Adapted, FrozenFeatures, Setting, Strategy, check_classes
from fairtransfer.spec.fair_options import DfrOptions
from fairtransfer.spec.transfer_options import FullOptions, Options


@final
class Dfr(Strategy):
    """The features are there and the head is wrong: many L1-penalised heads on balanced subsets, averaged.

    The authors spend validation rows on the last layer. Here they are training rows that nothing else was trained on: all of
    them when the features are the pretrained ones, a third split when the network was fine-tuned.
    """

    kind = "dfr"

    def fit(self, setting: Setting, options: Options) -> Adapted:
        """Fine-tune if asked to, then refit the last layer."""
        assert isinstance(options, DfrOptions), "the registry pairs strategies with their options"
        spent: dict[str, Any] = {}
        if options.training is not None:
            setting, spent = _fine_tuned(setting, options, options.training)
        cells = cells_of(setting.train, options.cells)
        subsets = tuple(balanced_rows(cells, setting.seed, "dfr", n) for n in range(options.refits))
        fit = Fit(subsets=subsets, norm="l1", selection=selection_of(options))
        head, record = fit_head(setting, options.inverse_penalties, fit)
        trainable = spent.pop("trainable_parameters", record["trainable_parameters"])
        trials = record["trials"] + spent.pop("trials", 0)
        told = {
            "cells": cells.told(),
            "rows_kept": len(subsets[0]),
            "trainable_parameters": trainable,
            "trials": trials,
        }
        return headed(setting, head, {**record, **told, **spent})


def _fine_tuned(setting: Setting, options: DfrOptions, training: FullOptions) -> tuple[Setting, dict[str, Any]]:
    """Return the setting of the last layer: the third split's rows, and features of the network trained on the others."""
    first, third = parted(setting.train, options.cells, options.share, setting.seed)
    check_classes(third.labels, setting.task, "the rows kept for the last layer")
    network = setting.backbone.pretrained()
    adapted = train(replace(setting, train=first), network, new_head(setting), training)
    features = FrozenFeatures(setting.backbone, setting.runner, network)
    spent = {
        "fine_tuning": adapted.record["selected"],
        "steps": adapted.record["steps"],
        "trainable_parameters": adapted.record["trainable_parameters"],
        "trials": adapted.record["trials"],
        "third_split": len(third.rows),
    }
    return replace(setting, train=third, frozen=features), spent
