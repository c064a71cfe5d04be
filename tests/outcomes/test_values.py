"""What a case adds: as scikit-learn and plain loops have it, and the same from a database as from arrays."""

from __future__ import annotations

import math

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss, mean_absolute_error, mean_squared_error

from fairtransfer.outcomes.numbers import VALUES as ERRORS
from fairtransfer.outcomes.probabilities import LEAST_PROBABILITY
from fairtransfer.outcomes.probabilities import VALUES as LOSSES
from fairtransfer.outcomes.table import METRICS


@given(st.lists(st.tuples(st.floats(0.01, 0.99), st.integers(0, 1)), min_size=2, max_size=40))
def test_losses_of_probabilities_equal_scikit_learn(table: list) -> None:
    p, y = (np.array(column, dtype=float) for column in zip(*table, strict=True))

    assert LOSSES["brier"].rows(p, y).mean() == pytest.approx(brier_score_loss(y, p, labels=[0, 1]))
    assert LOSSES["log_loss"].rows(p, y).mean() == pytest.approx(log_loss(y, p, labels=[0, 1]))


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=40))
def test_losses_of_numbers_equal_scikit_learn(table: list) -> None:
    predicted, y = (np.array(column) for column in zip(*table, strict=True))

    assert ERRORS["absolute_error"].rows(predicted, y).mean() == pytest.approx(mean_absolute_error(y, predicted))
    assert ERRORS["squared_error"].rows(predicted, y).mean() == pytest.approx(mean_squared_error(y, predicted))
    assert ERRORS["error"].rows(predicted, y).mean() == pytest.approx(predicted.mean() - y.mean())


@pytest.mark.parametrize("metric", ["brier_score", "log_loss", "calibration_bias"])
def test_losses_stay_within_their_bounds(metric: str) -> None:
    """Also where the model was certain, and wrong."""
    p, y = np.array([0.0, 1.0, 0.0, 1.0, 0.3]), np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    low, high = METRICS[metric].bounds

    values = LOSSES[METRICS[metric].adds].rows(p, y)

    assert np.isfinite(values).all()
    assert (values >= low).all()
    assert (values <= high).all()


@settings(max_examples=10)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=20))
def test_a_database_adds_what_arrays_add(found: list[tuple[float, bool]]) -> None:
    frame = pd.DataFrame(found, columns=["p", "y"])
    table = ibis.memtable(pa.Table.from_pandas(frame))

    asked = {name: loss.columns(table.p, table.y) for name, loss in LOSSES.items()}
    made = table.select(**asked).to_pyarrow()

    for name, loss in LOSSES.items():
        np.testing.assert_allclose(
            made[name].to_numpy(), loss.rows(frame.p.to_numpy(), frame.y.to_numpy().astype(float)), atol=1e-12
        )


@settings(max_examples=10)
@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=20))
def test_a_database_is_as_far_off(found: list[tuple[float, float]]) -> None:
    frame = pd.DataFrame(found, columns=["p", "y"])
    table = ibis.memtable(pa.Table.from_pandas(frame))

    made = table.select(**{name: error.columns(table.p, table.y) for name, error in ERRORS.items()}).to_pyarrow()

    for name, error in ERRORS.items():
        np.testing.assert_allclose(
            made[name].to_numpy(), error.rows(frame.p.to_numpy(), frame.y.to_numpy()), rtol=1e-12
        )


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 2), st.lists(st.floats(0.01, 1), min_size=3, max_size=3))))
def test_all_classes_at_once_equal_a_walk_over_rows(found: list[tuple[int, int, list[float]]]) -> None:
    """The answer may be none of the classes (-1): then the model's largest score is what it was sure of, and it is wrong."""
    truth, chosen = (np.array([[j == row[k] for j in range(3)] for row in found]).reshape(-1, 3) for k in (0, 1))
    scores = np.array([np.array(row[2]) / sum(row[2]) for row in found]).reshape(-1, 3)
    for name in LOSSES:
        made = LOSSES[name].over_classes(scores, truth, chosen)  # type: ignore[misc]  # all of them have the form
        for (y, said, _), p, value in zip(found, scores, made, strict=True):
            slow = {
                "brier": sum((p[j] - (j == y)) ** 2 for j in range(3)),
                "log_loss": -math.log(max(p[y], LEAST_PROBABILITY)),
                "calibration_bias": (said == y) - (max(p) if said < 0 else p[said]),
            }
            assert value == pytest.approx(slow[name])
