"""The JSON Schema of the definitions, for editors: it knows the short forms (`probe` or `{full: {epochs: 3}}`) too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from fairtransfer import registry
from fairtransfer.outcomes.table import metrics
from fairtransfer.spec import audit as definitions
from fairtransfer.spec.before import BEFORE_OPTIONS
from fairtransfer.spec.card import CardFile
from fairtransfer.spec.gates import Policy, gates_known
from fairtransfer.spec.names import MEANS_IN_SCHEMA
from fairtransfer.spec.pretrain import Pretrain
from fairtransfer.spec.strategies import STRATEGY_OPTIONS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/{model}"


def json_schema(kind: Literal["audit", "card"] = "audit") -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of an audit, or of a data card's front matter."""
    if kind == "card":
        card = CardFile.model_json_schema(by_alias=True)
        card["$defs"]["FileRef"]["properties"]["format"] |= _names_of("readers")
        return {"$schema": DIALECT, **card}
    plain: list[type[BaseModel]] = [
        definitions.Purpose,
        definitions.ModelRef,
        Pretrain,
        definitions.AdaptOn,
        definitions.BenchmarkRef,
        definitions.Candidate,
        Policy,
    ]
    models: list[type[BaseModel]] = [
        *plain,
        *STRATEGY_OPTIONS.values(),
        *gates_known().values(),
        *BEFORE_OPTIONS.values(),
        definitions.MetricSpec,
    ]
    found, schema = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    references = {model: reference for (model, _), reference in found.items()}  # two plug-ins may use one class name
    model = schema["$defs"]["ModelRef"]["properties"]["source"]
    schema["$defs"]["ModelRef"]["properties"]["family"] |= _names_of("models")
    named = {"type": "object", "properties": {"pretrain": _ref("Pretrain")}, "required": ["pretrain"]}
    model["anyOf"] = [{"type": "string", "minLength": 1}, {**named, "additionalProperties": False}]
    return {"$schema": DIALECT, "title": "fairtransfer audit", **_audit(references), "$defs": schema["$defs"]}


def _audit(references: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    metric_names = [metric.name for metric in metrics()]
    per_class = {"type": "object", "properties": {"per_class": {"type": "boolean"}}, "additionalProperties": False}
    budget = {
        "anyOf": [
            {"type": "integer", "minimum": 1},
            {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            {"const": "all"},
        ]
    }
    seeds = {
        "type": "array",
        "minItems": 1,
        "uniqueItems": True,
        "items": {"type": "integer", "minimum": 0, "maximum": definitions.MAX_SEED},
    }
    named = dict.fromkeys(metric_names, per_class)
    properties: dict[str, Any] = {
        "schema": {"const": definitions.SCHEMA},
        "id": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,63}$"},
        "title": {"type": "string", "minLength": 1},
        "purpose": _ref("Purpose"),
        "model": _ref("ModelRef"),
        "adapt_on": _ref("AdaptOn"),
        "benchmarks": {"type": "array", "minItems": 1, "items": _ref("BenchmarkRef")},
        "before": _one_of({n: references[m] for n, m in BEFORE_OPTIONS.items()}),
        "strategies": {
            "type": "array",
            "minItems": 1,
            "items": _one_of({n: references[m] for n, m in STRATEGY_OPTIONS.items()}),
        },
        "label_budgets": {"type": "array", "minItems": 1, "items": budget},
        "seeds": seeds,
        "selection_seeds": {
            "anyOf": [{"type": "integer", "minimum": 1, "maximum": definitions.MAX_SELECTION_SEEDS}, seeds]
        },
        "claim": {"enum": ["procedure", "artifact"]},
        "candidate": _ref("Candidate"),
        "metrics": {"type": "array", "items": {"anyOf": [_one_of(named), *MEANS_IN_SCHEMA]}},
        "gates": {"type": "array", "items": _one_of({n: references[m] for n, m in gates_known().items()})},
        "policy": _ref("Policy"),
    }
    required = [name for name, info in definitions.Audit.model_fields.items() if info.is_required()]
    return {
        "type": "object",
        "properties": properties,
        "required": ["schema" if name == "schema_" else name for name in required],
        "additionalProperties": False,
        **_by_source(),
    }


def _by_source() -> dict[str, Any]:
    """Return what depends on the source: how models are made is said where they are made, and nowhere else."""
    keys = definitions.TRAINING_KEYS
    given = {"properties": {"source": {"type": "string", "pattern": "^predictions:"}}, "required": ["source"]}
    return {
        "if": {"properties": {"model": given}, "required": ["model"]},
        "then": {
            "properties": {
                **dict.fromkeys((*keys, *definitions.OPTIONAL_TRAINING_KEYS), False),
                "model": {"properties": dict.fromkeys(definitions.OF_LOADING, False)},
            }
        },
        "else": {
            "properties": {
                "model": {"required": ["family"], "properties": dict.fromkeys(definitions.OF_READING, False)}
            },
            "required": list(keys),
        },
    }


def _names_of(room: registry.Room) -> dict[str, Any]:
    """Return the schema of a name of a room, or nothing."""
    return {"anyOf": [{"enum": list(registry.names(room))}, {"type": "null"}]}


def _ref(model: str) -> dict[str, str]:
    return {"$ref": _REF.format(model=model)}


def _one_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of `name` or `{name: options}`."""
    mappings = [
        {
            "type": "object",
            "properties": {name: {"anyOf": [schema, {"type": "null"}]}},
            "required": [name],
            "additionalProperties": False,
        }
        for name, schema in options.items()
    ]
    return {"anyOf": [{"enum": list(options)}, *mappings]}
