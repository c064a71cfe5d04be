"""`dfr`: deep feature reweighting, the last layer retrained on group-balanced subsets (Kirichenko et al. 2023)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, final

from pydantic import Field

from fairtransfer.adapt.strategy import Adapted, Setting, Strategy, check_classes
from fairtransfer.spec.fair_options import HeadOptions
from fairtransfer.spec.strategies import ONE_CLASS
from fairtransfer.spec.transfer_options import FineTuningOptions, Penalty, Repeats, Share


class DfrOptions(HeadOptions):
    """Retrain the last layer on group-balanced subsets and average (Kirichenko et al. 2023).

    Penalties and the mean of 20 subsets are those of the authors' code (the paper has 10).
    """

    inverse_penalties: tuple[Penalty, ...] = Field(
        (1.0, 0.7, 0.3, 0.1, 0.07, 0.03, 0.01),
        min_length=1,
        description="values of C to choose from, for an L1 penalty",
    )
    refits: Repeats = Field(20, description="balanced subsets whose heads are averaged")
    share: Share = Field(
        0.5, description="with `on: full`, the share of the training rows kept for the last layer alone"
    )


@final
class Dfr(Strategy[DfrOptions]):
    """The features are there and the head is wrong: many L1-penalised heads on balanced subsets, averaged.

    The authors spend validation rows on the last layer. Here they are training rows that nothing else was trained on: all of
    them when the features are the pretrained ones, a third split when the network was fine-tuned.
    """

    kind = "dfr"
    options = DfrOptions
    words = "the last layer is learned again on cases evened out by group (deep feature reweighting)"
    colour = "#00696b"
    tasks = ONE_CLASS

    def fit(self, setting: Setting, options: DfrOptions) -> Adapted:
        """Fine-tune if asked to, then refit the last layer."""
        from fairtransfer.adapt.cells import balanced_rows, cells_of
        from fairtransfer.adapt.linear_head import Fit, fit_head, headed
        from fairtransfer.adapt.selection import selection_of

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


def _fine_tuned(setting: Setting, options: DfrOptions, training: FineTuningOptions) -> tuple[Setting, dict[str, Any]]:
    """Return the setting of the last layer: the third split's rows, and features of the network trained on the others."""
    from fairtransfer.adapt.frozen_features import FrozenFeatures
    from fairtransfer.adapt.holdout import parted
    from fairtransfer.adapt.loop import new_head, train

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
