"""Plan, executors and cost: what would run, what is already there, and doing the rest."""

from __future__ import annotations

from fairtransfer.run.plan import Job, Plan, Training, make_plan

__all__ = ["Job", "Plan", "Training", "make_plan"]
