"""Gates and metrics as a command line writes them: ``no_harm:by=region,metric=error_rate,margin=0.02``."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from pydantic import ValidationError

from fairtransfer.errors import Problem, Problems, shown
from fairtransfer.spec.audit import MetricSpec
from fairtransfer.spec.document_reading import parse_document
from fairtransfer.spec.gates import GateSpec
from fairtransfer.spec.reading import gates_of
from fairtransfer.spec.strict import problems_of

_NUMBER = re.compile(r"-?[0-9]*\.?[0-9]+(e-?[0-9]+)?$", re.I)


def read_gates(written: Sequence[str], problems: Problems) -> tuple[GateSpec, ...]:
    """Return gates from their short form; what is wrong with them is what would be wrong in an audit."""
    lines = [_gate(text, problems) for text in written]
    if not lines or problems.errors:
        return ()
    text = "gates:\n" + "".join(f"  - {line}\n" for line in lines)
    document = parse_document(text, "--gate", problems, expected="gates", first_line=0)
    return () if document is None else gates_of(document, problems)


def _gate(text: str, problems: Problems) -> str:
    kind, _, rest = text.partition(":")
    options = {}
    for part in filter(None, rest.split(",")):
        name, sign, value = part.partition("=")
        if not sign:
            found = f"`{shown(part)}` is not `name=value`"
            problems.add(Problem("FT-P020", found, "kind:by=attribute,metric=name,margin=0.02", "", "--gate"))
        options[name.strip()] = value.strip()
    return json.dumps(kind) + ": {" + ", ".join(f"{json.dumps(k)}: {_value(k, v)}" for k, v in options.items()) + "}"


def _value(name: str, value: str) -> str:
    if name == "by":
        return json.dumps(value.split("*"), ensure_ascii=False)
    return value if _NUMBER.match(value) else json.dumps(value, ensure_ascii=False)


def read_metrics(written: Sequence[str], problems: Problems) -> tuple[MetricSpec, ...]:
    """Return metrics from names, or ``name:per_class``."""
    found = []
    for text in written:
        name, _, how = text.partition(":")
        raw = {"name": name} | ({how: True} if how else {})
        document = parse_document(json.dumps(raw), "--metrics", problems, expected="metrics", first_line=0)
        if document is None:
            continue
        try:
            found.append(MetricSpec.model_validate(raw))
        except ValidationError as error:
            problems.extend(problems_of(error, MetricSpec, document))
    return tuple(dict.fromkeys(found))
