"""Who answered: the model before, or an adapted one, as a file of predictions names it."""

from __future__ import annotations

from dataclasses import dataclass

from fairtransfer.errors import shown


@dataclass(frozen=True, slots=True)
class Predictor:
    """One model that answered: the one before, or an adapted one.

    Attributes
    ----------
    budget
        Label budget as results name it; empty where none is given.
    seed
        An adapted model without one has seed 0, a model before None.
    """

    stage: str
    strategy: str = ""
    budget: str = ""
    seed: int | None = None

    @property
    def model(self) -> str:
        """The model in words, whatever its seed."""
        budget = f" on {self.budget} labels" if self.budget else ""
        return f"`{shown(self.strategy)}`{budget}" if self.strategy else f"`{self.stage}`"

    def __str__(self) -> str:
        return self.model + (f", seed {self.seed}" if self.seed is not None else "")


AnswersByItem = dict[str, str]
"""``item -> answer``."""

ValuesByItem = dict[str, tuple[str, ...]]
"""``item -> its numbers``, as they are written: one for every column that is asked for."""
