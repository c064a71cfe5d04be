"""The shelf of a workspace: what the frozen network made of rows, for later jobs, runs and audits."""

from __future__ import annotations

from pathlib import Path

import torch

from fairtransfer.adapt.feature_cache import FolderShelf
from fairtransfer.evidence.canonical import canonical
from fairtransfer.runner.cost import Costing
from fairtransfer.runner.foreign import deciding
from fairtransfer.runner.job import Plan
from fairtransfer.runner.machine import code_digest, libraries


def shelf_of(plan: Plan, store: Path, costing: Costing) -> FolderShelf:
    """Return the shelf, told everything besides the rows that decides what is on it."""
    machine = [plan.machine.device, plan.machine.precision, torch.get_num_threads()]
    known = [plan.checkpoint.digest, code_digest(), libraries(plan.audit.model.family), machine, deciding(plan.files)]
    # Operations are kept with the tensors, so that a job's cost does not depend on what ran before it.
    return FolderShelf(store / "features", canonical([*known, costing.flops]).decode())
