"""The estimates of all groups of a view at once, each with its place among those that share its seeds.

What seeds add to a group's interval is judged with what its neighbours lend (`fairtransfer.stats.neighbours`): the other groups
of the view, and the other adapted models at the same label budget. So estimates are made for a whole view, once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace

from fairtransfer.evidence.canonical import canonical
from fairtransfer.findings.estimates.base import Estimate
from fairtransfer.findings.estimates.values import NotEstimable
from fairtransfer.findings.group_estimates import Group, Pairing
from fairtransfer.stats.neighbours import Neighbourhood, PlaceAmong, common_spread

Answer = Estimate | NotEstimable


@dataclass(frozen=True)
class SeedsTogether:
    """Answers, kept by question and model.

    Attributes
    ----------
    groups
        From a model and the names of attributes to the groups there are.
    others
        From a model to the other adapted models that share its seeds.
    minimum
        Groups with fewer cases lend nothing, and are lent nothing.
    lending
        False: every group stands for itself.
    """

    groups: Callable[[Pairing, tuple[str, ...]], Iterable[Group]]
    others: Callable[[Pairing], Iterable[Pairing]]
    minimum: int
    lending: bool
    _found: dict[Hashable, dict[bytes, Answer]] = field(default_factory=dict, repr=False)
    _placed: dict[Hashable, dict[bytes, Answer]] = field(default_factory=dict, repr=False)

    def answer(
        self,
        question: Hashable,
        model: Pairing,
        group: Group,
        ask: Callable[[Pairing, Group], Answer],
        *,
        common: bool = True,
    ) -> Answer:
        """Return the estimate of a group, with its place among its neighbours.

        Parameters
        ----------
        question
            What is asked, so that it is asked once.
        common
            Whether seeds move the groups together; between groups that part cancels.
        """
        view, name = tuple(group), canonical(group)
        key = (question, model, view)
        if key not in self._placed:
            own = self._of_view(question, model, view, ask)
            self._placed[key] = self._with_places(own, question, model, view, ask, common=common)
        answers = self._placed[key]
        return answers[name] if name in answers else ask(model, group)

    def _of_view(
        self, question: Hashable, model: Pairing, view: tuple[str, ...], ask: Callable[[Pairing, Group], Answer]
    ) -> dict[bytes, Answer]:
        key = (question, model, view)
        if key not in self._found:
            self._found[key] = {canonical(group): ask(model, group) for group in self.groups(model, view)}
        return self._found[key]

    def _with_places(
        self,
        own: dict[bytes, Answer],
        question: Hashable,
        model: Pairing,
        view: tuple[str, ...],
        ask: Callable[[Pairing, Group], Answer],
        *,
        common: bool,
    ) -> dict[bytes, Answer]:
        if not self.lending:
            return own
        usable = self._usable(own)
        others = [self._of_view(question, other, view, ask) for other in self.others(model)] if common else []
        spreads = [spread for other in others if (spread := self._spread(usable, other)) is not None]
        values = [found.by_seed for found in usable.values()]
        if not values or len({len(value) for value in values}) > 1:
            return own
        noise = [found.seed_noise for found in usable.values()]
        neighbours = Neighbourhood(values, noise, spreads, common=common)
        if not neighbours.lends:
            return own
        placed = {
            name: replace(found, among=PlaceAmong(neighbours, i)) for i, (name, found) in enumerate(usable.items())
        }
        return own | placed

    def _usable(self, answers: dict[bytes, Answer]) -> dict[bytes, Estimate]:
        """Return the groups that are neighbours: judged over seeds, with as many cases as the policy asks."""
        found = {name: one for name, one in answers.items() if not isinstance(one, NotEstimable)}
        return {
            name: one
            for name, one in found.items()
            if one.of_procedure and one.seeds_count > 1 and one.cases >= self.minimum
        }

    def _spread(self, own: dict[bytes, Estimate], other: dict[bytes, Answer]) -> float | None:
        """Return by how much seeds move another model in the same groups; None where it was not measured in all of them."""
        usable = self._usable(other)
        if not own or not own.keys() <= usable.keys():
            return None
        values = [usable[name].by_seed for name in own]
        return float(common_spread(values)) if len({len(value) for value in values}) == 1 else None
