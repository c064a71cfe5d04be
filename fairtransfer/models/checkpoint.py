"""A checkpoint on disk, looked at before anything is loaded: which files, their digest, and nothing that runs code.

Only safetensors are read. A file's own claims (suffix, header) are checked against its bytes; `config.json` is read as
plain JSON and refused when it asks for code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fairtransfer.errors import DefinitionError, IntegrityError, Problem, Problems, shown
from fairtransfer.models.weight_files import Shapes, problem_of, weight_files
from fairtransfer.spec.audit import LoadedAudit

CONFIG = "config.json"
_ADAPTER = "adapter_config.json"
_SMALL = {".json", ".txt", ".model", ".jinja"}
_OF_A_HEAD = ("id2label", "label2id", "label_names")
_CODE_KEYS = ("auto_map", "trust_remote_code", "custom_pipelines")
_KERNELS = ("attn_implementation", "_attn_implementation", "experts_implementation")
"""Keys whose value, with a slash in it, is a repository of compiled code that transformers fetches and runs."""
_QUANTISED = "quantization_config"
_DEEPEST = 64
_DEPTHS = ("num_hidden_layers", "num_layers", "n_layers", "n_layer")
"""How configurations call the number of their layers."""


@dataclass(frozen=True)
class Trained:
    """Weights that replace a base's: a source that was trained here.

    Attributes
    ----------
    weights
        One file of safetensors, with the head.
    classes
        The source's classes, in the order of its head.
    """

    weights: Path
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Checkpoint:
    """A folder with a model.

    Attributes
    ----------
    source
        The source as the audit writes it.
    files
        ``relative path -> SHA-256`` of every file that decides what the model is.
    tensors
        Name -> shape of the tensors in the weight files.
    trained
        Weights of a source that was trained here, on this base; None for a model as it was published.
    told
        Warnings: what of its files is read in another way than its publisher's tools would.
    """

    source: str
    folder: Path
    config: Mapping[str, Any]
    files: Mapping[str, str]
    tensors: Shapes
    trained: Trained | None = None
    told: tuple[Problem, ...] = ()

    @property
    def weights(self) -> list[Path]:
        """The weight files that lie in the folder: of a source that was trained here, its base's."""
        return sorted(self.folder.glob("*.safetensors"))

    @property
    def digest(self) -> str:
        """One digest for the whole checkpoint."""
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(self.files.items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    def with_weights(self, trained: Trained, sha256: str) -> Checkpoint:
        """Return this base with other weights: its own are not part of it any more, nor are the labels of its own head."""
        kept = {name: digest for name, digest in self.files.items() if not name.endswith(".safetensors")}
        config = {key: value for key, value in self.config.items() if key not in _OF_A_HEAD}
        return replace(self, config=config, files={**kept, trained.weights.name: sha256}, trained=trained)

    def check_unchanged(self) -> None:
        """Read every file of the folder again: what was loaded has to be what is recorded.

        Raises
        ------
        IntegrityError
            When a file is another one than when the model was looked at.
        """
        for name, digest in self.files.items():
            path = self.folder / name
            if self.trained is not None and name == self.trained.weights.name:
                path = self.trained.weights
            if not path.is_file() or _sha256(path) != digest:
                raise IntegrityError(f"{path} was changed while the model was loaded; run again")


def inspect_checkpoint(folder: Path, source: str) -> Checkpoint:
    """Look at a model folder.

    Raises
    ------
    DefinitionError
        With every problem found (``FT-M006`` to ``FT-M010``, ``FT-M020``, ``FT-M046``, ``FT-M047``).
    """
    problems = Problems()
    if (folder / _ADAPTER).is_file():
        problems.add(_adapter(folder, source))
        problems.raise_if_any()
    config = _config(folder, source, problems)
    weights, tensors = weight_files(folder, source, problems)
    problems.extend(_too_deep(config, len(tensors), source))
    problems.raise_if_any()
    files = {path.relative_to(folder).as_posix(): _sha256(path) for path in [*weights, *_small_files(folder)]}
    return Checkpoint(source, folder, config, files, tensors)


def _adapter(folder: Path, source: str) -> Problem:
    """Return what is wrong with a folder of peft: libraries load its adapter, or do not, without a word."""
    found = f"the folder holds an adapter (`{_ADAPTER}`)"
    beside = "beside a model's weights: which of the two is meant cannot be told"
    what = f"{found} {beside}" if (folder / CONFIG).is_file() else f"{found} alone, which is no model"
    return problem_of(
        "FT-M046", source, what, "one model", "merge it into the weights (`merge_and_unload`), or remove it"
    )


def _too_deep(config: Mapping[str, Any], tensors: int, source: str) -> Iterator[Problem]:
    """Yield what is wrong with a configuration of more layers than there are weights, before anything is built of them."""
    for key in _DEPTHS:
        layers = config.get(key)
        if isinstance(layers, int) and layers > max(tensors, 1):
            found = f"`{CONFIG}` asks for {layers:,} layers (`{key}`), and the weights are {tensors:,} tensors"
            yield problem_of("FT-M012", source, found, "a complete checkpoint")


def _small_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        if (
            path.is_file()
            and path.suffix in _SMALL
            and not any(part.startswith(".") for part in inside)
            and len(inside) <= 2
        ):
            yield path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_json_object(path: Path) -> dict[str, Any]:
    """Return a JSON file that has to hold an object; raise `ValueError` with the reason where it does not."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("it holds no object")  # noqa: TRY004  # one kind of error for whatever is wrong with the file
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def _config(folder: Path, source: str, problems: Problems) -> Mapping[str, Any]:
    path = folder / CONFIG
    if not path.is_file():
        problems.add(
            problem_of("FT-M020", source, f"no `{CONFIG}` in {folder}", "a folder saved with save_pretrained or timm")
        )
        return {}
    try:
        config = read_json_object(path)
        found = list(_code_keys(config))
    except ValueError as error:
        problems.add(problem_of("FT-M020", source, f"`{CONFIG}` is not JSON: {shown(str(error))}"))
        return {}
    for key in found:
        what = f"model needs its own code (`{shown(key)}` in {CONFIG}); not allowed"
        problems.add(problem_of("FT-M010", source, what, "models whose code ships with the libraries"))
    if config.get(_QUANTISED):
        what, do = f"the weights are quantised (`{_QUANTISED}` in {CONFIG})", "use the checkpoint it was made from"
        problems.add(problem_of("FT-M047", source, what, "weights of 16 or 32 bits, which can be trained", do))
    return config


def _code_keys(value: Any, at: str = "", depth: int = 0) -> Iterator[str]:
    """Yield every key, however deep, that would make a loader run code from the checkpoint or from elsewhere."""
    if depth > _DEEPEST:
        raise ValueError("it is nested too deeply")
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        name = f"{at}.{key}" if at else str(key)
        if (key in _CODE_KEYS and inner) or (isinstance(key, str) and key.endswith("_internal")):
            yield name
        if key in _KERNELS and "/" in json.dumps(inner):
            yield name
        yield from _code_keys(inner, name, depth + 1)


@contextmanager
def placed(loaded: LoadedAudit) -> Iterator[None]:
    """Give what is found in a checkpoint the place of the audit's `model.source`."""
    try:
        yield
    except DefinitionError as error:
        raise DefinitionError(at_source(loaded, error.problems)) from None


def at_source(loaded: LoadedAudit, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return problems of a checkpoint at the audit's line that names it, or says how it is asked; those with a place keep it."""

    def placed_at(problem: Problem) -> Problem:
        at = ("before",) if problem.path.startswith("before") else ("model", "source")
        line, column = loaded.document.place(at)
        return replace(problem, file=loaded.document.file, line=line, column=column)

    return tuple(problem if problem.file else placed_at(problem) for problem in problems)


def refuse(code: str, checkpoint: Checkpoint, found: str, allowed: str = "", do: str = "") -> DefinitionError:
    """Return the error for something found while a checkpoint was loaded."""
    return DefinitionError([problem_of(code, checkpoint.source, found, allowed, do)])
