"""The wheel: everything a user needs is inside, nothing else; installed alone, far from the checkout, it renders a report."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from support.finished_runs import finished

from fairtransfer.version import VERSION

ROOT = Path(__file__).parents[1]
SOURCES = ("fairtransfer", "templates", "audits", "data_cards", "pyproject.toml", "README.md", "LICENSE")
HEAVY = {"torch", "transformers", "timm", "scikit-learn", "fairlearn", "datasets", "torchvision"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources, with a stray file among them that must not get in."""
    root = tmp_path_factory.mktemp("sources")
    leave = shutil.ignore_patterns("__pycache__", ".*")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=leave)
        else:
            shutil.copy(ROOT / name, root / name)
    (root / "tests").mkdir()
    (root / "tests" / "test_stray.py").write_text("")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(root / "dist"), str(root)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next((root / "dist").glob("*.whl"))


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_everything_a_user_needs_is_in_the_wheel(wheel: Path) -> None:
    """Every module, and beside them the templates, audits and cards that stand outside the package in the checkout."""
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        str(Path("fairtransfer" if name != "fairtransfer" else "") / path.relative_to(ROOT))
        for name in ("fairtransfer", "templates", "audits", "data_cards")
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }

    assert len(wanted) > 100
    assert wanted - inside == set()
    assert {
        "fairtransfer/templates/init/audit.yaml.j2",
        "fairtransfer/audits/quickstart.yaml",
        "fairtransfer/py.typed",
    } <= inside
    assert "fairtransfer/data_cards/clinic_intents/messages.csv" in inside


def test_nothing_else_is_in_it(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}

    assert tops == {"fairtransfer", f"fairtransfer-{VERSION}.dist-info"}
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if "test" in name or name.endswith(".pyc")]


def test_the_metadata_tells_what_it_is_and_keeps_the_core_light(wheel: Path) -> None:
    """Training libraries are asked for by extras only."""
    told = metadata(wheel)
    needed = [line.lower() for line in told.get_all("Requires-Dist", [])]
    plain = {line.replace(">", " ").replace("[", " ").split()[0] for line in needed if "extra ==" not in line}
    entry = zipfile.ZipFile(wheel).read(f"fairtransfer-{VERSION}.dist-info/entry_points.txt").decode()

    assert (told["Name"], told["Version"], told["License-Expression"]) == ("fairtransfer", VERSION, "Apache-2.0")
    assert {"train", "quickstart", "hub", "pdf", "sign"} <= set(told.get_all("Provides-Extra", []))
    assert {"jinja2", "pyarrow", "typer"} <= plain
    assert plain & HEAVY == set()
    assert any(line.startswith("torch") for line in needed)
    assert "fairtransfer = fairtransfer.cli.app:main" in entry


def words(run: Path) -> list[bytes]:
    """The report but for its pictures, which another version of the chart library may draw otherwise."""
    return [(run / "report" / name).read_bytes() for name in ("report.md", "report.json")]


@pytest.mark.install
def test_installed_alone_it_renders_a_report(
    wheel: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A new environment with what the wheel asks for and nothing else: no checkout, no training library, the same report."""
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}

    def call(*command: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            list(map(str, command)), capture_output=True, text=True, check=False, cwd=tmp_path, env=clean
        )

    assert call(sys.executable, "-m", "venv", tmp_path / "env").returncode == 0
    python = tmp_path / "env" / "bin" / "python"
    installed = call(python, "-m", "pip", "install", "--quiet", wheel)
    if installed.returncode != 0 and "No matching distribution" in installed.stderr + installed.stdout:
        pytest.skip(f"no package registry can be reached: {installed.stderr.splitlines()[0]}")
    assert installed.returncode == 0, installed.stderr
    run = shutil.copytree(finished("fail", tmp_path_factory), tmp_path / "run")
    before = words(run)
    tool = tmp_path / "env" / "bin" / "fairtransfer"

    where = call(python, "-c", "import fairtransfer; print(fairtransfer.__file__)").stdout
    listed = {line.split("==")[0].lower() for line in call(python, "-m", "pip", "freeze").stdout.splitlines()}

    assert str(tmp_path / "env") in where
    assert listed & HEAVY == set()
    assert call(tool, "report", run).returncode == 0
    assert call(tool, "gate", run).returncode == 1
    assert call(tool, "verify", run).returncode == 0
    assert call(tool, "init", "first").returncode == 0
    assert call(tool, "validate", "first").returncode == 0
    assert "pip install" in call(tool, "run", "quickstart").stderr, "what is missing for training is said"
    assert words(run) == before


def test_the_oldest_versions_are_those_that_are_promised() -> None:
    """`.ci/run` installs these: a lower bound that nobody has tried is no promise."""
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    promised = {name: least.split(",")[0] for name, least in (entry.split(">=") for entry in asked)}
    lines = (ROOT / "tests" / "oldest.txt").read_text().splitlines()
    tried = dict(line.split("==") for line in lines if not line.startswith("#"))

    assert set(tried) == set(promised)
    for name, least in promised.items():
        whole, version = (tuple(map(int, text.split("."))) for text in (least, tried[name]))
        assert version[: len(whole)] == whole
        assert not any(version[len(whole) :]), f"{name}: {tried[name]} is later than {least}"
