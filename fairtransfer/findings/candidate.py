"""Choices made on validation, never on test: the seed that stands for an artifact, and the model the verdict is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fairtransfer.evidence.jobs.choice import preferred_strategy
from fairtransfer.evidence.jobs.count import preferred_seeds
from fairtransfer.evidence.json_record import BLANK, LEFT_OUT, Key, Record
from fairtransfer.evidence.run_file import SelectionRecord
from fairtransfer.findings.run_record import RunRecord
from fairtransfer.formats import listing, noun
from fairtransfer.spec.choice import budget_text, largest_budget
from fairtransfer.spec.given import candidates
from fairtransfer.spec.strategies import controls

GIVEN_RULE = "the only adapted model there are predictions of"
NAMED = "named in the audit"


@dataclass(frozen=True, slots=True)
class Chosen(Record):
    """The adapted model a verdict is about, and why; the label budget is empty where there is none.

    Attributes
    ----------
    selection
        The seeds that chose it, and those that judge it; None where nothing was chosen by seeds.
    """

    strategy: str
    budget: Annotated[str, Key("label_budget"), BLANK]
    rule: str
    selection: Annotated[SelectionRecord | None, LEFT_OUT] = None

    @property
    def name(self) -> str:
        """The model in words: ``full on 64 labels``."""
        return f"{self.strategy} on {self.budget} labels" if self.budget else self.strategy

    @property
    def seeds(self) -> str:
        """On which seeds it was chosen and on which it is judged, a clause; empty where nothing was chosen by seeds."""
        if self.selection is None:
            return ""
        chose, judge = map(seeds_in_words, (self.selection.choosing, self.selection.judging))
        return f"chosen by validation on {chose}; trained again and judged on {judge}, which had no part in the choice"


def seeds_in_words(seeds: Sequence[int]) -> str:
    """Return seeds as text tells them: ``seed 4``, ``seeds 0 to 4``, ``seeds 1, 3 and 7``."""
    if len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"{noun(len(seeds), 'seed')} {listing(list(map(str, seeds)))}"


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
        return Chosen(stated.strategy, budget_text(stated.label_budget), NAMED)
    preferred = preferred_strategy(record.audit, record.jobs)
    if preferred is None:
        return None
    roles = None if record.choice is None else record.choice.roles
    selection = None if roles is None else SelectionRecord(roles.choosing, roles.judging)
    return Chosen(preferred, largest_budget(record.audit), candidate_rule(), selection)
