"""What a word is once its spelling is set aside: whether an answer is a label written otherwise, and two groups are one.

Set aside are case, blanks at the ends and between, marks that cannot be seen, both ways in which Unicode writes an accent, full
and half width, ``1`` and ``1.0``, quotes around a word and a full stop behind it; and, where there are two classes, the words
that people and libraries write for yes and no. Zeros in front are kept: ``007`` and ``07`` are codes.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fairtransfer.errors import Problem, hides, shown
from fairtransfer.formats import plural
from fairtransfer.spec.names import LOOKS_MISSING

TRUTH: Mapping[str, bool] = {
    **dict.fromkeys(("1", "true", "yes", "t", "y"), True),
    **dict.fromkeys(("0", "false", "no", "f", "n"), False),
}
"""Words for yes and no; which of two classes each means is known where the classes are such words too."""

MOST_LISTED = 12

_WHOLE = re.compile(r"([-+]?)([0-9]+)(?:\.0*)?$")
_QUOTES = "\"'`\u201c\u201d\u2018\u2019\u00ab\u00bb"


def plain(word: str) -> str:
    """Return a word without its spelling: equal for words that differ in nothing else."""
    seen = "".join(
        c for c in unicodedata.normalize("NFKC", word) if unicodedata.category(c) not in ("Cf", "Cc") or c.isspace()
    )
    bare = unicodedata.normalize("NFKC", " ".join(seen.split()).casefold())
    while len(bare) > 1 and bare[0] in _QUOTES and bare[-1] in _QUOTES:
        bare = bare[1:-1].strip()
    whole = _WHOLE.match(bare)
    if whole:
        return f"{'-' if whole[1] == '-' and whole[2].strip('0') else ''}{whole[2]}"
    return bare[:-1].rstrip() if len(bare) > 1 and bare.endswith(".") and not bare.endswith("..") else bare


def meant(words: Iterable[str], classes: Sequence[str]) -> dict[str, str]:
    """Return ``word -> class`` of the words that are no class and would be one but for their spelling.

    A word that may mean several classes means none.
    """
    known, by_form = frozenset(classes), _by_form(classes)
    truths = {TRUTH[form]: names[0] for form, names in by_form.items() if form in TRUTH}
    two = len(classes) == 2 and len(truths) == 2
    found: dict[str, str] = {}
    for word in words:
        form = plain(word)
        same = by_form.get(form, [truths[TRUTH[form]]] if two and form in TRUTH else [])
        if word not in known and len(same) == 1:
            found[word] = same[0]
    return found


def variants(words: Iterable[str]) -> list[list[str]]:
    """Return the words that differ in nothing but their spelling, together; those that stand alone are left out."""
    return [sorted(same) for _, same in sorted(_by_form(words).items()) if len(same) > 1]


def _by_form(words: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for word in words:
        found[plain(word)].append(word)
    return found


def listed(words: Sequence[str], rows: Mapping[str, int]) -> str:
    """Return words with how many rows each has, for a message."""
    told = [f"`{shown(word)}`{_apart(word)} ({plural(rows[word], 'row')})" for word in words[:MOST_LISTED]]
    return ", ".join(told) + _more(words)


def _apart(word: str) -> str:
    """Return what makes a word differ that would look like another one."""
    return " with accents as signs of their own" if unicodedata.normalize("NFC", word) != word else ""


def _more(words: Sequence[object]) -> str:
    return f" and {len(words) - MOST_LISTED} more" if len(words) > MOST_LISTED else ""


def as_map(words: Mapping[str, str]) -> str:
    """Return ``word -> class`` in the form in which a command line takes it."""
    return ",".join(f"{_quoted(word)}={_quoted(name)}" for word, name in sorted(words.items()))


def _quoted(word: str) -> str:
    return f'"{word}"' if word != word.strip() or any(c in word for c in ",=:\"'") else word


def spelled_otherwise(words: Mapping[str, str], rows: Mapping[str, int]) -> str:
    """Return words, the classes they are a spelling of and how many rows each has, for a message."""
    pairs = [f"{listed([word], rows)} for `{shown(name)}`" for word, name in [*words.items()][:MOST_LISTED]]
    return ", ".join(pairs) + _more([*words])


# --- what cannot be seen -----------------------------------------------------------------------------------------------


def hidden(word: str) -> str | None:
    """Return the first character that hides or reorders a word (`fairtransfer.errors.hides`)."""
    return next((character for place, character in enumerate(word) if hides(word, place)), None)


def look_alikes(words: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs of words that differ in more than spelling and look the same: letters of several scripts."""
    by_look: dict[str, list[str]] = defaultdict(list)
    for word in sorted(words):
        by_look[_look(word)].append(word)
    return [(same[0], same[1]) for same in by_look.values() if len({plain(word) for word in same}) > 1]


def _look(word: str) -> str:
    """Return what a word looks like: letters of other scripts become the ASCII letters they resemble."""
    form = plain(word)
    return form if form.isascii() else "".join(map(_ascii_look, form)).casefold()


def _ascii_look(character: str) -> str:
    if character.isascii():
        return character
    # Imported here: it loads a table of 6,000 characters that plain ASCII names never need.
    from confusable_homoglyphs.confusables import confusables_data

    twins = [twin["c"] for twin in confusables_data.get(character, ())]
    return min((twin for twin in twins if len(twin) == 1 and twin.isascii()), default=character)


def group_name_problems(rows: Mapping[str, int], *, advice: str, rename: str, of: str = "") -> Iterator[Problem]:
    """Yield what is wrong with names of groups: spellings of one, look-alikes, what cannot be seen. Their place is the caller's.

    Parameters
    ----------
    rows
        Group -> how many rows it has.
    advice, rename
        What to do about several spellings of one group, and how one name becomes another.
    of
        Where the groups stand, for the message.
    """
    for word in sorted(rows):
        if (unseen := hidden(word)) is not None:
            found = f"group `{shown(word)}`{of} holds the invisible character U+{ord(unseen):04X}"
            yield Problem("FT-G005", found, "", f"delete it, or {rename}")
        if word.strip().lower() in LOOKS_MISSING:
            found = f"`{shown(word)}`{of} looks like a missing value"
            yield Problem(
                "FT-G002", found, "kept as text", "if it means missing, leave the field empty", severity="warning"
            )
    for same in variants(word for word in rows if hidden(word) is None):
        yield Problem("FT-G003", f"{len(same)} spellings of one group{of}: {listed(same, rows)}", "", advice)
    for first, second in look_alikes(rows):
        a, b = next(((a, b) for a, b in zip(first, second, strict=False) if a != b), (first[-1], second[-1]))
        found = f"`{a}` U+{ord(a):04X} and `{b}` U+{ord(b):04X} look alike (`{shown(first)}`, `{shown(second)}`){of}"
        yield Problem("FT-G005", found, "", f"rename one, or {rename}")
