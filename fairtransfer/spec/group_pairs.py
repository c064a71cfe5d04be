"""How a definition names a group, and whom `contrast` compares with whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fairtransfer.formats import group_label, group_name

Group = dict[str, str]


def comparisons(groups: Sequence[Group], contrast: str) -> Iterator[tuple[Group, Group | None]]:
    """Yield who is compared with whom; None is everyone else.

    A reference that is not among the groups is yielded as it is written: what has nobody cannot be computed, and says so.
    """
    if contrast == "rest":
        yield from ((group, None) for group in groups if len(groups) > 1)
    elif contrast == "all_pairs":
        yield from ((group, other) for group in groups for other in groups if group != other)
    elif groups:
        name = contrast.partition(":")[2]
        reference = next((group for group in groups if is_named(group, name)), _written(groups[0], name))
        yield from ((group, reference) for group in groups if group != reference)


def is_named(group: Group, name: str) -> bool:
    """Say whether a definition means this group: ``north``, ``north, old`` or ``region=north & age=old``."""
    return name in (", ".join(group.values()), group_label(group), group_name(group))


def _written(like: Group, name: str) -> Group:
    """Return a group nobody belongs to, with the attributes of another."""
    parts = name.split(", ")
    return dict(zip(like, parts if len(parts) == len(like) else [name] * len(like), strict=True))
