"""How texts are read is told per group before a run, kept with its evidence and shown in its report."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.tiny_models import save_decoder, save_encoder
from support.toy import edit, toy_rows, write_project

from fairtransfer import api
from fairtransfer.data.inputs import Texts
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.models import open_backbone
from fairtransfer.models.family import family_named
from fairtransfer.models.quick_reading import quick_reading
from fairtransfer.models.text import TextBackbone
from fairtransfer.runner.text_checks import INPUTS

pytestmark = pytest.mark.train
TEXTS = ("", "apple", "zebra crossing 42", "\u4f60\u597d \u4e16\u754c", "fig " * 90, " \t ", "Apple! plum?", "e\u0301")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_encoder(tmp_path_factory.mktemp("models") / "tiny")


def project(root: Path, model: Path, *changes: tuple[str, str], texts: dict[str, str] | None = None) -> Path:
    """The toy project with a model that can be loaded; `texts` are put before those of a region."""
    rows = [{**row, "text": (texts or {}).get(row["region"], "") + row["text"]} for row in toy_rows()]
    audit = write_project(root, rows)
    shutil.rmtree(root / "models" / "tiny")
    shutil.copytree(model, root / "models" / "tiny")
    edit(audit, ('before: {zero_shot: {prompt: "a word about {label}"}}', "before: probe"), *changes)
    return audit


@pytest.mark.parametrize("kind", ["encoder", "gpt2", "llama"])
def test_what_is_told_before_is_what_the_run_counts(kind: str, tmp_path: Path) -> None:
    """The file alone, and the tokenizer as transformers loads it."""
    folder = save_encoder(tmp_path / "m") if kind == "encoder" else save_decoder(tmp_path / "m", kind)
    checkpoint = family_named("text").inspect(folder, "folder:m")
    model = open_backbone(checkpoint, "text")
    assert isinstance(model, TextBackbone)
    assert quick_reading(checkpoint, TEXTS, 128) == (model.prepare(Texts(TEXTS)).reading, model.max_tokens)


def test_a_plan_tells_which_groups_are_cut_or_unknown(encoder: Path, tmp_path: Path) -> None:
    audit = project(tmp_path, encoder, ("family: text}", "family: text, max_tokens: 8}"), texts={"north": "fig " * 9})
    found = [str(warning) for warning in api.plan(audit, workspace=tmp_path / "runs", probe=False).warnings]
    assert len(found) == 2
    assert all("FT-M052" in one and one.startswith(str(audit)) for one in found)
    assert "are longer than 8 tokens" in found[0]
    assert "north takes" in found[1]


def test_a_group_of_which_nothing_is_known_is_told_and_all_of_them_are_refused(encoder: Path, tmp_path: Path) -> None:
    strange = "\u4f60\u597d\u4e16\u754c" * 3 + " "
    one = project(tmp_path / "one", encoder, texts={"south": strange})
    found = [str(warning) for warning in api.plan(one, workspace=tmp_path / "runs", probe=False).warnings]
    assert any("of the tokens of south are unknown to the tokenizer" in text for text in found)

    every = project(tmp_path / "all", encoder, texts=dict.fromkeys(("north", "south", "east", "west"), strange))
    for verb in (
        lambda: api.plan(every, workspace=tmp_path / "runs", probe=False),
        lambda: api.run(every, workspace=tmp_path / "runs"),
    ):
        with pytest.raises(DefinitionError, match=r"of the tokens of the judged texts are unknown") as refused:
            verb()
        assert [(p.code, p.path, p.line > 0) for p in refused.value.problems] == [("FT-M051", "model.source", True)]


def test_a_run_keeps_how_texts_were_read_and_its_report_tells_it(encoder: Path, tmp_path: Path) -> None:
    audit = project(
        tmp_path,
        encoder,
        ("family: text}", "family: text, max_tokens: 8}"),
        ("suppress_below: 11", "suppress_below: 0"),
        ("strategies: [probe, {full: {epochs: 2, lr: 0.001}}, scratch]", "strategies: [probe]"),
        ("label_budgets: [8, 16]", "label_budgets: [8]"),
        ("seeds: [0, 1, 2]", "seeds: [0]"),
        ("claim: procedure", "claim: artifact"),
        ("  - no_negative_transfer: {by: region, margin: 0.05}\n", ""),
        texts={"north": "fig " * 9, "south": "\u4f60 " * 4},
    )
    done = api.run(audit, workspace=tmp_path / "runs", progress=False, flops=False)
    record = read_json(done.folder / "run.json")["benchmarks"][0]["texts"]
    assert record["most_tokens"] == 8
    sizes = {tuple(one["group"].items()): one["texts"] for one in record["groups"]}
    assert sizes[()] == sum(n for group, n in sizes.items() if group and group[0][0] == "region")
    befores = [path.parent for path in (done.folder / "jobs").glob(f"*/{INPUTS}")]
    assert befores
    assert all(read_json(path / "job.json")["stage"] == "before" for path in befores)
    report = (done.folder / "report" / "report.md").read_text(encoding="utf-8")
    assert "How texts were read by region; cut at 8 tokens" in report
    assert "texts are longer than 8 tokens; only their beginning is read" in report
