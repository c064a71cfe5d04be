"""A source that is trained first: a job of its own, decided by its rows and nothing of what comes after, and told throughout."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import replace
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
import torch
from ruamel.yaml import YAML
from safetensors.torch import load_file
from support.adapting import RUNNER, TEXTS, setting
from support.fake_codecarbon import SPENT, stand_in
from support.plans import jobs_of
from support.projects import AUDIT, SHORT, image_project
from support.tiny_models import save_encoder
from support.toy import edit
from support.trained_source import FOLDER, SOURCE, source_project, write_source

from fairtransfer import api
from fairtransfer.adapt.before.native_head import NativeHeadOptions
from fairtransfer.adapt.before.way import before_named
from fairtransfer.adapt.before.zero_shot import ZeroShotOptions
from fairtransfer.adapt.pretrain import pretrain
from fairtransfer.adapt.strategies.full import FullOptions
from fairtransfer.adapt.strategies.scratch import ScratchOptions
from fairtransfer.adapt.strategy import Diverged, OneClass
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.manifest import file_digest
from fairtransfer.findings.run_record import load_record
from fairtransfer.foresight import foresee
from fairtransfer.gates.verdict import _leaks
from fairtransfer.measurement import measure
from fairtransfer.models import inspect_checkpoint, open_backbone
from fairtransfer.models.backbone import Backbone
from fairtransfer.models.checkpoint import Checkpoint, Trained
from fairtransfer.models.trained import write_weights
from fairtransfer.runner import source_training
from fairtransfer.runner.job_record import WEIGHTS
from fairtransfer.runner.opened_data import open_data
from fairtransfer.spec import json_schema
from fairtransfer.spec.pretrain import Pretrain, SourceTraining
from fairtransfer.stages import Planned

pytestmark = pytest.mark.train
ONLY_PROBE = "strategies: [probe]"


def ids(audit: Path) -> tuple[str, set[str]]:
    made = jobs_of(audit)
    assert made.pretraining is not None
    return made.pretraining.id, {job.id for job in made.jobs}


# --- what is asked -----------------------------------------------------------------------------------------------------


def test_defaults_are_those_of_fine_tuning_or_of_scratch_and_stand_in_the_definition() -> None:
    base = Pretrain.model_validate({"base": "folder:m", "card": "c.md"})
    random = Pretrain.model_validate({"base": "folder:m", "card": "c.md", "start": "random", "training": {"epochs": 2}})

    told = {"name"}
    assert base.training.model_dump(exclude=told) == FullOptions().model_dump(exclude=told)
    assert random.training.model_dump(exclude=told) == {**ScratchOptions().model_dump(exclude=told), "epochs": 2}


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (("seed: 3", "seed: 4"), False),
        (("start: random", "start: base"), False),
        (("epochs: 4", "epochs: 5"), False),
        (("lr: 0.003", "lr: 0.002"), False),
        (("card: ../data_cards/source.md", "card: ../data_cards/source.md, split: all"), False),
        ((SHORT, ONLY_PROBE), True),
        (("margin: 0.05", "margin: 0.06"), True),
        (("seeds: [0]", "seeds: [1]"), True),
    ],
)
def test_the_source_is_decided_by_what_decides_its_weights(change: tuple[str, str], same: bool, tmp_path: Path) -> None:
    """And what comes after depends on it: another source is another job everywhere."""
    audit = source_project(tmp_path)
    source, jobs = ids(audit)

    edit(audit, change)
    other, others = ids(audit)

    assert (source == other) is same
    if not same:
        assert jobs.isdisjoint(others)


def test_other_rows_of_the_source_or_another_base_are_another_source(tmp_path: Path) -> None:
    audit = source_project(tmp_path)
    first = ids(audit)
    write_source(tmp_path, rho=0.5)
    second = ids(audit)
    save_encoder(tmp_path / "models" / "tiny", seed=1)
    third = ids(audit)

    assert len({first[0], second[0], third[0]}) == 3
    assert first[1].isdisjoint(second[1] | third[1])


def test_a_model_from_elsewhere_has_the_jobs_it_always_had(tmp_path: Path) -> None:
    """The twin: without `pretrain` nothing of it is in any id, and every job differs from those with it."""
    audit = source_project(tmp_path)
    with_source = ids(audit)[1]

    edit(audit, (SOURCE, FOLDER))
    made = jobs_of(audit)

    assert made.pretraining is None
    assert with_source.isdisjoint({job.id for job in made.jobs})


def test_editors_know_the_form(tmp_path: Path) -> None:
    written = YAML(typ="safe", pure=True).load(source_project(tmp_path).read_text())
    schema = json_schema()

    jsonschema.validate(written, schema)
    written["model"]["source"]["pretrain"]["sead"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(written, schema)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("seed: 3", "sead: 3"), "unknown key `sead`"),
        (("seed: 3", "seed: -1"), "`seed` must be at least 0"),
        (("start: random", "start: randomly"), "unknown value `randomly`"),
        (('base: "folder:../models/tiny"', 'base: "predictions:a.csv"'), "FT-M036"),
        (('base: "folder:../models/tiny"', 'base: "folder:../models/other"'), "FT-M021"),
        (("../data_cards/source.md", "../data_cards/none.md"), "card `../data_cards/none.md` not found"),
        (("{pretrain:", "{pretrian:"), "unknown model source `pretrian`"),
        (("epochs: 4", "epoch: 4"), "unknown key `epoch`"),
        (("seed: 3", "labels: {a: [fruit]}"), "labels without a class: tool, animal"),
        (("seed: 3", "labels: {a: rest}"), "classification needs"),
        (("seed: 3", "split: dev"), "unknown split `dev`"),
    ],
)
def test_what_cannot_be_is_refused_when_the_audit_is_read(change: tuple[str, str], words: str, tmp_path: Path) -> None:
    audit = edit(source_project(tmp_path), change)

    with pytest.raises(DefinitionError) as error:
        jobs_of(audit)

    text = "\n".join(map(str, error.value.problems))
    assert words in text
    assert "model.source" in text


# --- runs --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("p")
    audit = edit(source_project(root), (SHORT, ONLY_PROBE))
    api.run(audit, workspace=root / "runs")
    return root


@pytest.fixture
def copy(project: Path, tmp_path: Path) -> Path:
    shutil.copytree(project, tmp_path / "p")
    return tmp_path / "p"


def weights(root: Path, source: str) -> Path:
    return next((root / "runs" / ".store" / "jobs" / source).glob("attempt-*")) / WEIGHTS


def test_a_run_tells_what_its_source_was_made_of(project: Path) -> None:
    audit = project / "audits" / "audit.yaml"
    done = api.run(audit, workspace=project / "runs")
    kept = read_json(done.folder / "run.json")

    source = kept["pretraining"]
    assert done.fresh == 0
    assert (source["id"], source["key"], source["seed"], source["start"]) == (
        ids(audit)[0],
        "source@1.0.0",
        3,
        "random",
    )
    assert source["ledger"]["n_in"] == source["ledger"]["n_used"] + sum(source["ledger"]["n_excluded"].values()) == 60
    assert source["rows"] == {"train": 48, "validation": 12}
    assert 0 <= source["record"]["validation_error"] <= 1
    assert (
        kept["model"]["files"][WEIGHTS]
        == read_json(weights(project, source["id"]).parent / "manifest.json")["files"][WEIGHTS]["sha256"]
    )
    jobs = [read_json(path) for path in done.folder.glob("jobs/*/job.json")]
    assert {job["digests"]["model"] for job in jobs} == {kept["model"]["sha256"]}
    assert source["digests"]["base"] != kept["model"]["sha256"]
    assert (done.folder / "cards" / "source.md").is_file()
    report = (done.folder / "report" / "report.md").read_text().replace("\\", "")
    assert "trained here on source@1.0.0, from random weights in the architecture of folder:../models/tiny" in report
    assert "| source, source trained on | used | 60 |" in report


def test_what_plan_timed_before_the_source_was_trained_holds_after(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FT_CACHE_DIR", str(tmp_path / "cache"))
    audit = copy / "audits" / "audit.yaml"
    predicted = foresee(Planned(jobs_of(audit), tmp_path / "new").opened(), probe=True).seconds

    done = api.run(audit, workspace=tmp_path / "new")

    assert predicted is not None
    assert done.timing is not None
    assert done.timing["predicted_seconds"] == predicted


def test_the_weights_are_kept_and_shared_by_audits(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another strategy on the same source trains no source again."""
    audit = edit(copy / "audits" / "audit.yaml", (ONLY_PROBE, "strategies: [probe, majority]"))
    monkeypatch.setattr(source_training, "pretrain", None)

    done = api.run(audit, workspace=copy / "runs")

    assert done.fresh == 1


def test_lost_weights_are_made_again_and_are_the_same(copy: Path) -> None:
    """One byte less and they are trained anew: the same seed, the same bytes."""
    audit = copy / "audits" / "audit.yaml"
    source = ids(audit)[0]
    before = weights(copy, source).read_bytes()
    weights(copy, source).write_bytes(before[:-1])
    shutil.rmtree(copy / "runs" / "toy")

    api.run(audit, workspace=copy / "runs")

    assert weights(copy, source).read_bytes() == before


def test_an_audit_and_its_control_pair_by_item_to_bias_transfer(copy: Path) -> None:
    """Both differ in the source's card alone; what `measure` calls the change is biased minus control, group by group."""
    audit = copy / "audits" / "audit.yaml"
    write_source(copy, "control", rho=0.5)
    control = copy / "audits" / "control.yaml"
    control.write_text(audit.read_text().replace("source.md", "control.md").replace("id: toy\n", "id: control\n"))

    def after(written: Path) -> pd.DataFrame:
        folder = api.run(written, workspace=copy / "runs").folder
        job = next(p.parent for p in folder.glob("jobs/*/job.json") if read_json(p)["strategy"] == "probe")
        items = pd.read_parquet(folder / "benchmarks" / "toy" / "items.parquet").set_index("item")
        return items.assign(pred=pd.read_parquet(job / "predictions.parquet").set_index("item")["pred"])

    biased, fair = after(audit), after(control)
    table = biased.rename(columns={"pred": "biased"}).join(fair["pred"].rename("control")).reset_index()
    found = measure(table, label="y", before="control", after="biased", groups=["region"], unit="unit", item=["item"])

    change = [row for row in found.findings if row.stage == "change" and row.group == {} and row.level != "gap"]
    errors = {name: float((table[name] != table["y"]).mean()) for name in ("biased", "control")}
    assert ids(audit)[1].isdisjoint(ids(control)[1])
    assert change[0].estimate == pytest.approx(errors["biased"] - errors["control"])


def test_rows_that_are_judged_are_not_trained_on(copy: Path) -> None:
    """They are taken out of the source's rows by the benchmark's rule, and counted."""
    made = jobs_of(copy / "audits" / "audit.yaml")
    judged = open_data(made.files, made.roots).judged["toy"].part
    table = copy / "data_cards" / "source.csv"
    lines = table.read_text().splitlines()
    for i, text in enumerate(judged.inputs.values[:5], start=1):
        lines[i] = f"s{i - 1:03d},{text},fruit,small"
    table.write_text("\n".join(lines) + "\n")
    card = copy / "data_cards" / "source.md"
    card.write_text(
        re.sub("sha256: [0-9a-f]{64}", f"sha256: {hashlib.sha256(table.read_bytes()).hexdigest()}", card.read_text())
    )
    made = jobs_of(copy / "audits" / "audit.yaml")

    rows = open_data(made.files, made.roots).source

    assert rows is not None
    assert rows.rows.ledger.excluded["same input in toy"] == 5
    assert not {*rows.rows.train.inputs.values, *rows.rows.val.inputs.values} & {*judged.inputs.values}


def test_judged_rows_among_the_sources_hold_back_a_pass(copy: Path) -> None:
    """Where a benchmark only reports twins, too many of them among the source's rows are no basis for a pass."""
    record = load_record(next((copy / "runs" / "toy").glob("*[0-9a-f]")))
    assert record.source is not None
    assert record.source.leaks["toy"] is not None
    leaks = {"toy": replace(record.source.leaks["toy"], blocks=True, residual=5)}

    seen = replace(record, run=replace(record.run, pretraining=replace(record.source, leaks=leaks)))

    assert _leaks(record) is None
    assert _leaks(seen) == "rows of toy stand again in what the source was trained on"


def test_a_source_that_diverges_ends_every_job_with_the_reason(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = edit(copy / "audits" / "audit.yaml", ("seed: 3", "seed: 5"))

    def diverges(*_: object) -> None:
        raise Diverged.at(7)

    monkeypatch.setattr(source_training, "pretrain", diverges)
    done = api.run(audit, workspace=copy / "runs")
    failed = read_json(done.folder / "run.json")["failed_jobs"]

    assert {job["reason"] for job in failed} == {
        "diverged: while the source was trained: the loss became NaN or infinite at step 7"
    }
    assert len(failed) == len(jobs_of(audit).jobs)
    assert done.verdict.outcome != "pass"
    monkeypatch.setattr(source_training, "pretrain", None)
    assert api.run(audit, workspace=copy / "runs").fresh == 0, "it would diverge again"


@pytest.mark.parametrize(
    ("error", "status"),
    [(OneClass("the training rows are all of class `a`"), "one_class"), (MemoryError(), "out_of_memory")],
)
def test_a_source_that_cannot_be_trained_is_told(
    copy: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, status: str
) -> None:
    audit, tries = edit(copy / "audits" / "audit.yaml", ("seed: 3", "seed: 5")), []

    def fails(*_: object) -> None:
        tries.append(error)
        raise error

    monkeypatch.setattr(source_training, "pretrain", fails)
    done = api.run(audit, workspace=copy / "runs")
    failed = read_json(done.folder / "run.json")["failed_jobs"]

    assert {job["reason"].split(":")[0] for job in failed} == {status}
    assert "while the source was trained" in failed[0]["reason"]
    assert len(tries) == 1


def test_what_the_source_cost_is_told_with_its_energy(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audit, pieces = edit(copy / "audits" / "audit.yaml", ("seed: 3", "seed: 5")), stand_in(monkeypatch)

    done = api.run(audit, workspace=copy / "runs", country="CMR")
    cost = read_json(done.folder / "run.json")["pretraining"]["cost"]

    assert cost["energy"]["status"] == "estimated"
    assert cost["training"]["energy_kwh"] == SPENT
    assert cost["training"]["flops"] > 0
    assert pieces.count("CMR") == 2, "one for the source, one for the jobs"
    row = next(
        line for line in (done.folder / "report" / "report.md").read_text().splitlines() if "trained here |" in line
    )
    assert "0.2 Wh" in row.replace("\\", "")
    assert "48 + 12" in row


def test_pictures_can_be_a_source_too(tmp_path: Path) -> None:
    """A convolutional network, with its batch statistics; the source's own head is the model as published."""
    audit = image_project(tmp_path, "array")
    training = "{epochs: 2, min_steps: 4}"
    asked = f'base: "folder:../models/tiny", card: ../data_cards/shapes.md, split: val, training: {training}'
    source = f"{{pretrain: {{{asked}}}}}"
    edit(
        audit,
        ('"folder:../models/tiny"', source),
        ("before: probe", "before: native_head"),
        ("seeds: [0, 1]", "seeds: [0]"),
    )
    assert "family: image" in AUDIT

    done = api.run(audit, workspace=tmp_path / "runs")

    kept = read_json(done.folder / "run.json")["pretraining"]
    jobs = [read_json(path) for path in done.folder.glob("jobs/*/job.json")]
    assert kept["classes"] == ["bar", "box"]
    assert [job["record"]["method"] for job in jobs if job["stage"] == "before"] == ["the checkpoint's own head"]
    assert read_json(done.folder / "run.json")["failed_jobs"] == []


# --- weights -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    folder = save_encoder(tmp_path_factory.mktemp("m") / "tiny", labels=["contradiction", "neutral", "entailment"])
    return open_backbone(inspect_checkpoint(folder, "folder:tiny"), "text")


def learned(backbone: Backbone, weights: Path, *classes: str) -> Checkpoint:
    """The backbone's checkpoint with the weights that were trained."""
    return backbone.checkpoint.with_weights(Trained(weights, classes), file_digest(weights))


@pytest.mark.parametrize("embeddings", ["frozen", "trained"])
def test_the_checkpoint_opens_as_the_network_that_was_trained(
    encoder: Backbone, embeddings: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Features and logits of the written weights are those of the network in memory, to the last bit."""
    trained = []
    real = Backbone.pretrained
    monkeypatch.setattr(Backbone, "pretrained", lambda self: trained.append(real(self)) or trained[-1])
    options = SourceTraining(epochs=2, lr=1e-3, batch_size=8, embeddings=embeddings)  # type: ignore[arg-type]  # a word
    found = setting(encoder)

    kept, _ = pretrain(found, options, "base")
    write_weights(tmp_path / WEIGHTS, kept)
    opened = open_backbone(learned(encoder, tmp_path / WEIGHTS, "a", "b"), "text")

    assert set(load_file(tmp_path / WEIGHTS)) >= {"head.weight", "head.bias"}
    assert torch.equal(
        RUNNER.features(real(opened), opened.prepare(TEXTS)), RUNNER.features(trained[-1], found.train.prepared)
    )
    assert opened.checkpoint.digest != encoder.checkpoint.digest
    moved = not torch.equal(
        opened.module.get_input_embeddings().weight,  # type: ignore[operator]  # every transformers model has this method
        encoder.module.get_input_embeddings().weight,  # type: ignore[operator]  # as above
    )
    assert moved == (embeddings == "trained")


def test_a_trained_source_is_asked_by_its_own_head_and_no_longer_by_the_bases(
    encoder: Backbone, tmp_path: Path
) -> None:
    """The base answers by entailment; what was trained on it has other classes, and is asked by similarity or its head."""
    kept, _ = pretrain(setting(encoder), SourceTraining(epochs=8, lr=1e-3, batch_size=8), "random")
    write_weights(tmp_path / WEIGHTS, kept)
    checkpoint = learned(encoder, tmp_path / WEIGHTS, "sweet", "hard")
    found = setting(open_backbone(checkpoint, "text"))

    by_head = before_named("native_head").ask(found, NativeHeadOptions(labels={"sweet": "fruit", "hard": "tool"}))
    by_words = before_named("zero_shot").ask(found, ZeroShotOptions(prompt="a word about {label}"))

    features = found.frozen.of(found.train.prepared)
    expected = torch.log_softmax(features @ kept["head.weight"].T + kept["head.bias"], dim=1)
    assert torch.allclose(by_head.logits(found.train.prepared), expected, atol=1e-6)
    assert found.task.error(by_head.logits(found.train.prepared), found.train.y) <= 0.1, "it is the task it learned"
    assert "similarity" in by_words.record["method"]


def test_weights_of_another_architecture_are_refused(encoder: Backbone, tmp_path: Path) -> None:
    kept, _ = pretrain(setting(encoder), SourceTraining(epochs=1, min_steps=1), "base")
    kept["backbone.more"] = torch.zeros(1)
    write_weights(tmp_path / WEIGHTS, kept)

    with pytest.raises(DefinitionError, match=r"more.*base the source was trained from"):
        open_backbone(learned(encoder, tmp_path / WEIGHTS, "a", "b"), "text")


def test_another_seed_is_another_source(encoder: Backbone) -> None:
    options = SourceTraining(epochs=1, min_steps=2)
    first, again, other = (pretrain(setting(encoder, seed=s), options, "random")[0] for s in (1, 1, 2))

    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)
