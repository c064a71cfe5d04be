"""An audit together with the cards it names: what every check, and the runner, works on."""

from __future__ import annotations

from dataclasses import dataclass

from fairtransfer.errors import Problem
from fairtransfer.spec.audit import LoadedAudit
from fairtransfer.spec.card import LoadedCard
from fairtransfer.spec.label_map import mapped_classes


@dataclass(frozen=True, slots=True)
class AuditFiles:
    """An audit, the card of its adaptation set and the cards of its benchmarks, in the audit's order.

    Attributes
    ----------
    source
        The card of the rows that the source model is trained on here, where it is.
    """

    loaded: LoadedAudit
    training: LoadedCard
    benchmarks: tuple[LoadedCard, ...]
    warnings: tuple[Problem, ...] = ()
    source: LoadedCard | None = None

    @property
    def cards(self) -> tuple[LoadedCard, ...]:
        """Every card there is, each once."""
        named = (self.training, *self.benchmarks, *((self.source,) if self.source else ()))
        return tuple({card.path: card for card in named}.values())

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes the adapted model answers with."""
        return mapped_classes(self.benchmarks[0].card, self.loaded.audit.benchmarks[0].labels)

    @property
    def numeric(self) -> bool:
        """Whether the label is a number."""
        return self.benchmarks[0].card.label.type == "number"

    @property
    def measured_in(self) -> str:
        """The unit of a label that is a number; empty where it is not known."""
        return self.benchmarks[0].card.label.measured_in or ""

    @property
    def favourable_class(self) -> str | None:
        """The class that people want to be given, where the card names it and the model answers with it."""
        named = self.benchmarks[0].card.label.favourable_class
        return named if named in self.classes else None

    @property
    def positive_class(self) -> str | None:
        """The class meant by rates of one class, when the task is binary and the card names it."""
        label = self.benchmarks[0].card.label
        return label.positive_class if len(self.classes) == 2 and label.positive_class in self.classes else None
