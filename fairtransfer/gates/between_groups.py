"""What gates share that compare groups with each other: after adaptation, or how differently they changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from fairtransfer.formats import group_name
from fairtransfer.gates.gate import Gate, Group, Pair
from fairtransfer.spec.gates import ShownRows
from fairtransfer.spec.group_pairs import comparisons

if TYPE_CHECKING:
    from fairtransfer.findings.query import EvidenceQuery
    from fairtransfer.gates.contrast import Target


class BetweenGroups(Gate):
    """A gate that compares a group with everyone else, with one named group, or with every other one."""

    compares_groups = True
    levels_down = True
    nobody = "there are no two groups to compare"

    contrast: str = Field(
        "rest", pattern=r"^(rest|all_pairs|reference:.+)$", description="rest | all_pairs | reference:<group>"
    )

    @property
    def reference(self) -> str | None:
        """The group every other one is compared with; None where that is everyone else, or every other group."""
        return self.contrast.partition(":")[2] or None

    def mutual(self, opposed: Sequence[object]) -> bool:
        """Say whether of these comparisons each is made the other way round too: what is too much here is too little there."""
        return self.contrast == "all_pairs" or (self.contrast == "rest" and len(opposed) == 2)

    @property
    def compared_with(self) -> str:
        """``all_pairs`` or ``reference:<group>``; empty where it is everyone else."""
        return "" if self.contrast == "rest" else self.contrast

    @property
    def shown_rows(self) -> tuple[ShownRows, ...]:
        """How the groups differ after adaptation and how differently they changed, where these are not everyone else."""
        if self.contrast == "rest":
            return ()
        return ShownRows("difference", self.contrast), ShownRows("difference_of_changes", self.contrast)

    def opposed(self, query: EvidenceQuery, target: Target) -> Iterator[tuple[Group, Group | None]]:
        """Yield who is compared with whom in the evidence; None is everyone else."""
        return comparisons(query.groups(target.change, self.by), self.contrast)

    def pairs(self, groups: Sequence[Group]) -> list[Pair]:
        """Return the same as places; a reference that nobody belongs to has none."""
        places = {group_name(group): place for place, group in enumerate(groups)}
        opposed = comparisons(groups, self.contrast)
        found = [(places[group_name(g)], None if o is None else places.get(group_name(o), -1)) for g, o in opposed]
        return [(place, other) for place, other in found if other != -1]
