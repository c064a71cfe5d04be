"""What a run refuses before it trains, `plan` refuses too, `validate` as far as files tell; a run repeats their warnings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.projects import text_project
from support.terminal import Command
from support.tiny_models import save_encoder
from support.toy import edit, rewrite_table, toy_rows, write_project

from fairtransfer import api
from fairtransfer.errors import Problem
from fairtransfer.evidence.canonical import read_json
from fairtransfer.runner import run_checks
from fairtransfer.runner.run_checks import CHECKS, RunCheck

BEFORE = 'before: {zero_shot: {prompt: "a word about {label}"}}'
CLASSES = ["fruit", "tool", "animal"]
OURS = Problem("FT-Y019", "planted", path="here")


@pytest.mark.fast
@pytest.mark.parametrize("place", range(len(CHECKS)))
def test_every_check_of_a_run_is_made_by_plan_and_validate(
    place: int, cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is made to refuse: all three end so; what loads the network `validate` and plans without a probe leave out."""
    audit, check = write_project(tmp_path / "p"), CHECKS[place]
    planted = RunCheck(lambda *_: (OURS,), check.loads_network)
    monkeypatch.setattr(run_checks, "CHECKS", (*CHECKS[:place], planted, *CHECKS[place + 1 :]))

    kept = ("--workspace", tmp_path / "w")
    codes = {verb: cli(verb, audit, *(kept if verb != "validate" else ()))[0] for verb in ("validate", "plan", "run")}

    assert codes["plan"] == codes["run"] == 2
    assert codes["validate"] == (0 if check.loads_network else 2)
    assert cli("plan", audit, "--no-probe", *kept)[0] == codes["validate"]


# --- checkpoints that cannot be run ---------------------------------------------------------------------------------------


def tensors(folder: Path, change: Callable[[dict[str, object]], None]) -> None:
    from safetensors.torch import load_file, save_file

    found = load_file(folder / "model.safetensors")
    change(found)
    save_file(found, folder / "model.safetensors", metadata={"format": "pt"})


def configured(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


def without(*names: str) -> Callable[[Path], None]:
    return lambda folder: tensors(folder, lambda found: [found.pop(name) for name in names])


def filled(name: str, value: float) -> Callable[[Path], None]:
    return lambda folder: tensors(folder, lambda found: found[name].fill_(value))  # type: ignore[attr-defined]


KEY = "encoder.layer.1.attention.self.key.weight"
BROKEN: dict[str, tuple[str, Callable[[Path], object], tuple[tuple[str, str], ...]]] = {
    "a weight is missing": ("FT-M012", without(KEY), ()),
    "a layer is missing": ("FT-M012", lambda f: configured(f, num_hidden_layers=3), ()),
    "a layer is left over": ("FT-M012", lambda f: configured(f, num_hidden_layers=1), ()),
    "another width": ("FT-M012", lambda f: configured(f, intermediate_size=32), ()),
    "heads that do not divide the width": ("FT-M011", lambda f: configured(f, num_attention_heads=5), ()),
    "a weight is NaN": ("FT-M013", filled(KEY, float("nan")), ()),
    "weights so large that all is infinite": ("FT-M053", filled("embeddings.LayerNorm.weight", 3e38), ()),
    "a function there is none of": ("FT-M011", lambda f: configured(f, hidden_act="gelly"), ()),
    "an architecture there is none of": ("FT-M011", lambda f: configured(f, model_type="no_such_model"), ()),
    "a head without weights": (
        "FT-M012",
        lambda f: configured(f, architectures=["BertForSequenceClassification"], id2label=dict(enumerate(CLASSES))),
        ((BEFORE, "before: native_head"),),
    ),
    "one type of segment, and pairs": (
        "FT-M053",
        lambda f: save_encoder(f, ["entailment", "neutral", "contradiction"], type_vocab_size=1),
        (),
    ),
}


@pytest.mark.train
@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_checkpoint_is_refused_by_plan_and_run_alike(what: str, cli: Command, tmp_path: Path) -> None:
    code, damage, changes = BROKEN[what]
    audit = edit(text_project(tmp_path / "p"), *changes)
    damage(tmp_path / "p" / "models" / "tiny")

    told = {verb: cli(verb, audit, "--workspace", tmp_path / "w") for verb in ("plan", "run")}

    assert {verb: found[0] for verb, found in told.items()} == {"plan": 2, "run": 2}, told
    codes = {verb: set(re.findall(r"FT-M\d\d\d", found[2])) for verb, found in told.items()}
    assert codes == {"plan": {code}, "run": {code}}, told
    assert re.search(r"audit\.yaml:\d+:\d+ FT-M", told["plan"][2])
    assert not list((tmp_path / "w").glob("toy/*")), "nothing was written"


@pytest.mark.train
def test_a_sound_checkpoint_is_planned_and_seen_again(cli: Command, tmp_path: Path) -> None:
    """The twin; what was timed before is opened again all the same, for other weights take as long."""
    audit = text_project(tmp_path / "p")
    assert cli("plan", audit, "--workspace", tmp_path / "w")[0] == 0
    without(KEY)(tmp_path / "p" / "models" / "tiny")
    assert cli("plan", audit, "--workspace", tmp_path / "w")[0] == 2
    assert cli("plan", audit, "--workspace", tmp_path / "w", "--no-probe")[0] == 0


# --- a pass that fails while a run is under way ---------------------------------------------------------------------------


@pytest.mark.train
@pytest.mark.parametrize("error", [IndexError("index out of range in self"), RuntimeError("shapes do not match")])
def test_a_job_whose_model_breaks_off_has_no_result_and_the_reason(
    error: Exception, cli: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It breaks off where many rows pass at once, which no check of two rows sees; other jobs go on."""
    from fairtransfer.models.text import TextBackbone

    audit, real = text_project(tmp_path / "p"), TextBackbone.forward

    def breaks(self: TextBackbone, module: object, batch: dict[str, object]) -> object:
        if module.training:  # type: ignore[attr-defined]  # the probes pass
            raise error
        return real(self, module, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(TextBackbone, "forward", breaks)
    code, out, err = cli("run", audit, "--workspace", tmp_path / "w")

    assert code not in (0, 1), "a model without a result passes nothing"
    assert "Traceback" not in err
    (run,) = (tmp_path / "w" / "toy").iterdir()
    failed = read_json(run / "run.json")["failed_jobs"]
    assert {job["strategy"] for job in failed} == {"full"}
    (reason,) = {job["reason"] for job in failed}
    assert re.fullmatch(
        rf"model_error: audit\.yaml:\d+ model\.source FT-M053: a pass .+ {error}; check that .+", reason
    )
    assert "(model_error)" in out
    assert reason.partition(": ")[2] in err, "the terminal says why"
    assert str(error) in (run / "report" / "report.md").read_text()


@pytest.mark.train
def test_what_a_plan_warns_of_a_run_tells_too(tmp_path: Path) -> None:
    audit = edit(
        text_project(tmp_path / "p"),
        ("family: text}", "family: text, max_tokens: 8}"),
        (BEFORE, "before: probe"),
        ("label_budgets: [8, 16]", "label_budgets: [8]"),
        ("strategies: [probe, {full: {epochs: 1, min_steps: 40, batch_size: 8}}]", "strategies: [probe]"),
    )
    rewrite_table(tmp_path / "p", [row | {"text": f"{row['text']} {'fig ' * 9}"} for row in toy_rows()])
    planned = [(w.code, w.found) for w in api.plan(audit, workspace=tmp_path / "w", probe=False).warnings]
    run = api.run(audit, workspace=tmp_path / "w", progress=False, flops=False)
    again = api.run(audit, workspace=tmp_path / "w")

    assert any(code == "FT-M052" for code, _ in planned)
    assert all(any(code in told and found in told for told in run.warnings) for code, found in planned)
    assert len(run.warnings) == len(set(run.warnings))
    assert again.warnings == run.warnings
