"""The light core: without the training libraries everything works but training, which says what to install."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.finished_runs import finished
from support.terminal import process
from support.toy import write_project

from fairtransfer.evidence.manifest import verify_sums

ABSENT = (
    "torch",
    "transformers",
    "timm",
    "datasets",
    "torchvision",
    "sklearn",
    "scipy",
    "pandas",
    "fairlearn",
    "tokenizers",
    "safetensors",
    "ray",
    "codecarbon",
)
HIDE = f"""\
import sys


class Without:
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        return None if name.split(".")[0] in {ABSENT!r} else self.finder.find_spec(name, path, target)

    def find_distributions(self, *context):
        found = getattr(self.finder, "find_distributions", lambda *_: ())(*context)
        return (d for d in found if d.metadata["Name"].lower() not in {(*ABSENT, "scikit-learn")!r})


sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
"""
Cold = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def cold(tmp_path: Path) -> Cold:
    """Run a command in a process that cannot find the training libraries, as if they were not installed."""
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide" / "sitecustomize.py").write_text(HIDE)
    place = f"{tmp_path / 'hide'}:{Path(__file__).parents[1]}"

    def run(*arguments: object, script: str = "") -> subprocess.CompletedProcess[str]:
        done = process(*arguments, cwd=tmp_path, script=script, PYTHONPATH=place)
        assert "Traceback" not in done.stderr or script, done.stderr
        return done

    return run


@pytest.fixture
def run(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a finished run that failed a gate."""
    return shutil.copytree(finished("fail", tmp_path_factory), tmp_path / "run")


@pytest.mark.parametrize("name", ABSENT)
def test_the_training_libraries_really_are_out_of_reach(name: str, cold: Cold) -> None:
    """The twin: what is hidden cannot be imported, nor found, nor asked for its version."""
    script = (
        "import sys, importlib\nfrom importlib import metadata, util\nname = sys.argv[1]\n"
        "if util.find_spec(name):\n    sys.exit('find_spec found it')\n"
        "for ask in (importlib.import_module, metadata.version):\n"
        "    try:\n        ask({'sklearn': 'scikit-learn'}.get(name, name) if ask is metadata.version else name)\n"
        "    except ImportError:\n        continue\n"
        "    sys.exit(f'{ask.__name__} found it')\n"
    )

    assert cold(name, script=script).returncode == 0
    assert "found it" in cold("numpy", script=script).stderr, "what is not hidden is found"


def test_the_library_and_all_its_cold_rooms_are_imported_without_them(cold: Cold) -> None:
    """Every module but those that train."""
    script = (
        "import importlib, pkgutil, fairtransfer\n"
        "from pathlib import Path\n"
        "warm = ('fairtransfer.adapt', 'fairtransfer.models', 'fairtransfer.runner.local', 'fairtransfer.runner.session', "
        "'fairtransfer.runner.work', 'fairtransfer.runner.timing_probe', 'fairtransfer.runner.feature_cache', "
        "'fairtransfer.runner.source_training', 'fairtransfer.runner.network_checks', "
        "'fairtransfer.__main__')\n"
        "names = [m.name for m in pkgutil.walk_packages(fairtransfer.__path__, 'fairtransfer.', onerror=lambda name: None)]\n"
        "for name in names:\n"
        "    if not name.startswith(warm):\n        importlib.import_module(name)\n"
        "print(len(names))\n"
    )
    done = cold(script=script)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 60


def test_finished_runs_are_judged_reported_and_verified_without_them(cold: Cold, run: Path) -> None:
    """What a board member's laptop or a CI runner does; the report is the same to the byte."""
    before = {path.name: path.read_bytes() for path in (run / "report").iterdir()}

    assert cold("--help").returncode == 0
    assert cold("verify", run).returncode == 0
    assert cold("gate", run).returncode == 1
    assert cold("report", run).returncode == 0
    assert {path.name: path.read_bytes() for path in (run / "report").iterdir()} == before
    assert verify_sums(run)


def test_audits_are_checked_and_planned_without_them(cold: Cold, tmp_path: Path) -> None:
    audit = write_project(tmp_path / "p")

    checked, planned = cold("validate", audit), cold("plan", audit)

    assert (checked.returncode, checked.stdout) == (0, "1 definition checked: no errors, 0 warnings\n")
    assert planned.returncode == 0, planned.stderr
    assert "25 jobs, 0 done" in planned.stdout


def test_a_run_says_which_extra_is_missing(cold: Cold, tmp_path: Path) -> None:
    """A sentence with the command to type, exit code 3, and nothing half done."""
    done = cold("run", write_project(tmp_path / "p"), "--workspace", tmp_path / "w")

    assert done.returncode == 3
    assert done.stdout == ""
    assert (
        'needs the package `torch`, which is not installed; install it with: pip install "fairtransfer[train]"'
        in done.stderr
    )
    assert list((tmp_path / "w").rglob("*.parquet")) == []


def test_doctor_tells_what_is_missing(cold: Cold) -> None:
    done = cold("doctor")

    assert done.returncode == 0
    assert "the core is complete" in done.stdout
    assert 'pip install "fairtransfer[train]"' in " ".join(done.stdout.split())
    assert "models would run on cpu" in done.stdout


def test_an_executor_that_is_not_installed_is_named_before_anything_is_read(cold: Cold, tmp_path: Path) -> None:
    done = cold("run", write_project(tmp_path / "p"), "--workspace", tmp_path / "w", "--executor", "ray")

    assert done.returncode == 2
    assert "FT-P090: `--executor ray` needs the package `ray`" in done.stderr
    assert 'pip install "fairtransfer[ray]"' in done.stderr
    assert not (tmp_path / "w").exists()


def test_verbs_stay_verbs_whatever_else_is_imported() -> None:
    """`run` is also the name of a subpackage."""
    code = (
        "import fairtransfer as ft, fairtransfer.runner.plan, fairtransfer.api as api;"
        "from fairtransfer.runner import plan as module;"
        "assert all(getattr(ft, name) is getattr(api, name) for name in ('run', 'plan', 'judge', 'render'));"
        "assert module.__name__ == 'fairtransfer.runner.plan'"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
