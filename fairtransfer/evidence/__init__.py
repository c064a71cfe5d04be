"""What a run leaves on disk: the store and its commit protocol, joint counts, digests, and how they are checked again."""

from __future__ import annotations

from fairtransfer.evidence.canonical import read_json, write_json
from fairtransfer.evidence.manifest import SUMS, verify_sums, write_sums
from fairtransfer.evidence.store import Store

__all__ = ["SUMS", "Store", "read_json", "verify_sums", "write_json", "write_sums"]
