"""Choices made on validation, never on test: the seed that stands for an artifact, and the model the verdict is about."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Annotated

from fairtransfer.evidence.jobs.count import preferred_seeds
from fairtransfer.evidence.json_record import BLANK, Key, Record
from fairtransfer.findings.run_record import RunRecord
from fairtransfer.spec.given import candidates
from fairtransfer.spec.strategies import controls

GIVEN_RULE = "the only adapted model there are predictions of"
NAMED = "named in the audit"

Score = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Chosen(Record):
    """The adapted model a verdict is about, and why; the label budget is empty where there is none."""

    strategy: str
    budget: Annotated[str, Key("label_budget"), BLANK]
    rule: str

    @property
    def name(self) -> str:
        """The model in words: ``full on 64 labels``."""
        return f"{self.strategy} on {self.budget} labels" if self.budget else self.strategy


def candidate_rule() -> str:
    """Return by which rule the model is chosen that a verdict is about, in words."""
    never = " or ".join(f"`{name}`" for name in controls())
    chosen = "lowest validation error averaged over seeds at the largest label budget, then lowest validation loss"
    return f"{chosen}; never {never}"


def chosen_seeds(record: RunRecord) -> dict[tuple[str, str, str], int]:
    """Return ``(benchmark, strategy, budget) -> seed`` for a claim about an artifact; nothing for a claim about the procedure."""
    if record.audit.claim == "procedure":
        return {}
    preferred = preferred_seeds(record.jobs)
    return {
        (benchmark.id, strategy, budget): seed
        for benchmark in record.run.benchmarks
        for (_, strategy, budget), seed in preferred.items()
    }


def candidate(record: RunRecord) -> Chosen | None:
    """Return the model the verdict is about: the audit's, or the one validation prefers; None when none was trained."""
    if record.given is not None:
        rule = GIVEN_RULE if record.audit.candidate is None else NAMED
        return next((Chosen(*model, rule) for model in candidates(record.audit, record.models)), None)
    stated = record.audit.candidate
    if stated is not None:
        budget = f"{stated.label_budget:g}" if isinstance(stated.label_budget, float) else str(stated.label_budget)
        return Chosen(stated.strategy, budget, NAMED)
    largest = max(record.run.label_budgets, key=lambda budget: budget.labels or 0).written
    left_out = {s.name for s in record.audit.strategies if s.way.control}
    scores: dict[str, list[Score]] = defaultdict(list)
    for job in record.jobs:
        score = job.record.validation_score
        if job.stage == "after" and job.label_budget == largest and job.strategy not in left_out and score is not None:
            scores[job.strategy].append(score)
    if not scores:
        return None
    means = {
        name: (sum(e for e, _ in found) / len(found), sum(loss for _, loss in found) / len(found), name)
        for name, found in scores.items()
    }
    return Chosen(min(means.values())[2], largest, candidate_rule())
