"""How answers of a file are read: words that mean a class, and what parts the classes of one answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fairtransfer.data.benchmark import LABEL_JOIN
from fairtransfer.errors import shown


@dataclass(frozen=True)
class AnswerWords:
    """What is said of the words in a file of answers.

    Attributes
    ----------
    classes
        Word -> the class it means. A word that is mapped to itself is meant as it is, class or not.
    separator
        What parts the classes of one answer.
    """

    classes: Mapping[str, str]
    separator: str = LABEL_JOIN

    @property
    def as_they_are(self) -> frozenset[str]:
        """The words that are mapped to themselves."""
        return frozenset(word for word, name in self.classes.items() if word == name)

    def read(self, answer: str, *, several: bool) -> str:
        """Return an answer with its words read; of several classes joined as everywhere, each once."""
        if not several:
            return self.classes.get(answer, answer)
        parts = [self.classes.get(part, part) for part in answer.split(self.separator)] if answer else []
        return LABEL_JOIN.join(dict.fromkeys(parts))

    def noted(self, written: Sequence[str], read: Sequence[str], model: str) -> Iterator[tuple[int, str]]:
        """Yield row and note of every answer that is read as another word; `written` and `read`: one for each row."""
        for row, (before, after) in enumerate(zip(written, read, strict=True)):
            words = () if before == after else before.split(self.separator) if before not in self.classes else (before,)
            for word in words:
                if self.classes.get(word, word) != word:
                    yield row, f"answers of {model} `{shown(word)}` read as `{shown(self.classes[word])}`"
