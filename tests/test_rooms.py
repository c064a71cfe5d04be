"""The rooms of the package: no circle of imports, and drawn and listed as they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from fairtransfer.runner import machine

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "fairtransfer"
TO_BE_UNTIED = [["fairtransfer.gates", "fairtransfer.gates.verdict"]]


# --- circles -----------------------------------------------------------------------------------------------------------


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(source: str, modules: set[str]) -> set[str]:
    """The modules of the package a file names in any import: at the top, in a function, for types only."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= whole if whole <= modules else {node.module, *whole}
    return found & modules


def circles(sources: Mapping[str, str]) -> list[list[str]]:
    """Groups of modules that import each other, directly or through others: the plain way, by who reaches whom."""
    graph = {name: imported(source, set(sources)) - {name} for name, source in sources.items()}
    reach = {name: reached(graph, name) for name in graph}
    groups = {tuple(sorted({name, *(m for m in reach[name] if name in reach[m])})) for name in graph}
    return sorted(list(group) for group in groups if len(group) > 1)


def reached(graph: Mapping[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        for name in graph[ahead.pop()] - seen:
            seen.add(name)
            ahead.append(name)
    return seen


def test_no_modules_import_each_other() -> None:
    sources = {module_name(p, ROOT): p.read_text(encoding="utf-8") for p in sorted(PACKAGE.rglob("*.py"))}

    assert len(sources) > 200
    assert [circle for circle in circles(sources) if circle not in TO_BE_UNTIED] == []


@pytest.mark.parametrize(
    "back",
    [
        "from p.a import x",
        "import p.a",
        "from p import a, other",
        "def f():\n    from p.a import x",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.a import x",
    ],
)
def test_a_circle_is_found_wherever_the_import_stands(back: str) -> None:
    sources = {"p": "", "p.a": "from p.b import y", "p.b": "from p import c", "p.c": back, "p.d": "import p.a"}

    assert circles(sources) == [["p.a", "p.b", "p.c"]]
    assert circles(sources | {"p.c": "import os"}) == []


# --- what is drawn and listed --------------------------------------------------------------------------------------------


def rooms() -> set[str]:
    """The rooms and single files of the package, as the README and CONTRIBUTING write them."""
    folders = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    return folders | {path.name for path in PACKAGE.glob("*.py") if not path.name.startswith("__")}


def drawn(readme: str) -> Iterator[str]:
    """The names one step below `fairtransfer/` in the README's tree."""
    block = re.search(r"^fairtransfer/\n((?:    .*\n)+)", readme, re.M)
    assert block, "no tree"
    found = (re.match(r"    (\S+?)(,| |\n)", line) for line in block[1].splitlines(keepends=True))
    return (match[1] for match in found if match)


def listed(contributing: str) -> list[str]:
    """The names in the table of layers, above to below."""
    table = re.search(r"^\| layer \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", contributing, re.M)
    assert table, "no table"
    cells = (line.split(" | ")[0] for line in table[1].splitlines())
    return [name for cell in cells for name in re.findall(r"`fairtransfer/([\w.]+/?)`", cell)]


def contract() -> list[str]:
    """The names in the contract of layers, above to below."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^layers = \[\n(.*?)^\]", text, re.M | re.S)
    assert block, "no contract"
    names = re.findall(r"fairtransfer\.(\w+)", block[1])
    return [f"{name}/" if (PACKAGE / name).is_dir() else f"{name}.py" for name in names]


def test_the_tree_in_the_readme_draws_every_room_and_file() -> None:
    found = list(drawn((ROOT / "README.md").read_text(encoding="utf-8")))

    assert sorted(found) == sorted(rooms())


def test_the_table_of_layers_is_the_contract() -> None:
    found = listed((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))

    assert sorted(found) == sorted(rooms())
    assert [name for name in found if name in contract()] == contract()


def test_a_room_that_is_not_drawn_or_listed_is_found() -> None:
    readme, contributing = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md"))

    assert rooms() - set(drawn(readme.replace("    stats/ ", "    status/ "))) == {"stats/"}
    assert rooms() - set(listed(contributing.replace("`fairtransfer/models/`", "models"))) == {"models/"}


def test_the_rooms_whose_code_names_a_job_are_there() -> None:
    """A folder that is called otherwise by now would silently be left out of the digest."""
    assert [name for name in machine._CODE if not (PACKAGE / name / "__init__.py").is_file()] == []


# --- names -------------------------------------------------------------------------------------------------------------

STILL_SEVERAL = {
    "AgainstRest", "Answers", "Asked", "Benchmark", "BetweenGroups", "Cases", "Columns", "Deviation", "Document",
    "Judged", "NoiseFloor", "Plan", "Source", "Tally",
}  # fmt: skip
"""Names that two classes still have: the list only gets shorter."""


def names_of_several(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Names of public classes that stand in several files."""
    found: dict[str, list[str]] = {}
    for file, source in sources.items():
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(file)
    return {name: files for name, files in found.items() if len(files) > 1}


def test_a_class_has_a_name_of_its_own() -> None:
    sources = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}

    assert {name: files for name, files in names_of_several(sources).items() if name not in STILL_SEVERAL} == {}


def test_a_name_of_two_classes_is_found() -> None:
    assert names_of_several({"a.py": "class One: ...", "b.py": "class One: ...\nclass Two: ..."}) == {
        "One": ["a.py", "b.py"]
    }
