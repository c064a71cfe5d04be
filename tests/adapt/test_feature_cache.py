"""What frozen networks make of rows is kept on disk: found again for the same content, and for no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from support.projects import SHORT, text_project
from support.tiny_models import save_encoder
from support.toy import edit

from fairtransfer import api
from fairtransfer.adapt import frozen_blocks
from fairtransfer.adapt.feature_cache import FolderShelf
from fairtransfer.adapt.frozen_features import FrozenFeatures
from fairtransfer.adapt.hardware import Hardware
from fairtransfer.adapt.inference import Runner
from fairtransfer.data.inputs import Texts
from fairtransfer.evidence.canonical import read_json
from fairtransfer.models import open_backbone
from fairtransfer.models.backbone import Backbone
from fairtransfer.models.checkpoint import inspect_checkpoint
from fairtransfer.run_result import Run

pytestmark = pytest.mark.train
TEXTS = Texts(("apple", "a hammer and more", "fox hen"))
TENSORS = {"states": torch.randn(5, 3), "sizes": torch.tensor([2, 3]), "operations": torch.tensor(7)}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    folder = save_encoder(tmp_path_factory.mktemp("m") / "tiny", num_hidden_layers=3)
    return open_backbone(inspect_checkpoint(folder, "folder:tiny"), "text")


def test_what_is_kept_is_found_to_the_bit(tmp_path: Path) -> None:
    FolderShelf(tmp_path / "new", "model").keep("rows", "layer", TENSORS)

    found = FolderShelf(tmp_path / "new", "model").find("rows", "layer")

    assert found is not None
    assert found.keys() == TENSORS.keys()
    assert all(torch.equal(found[name], TENSORS[name]) for name in TENSORS)


@pytest.mark.parametrize(
    "changed", [("other", "rows", "layer"), ("model", "other", "layer"), ("model", "rows", "other")]
)
def test_other_content_is_not_found(tmp_path: Path, changed: tuple[str, str, str]) -> None:
    FolderShelf(tmp_path, "model").keep("rows", "layer", TENSORS)

    assert FolderShelf(tmp_path, changed[0]).find(*changed[1:]) is None


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: b"", lambda b: b[:4]]
)
def test_a_damaged_file_is_not_believed(tmp_path: Path, damage: object) -> None:
    shelf = FolderShelf(tmp_path, "model")
    shelf.keep("rows", "layer", TENSORS)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]  # one of the functions above

    assert shelf.find("rows", "layer") is None

    shelf.keep("rows", "layer", TENSORS)
    assert shelf.find("rows", "layer") is not None


def test_rows_are_recognised_by_what_the_network_reads(encoder: Backbone) -> None:
    same, other = Texts(TEXTS.values), Texts((*TEXTS.values[:2], "fox"))

    assert encoder.prepare(TEXTS).fingerprint == encoder.prepare(same).fingerprint
    assert encoder.prepare(TEXTS).fingerprint != encoder.prepare(other).fingerprint


def test_the_network_does_not_run_for_what_is_on_the_shelf(
    encoder: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, shelf = Runner(Hardware("cpu", "fp32")), FolderShelf(tmp_path, "model")
    cut = encoder.layout(encoder.prepare(TEXTS)).blocks[:2]
    first = FrozenFeatures(encoder, runner, shelf=shelf)
    features, states = first.of(encoder.prepare(TEXTS)), frozen_blocks.entered(first, encoder.prepare(TEXTS), cut)
    calls: list[int] = []
    run = Runner.run
    monkeypatch.setattr(Runner, "run", lambda *a: calls.append(1) or run(*a))
    whole = frozen_blocks.batches_by_length
    monkeypatch.setattr(frozen_blocks, "batches_by_length", lambda p: calls.append(1) or whole(p))

    later = FrozenFeatures(encoder, runner, shelf=shelf)
    prepared = encoder.prepare(TEXTS)
    again, entered = later.of(prepared), frozen_blocks.entered(later, prepared, cut)

    assert not calls
    assert torch.equal(features, again)
    assert isinstance(states, frozen_blocks.Entered)
    assert isinstance(entered, frozen_blocks.Entered)
    assert all(torch.equal(a, b) for a, b in zip(states.states, entered.states, strict=True))
    FrozenFeatures(encoder, runner).of(prepared)
    assert calls, "without a shelf the network runs"


def flops(run: Run) -> set[int]:
    jobs = [read_json(path) for path in run.folder.glob("jobs/*/job.json")]
    return {job["cost"]["training"]["flops"] for job in jobs if job["strategy"] == "probe"}


def test_a_later_audit_takes_features_from_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = text_project(tmp_path / "p")
    first = api.run(audit, workspace=tmp_path / "runs")
    kept = sorted((tmp_path / "runs" / ".store" / "features").iterdir())
    edit(audit, ("id: toy", "id: later"), (SHORT, "strategies: [{probe: {inverse_penalties: [0.1, 1.0]}}]"))
    ran, passed = [], Runner.features

    def counted(runner: Runner, network: Any, prepared: Any) -> torch.Tensor:
        found = passed(runner, network, prepared)
        ran.append(len(found))
        return found

    monkeypatch.setattr(Runner, "features", counted)

    later = api.run(audit, workspace=tmp_path / "runs")

    assert later.fresh > 0
    assert kept
    assert max(ran) <= 2, "two rows of each set are tried, and no more are run"
    assert flops(later) == flops(first)
    assert sorted((tmp_path / "runs" / ".store" / "features").iterdir()) == kept
