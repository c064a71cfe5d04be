"""The store: finished jobs by the digest of everything that decides their result.

One attempt is committed in this order: write all files into a temporary folder, flush each, write the manifest with
their digests, flush, rename the folder, flush its parent, mark the job done in the index. A reader trusts only attempts
that are marked done and whose manifest verifies; everything else is swept when the store is opened for writing.
"""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from filelock import FileLock, Timeout

from fairtransfer.errors import WorkspaceBusy
from fairtransfer.evidence.atomic import sync_file, sync_folder
from fairtransfer.evidence.canonical import read_json, write_json
from fairtransfer.evidence.failpoints import failpoint
from fairtransfer.evidence.manifest import file_digest

MANIFEST = "manifest.json"
_INDEX = "index.db"
_TABLE = (
    "CREATE TABLE IF NOT EXISTS jobs "
    "(id TEXT PRIMARY KEY, state TEXT NOT NULL, attempt INTEGER NOT NULL, reason TEXT NOT NULL DEFAULT '')"
)

State = Literal["absent", "leased", "failed", "done"]


@dataclass(frozen=True, slots=True)
class Status:
    """What the store knows of a job."""

    state: State
    attempt: int = 0
    reason: str = ""


class Attempt:
    """A job being written: a folder that nobody reads until it is committed."""

    def __init__(self, store: Store, job: str, number: int) -> None:
        self.store, self.job, self.number = store, job, number
        self.folder = store.jobs / job / f"attempt-{number}.tmp"
        self.folder.mkdir(parents=True)

    def commit(self) -> Path:
        """Make the attempt the job's result and return its folder."""
        files = sorted(p for p in self.folder.iterdir() if p.is_file())
        for path in files:
            sync_file(path)
        failpoint("pre_manifest")
        manifest = {
            "job": self.job,
            "attempt": self.number,
            "files": {p.name: {"sha256": file_digest(p), "bytes": p.stat().st_size} for p in files},
        }
        write_json(self.folder / MANIFEST, manifest)
        sync_folder(self.folder)
        failpoint("pre_rename")
        final = self.folder.with_name(f"attempt-{self.number}")
        self.folder.rename(final)
        failpoint("post_rename")
        sync_folder(final.parent)
        failpoint("pre_txn")
        self.store.mark(self.job, "done", self.number)
        failpoint("post_txn")
        return final


class Store:
    """Finished jobs below one folder; one writer at a time, any number of readers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.jobs = folder / "jobs"
        self._lock = FileLock(folder / "lock", mode=0o600)
        self._index: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        """Open the store for writing.

        Raises
        ------
        WorkspaceBusy
            When another process has it open; the operating system frees the lock of one that died.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            owner = self.folder / "owner"
            who = f" by {owner.read_text().strip()}" if owner.is_file() else ""
            raise WorkspaceBusy(
                f"workspace {self.folder.parent} is in use{who}; wait for that run, or use another --workspace"
            ) from None
        (self.folder / "owner").write_text(f"process {os.getpid()} on {socket.gethostname()}\n")
        self._index = sqlite3.connect(self.folder / _INDEX, isolation_level=None)
        # A rollback journal, not WAL: it also works on network file systems, and there is one writer only.
        self._index.execute("PRAGMA journal_mode=DELETE")
        self._index.execute("PRAGMA synchronous=EXTRA")
        self._index.execute(_TABLE)
        self._sweep()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store and free the lock."""
        if self._index is not None:
            self._index.close()
            self._index = None
        self._lock.release()

    def _sweep(self) -> None:
        """Remove what was not committed: temporary folders, and renamed attempts whose job was never marked done."""
        for folder in self.jobs.glob("*/attempt-*"):
            status = self.status(folder.parent.name)
            if folder.suffix == ".tmp" or (status.state, f"attempt-{status.attempt}") != ("done", folder.name):
                shutil.rmtree(folder)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection | None]:
        if self._index is not None:
            yield self._index
            return
        path = self.folder / _INDEX
        if not path.is_file():
            yield None
            return
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            yield connection
        finally:
            connection.close()

    def status(self, job: str) -> Status:
        """Return what the index says of a job."""
        with self._connected() as index:
            row = (
                None
                if index is None
                else index.execute("SELECT state, attempt, reason FROM jobs WHERE id = ?", (job,)).fetchone()
            )
        return Status("absent") if row is None else Status(*row)

    def mark(self, job: str, state: State, attempt: int, reason: str = "") -> None:
        """Set a job's state, in one transaction."""
        assert self._index is not None, "only an open store is written to"
        self._index.execute("INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?)", (job, state, attempt, reason))

    def begin(self, job: str) -> Attempt:
        """Begin an attempt at a job."""
        number = self.status(job).attempt + 1
        self.mark(job, "leased", number)
        return Attempt(self, job, number)

    def fail(self, job: str, reason: str) -> None:
        """Record that a job ended without a result; the attempt is the one that was begun, if any was."""
        status = self.status(job)
        self.mark(job, "failed", status.attempt + (status.state != "leased"), reason)

    def result(self, job: str) -> Path | None:
        """Return the folder of a finished job whose files are as they were written, else None.

        A damaged result is moved aside for a person to look at, and the job counts as absent.
        """
        status = self.status(job)
        if status.state != "done":
            return None
        folder = self.jobs / job / f"attempt-{status.attempt}"
        if intact(folder):
            return folder
        self._quarantine(folder, job, status.attempt)
        return None

    def _quarantine(self, folder: Path, job: str, attempt: int) -> None:
        if self._index is None:
            return
        if folder.exists():
            aside = self.folder / "quarantine" / f"{job}-{attempt}"
            aside.parent.mkdir(exist_ok=True)
            shutil.rmtree(aside, ignore_errors=True)
            folder.rename(aside)
        self.mark(job, "absent", attempt, "damaged")


def intact(folder: Path) -> bool:
    """Say whether a committed attempt holds exactly the files of its manifest, unchanged."""
    path = folder / MANIFEST
    if not path.is_file():
        return False
    listed = read_json(path)["files"]
    present = {p.name for p in folder.iterdir()} - {MANIFEST}
    return present == set(listed) and all(file_digest(folder / name) == info["sha256"] for name, info in listed.items())
