"""Audits and cards as values: the keys there are, the schema for editors, what the packaged definitions hold."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML
from support.toy import edit, write_project

from fairtransfer import api
from fairtransfer.errors import Problems
from fairtransfer.resources import resource
from fairtransfer.spec import json_schema, load_audit, load_card
from fairtransfer.spec.audit import Audit
from fairtransfer.spec.card import Card
from fairtransfer.spec.gates import GateSpec
from fairtransfer.spec.strict import PATTERNS

pytestmark = pytest.mark.fast


def test_the_keys_of_an_audit_are_these_and_no_others() -> None:
    """Nothing about trust, code, network or plug-ins is an audit setting; a new key has to be added here on purpose."""
    assert {info.alias or name for name, info in Audit.model_fields.items()} == {
        "schema", "id", "title", "purpose", "model", "adapt_on", "benchmarks", "before", "strategies", "label_budgets", "seeds",
        "selection_seeds", "claim", "candidate", "metrics", "gates", "policy",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["quickstart"])
def test_packaged_audits_are_sound_and_fit_the_schema(name: str) -> None:
    path = resource("audits") / f"{name}.yaml"
    files = load_audit(path)
    content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))

    jsonschema.validate(json.loads(json.dumps(content)), json_schema())

    assert files.loaded.audit.gates


def test_the_schema_refuses_what_the_reader_refuses(tmp_path: Path) -> None:
    """The twin: a misspelled key is found by an editor too."""
    content = YAML(typ="safe", pure=True).load((resource("audits") / "quickstart.yaml").read_text(encoding="utf-8"))
    content["gates"][0]["no_harm"]["margn"] = content["gates"][0]["no_harm"].pop("margin")

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(json.dumps(content)), json_schema())


def test_the_card_of_our_own_benchmark_says_that_it_is_synthetic() -> None:
    card = load_card(resource("data_cards") / "clinic_intents.md").card

    assert card.synthetic.is_synthetic
    assert "native speakers have not reviewed" in " ".join(card.known_gaps)
    assert card.unit == ("pattern",)


def test_short_forms_mean_their_long_forms(tmp_path: Path) -> None:
    audit = write_project(tmp_path)
    short = load_audit(audit).loaded.audit
    edit(
        audit,
        (
            "[probe, {full: {epochs: 2, lr: 0.001}}, scratch]",
            "[{probe: {}}, {full: {epochs: 2, lr: 0.001}}, {scratch: }]",
        ),
    )

    long = load_audit(audit).loaded.audit

    assert long.strategies == short.strategies


def test_gate_ids_never_hold_values(tmp_path: Path) -> None:
    """Names stay the same when a margin changes, so that histories can be compared."""
    audit = write_project(tmp_path)
    before = [gate.id for gate in load_audit(audit).loaded.audit.gates]
    edit(audit, ("margin: 0.05}\n  - worst", "margin: 0.07}\n  - worst"))

    after = [gate.id for gate in load_audit(audit).loaded.audit.gates]

    assert before == after
    assert before[1] == "worst_group:error_rate:region*age"


def test_gates_know_their_line(tmp_path: Path) -> None:
    gates: tuple[GateSpec, ...] = load_audit(write_project(tmp_path)).loaded.audit.gates

    assert [gate.line for gate in gates] == [17, 18, 19, 20]


def test_prose_and_owner_do_not_decide_rows() -> None:
    """A card's text can be corrected without anything being run again; its files, columns and splits cannot."""
    fields = set(Card.model_fields) & {
        "files",
        "columns",
        "item",
        "input",
        "label",
        "unit",
        "splits",
        "duplicates",
        "datasets",
    }
    content = load_card(resource("data_cards") / "clinic_intents.md").card.decides_rows()

    assert set(content) == fields | {"excluding"}
    assert "summary" not in json.dumps(content)


def test_an_audit_can_be_named_by_the_name_it_is_packaged_under() -> None:
    assert api.find_audit("quickstart") == resource("audits") / "quickstart.yaml"


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    """The audit's own problems and those of its card are told together where both can be read."""
    audit = write_project(tmp_path)
    edit(audit, ("by: region, metric: error_rate, margin: 0.10", "by: regin, metric: error_rate, margin: 0.10"))
    problems = Problems()

    with pytest.raises(Exception, match="regin"):
        load_audit(audit, problems)

    assert [p.code for p in problems] == ["FT-Y033"]


def test_what_a_pattern_asks_for_is_said_in_words() -> None:
    """Nobody has to read a regular expression to learn what an id, a version or a digest looks like."""

    def unsaid(schema: object) -> list[str]:
        if isinstance(schema, list):
            return [pattern for part in schema for pattern in unsaid(part)]
        if not isinstance(schema, dict):
            return []
        pattern = schema.get("pattern")
        silent = isinstance(pattern, str) and pattern not in PATTERNS and "description" not in schema
        inner = [value for key, value in schema.items() if key != "if"]  # a condition refuses nothing
        return ([str(pattern)] if silent else []) + unsaid(inner)

    assert unsaid(json_schema("audit")) == unsaid(json_schema("card")) == []
    assert unsaid({"properties": {"a": {"pattern": "^x$"}}}) == ["^x$"]
