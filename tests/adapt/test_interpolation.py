"""What evening out can do where a model fits every row: the toy of Idrissi et al. (2022), told through the strategies themselves.

A loud feature goes with the class in four rows of five, a quiet one always, and there are more columns of noise than rows, so
that every row can be learned by heart. Known answers: there, weighing rows changes nothing and subsampling does; a strong
penalty gives weighing its effect back. Noise is nought in test rows. Features are standardised before a head is fitted, so
that loud means "in 16 columns" here and not "times 4".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.planted_shortcut import CLASSES, Planted, Vectors

from fairtransfer.adapt.strategies.balance import BalanceOptions
from fairtransfer.adapt.strategies.probe import ProbeOptions
from fairtransfer.adapt.strategy import Adapted, strategy_named

pytestmark = pytest.mark.train
COPIES, COLUMNS = 16, 1200
BY_HEART, HELD_BACK = 1e4, 1e-5


class Toy(Planted):
    """250 rows to learn from, a fifth of them against the rule."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        parts = [self._toy(rng, n, noise) for n, noise in ((250, 1), (100, 1), (1000, 0))]
        x, y, against = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        self.y = tuple(CLASSES[i] for i in y)
        self.groups = tuple(("with the rule", "against it")[i] for i in against)
        self.prepared = Vectors(x)
        self.rows = (range(250), range(250, 350), range(350, 1350))

    def _toy(
        self, rng: np.random.Generator, n: int, noise: int
    ) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
        sign, against = np.repeat([-1, 1], n // 2), np.zeros(n, dtype=np.int64)
        for first in (0, n // 2):
            against[first + rng.permutation(n // 2)[: n // 10]] = 1
        loud = sign * (1 - 2 * against) * (1 + rng.normal(0, 0.15, n))
        quiet = sign * (1 + rng.normal(0, 0.15, n))
        columns = np.column_stack([np.repeat(loud[:, None], COPIES, axis=1), quiet])
        return np.hstack([columns, noise * rng.normal(0, 1, (n, COLUMNS))]), (sign + 1) // 2, against


def fitted(toy: Toy, penalty: float, method: str | None = None) -> Adapted:
    if method is None:
        return strategy_named("probe").fit(toy.setting(), ProbeOptions(inverse_penalties=(penalty,)))
    options = BalanceOptions(by=("rule",), method=method, inverse_penalties=(penalty,), subsamples=1)  # type: ignore[arg-type]
    return strategy_named("balance").fit(toy.setting(), options)


def learned(toy: Toy, adapted: Adapted) -> float:
    """Accuracy on the rows it was trained on."""
    answers = adapted.logits(toy.prepared).argmax(dim=1).tolist()
    return float(np.mean([CLASSES[answers[i]] == toy.y[i] for i in toy.rows[0]]))


@pytest.mark.parametrize("seed", range(3))
def test_by_heart_weighing_changes_nothing_and_subsampling_does(seed: int) -> None:
    toy = Toy(seed)
    plain, weighed, subsampled = (fitted(toy, BY_HEART, method) for method in (None, "reweight", "subsample"))

    assert learned(toy, plain) == learned(toy, weighed) == 1.0
    assert toy.worst(plain) <= 0.02
    assert toy.worst(weighed) <= 0.02
    assert toy.worst(subsampled) >= 0.95


@pytest.mark.parametrize("seed", range(3))
def test_held_back_weighing_has_its_effect_again(seed: int) -> None:
    """The twin: the same rows and weights, and only the penalty is another."""
    toy = Toy(seed)

    assert toy.worst(fitted(toy, HELD_BACK)) <= 0.02
    assert toy.worst(fitted(toy, HELD_BACK, "reweight")) >= 0.95
