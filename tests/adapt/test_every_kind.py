"""Every strategy and every way to ask before says all that plans and documents ask of it; one that is half filled is refused."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, ClassVar, final

import pytest

from fairtransfer import registry
from fairtransfer.adapt.before.way import Before, before_named
from fairtransfer.adapt.strategy import Adapted, Setting, Strategy, strategy_named
from fairtransfer.errors import DefinitionError
from fairtransfer.registry import Origin
from fairtransfer.report.charts import contrast, palette
from fairtransfer.runner.asked import from_json
from fairtransfer.spec.before import before_kind
from fairtransfer.spec.fair_options import GroupOptions
from fairtransfer.spec.schema import json_schema
from fairtransfer.spec.strategies import EVERY_TASK, StrategyKind, strategy_kind
from fairtransfer.spec.strict import Strict
from fairtransfer.spec.transfer_options import Options

pytestmark = pytest.mark.fast

STRATEGIES, WAYS = registry.names("strategies"), registry.names("before")
THEIRS = Origin("somebody", "1.0")


class MeanOptions(Options):
    """Answer the mean (nobody 2026); nothing to choose."""


class Whole(Strategy[MeanOptions]):
    """All there is to say of a strategy."""

    kind = "mean"
    options = MeanOptions
    words = "the mean of the labels"
    colour = "#123456"

    def fit(self, setting: Setting, options: MeanOptions) -> Adapted:
        raise NotImplementedError


@pytest.fixture
def registered() -> Iterator[Any]:
    """Registers an entry and takes it away again."""
    added: list[tuple[Any, str]] = []

    def add(room: Any, name: str, entry: object) -> None:
        registry.register(room, name, entry, origin=THEIRS)
        added.append((room, name))

    yield add
    for room, name in added:
        registry.forget(room, name)


def given(name: str) -> dict[str, Any]:
    """What an audit has to say of a strategy at the least."""
    return {"by": ("side",)} if issubclass(strategy_kind(name).options, GroupOptions) else {}


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_says_what_plans_and_documents_ask(name: str) -> None:
    way = strategy_named(name)
    text = way.options.__doc__ or ""

    assert way.kind == name
    assert re.search(r"[A-Z][a-z]+ .*\b(19|20)\d\d\b", text, re.S) or name == "majority", "where its defaults come from"
    assert way.words[0].islower()
    assert not way.words.endswith(".")
    assert palette([name]) == [way.colour]
    assert contrast(way.colour) >= 3
    assert way.tasks
    assert way.tasks <= EVERY_TASK
    assert way.passes >= 0
    assert not way.from_scratch or way.control, "a strategy that leaves out pretraining is there to be compared with"


@pytest.mark.parametrize("name", STRATEGIES)
def test_its_options_are_in_the_schema_and_come_back_from_the_evidence(name: str) -> None:
    options = strategy_kind(name).options
    chosen = options.model_validate(given(name))
    schema = json_schema()
    entries = schema["properties"]["strategies"]["items"]["anyOf"]
    (entry,) = (e for e in entries if name in e.get("properties", {}))
    reference = entry["properties"][name]["anyOf"][0]["$ref"].rpartition("/")[2]

    assert name in entries[0]["enum"]
    assert set(schema["$defs"][reference]["properties"]) == set(options.model_fields)
    assert options.model_validate(from_json(chosen.model_dump(mode="json"))) == chosen
    assert chosen.trained is None or sum(chosen.trained.lengths) >= 1


@pytest.mark.parametrize("name", WAYS)
def test_a_way_to_ask_before_says_what_plans_and_documents_ask(name: str) -> None:
    way = before_named(name)
    assert way.kind == name
    assert way.words
    assert way.options.__doc__
    assert {name} <= set(json_schema()["properties"]["before"]["anyOf"][0]["enum"])


def without(**changed: object) -> type[StrategyKind]:
    """A strategy that says something else of itself, or nothing where None is given."""
    body: dict[str, Any] = {k: v for k, v in vars(Whole).items() if not k.startswith("_") and k not in changed}
    body |= {name: value for name, value in changed.items() if value is not None}
    return type("Half", (Strategy,), body)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"words": None}, "`words`"),
        ({"words": "A sentence."}, "`words`"),
        ({"colour": None}, "`colour`"),
        ({"colour": "blue"}, "`colour`"),
        ({"options": None}, "`options`"),
        ({"options": Strict}, "`options`"),
        ({"options": type("Silent", (Options,), {"__module__": __name__})}, "words on its options"),
        ({"kind": None}, "`kind = 'mean'`"),
        ({"kind": "another"}, "`kind = 'mean'`"),
        ({"fit": None}, "`fit`"),
    ],
)
def test_a_half_filled_strategy_is_refused_when_it_is_named(
    registered: Any, changed: dict[str, object], told: str
) -> None:
    """Not in the report, after minutes of training. The twin: the whole one is taken."""
    registered("strategies", "mean", without(**changed))
    with pytest.raises(DefinitionError, match=rf"FT-R025 *:? .*somebody 1\.0.*half filled.*{re.escape(told)}"):
        strategy_kind("mean")


def test_a_whole_strategy_is_taken(registered: Any) -> None:
    registered("strategies", "mean", Whole)
    assert isinstance(strategy_named("mean"), Whole)
    assert "mean" in json_schema()["properties"]["strategies"]["items"]["anyOf"][0]["enum"]


def test_what_is_no_strategy_is_refused(registered: Any) -> None:
    registered("strategies", "mean", MeanOptions)
    with pytest.raises(
        DefinitionError, match=r"FT-R025.*no subclass of `fairtransfer\.spec\.strategies\.StrategyKind`"
    ):
        strategy_kind("mean")


def test_what_cannot_be_carried_out_is_refused(registered: Any) -> None:
    @final
    class Told(StrategyKind):
        kind: ClassVar[str] = "mean"
        options = MeanOptions
        words = "the mean of the labels"
        colour = "#123456"

    registered("strategies", "mean", Told)
    assert strategy_kind("mean").words
    with pytest.raises(DefinitionError, match=r"FT-R025.*cannot be carried out"):
        strategy_named("mean")


def test_a_half_filled_way_to_ask_is_refused(registered: Any) -> None:
    class Half(Before[MeanOptions]):
        kind = "half"
        options = MeanOptions

    registered("before", "half", Half)
    with pytest.raises(DefinitionError, match=r"FT-R025.*`ask`.*`words`"):
        before_kind("half")


def loaded(*names: str) -> list[str]:
    """The modules of strategies, and the heavy libraries, that a fresh process has once these strategies were named."""
    script = (
        "import sys; from fairtransfer.spec.strategies import strategy_kind; [strategy_kind(n) for n in sys.argv[1:]]; "
        "print(*sorted(m for m in sys.modules if m.startswith('fairtransfer.adapt.strategies.') "
        "or m.split('.')[0] in ('torch', 'numpy', 'transformers', 'sklearn', 'peft')))"
    )
    done = subprocess.run([sys.executable, "-c", script, *names], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_naming_a_strategy_imports_no_other_and_nothing_heavy() -> None:
    assert loaded("threshold") == ["fairtransfer.adapt.strategies.threshold"]
    assert loaded(*STRATEGIES) == sorted(f"fairtransfer.adapt.strategies.{name}" for name in STRATEGIES)
