"""How a benchmark's texts were read, per group: in how many tokens, how many of them unknown, and which were cut.

A language that a tokenizer cuts into three times as many tokens is read a third as far; one whose tokens are unknown is not
read at all. That is why a group may be served worse, and error rates alone do not tell it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fairtransfer import formats
from fairtransfer.evidence.json_record import Record

GroupKey = frozenset[tuple[str, str]]

MOST_UNKNOWN = 0.5
"""Share of unknown tokens above which a text is not read: over all texts the model is refused, of a group it is told."""
FEWEST = 3
"""Texts of a group below which a command says nothing of it: one long text is no finding."""
_MUCH_UNKNOWN = 0.1
_MUCH_LONGER = 1.5
_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class GroupReading(Record):
    """Counts of a group's texts; an empty group is everyone.

    Attributes
    ----------
    tokens
        Of the whole texts, without those that every text begins or ends with.
    unknown
        How many of these stand for something the tokenizer does not know.
    cut
        Texts whose end was not read.
    empty
        Texts of which nothing became a token.
    """

    group: dict[str, str]
    texts: int
    tokens: int
    unknown: int
    cut: int
    empty: int

    @property
    def key(self) -> GroupKey:
        """The group, as something that can be a member of a set."""
        return frozenset(self.group.items())

    @property
    def mean(self) -> float:
        """Tokens a text."""
        return self.tokens / self.texts

    @property
    def unknown_share(self) -> float:
        """The share of tokens that are unknown; 0 where there are none."""
        return self.unknown / self.tokens if self.tokens else 0.0


@dataclass(frozen=True, slots=True)
class TextReading(Record):
    """How the texts of a benchmark were read.

    Attributes
    ----------
    most_tokens
        Where they are cut, with the tokens that every text begins or ends with.
    groups
        Everyone, then every group of every attribute.
    """

    most_tokens: int
    groups: tuple[GroupReading, ...]

    @property
    def everyone(self) -> GroupReading:
        """Counts of all texts."""
        return next(one for one in self.groups if not one.group)

    def of(self, attribute: str) -> list[GroupReading]:
        """Return the groups of an attribute."""
        return [one for one in self.groups if set(one.group) == {attribute}]

    @property
    def attributes(self) -> list[str]:
        """The attributes that texts are counted by."""
        return list(dict.fromkeys(name for one in self.groups for name in one.group))


def counted(
    tokens: Sequence[int],
    unknown: Sequence[int],
    cut: Sequence[bool],
    groups: Mapping[str, Sequence[str | None]],
    most_tokens: int,
) -> TextReading:
    """Count texts by group; all sequences have one entry a text."""
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * 5)
    for row, numbers in enumerate(zip(tokens, unknown, cut, strict=True)):
        adds = (1, numbers[0], numbers[1], int(numbers[2]), int(numbers[0] == 0))
        keys = [("", ""), *((name, str(column[row])) for name, column in groups.items() if column[row] is not None)]
        for key in keys:
            sums[key] = [one + more for one, more in zip(sums[key], adds, strict=True)]
    order = ["", *groups]
    found = sorted(sums.items(), key=lambda entry: (order.index(entry[0][0]), entry[0][1]))
    return TextReading(most_tokens, tuple(GroupReading({k: v} if k else {}, *n) for (k, v), n in found))


def told(reading: TextReading, hidden: Collection[GroupKey] = (), least: int = 1) -> Iterator[str]:
    """Yield what is worth telling of how texts were read: cut ones, tokens by group, unknown ones, and texts without any.

    Parameters
    ----------
    hidden
        Groups of which nothing may be told.
    least
        Texts below which a group's means are not compared.
    """
    everyone = reading.everyone
    by_attribute = [
        [one for one in reading.of(name) if one.key not in hidden and one.texts >= least] for name in reading.attributes
    ]
    if everyone.cut:
        yield _cut(reading.most_tokens, everyone, by_attribute)
    for groups in by_attribute:
        yield from _longer(groups)
        yield from _unknown(groups)
    if everyone.empty:
        texts = formats.plural(everyone.empty, "text")
        what = f"nothing of {texts} becomes a token; the model answers them as it answers an empty text"
        yield _with_shares(what, by_attribute, lambda one: one.empty)


def _cut(most: int, everyone: GroupReading, by_attribute: Sequence[Sequence[GroupReading]]) -> str:
    of = f"{formats.count(everyone.cut)} of {formats.count(everyone.texts)}"
    what = f"{of} texts are longer than {most} tokens; only their beginning is read"
    return _with_shares(what, by_attribute, lambda one: one.cut)


def _with_shares(
    what: str, by_attribute: Sequence[Sequence[GroupReading]], counted_of: Callable[[GroupReading], int]
) -> str:
    """Return a sentence with how many texts of each group it is about, those with the largest share first."""
    shares = [
        f"{formats.group_label(one.group)} {formats.count(counted_of(one))} of {formats.count(one.texts)}"
        for groups in by_attribute
        for one in sorted(groups, key=lambda one: -counted_of(one) / one.texts)[:_MOST_NAMED]
    ]
    return f"{what} ({', '.join(shares)})" if shares else what


def _longer(groups: Sequence[GroupReading]) -> Iterator[str]:
    known = [one for one in groups if one.tokens]
    if len(known) < 2:
        return
    most, least = max(known, key=lambda one: one.mean), min(known, key=lambda one: one.mean)
    if most.mean >= _MUCH_LONGER * least.mean:
        means = f"{formats.mean_count(most.mean)} and {formats.mean_count(least.mean)}"
        times = f"{formats.mean_count(most.mean / least.mean)} times as many tokens a text"
        yield f"{formats.group_label(most.group)} takes {times} as {formats.group_label(least.group)} ({means})"


def _unknown(groups: Sequence[GroupReading]) -> Iterator[str]:
    for one in groups:
        if one.unknown_share >= _MUCH_UNKNOWN:
            share = formats.percent(one.unknown_share)
            yield f"{share} of the tokens of {formats.group_label(one.group)} are unknown to the tokenizer"
