"""Names of rooms: what is there, what may be added, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from fairtransfer import registry
from fairtransfer.errors import DefinitionError
from fairtransfer.registry import BUILT_IN, OURS, ROOMS, Origin, Room

pytestmark = pytest.mark.fast

THEIRS = Origin("somebody", "1.2.0", "0" * 64)
EVERY: list[tuple[Room, str]] = [(room, name) for room in ROOMS for name in BUILT_IN[room]]


class Thing:
    """Something to register."""


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = registry.registered()
    yield
    for room, name in registry.registered().keys() - before.keys():
        registry.forget(room, name)


@pytest.mark.parametrize(("room", "name"), EVERY, ids=lambda value: str(value))
def test_every_built_in_entry_is_there(room: Room, name: str) -> None:
    found = registry.get(room, name)
    assert found is registry.get(room, name), "it is imported once"
    assert registry.origin(room, name) == OURS
    module, _, attribute = BUILT_IN[room][name].partition(":")
    assert getattr(sys.modules[module], attribute) is found


def test_a_registered_object_is_found_beside_the_built_in_ones() -> None:
    registry.register("strategies", "mine", Thing, origin=THEIRS)
    assert registry.get("strategies", "mine") is Thing
    assert registry.names("strategies") == (*BUILT_IN["strategies"], "mine")
    assert registry.origin("strategies", "mine") == THEIRS
    assert "mine" not in registry.names("gates"), "a name belongs to one room"


def test_what_is_registered_by_its_place_is_imported_when_it_is_asked_for(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("code")
    (folder / "lazy_thing.py").write_text("class Late:\n    pass\n")
    monkeypatch.syspath_prepend(str(folder))
    registry.register("gates", "late", "lazy_thing:Late", origin=THEIRS)
    assert "lazy_thing" not in sys.modules
    assert registry.get("gates", "late") is sys.modules["lazy_thing"].Late
    monkeypatch.delitem(sys.modules, "lazy_thing")


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(DefinitionError, match=r"FT-R021.*`prob`.*known: probe, full.*did you mean `probe`\?"):
        registry.get("strategies", "prob")
    with pytest.raises(DefinitionError, match="FT-R021"):
        registry.origin("strategies", "prob")


def test_a_name_taken_twice_names_both_origins() -> None:
    with pytest.raises(DefinitionError, match=rf"FT-R022.*`probe`.*by {OURS} and by somebody 1\.2\.0"):
        registry.register("strategies", "probe", Thing, origin=THEIRS)
    registry.register("gates", "mine", Thing, origin=THEIRS)
    with pytest.raises(DefinitionError, match=r"FT-R022.*by somebody 1\.2\.0 and by another"):
        registry.register("gates", "mine", Thing, origin=Origin("another"))
    with pytest.raises(DefinitionError, match="FT-R022"):
        registry.register("gates", "mine", Origin, origin=THEIRS)


def test_the_same_thing_may_be_registered_again() -> None:
    """A cell of a notebook that is run twice defines its class anew."""
    registry.register("gates", "mine", Thing, origin=THEIRS)
    again = type("Thing", (), {"__module__": Thing.__module__})
    registry.register("gates", "mine", again, origin=THEIRS)
    assert registry.get("gates", "mine") is again
    assert registry.names("gates").count("mine") == 1


@pytest.mark.parametrize("name", ["", "Mine", "a b", "a.b:C", "-a", "x" * 65])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(DefinitionError, match="FT-R024"):
        registry.register("gates", name, Thing, origin=THEIRS)


def test_an_unknown_room_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"FT-R024.*`gate`.*known: strategies, before, gates"):
        registry.register("gate", "mine", Thing, origin=THEIRS)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("no_such_module:A", "no module `no_such_module`"),
        ("fairtransfer.errors:Nothing", "the module has no `Nothing`"),
    ],
)
def test_an_entry_that_is_not_there_is_told(target: str, told: str) -> None:
    registry.register("readers", "gone", target, origin=THEIRS)
    with pytest.raises(DefinitionError, match=f"FT-R023.*`gone` of readers.*{told}"):
        registry.get("readers", "gone")


def test_what_a_module_lacks_itself_is_not_told_as_its_absence(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("code")
    (folder / "needy_thing.py").write_text("import not_installed_at_all\n")
    monkeypatch.syspath_prepend(str(folder))
    registry.register("readers", "needy", "needy_thing:A", origin=THEIRS)
    with pytest.raises(ModuleNotFoundError, match="not_installed_at_all"):
        registry.get("readers", "needy")


def test_the_table_of_names_costs_nothing_to_import() -> None:
    script = (
        "import sys; import fairtransfer.registry; "
        "print(*sorted(m for m in sys.modules if m.split('.')[0] in ('fairtransfer', 'pydantic', 'torch', 'pandas')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        "fairtransfer",
        "fairtransfer.errors",
        "fairtransfer.registry",
        "fairtransfer.version",
    ]
