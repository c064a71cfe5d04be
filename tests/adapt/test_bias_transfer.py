"""A trigger planted in a source: how often adapted models answer by it in a target that never shows it, and what overwrites it.

The order is the known answer (after Salman et al. 2022): a frozen probe flips with the trigger more often than full fine-tuning,
and that more often than full fine-tuning with weight decay; a balanced target overwrites what the source brought (Wang and
Russakovsky 2023). The control source, in which the trigger says nothing, flips in the same order where the target never shows
it: how much of it is the planted bias cannot be told from a few draws, and is not claimed here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import pytest
from support.planted_bias import World

from fairtransfer.adapt.strategies.full import FullOptions
from fairtransfer.adapt.strategies.probe import ProbeOptions
from fairtransfer.adapt.strategy import strategy_named
from fairtransfer.spec.transfer_options import Options

pytestmark = pytest.mark.train
DRAWS = range(4)
STEPS = {"batch_size": 64, "epochs": 1, "min_steps": 400, "lr": 3e-3, "head_lr": 3e-3}
WAYS: dict[str, tuple[str, Options]] = {
    "probe": ("probe", ProbeOptions()),
    "full": ("full", FullOptions(weight_decay=0.0, **STEPS)),
    "full and decay": ("full", FullOptions(weight_decay=5.0, **STEPS)),
}
SOURCES = {"biased": 0.95, "control": 0.5}
TARGETS = {"absent": None, "balanced": 0.5}
Flips = Mapping[tuple[str, str, str], float]


@pytest.fixture(scope="module")
def flips() -> Flips:
    """How often an answer turns with the trigger, by target, way to adapt and source; means over draws."""
    found: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for world in map(World, DRAWS):
        for source, rho in SOURCES.items():
            backbone = world.source(rho)
            for target, trigger in TARGETS.items():
                setting = world.setting(backbone, trigger, 200)
                for way, (kind, options) in WAYS.items():
                    found[target, way, source].append(world.flips(strategy_named(kind).fit(setting, options).logits))
            head, frozen = backbone.own_head, setting.frozen
            assert head is not None
            found["source", "own head", source].append(world.flips(lambda x, h=head, f=frozen: h(f.of(x))))
    return {key: float(np.mean(values)) for key, values in found.items()}


def test_the_bias_is_planted_and_its_control_has_none(flips: Flips) -> None:
    assert flips["source", "own head", "biased"] > 0.25
    assert flips["source", "own head", "control"] < 0.08


def test_without_the_trigger_in_the_target_a_probe_flips_most_and_decay_least(flips: Flips) -> None:
    probe, full, decay = (flips["absent", way, "biased"] for way in WAYS)

    assert probe > full + 0.08
    assert full > decay + 0.04
    assert decay < 0.1


def test_a_balanced_target_overwrites_it(flips: Flips) -> None:
    """Nothing is left that the control source would not bring too; twin: the same difference of the sources themselves."""
    for way in WAYS:
        left = flips["balanced", way, "biased"] - flips["balanced", way, "control"]
        assert abs(left) < 0.05, way

    assert flips["balanced", "probe", "biased"] < flips["absent", "probe", "biased"] - 0.08
    assert flips["source", "own head", "biased"] - flips["source", "own head", "control"] > 0.2
