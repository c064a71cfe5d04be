"""What an audit lets validation choose, and on which seeds: the model that is chosen is judged on others.

The luck of a training raises its validation results and its test results alike. Of several strategies that are equally good the
one with the luckiest trainings is chosen, and judged on these very trainings it looks better than the recipe is. So the chosen
one is trained again, with seeds that had no part in the choice, and a claim about the recipe rests on these alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice

from fairtransfer.spec.audit import MAX_SEED, Audit
from fairtransfer.spec.strategies import StrategySpec


@dataclass(frozen=True, slots=True)
class SeedRoles:
    """The seeds that choose, which every strategy is trained with, and those that judge the one that is chosen."""

    choosing: tuple[int, ...]
    judging: tuple[int, ...]


def budget_text(budget: float | str) -> str:
    """Return a label budget as results name it."""
    return f"{budget:g}" if isinstance(budget, float) else str(budget)


def largest_budget(audit: Audit) -> str:
    """Return the audit's largest label budget: at it the candidate is chosen."""
    return budget_text(max(audit.label_budgets, key=lambda b: float("inf") if b == "all" else float(b)))


def eligible(audit: Audit) -> tuple[StrategySpec, ...]:
    """Return the strategies that validation may choose: all but controls."""
    return tuple(strategy for strategy in audit.strategies if not strategy.way.control)


def why_not_chosen(audit: Audit) -> str | None:
    """Return why no model is chosen by the seeds it would be judged on; None where one is."""
    if audit.made_elsewhere:
        return "the predictions were given"
    if audit.candidate is not None:
        return "the audit names its candidate"
    if audit.claim == "artifact":
        return "the claim is about one trained model, which is what it is, however it was chosen"
    return "one strategy alone can be the candidate" if len(eligible(audit)) < 2 else None


def seed_roles(audit: Audit) -> SeedRoles | None:
    """Return the seeds that choose and those that judge; None where nothing is chosen by seeds.

    As many judge as `seeds` states: those of them that did not choose, then those that follow the largest number stated.
    """
    if why_not_chosen(audit) is not None:
        return None
    choosing = _choosing(audit)
    own = tuple(seed for seed in audit.seeds if seed not in choosing)
    return SeedRoles(choosing, (own + _following({*audit.seeds, *choosing}, len(audit.seeds)))[: len(audit.seeds)])


def trained_seeds(audit: Audit) -> tuple[int, ...]:
    """Return the seeds that every strategy is trained with."""
    roles = seed_roles(audit)
    return audit.seeds if roles is None else roles.choosing


def _choosing(audit: Audit) -> tuple[int, ...]:
    asked = audit.selection_seeds
    if isinstance(asked, tuple):
        return asked
    wanted = len(audit.seeds) if asked is None else asked
    return (audit.seeds + _following(set(audit.seeds), wanted))[:wanted]


def _following(stated: set[int], n: int) -> tuple[int, ...]:
    """Return the numbers that follow the largest of those stated; after the largest seed there is, the smallest that are free."""
    after = chain(range(max(stated) + 1, MAX_SEED + 1), range(MAX_SEED + 1))
    return tuple(islice((seed for seed in after if seed not in stated), n))
