"""The command line: exit codes, and how it behaves as a process among others."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.finished_runs import finished
from support.terminal import Command, process
from support.toy import edit, write_project

from fairtransfer.evidence.manifest import verify_sums
from fairtransfer.resources import resource
from fairtransfer.workspace import store_of


@pytest.fixture
def copy(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A copy of a finished run, to be changed."""

    def of(kind: str) -> Path:
        return shutil.copytree(finished(kind, tmp_path_factory), tmp_path / kind)

    return of


# --- exit codes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "code", "word"),
    [
        ("pass", 0, "MEETS POLICY"),
        ("fail", 1, "DOES NOT MEET POLICY"),
        ("all_failed", 3, "COULD NOT RUN"),
        ("open", 4, "NOT ENOUGH EVIDENCE"),
        ("without_gates", 5, "NOTHING TO JUDGE"),
    ],
)
def test_the_exit_code_is_the_verdict(
    kind: str, code: int, word: str, cli: Command, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = finished(kind, tmp_path_factory)

    ended, out, _ = cli("gate", run)

    assert ended == code
    assert out.startswith(f"{word}\n")
    assert cli("gate", run, "--report-only")[0] == 0


def test_a_definition_that_is_wrong_ends_with_2_and_nothing_is_written(cli: Command, tmp_path: Path) -> None:
    """All problems at once, on stderr, with the place of each."""
    audit = edit(
        write_project(tmp_path / "p"), ("margin: 0.05}", "margn: 0.05}"), ("strategies: [probe", "strategies: [prob")
    )

    for verb in ("run", "plan", "validate"):
        code, out, err = cli(verb, audit, *(["--workspace", tmp_path / "w"] if verb != "validate" else []))

        assert code == 2
        assert out == ""
        assert re.search(r"audit\.yaml:\d+:\d+ FT-\w+ strategies\[0\]\S* .*did you mean `probe`", err)
        assert re.search(r"audit\.yaml:\d+:\d+ FT-\w+ gates\[0\]\S* .*margn", err)
        assert "nothing was run and nothing was written" in err
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["gate"],
        ["gate", "no/such/folder"],
        ["run", "quickstart", "--no-such-option"],
        ["run", "quickstart", "--max-jobs", "0"],
        ["run", "quickstart", "--executor", "abacus"],
        ["run", "quickstrat"],
        ["run", "."],
        ["plan", "data_cards/clinic_intents.md"],
        ["validate", "no-such-audit.yaml"],
        ["validate", "notes.txt"],
        ["schema", "poem"],
    ],
    ids=" ".join,
)
def test_a_command_that_makes_no_sense_ends_with_2(
    arguments: list[str], cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    code, out, err = cli(*arguments)

    assert (code, out) == (2, "")
    assert err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_ends_with_2_and_leaves_the_run_alone(cli: Command, copy: Callable[[str], Path]) -> None:
    run = copy("fail")

    code, _, err = cli("report", run, "--format", "html,docx")

    assert code == 2
    assert err.splitlines()[0] == "FT-R011: unknown format `docx`; known: html, md, json"
    assert cli("report", run, "--format", ",")[::2] == (
        2,
        "FT-R011: no format is named; known: html, md, json\n1 problem found; nothing was run and nothing was written.\n",
    )
    assert verify_sums(run)


def test_a_folder_or_a_card_is_no_audit_and_the_audit_beside_it_is_named(cli: Command, tmp_path: Path) -> None:
    audit = write_project(tmp_path / "p")

    for path in (tmp_path / "p", tmp_path / "p" / "data_cards" / "toy.md"):
        code, out, err = cli("run", path, "--workspace", tmp_path / "w")

        assert (code, out) == (2, "")
        assert "FT-Y086: this is a" in err
        assert f"such as {audit}" in err
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("name", ["no_such_audit", "notes.txt"])
def test_what_is_no_definition_is_told_with_what_would_be(name: str, cli: Command, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no definition")

    named = "." not in name

    code, _, err = cli("plan", name) if named else cli("validate", tmp_path / name)

    assert code == 2
    assert "FT-Y040" in err
    assert ("quickstart" in err) == named, "a name is looked for among the packaged audits"


def test_a_run_is_named_where_the_folder_above_it_was_given(
    cli: Command, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = finished("pass", tmp_path_factory)

    code, out, err = cli("gate", run.parent)

    assert (code, out) == (6, "")
    assert f"such as {run}" in err


def test_a_workspace_in_use_ends_with_3(cli: Command, tmp_path: Path) -> None:
    audit = write_project(tmp_path / "p")
    with store_of(tmp_path / "w"):
        code, _, err = cli("run", audit, "--workspace", tmp_path / "w")

    assert code == 3
    assert "in use" in err


def test_a_changed_byte_ends_with_6_and_is_named(cli: Command, copy: Callable[[str], Path]) -> None:
    run = copy("pass")
    victim = next(run.glob("jobs/*/predictions.parquet"))
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    assert cli("verify", run)[0] == 0, "the twin: untouched, all is well"
    victim.write_bytes(content)

    for verb in ("verify", "gate", "report"):
        code, out, err = cli(verb, run)

        assert (code, out) == (6, "")
        assert str(victim.relative_to(run)) in err


@pytest.mark.parametrize("change", ["missing", "extra", "no sums"])
def test_missing_and_extra_files_end_with_6(change: str, cli: Command, copy: Callable[[str], Path]) -> None:
    run = copy("pass")
    if change == "extra":
        (run / "note.txt").write_text("hello")
    else:
        (run / {"missing": "cells.parquet", "no sums": "SHA256SUMS"}[change]).unlink()

    code, _, err = cli("verify", run)

    assert code == 6
    assert {"extra": "note.txt", "missing": "cells.parquet", "no sums": "SHA256SUMS"}[change] in err


def test_a_folder_that_is_no_run_ends_with_6(cli: Command, tmp_path: Path) -> None:
    assert [cli(verb, tmp_path)[0] for verb in ("verify", "gate", "report")] == [6, 6, 6]


# --- processes ---------------------------------------------------------------------------------------------------------


def test_a_reader_who_leaves_is_no_error(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """`fairtransfer ... | head -1`: quiet, and no failed gate."""
    run = finished("pass", tmp_path_factory)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"}
    for arguments in (["schema"], ["gate", str(run), "--json"], ["--help"]):
        command = [sys.executable, "-m", "fairtransfer", *arguments]
        started = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        said = started.stderr.read().decode()
        started.stderr.close()

        assert (started.wait(), said) == (0, ""), arguments


def test_the_same_command_with_a_reader_prints_everything(tmp_path: Path) -> None:
    """The twin."""
    done = process("schema", cwd=tmp_path)

    assert done.returncode == 0
    assert json.loads(done.stdout)


def test_help_is_quick_because_it_loads_little(tmp_path: Path) -> None:
    """No table, training or chart library is imported to print what the commands are."""
    script = (
        "import sys\nfrom fairtransfer.cli.app import main\nsys.argv = ['fairtransfer', *sys.argv[1:]]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    heavy = {
        "torch",
        "transformers",
        "timm",
        "sklearn",
        "pandas",
        "pyarrow",
        "numpy",
        "scipy",
        "duckdb",
        "ibis",
        "jinja2",
    }

    def loaded(*arguments: str) -> set[str]:
        done = process(*arguments, cwd=tmp_path, script=script)
        return set(done.stderr.splitlines()[-1].split())

    assert loaded("--help") & heavy == set()
    assert "typer" in loaded("run", "--help")
    assert loaded("run", "--help") & heavy == set()
    assert "pyarrow" in loaded("validate", str(resource("audits"))), "the twin: what is loaded is seen"


def test_a_fault_of_ours_is_no_failed_gate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever nobody foresaw ends with 3 and is shown whole; Python's own 1 would say that a gate failed."""
    from fairtransfer.cli import app

    def broken(**_: object) -> None:
        raise ZeroDivisionError("nobody foresaw this")

    monkeypatch.setattr(app, "app", broken)
    with pytest.raises(SystemExit) as ended:
        app.main()

    assert ended.value.code == 3
    assert "ZeroDivisionError: nobody foresaw this" in capsys.readouterr().err
