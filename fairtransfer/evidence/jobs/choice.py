"""Which model validation chose among those of an audit, and on which seeds each model's results rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from fairtransfer.evidence.jobs.records import JobRecord
from fairtransfer.spec.audit import Audit
from fairtransfer.spec.choice import SeedRoles, eligible, largest_budget, seed_roles

Adapted = tuple[str, str]  # strategy, label budget
Score = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Choice:
    """A model that seeds chose, and what is compared with it: results of these rest on seeds that had no part in the choice.

    Attributes
    ----------
    model
        Strategy and label budget of the chosen one.
    control
        Those of the one trained from scratch on as many labels; its strategy is empty where there is none.
    """

    model: Adapted
    control: Adapted
    roles: SeedRoles

    def judges(self, model: Adapted) -> bool:
        """Say whether a model's results rest on the seeds that judge."""
        return model in (self.model, self.control)

    def seeds(self, model: Adapted) -> tuple[int, ...]:
        """Return the seeds on which a model's results rest."""
        return self.roles.judging if self.judges(model) else self.roles.choosing


def choice_of(audit: Audit, jobs: Iterable[JobRecord]) -> Choice | None:
    """Return which model was chosen by seeds; None where the audit lets none be chosen so, or none has a validation score."""
    roles = seed_roles(audit)
    chosen = None if roles is None else preferred_strategy(audit, jobs)
    if roles is None or chosen is None:
        return None
    budget, scratch = largest_budget(audit), (s.name for s in audit.strategies if s.way.from_scratch)
    return Choice((chosen, budget), (next(scratch, ""), budget), roles)


def preferred_strategy(audit: Audit, jobs: Iterable[JobRecord]) -> str | None:
    """Return the strategy that validation prefers at the largest label budget; None where none has a score there."""
    roles, scores = seed_roles(audit), defaultdict[str, list[Score]](list)
    for name, score in _scores(audit, jobs, None if roles is None else roles.choosing):
        scores[name].append(score)
    means = {
        name: (sum(e for e, _ in found) / len(found), sum(loss for _, loss in found) / len(found), name)
        for name, found in scores.items()
    }
    return min(means.values())[2] if means else None


def _scores(
    audit: Audit, jobs: Iterable[JobRecord], seeds: Container[int | None] | None
) -> Iterator[tuple[str, Score]]:
    """Yield strategy and validation score of every job that has a say; `seeds`: those that choose, or None for all."""
    names, budget = {strategy.name for strategy in eligible(audit)}, largest_budget(audit)
    for job in jobs:
        score = job.record.validation_score
        asked = job.stage == "after" and job.strategy in names and job.label_budget == budget
        if asked and score is not None and (seeds is None or job.seed in seeds):
            yield job.strategy, score
