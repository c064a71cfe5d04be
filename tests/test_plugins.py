"""Code that is not part of fairtransfer: switched on by the operator alone, known by its digest, told in every document."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.plans import jobs_of
from support.plugin_packages import install_example, installed
from support.terminal import Command, process
from support.tiny_models import save_encoder
from support.toy import edit, toy_rows, write_project

import fairtransfer as ft
from fairtransfer import plugins, registry
from fairtransfer.data.reader import Reader
from fairtransfer.data.table import TextTable
from fairtransfer.data.tables import read_table
from fairtransfer.errors import DefinitionError
from fairtransfer.outcomes.metric import Metric
from fairtransfer.spec.check import load_audit
from fairtransfer.spec.strategies import strategy_kind

LISTED = "strategies: [probe, {full: {epochs: 2, lr: 0.001}}, scratch]"
SAME = """\
from fairtransfer.adapt.strategies.full import FullOptions
from fairtransfer.adapt.strategy import Strategy


class SameOptions(FullOptions):
    '''As `full` (somebody 2026).'''


class Same(Strategy[SameOptions]):
    kind = "same"
    options = SameOptions
    words = "every weight goes on learning, once more"
    colour = "#123456"

    def fit(self, setting, options):
        from fairtransfer.adapt.loop import new_head, train

        return train(setting, setting.backbone.pretrained(), new_head(setting), options)
"""
ENTRIES = "[fairtransfer.strategies]\nsame = same_again:Same\n"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Leave no plug-in switched on, and nothing of one known."""
    before, modules = registry.registered(), set(sys.modules)
    yield
    for room, name in registry.registered().keys() - before.keys():
        registry.forget(room, name)
    for name in {"same_again"} & (set(sys.modules) - modules):
        del sys.modules[name]
    plugins._origin.cache_clear()


@pytest.fixture
def same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path with an installed plug-in `same-again`, not switched on."""
    folder = installed(tmp_path / "site", "same-again", SAME, ENTRIES)
    monkeypatch.syspath_prepend(str(folder))
    return folder


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    """An audit that names the strategy of the plug-in."""
    return edit(write_project(tmp_path / "project"), (LISTED, LISTED.replace("[probe", "[probe, {same: {epochs: 2}}")))


# --- who switches it on ----------------------------------------------------------------------------------------------------


def test_being_installed_switches_nothing_on(same: Path, audit: Path) -> None:
    """The message says which package provides the name, and what the operator can do."""
    with pytest.raises(DefinitionError) as error:
        load_audit(audit)
    (problem,) = error.value.problems
    assert problem.code == "FT-Y021"
    advice = "add `--plugin same-again`, or list it in `fairtransfer.toml`"
    assert problem.do == f"the installed plug-in `same-again` provides it: {advice}"
    assert "same_again" not in sys.modules


def test_an_audit_cannot_switch_it_on(same: Path, audit: Path) -> None:
    edit(audit, ('schema: "1"\n', 'schema: "1"\nplugins: [same-again]\n'))
    with pytest.raises(DefinitionError, match="FT-Y026"):
        load_audit(audit)
    assert "same_again" not in sys.modules


def test_the_operator_switches_it_on_and_nothing_runs_before_it_is_named(same: Path, audit: Path) -> None:
    plugins.switch_on(["same-again"])
    assert "same_again" not in sys.modules
    files = load_audit(audit)
    assert [s.kind for s in files.loaded.audit.strategies] == ["probe", "same", "full", "scratch"]
    assert strategy_kind("same").words == "every weight goes on learning, once more"
    plugins.switch_on(["same-again"])  # naming it twice is naming it


def test_the_command_line_and_the_file_switch_it_on(
    same: Path, audit: Path, cli: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = audit.parents[1]
    monkeypatch.chdir(place)
    assert cli("validate", audit, "--no-data")[0] == 2
    assert cli("validate", audit, "--no-data", "--plugin", "same-again")[0] == 0
    registry.forget("strategies", "same")
    (place / "fairtransfer.toml").write_text('plugins = ["same-again"]\n')
    assert cli("validate", audit, "--no-data")[0] == 0
    registry.forget("strategies", "same")
    (place / "there").mkdir()
    shutil.move(place / "fairtransfer.toml", place / "there")
    assert cli("plan", audit, "--no-probe")[0] == 2
    assert "FT-Y021" not in cli("plan", audit, "--no-probe", "--json", "--workspace", "there")[2]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("plugins = [", "cannot be read"),
        ("plugins = " + "[" * 50_000, "nested too deeply"),
        ("plugins = 'a'", "not a list of names"),
        ("plugins = [1]", "not a list of names"),
        ("trust = true", "unknown key `trust`"),
    ],
)
def test_a_file_that_says_something_else_is_refused(
    text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Command
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fairtransfer.toml").write_text(text)
    code, _, err = cli("doctor")
    assert code == 2
    assert re.search(rf"fairtransfer\.toml.*FT-R029.*{told}", err)


def test_what_is_not_installed_or_provides_nothing_is_told(same: Path) -> None:
    with pytest.raises(DefinitionError, match=r"FT-R026.*`same-agian`.*did you mean `same-again`"):
        plugins.switch_on(["same-agian"])
    with pytest.raises(DefinitionError, match=r"FT-R027.*`numpy` provides nothing"):
        plugins.switch_on(["numpy"])


def test_two_plug_ins_that_want_one_name_are_told(same: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = installed(tmp_path / "other", "other-again", SAME, ENTRIES.replace("same_again", "other_again"))
    monkeypatch.syspath_prepend(str(other))
    plugins.switch_on(["same-again"])
    with pytest.raises(DefinitionError, match=r"FT-R022.*by same-again 1\.0 and by other-again 1\.0"):
        plugins.switch_on(["other-again"])


# --- what it is known by ---------------------------------------------------------------------------------------------------


def origin(folder: Path) -> registry.Origin:
    plugins._origin.cache_clear()
    return plugins._origin("same-again")


def test_the_digest_is_of_the_code_and_of_nothing_an_installer_writes(same: Path) -> None:
    begun = origin(same)
    (same / "same_again-1.0.dist-info" / "INSTALLER").write_text("uv\n")
    (same / "__pycache__").mkdir(exist_ok=True)
    (same / "__pycache__" / "same_again.cpython-311.pyc").write_bytes(b"\0")
    assert origin(same) == begun
    (same / "same_again.py").write_text(SAME + "\n# another line\n")
    changed = origin(same)
    assert (changed.name, changed.version) == (begun.name, begun.version) == ("same-again", "1.0")
    assert changed.digest != begun.digest


def ids(audit: Path) -> dict[tuple[str, str, int | None], str]:
    return {(job.training.strategy, job.training.budget, job.training.seed): job.id for job in jobs_of(audit).jobs}


def test_its_code_is_part_of_the_ids_of_the_jobs_it_decides_and_of_no_others(same: Path, audit: Path) -> None:
    plugins.switch_on(["same-again"])
    before = ids(audit)
    registry.forget("strategies", "same")
    (same / "same_again.py").write_text(SAME + "\n# another line\n")
    plugins._origin.cache_clear()
    plugins.switch_on(["same-again"])
    after = ids(audit)

    assert {key for key in before if before[key] != after[key]} == {key for key in before if key[0] == "same"}


# --- registered by a program -----------------------------------------------------------------------------------------------


class Lines(Reader):
    """One column, `line`: every line of a file."""

    form = "lines"
    words = "lines"
    suffixes = (".lines",)

    def read(self, path: Path, wanted: list[str]) -> TextTable:
        return TextTable({"line": list(path.read_text().splitlines())})


def test_a_program_registers_a_class(tmp_path: Path) -> None:
    assert ft.register(Lines) is Lines
    (tmp_path / "a.lines").write_text("one\ntwo\n")
    assert read_table(tmp_path / "a.lines", ["line"]).columns == {"line": ["one", "two"]}
    told = registry.origin("readers", "lines")
    assert (told.name, told.version) == (__name__.partition(".")[0], "")
    assert re.fullmatch("[0-9a-f]{64}", told.digest)
    ft.register(Lines)  # a cell that is run twice


def measured(**asked: Any) -> Any:
    rows = pd.DataFrame(
        {"y": ["no", "yes"] * 40, "new": ["yes"] * 10 + ["no", "yes"] * 35, "region": ["north", "south"] * 40}
    )
    return ft.measure(rows, label="y", after="new", groups="region", classes="no,yes", positive="yes", **asked)


def test_a_metric_of_ones_own_is_measured_judged_and_told(tmp_path: Path) -> None:
    """Called by another name, it has the numbers of what it counts."""
    ft.register(
        Metric(
            "found",
            "classes",
            "share",
            "true_positive",
            "lower_is_worse",
            "of those in the class, the share found",
            "one",
        )
    )
    found = measured(metrics="found,recall", gates="worst_group:by=region,metric=found,class=yes,at_least=0.5")

    told = {
        row.metric: row.estimate for row in found.findings if row.group == {"region": "south"} and row.level == "group"
    }
    assert told["found"] == told["recall"] is not None
    assert found.verdict.gates[0].contrasts
    assert "found" in next(path for path in found.report(tmp_path) if path.suffix == ".md").read_text()


def test_a_metric_that_adds_what_nothing_counts_is_refused_at_once() -> None:
    unknown = Metric(
        "found", "classes", "share", "hit", "lower_is_worse", "of those in the class, the share found", "one"
    )
    with pytest.raises(DefinitionError, match=r"FT-R025.*`hit`.*true_positive"):
        ft.register(unknown)
    assert "found" not in registry.names("metrics")


def test_a_gate_of_ones_own_judges() -> None:
    from fairtransfer.gates.worst_group import WorstGroup

    class Never(WorstGroup):
        kind = "never"
        title = "Never worse"
        example = "never:by=region,at_most=0.9"

    ft.register(Never)
    assert measured(gates="never:by=region,at_most=0.9").verdict.gates[0].id.startswith("never:error_rate:region")
    registry.forget("gates", "never")
    with pytest.raises(DefinitionError, match="never"):
        measured(gates="never:by=region,at_most=0.9")


def test_what_is_half_filled_is_refused_at_once_and_forgotten() -> None:
    class Half(Lines):
        form = "half"
        words = ""

    with pytest.raises(DefinitionError, match=r"FT-R025.*`half` of readers.*`words`"):
        ft.register(Half)
    assert "half" not in registry.names("readers")


@pytest.mark.parametrize("entry", [int, "lines", Lines()])
def test_what_is_no_kind_of_entry_is_refused(entry: Any) -> None:
    with pytest.raises(DefinitionError, match="FT-R024"):
        ft.register(entry)


def test_a_class_written_in_a_session_has_the_digest_of_its_code() -> None:
    def made(text: str) -> Any:
        space: dict[str, Any] = {"__name__": "a_session", "Reader": Reader, "TextTable": TextTable}
        exec(text, space)  # as a notebook does
        return space["Own"]

    text = 'class Own(Reader):\n    form = "own"\n    def read(self, path, wanted):\n        return TextTable({"a": ["%s"]})\n'
    one, same, other = (plugins.origin_of(made(text % word)) for word in ("x", "x", "y"))
    assert one.digest == same.digest != other.digest


def test_another_process_is_not_asked_for_what_only_this_one_knows(same: Path, audit: Path) -> None:
    from fairtransfer.runner.foreign import installed_only, plugins_of

    plugins.switch_on(["same-again"])
    assert installed_only(plugins_of(load_audit(audit))) == ["same-again"]
    registry.forget("strategies", "same")
    registry.register("strategies", "same", "same_again:Same", origin=registry.Origin("__main__", "", "0" * 64))
    with pytest.raises(DefinitionError, match=r"FT-R031.*strategy `same`"):
        installed_only(plugins_of(load_audit(audit)))


# --- the worked example, from wheel to report ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_example(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    audit = write_project(root, toy_rows(60))
    shutil.rmtree(root / "models" / "tiny")
    save_encoder(root / "models" / "tiny")
    edit(
        audit,
        (LISTED, "strategies: [probe, {wise_ft: {epochs: 2, min_steps: 4, mix: 0.25}}]"),
        ("label_budgets: [8, 16]", "label_budgets: [24]"),
        ("  - no_negative_transfer: {by: region, margin: 0.05}\n", ""),
        ('before: {zero_shot: {prompt: "a word about {label}"}}', "before: probe"),
    )
    return root


def said(root: Path, target: Path, *arguments: object) -> tuple[int, str, str]:
    done = process(*arguments, cwd=root, PYTHONPATH=f"{Path(__file__).parents[1]}:{target}")
    return done.returncode, done.stdout, done.stderr


@pytest.mark.train
def test_the_example_is_installed_run_and_told(example: Path, project: Path) -> None:
    """From a wheel, without a network; without `--plugin` the same run can neither be made, judged nor rendered."""
    asked = ("run", "audits/audit.yaml", "--workspace", "runs", "--report-only", "--json")
    code, _, err = said(project, example, *asked)
    assert code == 2
    assert "the installed plug-in `fairtransfer-wise-ft` provides it: add `--plugin fairtransfer-wise-ft`" in err
    code, out, err = said(project, example, *asked, "--plugin", "fairtransfer-wise-ft")
    assert code == 0, err

    folder = project / json.loads(out)["folder"]
    (told,) = json.loads((folder / "run.json").read_text())["plugins"]
    assert (told["name"], told["version"], told["provides"]) == (
        "fairtransfer-wise-ft",
        "0.1.0",
        ["strategies:wise_ft"],
    )
    for name in ("report.html", "report.md", "report.json"):
        text = (folder / "report" / name).read_text()
        assert "made with code that is not part of fairtransfer" in text, name
        assert told["sha256"][:16] in text, name
        assert "fairtransfer-wise-ft 0.1.0" in text.replace("\\-", "-").replace("\\.", "."), name
    assert "drawn half-way back" in (folder / "report" / "report.html").read_text()
    jobs = [json.loads(path.read_text()) for path in folder.glob("jobs/*/job.json")]
    assert {job["record"]["mix"] for job in jobs if job["strategy"] == "wise_ft"} == {0.25}

    for command in ("gate", "report"):
        code, _, err = said(project, example, command, folder)
        assert (code, "FT-R028" in err) == (2, True), err
        assert "--plugin fairtransfer-wise-ft" in err
        assert said(project, example, command, folder, "--plugin", "fairtransfer-wise-ft")[0] in (0, 1, 4)
    assert said(project, example, "verify", folder)[0] == 0, "whether files changed can be seen without it"

    other = shutil.copytree(example, project / "other")
    with (other / "fairtransfer_wise_ft" / "strategy.py").open("a") as file:
        file.write("\n# another version\n")
    code, _, err = said(project, other, "gate", folder, "--plugin", "fairtransfer-wise-ft")
    assert (code, "FT-R030" in err) == (6, True), err
