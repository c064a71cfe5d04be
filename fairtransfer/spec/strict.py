"""The base of every definition model, and the translation of pydantic's errors into problems people can act on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from fairtransfer import plugins, registry
from fairtransfer.errors import Problem, did_you_mean, shown
from fairtransfer.outcomes import row_value
from fairtransfer.outcomes.other_names import hint_of
from fairtransfer.outcomes.table import find_metric
from fairtransfer.spec.document import Document, Place, kind_of

MAX_NAME = 128

_TRUST_KEYS = frozenset({"trust_remote_code", "allow_pickle", "network", "plugins", "include"})

_EXPECTED = {
    "int_type": "integer",
    "int_from_float": "integer",
    "float_type": "number",
    "string_type": "text",
    "tuple_type": "list",
    "dict_type": "mapping",
    "model_type": "mapping",
    "model_attributes_type": "mapping",
    "bool_type": "true or false",
}

_RANGE = frozenset({"greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number"})


class Strict(BaseModel):
    """A frozen model that refuses unknown keys, NaN, and values of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def refuse(code: str, found: str, allowed: str = "", do: str = "") -> PydanticCustomError:
    """Return the error a validator raises to report a catalogue entry."""
    return PydanticCustomError("catalogue", "{found}", {"code": code, "found": found, "allowed": allowed, "do": do})


def _name(text: str) -> str:
    if len(text) > MAX_NAME:
        raise refuse("FT-G017", f"name has {len(text):,} characters, limit {MAX_NAME}", "", "shorten it")
    return text


def one_of(room: registry.Room, value: str) -> str:
    """Return a value that names something of a room, or refuse it with the list of what there is (``FT-Y038``)."""
    known = registry.names(room)
    if value in known:
        return value
    hint = plugins.how_to_switch_on(room, value) or _hint(value, list(known))
    raise refuse("FT-Y038", f"unknown value `{shown(value)}`", f"allowed: {', '.join(known)}", hint)


Name = Annotated[str, StringConstraints(min_length=1), AfterValidator(_name)]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


def problems_of(error: ValidationError, model: type[Strict], document: Document, at: Place = ()) -> list[Problem]:
    """Return one problem for each of pydantic's errors that says something (`details_of`), placed in the document."""
    return [_problem(detail, model, document, at) for detail in details_of(error)]


def details_of(error: ValidationError) -> list[ErrorDetails]:
    """Return pydantic's errors without those that say nothing new: a list whose items were refused is also too short."""
    details = error.errors(include_url=False)
    deeper = {tuple(d["loc"])[:-1] for d in details}
    return [
        d
        for d in details
        if not (d["type"] == "too_short" and d["input"] and tuple(d["loc"]) in deeper | _parents(deeper))
    ]


def _parents(places: set[tuple[int | str, ...]]) -> set[tuple[int | str, ...]]:
    return {place[:length] for place in places for length in range(len(place))}


def _problem(detail: ErrorDetails, model: type[Strict], document: Document, at: Place) -> Problem:
    loc = tuple(part for part in detail["loc"] if not str(part).startswith("<"))  # without the tags of unions
    path = (*at, *loc)
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "catalogue":
        return document.problem(context["code"], path, context["found"], context["allowed"], context["do"])
    if kind == "extra_forbidden":
        return _unknown_key(path, document, _fields_at(model, loc[:-1]))
    if kind == "missing":
        field = _fields_at(model, loc[:-1]).get(str(loc[-1]))
        return document.problem("FT-Y035", path, "required key is missing", field or "", "add it")
    if path[:1] == ("gates",) and kind in _RANGE | {"float_type"}:
        return _limit_problem(kind, value, document, path)
    if kind in _EXPECTED:
        return document.problem(
            _type_code(path), path, f"{_EXPECTED[kind]} expected, got {kind_of(value)}", "", _type_advice(kind, value)
        )
    if kind in _RANGE:
        return document.problem(
            _range_code(path), path, _range_found(path, kind, value, context), "", "write a value within the limits"
        )
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        expected = f"expected {_fields_at(model, loc[:-1]).get(str(loc[-1]), '')}"
        return document.problem("FT-Y037", path, f"cannot be read, got {kind_of(value)}", expected)
    if kind == "literal_error":
        return _unknown_word(path, document, value, str(context.get("expected", "")))
    wanted = _fields_at(model, loc[:-1]).get(str(loc[-1]), "") if loc else ""
    if kind == "string_pattern_mismatch":
        wanted = PATTERNS.get(str(context["pattern"])) or wanted or f"pattern {context['pattern']}"
    return document.problem(
        "FT-Y037",
        path,
        _WORDS.get(kind, "{msg}, got `{value}`").format(msg=detail["msg"], value=shown(value), **context),
        wanted,
    )


def _unknown_word(path: Place, document: Document, value: object, allowed: str) -> Problem:
    if not isinstance(value, str):
        return document.problem("FT-Y037", path, f"text expected, got {kind_of(value)}", f"allowed: {allowed}")
    words = [word for word in allowed.replace("'", "").replace(" or ", ", ").split(", ") if word]
    listed = f"allowed: {', '.join(words)}"
    return document.problem("FT-Y038", path, f"unknown value `{shown(value)}`", listed, _hint(value, words))


IN_UNIT = "write it in the label's own unit, such as 0.5 for half a day"


def _limit_problem(kind: str, value: object, document: Document, path: Place) -> Problem:
    """Return the problem of a gate's limit that is no number, or out of range: what its range is depends on the metric."""
    metric = find_metric(document.beside(path, "metric"))
    if metric is not None and metric.in_a_unit:
        found = f"must be a finite number above 0, got `{_spelled(value)}`"
        return document.problem("FT-G036", path, found, "", IN_UNIT)
    limits = "above 0, at most 1" if kind == "greater_than" else "between 0 and 1"
    found = f"must be a finite number {limits}, got `{_spelled(value)}`"
    return document.problem("FT-G004", path, found, "", "write a number such as 0.05")


_WORDS = {
    "string_pattern_mismatch": "`{value}` is not allowed here",
    "string_too_short": "text must not be empty",
    "string_too_long": "text is longer than {max_length} characters",
    "too_short": "the list must not be empty",
}


PATTERNS = {
    r"^[a-z0-9][a-z0-9_-]{0,63}$": "small letters, digits, `-` and `_`, a letter or digit first, at most 64",
    r"^\d+\.\d+\.\d+$": "three numbers such as 1.0.0",
    r"^[0-9a-f]{64}$": "a SHA-256 digest, 64 hexadecimal digits",
    r"^\d{4}-\d{2}-\d{2}$": "a date such as 2027-01-31",
    f"^{row_value.MEAN}:": row_value.FORM,
}
"""What the patterns of definitions ask for, in words."""


def _hint(value: object, words: list[str]) -> str:
    ours, said = hint_of(str(value))
    if ours in words:
        return said
    hint = did_you_mean(str(value), words)
    return hint if hint.startswith("did") else ""


def _unknown_key(path: Place, document: Document, fields: Mapping[str, str]) -> Problem:
    key = str(path[-1])
    if key in _TRUST_KEYS:
        do = "trust is given by the operator on the command line"
        return document.problem("FT-Y026", path, f"`{key}` is not an audit setting", "", do, at_key=True)
    return document.problem("FT-Y006", path, f"unknown key `{shown(key)}`", "", did_you_mean(key, fields), at_key=True)


def _fields_at(model: type[Strict], loc: Place) -> Mapping[str, str]:
    """Return the keys a mapping at `loc` may have, each with its description."""
    current: type[Strict] | None = model
    for part in loc:
        if isinstance(part, str) and current is not None:
            info = next((f for n, f in current.model_fields.items() if part in (n, f.alias)), None)
            current = _model_in(info.annotation) if info else None
    if current is None:
        return {}
    return {info.alias or name: info.description or "" for name, info in current.model_fields.items()}


def _model_in(annotation: Any) -> type[Strict] | None:
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _type_code(path: Place) -> str:
    head = path[0] if path else ""
    if head == "seeds":
        return "FT-Y015" if len(path) == 1 else "FT-Y016"
    if head == "strategies":
        return "FT-Y023"
    return "FT-Y028" if path == ("schema",) else "FT-Y037"


def _range_code(path: Place) -> str:
    head = path[0] if path else ""
    codes = {
        "gates": "FT-G004",
        "policy": "FT-G022" if path[-1:] == ("alpha",) else "FT-Y039",
        "seeds": "FT-Y012",
        "label_budgets": "FT-Y017",
    }
    return codes.get(str(head), "FT-Y024" if head == "strategies" else "FT-Y039")


def _range_found(path: Place, kind: str, value: object, context: Mapping[str, Any]) -> str:
    if kind == "finite_number":
        return f"must be a finite number, got {_spelled(value)}"
    limits = {
        "greater_than": "above",
        "greater_than_equal": "at least",
        "less_than": "below",
        "less_than_equal": "at most",
    }
    limit = next(iter(context.values()), "")
    name = f"`{path[-1]}` " if isinstance(path[-1], str) else ""
    return f"{name}must be {limits[kind]} {limit}, got {shown(value)}"


def _spelled(value: object) -> str:
    """Return a value as YAML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    return f'"{shown(value)}"' if isinstance(value, str) else shown(value)


def _type_advice(kind: str, value: object) -> str:
    if kind in ("int_type", "float_type") and isinstance(value, str):
        return "write the number without quotes"
    if kind == "tuple_type":
        return "write a list, e.g. `[0, 1, 2]`"
    return ""
