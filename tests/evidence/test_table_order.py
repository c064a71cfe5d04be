"""Groups that stand in an order of their own: the same numbers in other places, and names that are no group refused."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from fairtransfer.errors import DefinitionError, Problems
from fairtransfer.measurement import Measurement, measure
from fairtransfer.spec.group_order import in_order, read_order

pytestmark = pytest.mark.fast

REGIONS = ("east", "north", "south")
ORDER = "region=south,north,east"
ASKED = {"label": "y", "after": "new", "before": "old", "groups": "region,age", "item": "id"}


def table(n: int = 360) -> pd.DataFrame:
    """Three regions and ages from 5 to 94; a model errs in one row of four, the other in one of five."""
    rows = range(n)
    y = [("no", "yes")[i // 3 % 2] for i in rows]
    other = {"no": "yes", "yes": "no"}
    answers = {
        name: [other[v] if i % every == 0 else v for i, v in enumerate(y)] for name, every in (("old", 4), ("new", 5))
    }
    ages = {"region": [REGIONS[i % 3] for i in rows], "age": [5 + i * 7 % 90 for i in rows]}
    return pd.DataFrame({"id": range(n), "y": y, **answers, **ages})


def measured(**asked: Any) -> Measurement:
    return measure(table(), **{**ASKED, "bins": "age=10,30,60", **asked})


def regions(rows: Any) -> list[str]:
    return list(dict.fromkeys(row["region"] for row in rows if set(row) == {"region"}))


def test_groups_stand_as_asked_in_findings_gates_ledger_and_documents(tmp_path: Path) -> None:
    found = measured(order=ORDER, gates="no_harm:by=region,margin=0.2", intersections="region*age")
    wanted = ["south", "north", "east"]
    assert regions(f.group for f in found.findings.where(by="region")) == wanted
    assert regions(row["group"] for row in found.harm or ()) == wanted
    assert regions(c.group for c in found.verdict.gates[0].contrasts) == wanted
    crossed = list(dict.fromkeys(f.group["region"] for f in found.findings.where(by="region*age")))
    assert crossed == wanted
    page = next(path for path in found.report(tmp_path, "md")).read_text()
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("|")]
    assert [row for row in rows if row in REGIONS][:3] == wanted


def test_an_order_changes_no_number_and_no_verdict() -> None:
    gate = "gap:by=region,margin=0.2"
    plain, turned = measured(gates=gate), measured(gates=gate, order=ORDER)

    def numbers(seen: Measurement) -> dict[Any, Any]:
        return {(f.about, f.stage, f.level): (f.n, f.estimate, f.ci) for f in seen.findings}

    assert regions(f.group for f in plain.findings.where(by="region")) == list(REGIONS)
    assert numbers(turned) == numbers(plain)
    assert turned.verdict.outcome == plain.verdict.outcome


def test_ranges_of_numbers_stand_as_numbers_do() -> None:
    ages = list(dict.fromkeys(f.group["age"] for f in measured().findings.where(by="age")))
    assert ages == ["below 10", "10 to below 30", "30 to below 60", "60 and above"]
    assert sorted(ages) != ages, "by name they would stand otherwise"
    assert measured(order={"age": ["60 and above"]}).findings.where(by="age")[0].group == {"age": "60 and above"}


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("region=north,sout", "no row belongs to the group `sout` of `region`; allowed: did you mean `south`?"),
        ("regio=north", "`regio` is not among the groups"),
        ("region", "`region` has no list of groups"),
        ("region=", "`region` has no list of groups"),
        ("region=north,north", "`north` stands more than once"),
        (["region=north", "region=south"], "`region` stands more than once"),
        ({"region": [object()]}, "`region` has no list of groups"),
    ],
)
def test_an_order_that_cannot_be_followed_is_refused(order: Any, said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        measured(order=order)
    assert "FT-P114" in str(caught.value)
    assert said.partition(";")[0] in str(caught.value)


def test_a_name_that_is_no_group_is_refused_with_the_list() -> None:
    with pytest.raises(DefinitionError) as caught:
        measured(order="region=zzzzzzzz")
    assert all(region in str(caught.value) for region in REGIONS)


def test_a_group_that_may_be_empty_can_stand_in_an_order() -> None:
    order = {"age": ["unknown", "200 and above", "below 10"], "region": ["unknown", "south"]}
    found = measured(bins="age=10,30,60,90,200", order=order)
    assert found.findings.where(by="region")[0].group == {"region": "south"}
    assert found.findings.where(by="age")[0].group == {"age": "below 10"}


def test_names_with_commas_stand_in_quotes_and_those_left_out_follow_by_name() -> None:
    assert read_order('region="a, b",c', ["region"], Problems()) == {"region": ("a, b", "c")}
    groups = [{"g": g, "h": h} for g, h in itertools.product("abc", "xy")]
    found = [(group["g"], group["h"]) for group in in_order(reversed(groups), {"g": ("c",)})]
    assert found == [("c", "x"), ("c", "y"), ("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]
