"""Records of every kind with any content: what a field's type allows, whether or not it makes sense."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from fairtransfer.evidence.json_record import OTHERS, Record

PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    float: st.floats(allow_nan=False, allow_infinity=False),
    int: st.integers(-(2**53) + 1, 2**53 - 1),
    bool: st.booleans(),
    str: st.text(max_size=5),
    type(None): st.none(),
    Any: st.none() | st.booleans() | st.text(max_size=3),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that a record's field may have."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated and OTHERS in parts:
        return st.dictionaries(st.sampled_from(["its own", "another"]), values_of(get_args(parts[0])[1]))
    if origin is Annotated:
        return values_of(parts[0])
    if origin is Literal:
        return st.sampled_from(parts)
    if origin in (Union, types.UnionType):
        return st.one_of([values_of(part) for part in parts])
    if origin is tuple:
        if parts[-1] is Ellipsis:
            return st.lists(values_of(parts[0]), max_size=2).map(tuple)
        return st.tuples(*map(values_of, parts))
    if origin in (dict, Mapping):
        return st.dictionaries(values_of(parts[0]), values_of(parts[1]), max_size=2)
    return records_of(hint) if issubclass(hint, Record) else PLAIN[hint]


def records_of(kind: type[Record]) -> st.SearchStrategy[Any]:
    """Any record of a kind, with and without the fields that have a default."""
    hints = get_type_hints(kind, include_extras=True)
    listed = fields(kind)  # type: ignore[arg-type]  # records are dataclasses
    needed = {f.name: values_of(hints[f.name]) for f in listed if f.default is MISSING}
    free = {f.name: values_of(hints[f.name]) for f in listed if f.default is not MISSING}
    return st.fixed_dictionaries(needed, optional=free).map(lambda found: kind(**found))
