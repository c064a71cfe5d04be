"""Which class people want to be given: a gate on the rate of being given one has to know, where it takes a side."""

from __future__ import annotations

from fairtransfer.errors import shown
from fairtransfer.spec.gates import GateOptions


def not_wanted(options: GateOptions, favourable: str | None, how: str) -> tuple[str, str, str] | None:
    """Return what is found, allowed and to do where a gate cannot know whether being given a class is good; else None.

    Parameters
    ----------
    favourable
        The class that people want to be given, if it is said.
    how
        How to say it.
    """
    if not options.measures.selects:
        return None
    of = options.class_
    if of is None and favourable is None:
        found = (
            f"`{options.metric}` is the share of people who are given a class, and which class they want is not said"
        )
        return found, "", how
    if options.takes_sides and of not in (None, favourable):
        named = "which is not said" if favourable is None else f"`{shown(favourable)}`"
        found = f"less of `{options.metric}` is harm for the class that people want ({named}), and this is of `{shown(of or '')}`"
        both = "`ratio` looks at both sides alike, and may be about any class"
        return found, both, how if favourable is None else "leave `class` out"
    return None
