"""`balance`: every cell the same size, by subsampling (SUBG), or the same weight (RWG). Idrissi et al. 2022."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, final

from pydantic import Field

from fairtransfer.adapt.strategy import Adapted, Setting, Strategy
from fairtransfer.spec.fair_options import HeadOptions
from fairtransfer.spec.strategies import ONE_CLASS
from fairtransfer.spec.transfer_options import FineTuningOptions, Repeats

if TYPE_CHECKING:
    from fairtransfer.adapt.cells import Cells
    from fairtransfer.adapt.linear_head import Fit


class BalanceOptions(HeadOptions):
    """Even out the cells (Idrissi et al. 2022): subsample all to the smallest (SUBG), or weigh rows by 1/size (RWG).

    The sources have no options here. On frozen features several subsamples are averaged; fine-tuning takes one.
    """

    method: Literal["subsample", "reweight"] = "subsample"
    subsamples: Repeats = Field(10, description="subsamples whose heads are averaged, on frozen features")


@final
class Balance(Strategy[BalanceOptions]):
    """Subsampling loses rows and keeps its effect where a model fits all of them; weighing is the reverse."""

    kind = "balance"
    options = BalanceOptions
    words = "groups and classes are evened out before learning"
    colour = "#4b5d00"
    tasks = ONE_CLASS | {"number"}

    def fit(self, setting: Setting, options: BalanceOptions) -> Adapted:
        """Even out the cells, then fit a head or fine-tune."""
        from fairtransfer.adapt.cells import balanced_rows, cells_of
        from fairtransfer.adapt.linear_head import fit_head, headed

        cells = cells_of(setting.train, options.cells)
        kept = len(balanced_rows(cells, setting.seed, "balance")) if options.method == "subsample" else None
        told: dict[str, Any] = {"cells": cells.told()} | ({} if kept is None else {"rows_kept": kept})
        if options.training is None:
            head, record = fit_head(setting, options.inverse_penalties, _fit(setting, cells, options))
            return headed(setting, head, {**record, **told})
        adapted = _fine_tuned(setting, cells, options, options.training)
        return Adapted(adapted.logits, {**adapted.record, **told})


def _fit(setting: Setting, cells: Cells, options: BalanceOptions) -> Fit:
    from fairtransfer.adapt.cells import balanced_rows, even_weights
    from fairtransfer.adapt.linear_head import Fit
    from fairtransfer.adapt.selection import selection_of

    if options.method == "reweight":
        return Fit(weights=even_weights(cells), selection=selection_of(options))
    subsets = tuple(balanced_rows(cells, setting.seed, "balance", n) for n in range(options.subsamples))
    return Fit(subsets=subsets, selection=selection_of(options))


def _fine_tuned(setting: Setting, cells: Cells, options: BalanceOptions, training: FineTuningOptions) -> Adapted:
    """Fine-tune on one subsample, or on rows drawn by their weight, with replacement."""
    from fairtransfer.adapt.cells import balanced_rows, even_weights
    from fairtransfer.adapt.loop import Recipe, drawn, new_head, train
    from fairtransfer.adapt.selection import selection_of

    if options.method == "subsample":
        rows = balanced_rows(cells, setting.seed, "balance").tolist()
        setting, recipe = replace(setting, train=setting.train.among(rows)), Recipe(selection=selection_of(options))
    else:
        recipe = Recipe(order=drawn(even_weights(cells)), selection=selection_of(options))
    return train(setting, setting.backbone.pretrained(), new_head(setting), training, recipe)
