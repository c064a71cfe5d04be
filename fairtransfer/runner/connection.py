"""To a Ray cluster and back: the one `RAY_ADDRESS` names, or one of this machine alone that nobody else can reach.

Whoever reaches a Ray cluster can run code on it. So a cluster started here listens on the loopback interface only, has no
dashboard and asks for a token that is drawn anew each time; one somewhere else has to ask for a token too.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fairtransfer.errors import DefinitionError, Problem, RunError, shown
from fairtransfer.runner.signals import Deferred

ADDRESS = "RAY_ADDRESS"

OBJECTS = 80 * 2**20
"""Bytes of Ray's shared memory, about the least it takes: only specifications and job ids go through it."""

_ALWAYS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is told to anyone
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # what a task without a GPU sees stays as it is; Ray warns where this is unset
}


@contextmanager
def connected() -> Iterator[Deferred]:
    """Connect to a cluster, and leave it at the end; one this program is connected to already is left as it is.

    Yields what has to be asked for signals now and then, as they wait while Ray runs.

    Raises
    ------
    DefinitionError
        When the address is one that is refused (``FT-P091``).
    RunError
        When no cluster answers there, or none can be started.
    """
    address = os.environ.get(ADDRESS) or "local"
    check_address(address)
    os.environ.update(_ALWAYS)
    if address == "local":
        _keep_to_this_machine()
    import ray

    if ray.is_initialized():
        with Deferred() as signals:
            yield signals
        return
    # A short path: Ray puts sockets below it, whose paths may have 107 bytes.
    with (
        tempfile.TemporaryDirectory(prefix="ft-ray-", dir=_short(), ignore_cleanup_errors=True) as folder,
        Deferred() as signals,
    ):
        _begin(address, folder)
        signals.again()  # Ray's handler for SIGTERM ends the process with another exit code
        try:
            yield signals
        finally:
            ray.shutdown()


def _begin(address: str, folder: str) -> None:
    """Start a cluster of this machine below the folder, or connect to the one at the address."""
    import ray

    quiet = {"log_to_driver": False, "configure_logging": False, "logging_level": "ERROR"}
    own = {"include_dashboard": False, "object_store_memory": OBJECTS, "_node_ip_address": "127.0.0.1"}
    try:
        if address == "local":
            ray.init(address=address, **quiet, **own, _temp_dir=folder)
        else:
            _knock(address)
            ray.init(address=address, **quiet)
    except (RuntimeError, OSError) as error:
        silent = f"no Ray cluster answers at {ADDRESS}={shown(address)}"
        where = "no Ray cluster could be started" if address == "local" else silent
        raise RunError(f"{where}: {shown(str(error))}") from None


def check_address(address: str) -> None:
    """Refuse a cluster on another machine that asks for no token.

    Raises
    ------
    DefinitionError
        ``FT-P091``.
    """
    asks_token = os.environ.get("RAY_AUTH_MODE", "").lower() == "token"
    if not address or address == "local" or asks_token or _is_loopback(address):
        return
    found = f"{ADDRESS}={shown(address)}: whoever reaches a Ray cluster without a token can run code on it"
    do = (
        "start the cluster with RAY_AUTH_MODE=token and set it here too; or unset RAY_ADDRESS to use this machine alone"
    )
    raise DefinitionError([Problem("FT-P091", found, "a loopback address, or token authentication", do)])


def _is_loopback(address: str) -> bool:
    host = address.removeprefix("ray://").rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _keep_to_this_machine() -> None:
    """Have Ray listen on the loopback interface only, and ask for a token of this process."""
    # Ray replaces 127.0.0.1 by an address that others can reach, unless clusters of several machines are ruled out.
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    os.environ["RAY_AUTH_MODE"] = "token"
    if not os.environ.get("RAY_AUTH_TOKEN_PATH"):
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def _short() -> str | None:
    return "/tmp" if Path("/tmp").is_dir() and os.access("/tmp", os.W_OK) else None  # noqa: S108  # a fresh folder in it


def _knock(address: str) -> None:
    """Raise `OSError` where nobody listens: Ray would end this process, with the exit code of a failed gate."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
