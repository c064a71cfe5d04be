"""Reading an audit file, all problems at once: first the parts with a short form (`probe`), then the whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fairtransfer.errors import Problem, Problems, did_you_mean, shown
from fairtransfer.plugins import how_to_switch_on
from fairtransfer.registry import Asked
from fairtransfer.spec.audit import (
    MAX_SEED,
    MAX_SELECTION_SEEDS,
    OF_LOADING,
    OF_READING,
    OPTIONAL_TRAINING_KEYS,
    SCHEMA,
    TRAINING_KEYS,
    Audit,
    LoadedAudit,
    ModelRef,
)
from fairtransfer.spec.before import BEFORE_OPTIONS, BeforeSpec
from fairtransfer.spec.document import Document, Place, kind_of
from fairtransfer.spec.document_reading import read_document
from fairtransfer.spec.gates import GateSpec, gates_known
from fairtransfer.spec.pretrain import Pretrain
from fairtransfer.spec.strategies import STRATEGY_OPTIONS, StrategySpec
from fairtransfer.spec.strict import Strict, problems_of

EXPECTED_AUDIT = (
    "audit;`schema, id, title, purpose, model, benchmarks, before, strategies, label_budgets, seeds, gates`"
)


class _Unreadable(Exception):
    """A part has problems that are already collected."""


def read_audit(path: Path, problems: Problems) -> LoadedAudit | None:
    """Read an audit file; add everything wrong with it to `problems` and return None if anything is."""
    before = len(problems.errors)
    document = read_document(path, problems, expected=EXPECTED_AUDIT)
    if document is None:
        return None
    found = Problems()
    audit = _Reader(document, found).read()
    problems.extend(p for p in found if not document.told_already(p))
    return None if audit is None or len(problems.errors) > before else LoadedAudit(audit, document, path)


def gates_of(document: Document, problems: Problems) -> tuple[GateSpec, ...]:
    """Return the gates of a document that may hold nothing else; none when any of them cannot be read."""
    try:
        return tuple(_Reader(document, problems).gates(document.data["gates"]))
    except _Unreadable:
        return ()


class _Reader:
    """Reads one document; every method adds problems where it finds them."""

    def __init__(self, document: Document, problems: Problems) -> None:
        self.document = document
        self.problems = problems

    def read(self) -> Audit | None:
        data = dict(self.document.data)
        parts: Mapping[str, Callable[[Any], Any]] = {
            "schema": self.schema,
            "model": self.model,
            "seeds": self.seeds,
            "selection_seeds": self.selection_seeds,
            "label_budgets": self.budgets,
            "before": self.before,
            "strategies": self.strategies,
            "gates": self.gates,
            "metrics": self.metrics,
        }
        self.present(data)
        unreadable = set()
        for key in parts.keys() & data.keys():
            try:
                data[key] = parts[key](data[key])
            except _Unreadable:
                unreadable.add(key)
                del data[key]
        try:
            return Audit.model_validate(data)
        except ValidationError as error:
            found = problems_of(error, Audit, self.document)
            self.problems.extend(p for p in found if not (p.code == "FT-Y035" and p.path in unreadable))
            return None

    def add(self, code: str, path: Place, found: str, allowed: str = "", do: str = "", *, at_key: bool = False) -> None:
        self.problems.add(self.document.problem(code, path, found, allowed, do, at_key=at_key))

    def present(self, data: Mapping[str, Any]) -> None:
        """Check the keys that say how models are made: needed where models are adapted, without meaning where they are not."""
        model = data.get("model")
        model = model if isinstance(model, dict) else {"family": "unreadable"}
        if str(model.get("source")).startswith("predictions:"):
            placed: list[Place] = [(key,) for key in (*TRAINING_KEYS, *OPTIONAL_TRAINING_KEYS) if key in data]
            placed += [("model", key) for key in OF_LOADING if key in model]
            for path in placed:
                found = f"`{path[-1]}` has no meaning where the predictions are given: nothing is adapted here"
                self.add("FT-Y052", path, found, "", "delete it", at_key=True)
            return
        for key in (key for key in OF_READING if key in model):
            found = f"`{key}` says how a file of predictions is read, and here models are adapted"
            self.add("FT-Y052", ("model", key), found, "", "delete it", at_key=True)
        for key in TRAINING_KEYS:
            if key not in data:
                self.required((key,), Audit.model_fields[key].description or "")
        if "family" not in model:
            self.required(("model", "family"), ModelRef.model_fields["family"].description or "")

    def required(self, path: Place, allowed: str) -> None:
        self.add("FT-Y035", path, "required key is missing", allowed, "add it")

    def schema(self, value: Any) -> Any:
        if not isinstance(value, float | int):
            return value
        line, column = self.document.place(("schema",))
        written = re.split(r"[\s#]", self.document.text.split("\n")[line - 1][column - 1 :])[0]
        reads = f" (unquoted, {written} reads as {value})" if written != str(value) else ""
        self.add("FT-Y028", ("schema",), "schema must be quoted text", "", f'write `"{written}"`{reads}')
        return SCHEMA

    def model(self, value: Any) -> Any:
        """Read a source that is trained here, `{pretrain: {...}}`; every other form is the model's own."""
        source = value.get("source") if isinstance(value, dict) else None
        if not isinstance(source, dict):
            return value
        _, read = self.entry(source, ("model", "source"), {"pretrain": Pretrain}, "model source", "FT-M004")
        return {**value, "source": read}

    def seeds(self, value: Any, key: str = "seeds") -> Any:
        if value == ():
            self.add("FT-Y014", (key,), "at least one seed", "", "write a list, e.g. `[0, 1, 2]`")
            raise _Unreadable
        for index, seed in enumerate(value if isinstance(value, tuple) else ()):
            if any(type(other) is int and type(seed) is int and other == seed for other in value[:index]):
                self.add("FT-Y013", (key, index), f"seed {seed} listed twice", "", "list each seed once")
                raise _Unreadable
        return value

    def selection_seeds(self, value: Any) -> Any:
        """Read how many seeds choose, or which; told here, as nothing else says which of the two forms was meant."""
        problems = list(_selection_problems(self.document, value))
        self.problems.extend(problems)
        if problems:
            raise _Unreadable
        return self.seeds(value, "selection_seeds") if isinstance(value, tuple) else value

    def budgets(self, value: Any) -> Any:
        if not isinstance(value, tuple):
            return value
        found = [problem for index in range(len(value)) if (problem := _budget_problem(self.document, value, index))]
        self.problems.extend(found)
        if found:
            raise _Unreadable
        return value

    def before(self, value: Any) -> BeforeSpec:
        return BeforeSpec(*self.entry(value, ("before",), BEFORE_OPTIONS, "before-stage", "FT-Y042"))

    def strategies(self, value: Any) -> Any:
        if not isinstance(value, tuple):
            return value
        specs = [
            StrategySpec(*pair) for pair in self.entries(value, "strategies", STRATEGY_OPTIONS, "strategy", "FT-Y021")
        ]
        names = [spec.name for spec in specs]
        for index, name in enumerate(names):
            if name in names[:index]:
                self.add(
                    "FT-Y041",
                    ("strategies", index),
                    f"strategy `{name}` is listed twice",
                    "",
                    "give one of them another `name`",
                )
                raise _Unreadable
        return tuple(specs)

    def gates(self, value: Any) -> Any:
        if not isinstance(value, tuple):
            return value
        pairs = self.entries(value, "gates", gates_known(), "gate", "FT-G027")
        gates = [GateSpec(options, self.document.place(("gates", i))[0]) for i, (_, options) in enumerate(pairs)]
        for index, gate in enumerate(gates):
            twin = next((j for j in range(index) if gates[j].id == gate.id), None)
            if twin is not None:
                found = f"gates[{index}] repeats or contradicts gates[{twin}]: {gates[twin].margin:g}, {gate.margin:g}"
                self.add("FT-G019", ("gates", index), found, "", "keep one of them")
                raise _Unreadable
        return tuple(gates)

    def metrics(self, value: Any) -> Any:
        """Bring `name` and `{name: {per_class: true}}` to one form; what has neither form is left for the model to refuse."""
        if not isinstance(value, tuple):
            return value
        pairs = [_one_key(item) for item in value]
        return tuple(
            {"name": p[0], **p[1]} if p and isinstance(p[1], dict) else item
            for p, item in zip(pairs, value, strict=True)
        )

    def entries(
        self, items: tuple[Any, ...], key: str, registry: Mapping[str, type[Strict]], what: str, unknown: str
    ) -> list[tuple[str, Any]]:
        """Read a list of `name` or `{name: options}`; every bad entry is reported before giving up."""
        read: list[tuple[str, Any]] = []
        for index, item in enumerate(items):
            try:
                read.append(self.entry(item, (key, index), registry, what, unknown))
            except _Unreadable:
                continue
        if len(read) < len(items):
            raise _Unreadable
        return read

    def entry(
        self, item: Any, path: Place, registry: Mapping[str, type[Strict]], what: str, unknown: str
    ) -> tuple[str, Any]:
        """Read `name` or `{name: options}` and return the name with its validated options."""
        pair = _one_key(item)
        if pair is None:
            self.add("FT-Y037", path, f"a {what} is a name or a mapping with one name, got {kind_of(item)}")
            raise _Unreadable
        name, raw = pair
        at = (*path, name) if isinstance(item, dict) else path
        if re.search(r"[:.]", name):
            self.add(
                "FT-Y022",
                at,
                f"import paths are not allowed: `{shown(name)}`",
                "",
                "use a registered name",
                at_key=True,
            )
            raise _Unreadable
        if name not in registry:
            hint = did_you_mean(name, registry)
            do = _switched_on(registry, name) or (hint if hint.startswith("did") else "")
            self.add(unknown, at, f"unknown {what} `{shown(name)}`", f"known: {', '.join(registry)}", do, at_key=True)
            raise _Unreadable
        if not isinstance(raw, dict):
            self.add("FT-Y037", at, f"the options of `{name}` must be a mapping, got {kind_of(raw)}")
            raise _Unreadable
        try:
            return name, registry[name].model_validate(raw)
        except ValidationError as error:
            self.problems.extend(problems_of(error, registry[name], self.document, at))
            raise _Unreadable from None


def _one_key(item: Any) -> tuple[str, Any] | None:
    if isinstance(item, str):
        return item, {}
    if isinstance(item, dict) and len(item) == 1:
        name, options = next(iter(item.items()))
        return str(name), {} if options is None else options
    return None


def _switched_on(known: Mapping[str, Any], name: str) -> str:
    """Return what to do where an installed plug-in provides a name that is not known."""
    return how_to_switch_on(known.room, name) if isinstance(known, Asked) else ""


def _selection_problems(document: Document, value: Any) -> Iterator[Problem]:
    """Yield what is wrong with a number of seeds, or with the seeds of a list."""
    listed = isinstance(value, tuple)
    for index, seed in enumerate(value if listed else (value,)):
        at: Place = ("selection_seeds", index) if listed else ("selection_seeds",)
        lowest, highest = (0, MAX_SEED) if listed else (1, MAX_SELECTION_SEEDS)
        if type(seed) is not int:
            code, form = ("FT-Y016", "integer") if listed else ("FT-Y015", "integer or list")
            do = "" if listed else "write how many seeds choose, e.g. `3`, or which, e.g. `[0, 1, 2]`"
            yield document.problem(code, at, f"{form} expected, got {kind_of(seed)}", "", do)
        elif not lowest <= seed <= highest:
            found = f"must be from {lowest} to {highest}, got {seed}"
            yield document.problem("FT-Y012", at, found, "", "write a value within the limits")


def _budget_problem(document: Document, budgets: tuple[Any, ...], index: int) -> Problem | None:
    value, path = budgets[index], ("label_budgets", index)
    counts = [b for b in budgets if isinstance(b, int) and not isinstance(b, bool)]
    fractions = [b for b in budgets if isinstance(b, float)]
    if value in budgets[:index]:
        return document.problem("FT-Y020", path, f"label budget {value} is listed twice", "", "list each budget once")
    if value == "all":
        return None
    positive = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if not positive and not (isinstance(value, float) and 0 < value <= 1):
        return document.problem(
            "FT-Y017", path, f"got {shown(value)}", "positive integer or fraction in (0,1], or `all`"
        )
    if counts and fractions and index == len(budgets) - 1:
        return document.problem(
            "FT-Y018", path, f"budgets mix `{fractions[0]}` and `{counts[0]}`", "", "use counts or fractions, not both"
        )
    return None
