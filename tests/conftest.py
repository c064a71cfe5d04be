"""What all tests share: no network, no leftovers in the environment, the place of the shared data."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from support.terminal import Command, command_line

# The same code gives the same answer twice: examples follow from each test's own text. FT_EXPLORE=1 draws new ones.
settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", print_blob=True, deadline=None)
settings.load_profile("explore" if os.environ.get("FT_EXPLORE") else "repeatable")

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"  # workers share the cores


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Refuse every connection but to this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else "local"
        if host not in ("local", "127.0.0.1", "::1", "localhost"):
            message = f"a test tried to reach {host}"
            raise RuntimeError(message)
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)
    yield


@pytest.fixture(scope="session", autouse=True)
def no_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what was timed here out of the user's own cache."""
    os.environ["FT_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session", autouse=True)
def every_record_reads_back() -> Iterator[None]:
    """The law of rows and verdicts, wherever a test writes one: what is written is read again as it was."""
    from fairtransfer.findings.rows import Finding
    from fairtransfer.gates.results import Verdict

    def checked(kind: type[Finding | Verdict]) -> Any:
        written = kind.to_json

        def to_json(record: Any) -> dict[str, Any]:
            content = written(record)
            assert kind.from_json(content) == record
            return content

        return to_json

    with pytest.MonkeyPatch.context() as patched:
        for kind in (Finding, Verdict):
            patched.setattr(kind, "to_json", checked(kind))
        yield


@pytest.fixture
def nothing_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what was timed in other tests."""
    monkeypatch.setenv("FT_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line: exit code, and what it printed."""
    return command_line(monkeypatch, capsys)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the real data sets; tests that need it are skipped elsewhere, with the reason."""
    places = [os.environ.get("FT_SHARED_DATA", ""), str(Path(__file__).parents[2] / "shared" / "data")]
    found = next((Path(place) for place in places if place and Path(place).is_dir()), None)
    if found is None:
        pytest.skip("the shared data sets are not here (set FT_SHARED_DATA)")
    return found
