"""How texts were read: in how many tokens each, how many of them unknown, and which lost their end.

A language that a tokenizer cuts into three times as many tokens is read a third as far and costs three times as much; one
whose tokens are unknown is not read at all. Error rates alone do not tell why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reading:
    """Counts of every text, in order.

    Attributes
    ----------
    tokens
        Of the whole text, without those that every text begins or ends with; 0 where nothing of it became a token.
    unknown
        How many of these stand for something that the tokenizer does not know.
    cut
        Whether its end was not read.
    """

    tokens: tuple[int, ...]
    unknown: tuple[int, ...]
    cut: tuple[bool, ...]

    @classmethod
    def of(
        cls,
        whole: Sequence[Sequence[int]],
        read: Sequence[Sequence[int]],
        besides: int,
        unknown: int | None,
        prompt: Sequence[int] = (),
    ) -> Reading:
        """Count token ids of whole texts and of what was read of them.

        Parameters
        ----------
        besides
            Tokens that every text begins or ends with.
        unknown
            The token for what is not known; None where there is none.
        prompt
            Ids that stand before every text and are not of it.
        """
        not_its = besides + len(prompt)
        of_prompt = 0 if unknown is None else list(prompt).count(unknown)
        return cls(
            tuple(max(len(row) - not_its, 0) for row in whole),
            tuple(0 if unknown is None else max(list(row).count(unknown) - of_prompt, 0) for row in whole),
            tuple(len(row) > len(kept) for row, kept in zip(whole, read, strict=True)),
        )

    @property
    def n_cut(self) -> int:
        """How many texts lost their end."""
        return sum(self.cut)

    def among(self, rows: Sequence[int]) -> Reading:
        """Return the counts of some of the texts."""
        return Reading(
            tuple(self.tokens[i] for i in rows), tuple(self.unknown[i] for i in rows), tuple(self.cut[i] for i in rows)
        )
