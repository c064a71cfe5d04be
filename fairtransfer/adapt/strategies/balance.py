"""`balance`: every cell the same size, by subsampling (SUBG), or the same weight (RWG). Idrissi et al. 2022."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, final

from fairtransfer.adapt.cells import Cells, balanced_rows, cells_of, even_weights
from fairtransfer.adapt.loop import Recipe, drawn, new_head, train
from fairtransfer.adapt.selection import selection_of
from fairtransfer.adapt.strategies.probe import Fit, fit_head, headed
from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.fair_options import BalanceOptions
from fairtransfer.spec.transfer_options import FullOptions, Options


@final
class Balance(Strategy):
    """Subsampling loses rows and keeps its effect where a model fits all of them; weighing is the reverse."""

    kind = "balance"

    def fit(self, setting: Setting, options: Options) -> Adapted:
        """Even out the cells, then fit a head or fine-tune."""
        assert isinstance(options, BalanceOptions), "the registry pairs strategies with their options"
        cells = cells_of(setting.train, options.cells)
        kept = len(balanced_rows(cells, setting.seed, "balance")) if options.method == "subsample" else None
        told: dict[str, Any] = {"cells": cells.told()} | ({} if kept is None else {"rows_kept": kept})
        if options.training is None:
            head, record = fit_head(setting, options.inverse_penalties, _fit(setting, cells, options))
            return headed(setting, head, {**record, **told})
        adapted = _fine_tuned(setting, cells, options, options.training)
        return Adapted(adapted.logits, {**adapted.record, **told})


def _fit(setting: Setting, cells: Cells, options: BalanceOptions) -> Fit:
    if options.method == "reweight":
        return Fit(weights=even_weights(cells), selection=selection_of(options))
    subsets = tuple(balanced_rows(cells, setting.seed, "balance", n) for n in range(options.subsamples))
    return Fit(subsets=subsets, selection=selection_of(options))


def _fine_tuned(setting: Setting, cells: Cells, options: BalanceOptions, training: FullOptions) -> Adapted:
    """Fine-tune on one subsample, or on rows drawn by their weight, with replacement."""
    if options.method == "subsample":
        rows = balanced_rows(cells, setting.seed, "balance").tolist()
        setting, recipe = replace(setting, train=setting.train.among(rows)), Recipe(selection=selection_of(options))
    else:
        recipe = Recipe(order=drawn(even_weights(cells)), selection=selection_of(options))
    return train(setting, setting.backbone.pretrained(), new_head(setting), training, recipe)
