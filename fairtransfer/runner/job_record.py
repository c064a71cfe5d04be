"""What every `job.json` begins with, whoever answered: a training here, or a file of predictions."""

from __future__ import annotations

from typing import Any

from fairtransfer.runner.job import Job

WEIGHTS = "weights.safetensors"
"""The file a source that was trained here leaves."""

RECORD = "job.json"

LABELS = (
    "train",
    "validation",
    "group_labels_train",
    "group_labels_validation",
    "group_labels_prediction",
    "group_labels",
)
"""What is counted under `labels`; the last is the sum of those of groups."""


def job_header(job: Job, attempt: int) -> dict[str, Any]:
    """Return which job a record is of, and the number of the attempt that ended well."""
    training = job.training
    return {
        "schema": "1",
        "id": job.id,
        "benchmark": job.benchmark,
        "stage": training.stage,
        "strategy": training.strategy,
        "kind": training.kind,
        "options": training.options,
        "label_budget": training.budget,
        "seed": training.seed,
        "attempts": attempt,
    }
