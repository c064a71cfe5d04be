"""Code that is not part of fairtransfer: switched on by whoever runs it, never by a definition, and known by its digest.

A plug-in is an installed distribution with entry points in the groups below. Being installed switches nothing on: the operator
names it (`--plugin NAME`, or `plugins = ["NAME"]` in a `fairtransfer.toml` in the working folder or the workspace). What was
switched on is then found by name like everything built in, and is imported when an audit names it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from types import CodeType
from typing import Any

from fairtransfer import registry
from fairtransfer.errors import DefinitionError, IntegrityError, Problem, did_you_mean, relative, shown
from fairtransfer.registry import OURS, Origin, Room

GROUPS: Mapping[Room, str] = {
    "strategies": "fairtransfer.strategies",
    "metrics": "fairtransfer.metrics",
    "gates": "fairtransfer.gates",
    "models": "fairtransfer.models",
    "readers": "fairtransfer.readers",
}
"""Room -> group of entry points."""

WORDS: Mapping[Room, str] = {
    "strategies": "strategy",
    "before": "before-stage",
    "metrics": "metric",
    "gates": "gate",
    "models": "model family",
    "readers": "kind of file",
    "documents": "form of documents",
}
"""What one entry of a room is called."""

FILE = "fairtransfer.toml"

_INSTALLER = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
"""What an installer writes about itself, which differs from place to place."""


@dataclass(frozen=True, slots=True)
class Used:
    """A plug-in, and what of it is used.

    Attributes
    ----------
    provides
        Room and name of every entry that is used.
    """

    origin: Origin
    provides: tuple[tuple[Room, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Return what the evidence keeps."""
        names = [f"{room}:{name}" for room, name in self.provides]
        return {
            "name": self.origin.name,
            "version": self.origin.version,
            "sha256": self.origin.digest,
            "provides": names,
        }

    def __str__(self) -> str:
        entries = ", ".join(f"{WORDS[room]} `{name}`" for room, name in self.provides)
        return f"{self.origin} ({entries}; sha256 {self.origin.digest[:16]}…)"


def used_of(told: Iterable[Mapping[str, Any]]) -> tuple[Used, ...]:
    """Return plug-ins as the evidence keeps them."""
    return tuple(
        Used(Origin(one["name"], one["version"], one["sha256"]), tuple(_entry(name) for name in one["provides"]))
        for one in told
    )


def _entry(written: str) -> tuple[Room, str]:
    room, _, name = written.partition(":")
    return next(known for known in registry.ROOMS if known == room), name


def used(entries: Iterable[tuple[Room, str]]) -> tuple[Used, ...]:
    """Return whose code these entries are, without what is built in; in the order of their names."""
    found: dict[Origin, list[tuple[Room, str]]] = {}
    for room, name in dict.fromkeys(entries):
        if (whose := registry.origin(room, name)) != OURS:
            found.setdefault(whose, []).append((room, name))
    return tuple(Used(whose, tuple(found[whose])) for whose in sorted(found, key=lambda origin: origin.name))


def check(made_with: Iterable[Used], place: Path) -> None:
    """Check that the code a run was made with is known here, and is the same.

    Raises
    ------
    DefinitionError
        When a plug-in is not switched on (``FT-R028``).
    IntegrityError
        When it is another version of it, or was changed (``FT-R030``).
    """
    absent: list[Problem] = []
    for one in made_with:
        missing = [(room, name) for room, name in one.provides if name not in registry.names(room)]
        if missing:
            found = f"was made with code that is not part of fairtransfer and not switched on here: {one}"
            do = how_to_switch_on(*missing[0]) or f"install {one.origin}, and add `--plugin {one.origin.name}`"
            absent.append(Problem("FT-R028", found, "", do, relative(place)))
    if absent:
        raise DefinitionError(absent)
    for one in made_with:
        for room, name in one.provides:
            here = registry.origin(room, name)
            if here != one.origin:
                found = (
                    f"was made with {one}; here the {WORDS[room]} `{name}` is of {here} (sha256 {here.digest[:16]}…)"
                )
                problem = Problem("FT-R030", found, "", "use the code it was made with", relative(place))
                raise IntegrityError(str(problem))


def switch_on(names: Iterable[str]) -> None:
    """Make what the named distributions provide known; nothing of them is imported before an audit names it.

    Raises
    ------
    DefinitionError
        When one is not installed (``FT-R026``), provides nothing (``FT-R027``), or a name is taken (``FT-R022``).
    """
    for name in names:
        for room, entry, origin in _provided(_distribution(name)):
            if (room, entry.name) not in registry.registered() or registry.origin(room, entry.name) != origin:
                registry.register(room, entry.name, entry.value, origin=origin)


def listed(folder: Path) -> tuple[str, ...]:
    """Return the plug-ins that a folder's `fairtransfer.toml` lists; none where there is no such file.

    Raises
    ------
    DefinitionError
        When the file cannot be read, or says something else (``FT-R029``).
    """
    path = folder / FILE
    if not path.is_file():
        return ()
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise DefinitionError([Problem("FT-R029", f"cannot be read: {why}", file=relative(path))]) from None
    names = said.pop("plugins", [])
    if said or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        found = f"unknown key `{shown(next(iter(said)))}`" if said else "`plugins` is not a list of names"
        raise DefinitionError([Problem("FT-R029", found, '`plugins = ["NAME"]`', file=relative(path))])
    return tuple(names)


def how_to_switch_on(room: Room, name: str) -> str:
    """Return what to do to have a name that an installed plug-in provides; empty where none does."""
    for entry in metadata.entry_points(group=GROUPS[room]) if room in GROUPS else ():
        if entry.name == name and entry.dist is not None:
            owner = entry.dist.name
            return f"the installed plug-in `{owner}` provides it: add `--plugin {owner}`, or list it in `{FILE}`"
    return ""


def origin_of(target: object) -> Origin:
    """Return whose code an object is that a program registers: its distribution, or else the module it is written in."""
    module = inspect.getmodule(target)
    name = getattr(target, "__module__", None) or "__main__"
    top = name.partition(".")[0]
    for owner in metadata.packages_distributions().get(top, ()):
        return _origin(owner)
    file = getattr(module, "__file__", None)
    if file is None:
        return Origin(name, "", _digest({"code": _source(target)}))
    if "." in name or hasattr(module, "__path__"):
        return Origin(top, "", _digest(_files_of(top)))
    return Origin(name, "", _digest({Path(file).name: Path(file).read_bytes()}))


def _distribution(name: str) -> metadata.Distribution:
    try:
        return metadata.distribution(name)
    except (metadata.PackageNotFoundError, ValueError):
        known = sorted({owner for owner in _owners() if owner})
        hint = did_you_mean(name, known)
        do = hint if hint.startswith("did") else "install it first"
        allowed = f"installed: {', '.join(known) or 'none'}"
        raise DefinitionError([Problem("FT-R026", f"no plug-in `{shown(name)}` is installed", allowed, do)]) from None


def _owners() -> Iterator[str]:
    for group in GROUPS.values():
        yield from (entry.dist.name for entry in metadata.entry_points(group=group) if entry.dist is not None)


def _provided(owner: metadata.Distribution) -> list[tuple[Room, metadata.EntryPoint, Origin]]:
    origin = _origin(owner.name)
    found = [
        (room, entry, origin) for room, group in GROUPS.items() for entry in owner.entry_points.select(group=group)
    ]
    if not found:
        what, allowed = (
            f"`{owner.name}` provides nothing for fairtransfer",
            f"entry points in {', '.join(GROUPS.values())}",
        )
        raise DefinitionError([Problem("FT-R027", what, allowed)])
    return found


@cache
def _origin(name: str) -> Origin:
    """Return a distribution by its name, version and the digest of its files, read once: a run records what it began with."""
    owner = metadata.distribution(name)
    files = {
        path.as_posix(): Path(path.locate()).read_bytes()
        for path in owner.files or ()
        if path.name not in _INSTALLER and path.suffix != ".pyc" and Path(path.locate()).is_file()
    }
    for entry in owner.entry_points:
        if entry.group in GROUPS.values():
            files |= _files_of(entry.module.partition(".")[0])
    return Origin(_normal(owner.name), owner.version, _digest(_code(files)))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _files_of(top: str) -> dict[str, bytes]:
    """Return the files of a top-level module, which is not imported for it; an editable install lists no others."""
    spec = importlib.util.find_spec(top)
    if spec is None:
        return {}
    if spec.submodule_search_locations:
        roots = [Path(place) for place in spec.submodule_search_locations]
        paths = [(root, path) for root in roots for path in sorted(root.rglob("*")) if path.is_file()]
        return {f"{top}/{p.relative_to(root).as_posix()}": p.read_bytes() for root, p in paths if p.suffix != ".pyc"}
    path = Path(spec.origin or "")
    return {path.name: path.read_bytes()} if path.is_file() else {}


def _code(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files without those about the distribution, which differ between ways to install the same code."""
    return {name: content for name, content in files.items() if not re.search(r"\.(dist|egg)-info/|\.pth$", name)}


def _digest(files: Mapping[str, bytes]) -> str:
    found = hashlib.sha256()
    for name in sorted(files):
        found.update(name.encode() + b"\0" + hashlib.sha256(files[name]).digest())
    return found.hexdigest()


def _source(target: object) -> bytes:
    """Return the text of a class or function written in a session; of its methods' compiled code where the text is lost."""
    try:
        return inspect.getsource(target).encode()  # type: ignore[arg-type]  # raises TypeError for what has none
    except (OSError, TypeError):
        methods = [value for value in vars(target).values() if inspect.isfunction(value)]
        return b"\0".join(part for method in methods for part in _compiled(method.__code__))


def _compiled(code: CodeType) -> Iterator[bytes]:
    """Yield what compiled code does, the same in every process: no addresses, no order of sets."""
    yield code.co_code
    yield " ".join((*code.co_names, *code.co_varnames)).encode()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _compiled(constant)
        else:
            yield repr(sorted(constant, key=repr) if isinstance(constant, frozenset) else constant).encode()
