"""The table of metrics: every entry is complete, and everything asked of it elsewhere follows from it."""

from __future__ import annotations

import ast
import math
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from pydantic import ValidationError

import fairtransfer
from fairtransfer import registry
from fairtransfer.gates.worst_group import WorstGroup
from fairtransfer.outcomes import numbers, probabilities
from fairtransfer.outcomes.classes import EVENTS, WRONG, why_empty
from fairtransfer.outcomes.metric import Metric
from fairtransfer.outcomes.table import METRICS, events_for, find_metric, metric_named
from fairtransfer.spec import json_schema
from fairtransfer.spec.audit import MetricSpec
from fairtransfer.spec.gates import gates_known

EVERY = pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))


def named(**having: object) -> set[str]:
    return {name for name, m in METRICS.items() if all(getattr(m, key) == value for key, value in having.items())}


def test_these_are_the_metrics_and_what_may_be_asked_of_them() -> None:
    """Names and properties that users write gates by: a change has to be made here on purpose."""
    judged_of_classes = {
        "error_rate", "accuracy", "recall", "true_positive_rate", "false_negative_rate", "false_positive_rate",
        "true_negative_rate", "precision", "selection_rate", "balanced_accuracy", "negative_predictive_value", "macro_f1",
        "f1_score", "false_discovery_rate", "false_omission_rate",
    }  # fmt: skip
    scores, sizes = {"auc", "brier_score", "calibration_bias"}, {"mean_absolute_error", "mean_error"}
    assert named(judged=True) == judged_of_classes | scores | sizes
    reported = {"log_loss", "calibration_slope", "debiased_ece", "root_mean_squared_error"}
    assert named(judged=False) == reported
    assert named(judged=True, two_sided=True) == {"calibration_bias", "mean_error"}
    assert named(judged=True, harm_sign=1) == {
        "false_discovery_rate", "false_omission_rate", "error_rate", "false_negative_rate", "false_positive_rate", "brier_score",
        "calibration_bias", "mean_absolute_error", "mean_error",
    }  # fmt: skip
    moving = {"precision", "negative_predictive_value", "false_discovery_rate", "false_omission_rate"}
    assert named(of_shares=True, changes_pair=False) == moving
    assert named(paired=True) == judged_of_classes | {"auc", "brier_score", "mean_absolute_error"}
    assert named(as_ratio=True) == {"selection_rate", "true_positive_rate", "recall"}
    assert named(about="either") == {"brier_score", "log_loss", "calibration_bias"}
    assert named(unit="label") == {"mean_absolute_error", "root_mean_squared_error", "mean_error"}


@EVERY
def test_an_entry_is_complete(metric: Metric) -> None:
    low, high = metric.bounds
    assert metric.words
    assert low < high
    assert metric.adds in (WRONG, *EVENTS, *probabilities.VALUES, *numbers.VALUES, "rank")
    assert metric.of_shares == (metric.unit == "share")
    assert not metric.complement or metric.of_shares
    changed = metric.case_bounds("x", change=True)
    assert changed[0] == -changed[1], "a change may go either way"


@EVERY
def test_a_metric_that_is_not_judged_says_why_and_what_to_judge_instead(metric: Metric) -> None:
    def gate() -> WorstGroup:
        of = {"class": "a"} if metric.one_class else {}
        side = "at_most" if metric.harm_sign > 0 else "at_least"
        return WorstGroup.model_validate({"by": ("region",), "metric": metric.name, side: 0.5, **of})

    if metric.judged:
        assert gate().harm_sign == metric.harm_sign
        return
    with pytest.raises(ValidationError) as caught:
        gate()
    context = caught.value.errors()[0]["ctx"]
    assert f"`{metric.name}`" in context["found"]
    instead = [name for name in METRICS if f"`{name}`" in context["allowed"]]
    assert instead
    assert all(METRICS[name].judged for name in instead)


@EVERY
def test_definitions_and_the_schema_take_every_name(metric: Metric) -> None:
    spec = MetricSpec.model_validate({"name": metric.name})
    schema = {"$defs": json_schema()["$defs"], **json_schema()["properties"]["metrics"]}
    jsonschema.validate([spec.name], schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([metric.name + "s"], schema)


def test_a_name_that_is_none_is_refused_with_the_list() -> None:
    with pytest.raises(ValidationError, match="'error_rate', 'accuracy'") as caught:
        MetricSpec.model_validate({"name": "eror_rate"})
    assert caught.value.errors()[0]["type"] == "literal_error"
    assert find_metric("eror_rate") is None
    listed = (str(gate.model_json_schema()["properties"]["metric"]) for gate in gates_known().values())
    assert all("enum" in one or "const" in one for one in listed), "a list, or the only one there is"


def test_a_registered_metric_is_one_of_them() -> None:
    mine = Metric(
        "missed", "classes", "share", "true_positive", "higher_is_worse", "share missed", "one", complement=True
    )
    registry.register("metrics", "missed", mine, origin=registry.Origin("mine", "1"))
    try:
        assert metric_named("missed") is mine
        assert MetricSpec.model_validate({"name": "missed"}).name == "missed"
    finally:
        registry.forget("metrics", "missed")
    assert find_metric("missed") is None


# --- events --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVENTS)
def test_events_count_what_their_names_say(name: str) -> None:
    """Against a walk over the four ways an answer and a label can meet."""
    mine, said = np.array([True, True, False, False]), np.array([True, False, True, False])
    counted = {
        "true_positive": ([1, 1, 0, 0], [1, 0, 0, 0]),
        "false_positive": ([0, 0, 1, 1], [0, 0, 1, 0]),
        "predicted_positive": ([1, 1, 1, 1], [1, 0, 1, 0]),
        "precision": ([1, 0, 1, 0], [1, 0, 0, 0]),
        "jaccard": ([1, 1, 1, 0], [1, 0, 0, 0]),
        "npv": ([0, 1, 0, 1], [0, 0, 0, 1]),
    }
    den, num = EVENTS[name].counted(mine, said)
    assert ([*map(int, den)], [*map(int, num)]) == counted[name]
    assert EVENTS[name].fixed == all((EVENTS[name].counted(mine, other)[0] == den).all() for other in (said, ~said))
    assert "{" not in why_empty(name, "a")


def test_what_is_counted_for_metrics_is_counted_once() -> None:
    assert events_for(["error_rate", "accuracy", "recall", "macro_f1", "auc", "mean_error"]) == [
        "wrong",
        "true_positive",
        "jaccard",
    ]


# --- one table -----------------------------------------------------------------------------------------------------------


def lists_of_metrics(source: str) -> list[int]:
    """Return the lines of literals that hold three or more names of metrics: a second table in the making."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Set | ast.List | ast.Tuple | ast.Dict):
            parts = node.keys if isinstance(node, ast.Dict) else node.elts
            names = {part.value for part in parts if isinstance(part, ast.Constant)}
            found += [node.lineno] if len(names & set(METRICS)) > 2 else []
    return found


def test_no_second_table_of_metrics_comes_back() -> None:
    package = Path(fairtransfer.__file__).parent
    found = {
        str(path.relative_to(package)): lists_of_metrics(path.read_text("utf-8")) for path in package.rglob("*.py")
    }
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_the_search_would_find_one() -> None:
    assert lists_of_metrics('x = {"recall", "precision", "auc"}') == [1]
    assert lists_of_metrics('x = {"recall": 1, "precision": 2, "auc": 3}') == [1]
    assert lists_of_metrics('x = ("recall", "precision", "rail")') == []


def test_bounds_of_all_classes_at_once_are_wider_only_for_sums_over_classes() -> None:
    assert METRICS["brier_score"].case_bounds(None, change=False) == (0.0, 2.0)
    assert METRICS["brier_score"].case_bounds("a", change=True) == (-1.0, 1.0)
    assert METRICS["calibration_bias"].case_bounds(None, change=True) == (-1.0, 1.0)
    assert METRICS["log_loss"].case_bounds(None, change=True) == (-math.inf, math.inf)
