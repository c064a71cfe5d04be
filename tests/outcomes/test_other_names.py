"""What metrics are called elsewhere leads to ours."""

from __future__ import annotations

import pandas as pd
import pytest

from fairtransfer.errors import DefinitionError
from fairtransfer.measurement import measure
from fairtransfer.outcomes.other_names import CALLED, NEAREST
from fairtransfer.outcomes.table import METRICS

pytestmark = pytest.mark.fast

TABLE = pd.DataFrame({"y": ["a", "b"] * 20, "new": ["a", "b"] * 20, "g": ["x"] * 40})


def test_every_name_leads_to_a_metric_and_is_none_itself() -> None:
    assert {*CALLED.values(), *NEAREST.values()} <= set(METRICS)
    assert not {*CALLED, *NEAREST} & set(METRICS)
    assert not set(CALLED) & set(NEAREST)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tpr", "it is called `true_positive_rate` here"),
        ("ROC-AUC", "it is called `auc` here"),
        ("mcc", "nearest is `balanced_accuracy`"),
        ("average_precision", "no limits of it are known that hold in small groups; nearest is `auc`"),
        ("acuracy", "did you mean `accuracy`?"),
    ],
)
def test_it_is_said_where_a_metric_is_asked_for(name: str, said: str) -> None:
    with pytest.raises(DefinitionError) as told:
        measure(TABLE, label="y", after="new", groups="g", metrics=[name])
    assert said in str(told.value)
    assert "FT-Y038" in str(told.value)


def test_what_no_gate_may_be_about_is_no_hint_for_a_gate() -> None:
    with pytest.raises(DefinitionError) as told:
        measure(TABLE, label="y", after="new", groups="g", gates=["worst_group:by=g,metric=ece,at_most=0.1"])
    assert "it is called" not in str(told.value)
