"""`--plugin NAME`, on every command that reads definitions or judges: the operator says which code may run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

Plugins = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        metavar="NAME",
        help="An installed package whose strategies, metrics, gates, model families and readers may be used; "
        "may be given several times, or listed in fairtransfer.toml.",
    ),
]


def with_plugins(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that switches plug-ins on before it does anything: those named, and those a `fairtransfer.toml` lists."""

    @functools.wraps(command)
    def switched(*args: Any, plugin: list[str] | None = None, **kwargs: Any) -> None:
        workspace = kwargs.get("workspace")
        _switch_on(plugin or (), [Path(), *([] if workspace is None else [workspace])])
        command(*args, **kwargs)

    # What typer reads: the command's own parameters, their annotations resolved where they were written, and one more.
    hints = {**get_type_hints(command, include_extras=True), "plugin": Plugins}
    added = inspect.Parameter("plugin", inspect.Parameter.KEYWORD_ONLY, default=None)
    parameters = [*inspect.signature(command).parameters.values(), added]
    told = inspect.Signature([one.replace(annotation=hints[one.name]) for one in parameters])
    switched.__annotations__ = hints
    vars(switched)["__signature__"] = told
    return switched


def _switch_on(named: Iterable[str], folders: Iterable[Path]) -> None:
    if not named and not any((folder / "fairtransfer.toml").is_file() for folder in folders):
        return
    from fairtransfer import plugins

    plugins.switch_on([*(name for folder in folders for name in plugins.listed(folder)), *named])
