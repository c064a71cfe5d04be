"""Gates, metrics and a policy as a command line writes them, ``no_harm:by=region,margin=0.02``, or as a program does.

A program may also write what an audit would hold, ``{"no_harm": {"by": "region", "margin": 0.02}}``, or give the object itself.
Every form becomes the text of an audit and is checked as that is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from pydantic import ValidationError

from fairtransfer.errors import Problem, Problems, shown
from fairtransfer.outcomes.row_value import MEAN, is_mean
from fairtransfer.spec.audit import MetricSpec
from fairtransfer.spec.document_reading import parse_document
from fairtransfer.spec.gates import GateOptions, GateSpec, Policy
from fairtransfer.spec.keywords import kind_in_python, parts, pieces, single, unquoted
from fairtransfer.spec.reading import gates_of
from fairtransfer.spec.strict import problems_of

Gate: TypeAlias = str | Mapping[str, Any] | GateSpec | GateOptions
Metric: TypeAlias = str | Mapping[str, Any] | MetricSpec

GATE_FORM = "kind:by=attribute,metric=name,margin=0.02"
GATE = f'gates such as "{GATE_FORM}" or {{"kind": {{"by": "attribute", "margin": 0.02}}}}, one or a list'
METRIC = 'metrics: "error_rate,recall:per_class", a list of names, or {"recall": {"per_class": True}}'
POLICY = 'a Policy, or a mapping such as {"alpha": 0.05, "min_group": 10}'

_TEXTS = ("class", "metric", "contrast", "benchmark")
"""Options that are text even where they look like a number: a class may be called 1."""

_NUMBER = re.compile(r"-?[0-9]*\.?[0-9]+(e-?[0-9]+)?$", re.I)


def read_gates(written: Gate | Iterable[Gate] | None, problems: Problems) -> tuple[GateSpec, ...]:
    """Return gates from any of their forms; what is wrong with them is what would be wrong in an audit."""
    of_form = Problems()
    lines = [line for gate in _each(written) for line in _gate_lines(gate, of_form)]
    problems.extend(of_form)
    if not lines or of_form.errors:
        return ()
    text = "gates:\n" + "".join(f"  - {line}\n" for line in lines)
    document = parse_document(text, "--gate", problems, expected="gates", first_line=0)
    return () if document is None else gates_of(document, problems)


def _gate_lines(gate: Any, problems: Problems) -> Iterator[str]:
    """Yield the lines of an audit that say the same as a gate, or as every gate of a mapping."""
    if isinstance(gate, str):
        yield _short_gate(gate, problems)
        return
    options = gate.options if isinstance(gate, GateSpec) else gate
    if isinstance(options, GateOptions):
        gate = {options.kind: options.model_dump(mode="json", by_alias=True, exclude_unset=True)}
    text = {kind: _as_json(_crossed(options)) for kind, options in gate.items()} if isinstance(gate, Mapping) else {}
    if not text or not all(isinstance(kind, str) and options for kind, options in text.items()):
        problems.add(Problem("FT-P041", f"got {kind_in_python(gate)}", GATE, "", "--gate"))
        return
    yield from (f"{_text(kind)}: {options}" for kind, options in text.items())


def _short_gate(text: str, problems: Problems) -> str:
    kind, _, rest = text.partition(":")
    options: dict[str, str] = {}
    for part in pieces(rest, ","):
        name, sign, value = part.partition("=")
        if not sign:
            do = "put a value that has a comma in it in quotes" if options else ""
            problems.add(Problem("FT-P020", f"`{shown(part)}` is not `name=value`", GATE_FORM, do, "--gate"))
        options[name.strip()] = value.strip()
    return _text(kind) + ": {" + ", ".join(f"{_text(k)}: {_value(k, v)}" for k, v in options.items()) + "}"


def _value(name: str, value: str) -> str:
    plain = unquoted(value)
    if name == "by":
        return _text(plain.split("*"))
    return value if name not in _TEXTS and _NUMBER.match(value) else _text(plain)


def _crossed(options: Any) -> Any:
    """Return a gate's options with ``a*b`` as the attributes of an intersection."""
    by = options.get("by") if isinstance(options, Mapping) else None
    return {**options, "by": parts(by, "*")} if isinstance(by, str) else options


def read_metrics(written: Metric | Iterable[Metric] | None, problems: Problems) -> tuple[MetricSpec, ...]:
    """Return metrics from names, ``name:per_class``, or what an audit would hold; each once."""
    named = parts(written, ",") if isinstance(written, str) else _each(written)
    found = [_metric(metric, problems) for metric in named]
    return tuple(dict.fromkeys(metric for metric in found if metric is not None))


def _metric(written: Any, problems: Problems) -> MetricSpec | None:
    if isinstance(written, MetricSpec):
        return written
    raw = _metric_options(written)
    text = None if raw is None else _as_json(raw)
    if raw is None or text is None:
        problems.add(Problem("FT-P041", f"got {kind_in_python(written)}", METRIC, "", "--metrics"))
        return None
    document = parse_document(text, "--metrics", problems, expected="metrics", first_line=0)
    if document is None:
        return None
    try:
        return MetricSpec.model_validate(raw)
    except ValidationError as error:
        problems.extend(problems_of(error, MetricSpec, document))
        return None


def _metric_options(written: Any) -> dict[str, Any] | None:
    """Return a metric as its model takes it; None where it is of no form a metric has."""
    if is_mean(written):
        return {"name": written}
    if isinstance(written, str):
        name, _, how = written.partition(":")
        return {"name": name} | ({how: True} if how else {})
    if not isinstance(written, Mapping) or not all(isinstance(key, str) for key in written):
        return None
    if len(written) == 1 and "name" not in written and MEAN not in written:
        name, options = next(iter(written.items()))
        return (
            {"name": name, **options} if isinstance(options, Mapping) else {"name": name} if options is None else None
        )
    return dict(written)


def read_policy(written: Policy | Mapping[str, Any] | None, problems: Problems) -> Policy:
    """Return a policy; of a mapping, one evaluation is planned where it does not say how many."""
    if written is None or isinstance(written, Policy):
        return written or Policy(planned_evaluations=1)
    text = _as_json({"policy": written})
    if not isinstance(written, Mapping) or text is None:
        problems.add(Problem("FT-P041", f"got {kind_in_python(written)}", POLICY, "", "--policy"))
        return Policy()
    document = parse_document(text, "--policy", problems, expected="policy", first_line=0)
    if document is None:
        return Policy()
    try:
        return Policy.model_validate({"planned_evaluations": 1, **document.data["policy"]})
    except ValidationError as error:
        problems.extend(problems_of(error, Policy, document, ("policy",)))
        return Policy()


def _each(written: Any) -> Sequence[Any]:
    """Return what is listed, or the one thing that is given."""
    if written is None:
        return ()
    one = isinstance(written, str | Mapping | GateSpec | GateOptions | MetricSpec) or not isinstance(written, Iterable)
    return (written,) if one else tuple(written)


def _as_json(value: Any) -> str | None:
    """Return a value as JSON, which is YAML; None where it holds something that no audit could hold."""
    try:
        return json.dumps(value, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError):
        return None


def _plain(value: Any) -> Any:
    """Return what JSON has no word for as something it has: single values of number libraries, and mappings."""
    if isinstance(value, Mapping):
        return dict(value)
    plain = single(value)
    if plain is value:
        raise TypeError
    return plain


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
