"""Which column of a table of predictions holds what, as people write it: `measure` takes it in the place of ten keywords."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from fairtransfer.spec.class_scores import Scores

ColumnNames: TypeAlias = str | Iterable[str]
"""Names of columns: ``"region,age"``, or a list of names."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what; every name may be left out here and given to `measure` as a keyword.

    Attributes
    ----------
    label
        The truth.
    after, before
        The answers of a model, and of the model it is compared with.
    groups
        Group membership, such as ``"region,age"`` or ``["region", "age"]``. A missing value is the group ``unknown``.
    item
        Columns that together name a row; a name that stands twice is an error.
    unit
        The person or document that rows share; rows of one unit count as one sample.
    score, score_before
        The probability of the positive class, from 0 to 1, of either model.
    scores, scores_before
        The column with the probability of every class, of either model, ``{"no": "p_no", "yes": "p_yes"}``; in the place of
        `score`. With these, metrics made of scores are of all classes at once, and of each.
    value, value_before
        A number of your own for every row, such as a judged quality, of either model: for ``mean:quality:higher:0:1``.
    weights
        How much a row counts, for samples drawn with unequal chances.
    counts
        How many rows a row stands for, where the table is counted already.

    Examples
    --------
    One table, two models, the same groups:

    >>> import dataclasses
    >>> import fairtransfer as ft
    >>> columns = ft.Columns(label="y", before="old", after="new", groups="region,age", unit="person")
    >>> dataclasses.replace(columns, after="newer").after
    'newer'
    """

    label: str | None = None
    after: str | None = None
    before: str | None = None
    groups: ColumnNames | None = None
    item: ColumnNames | None = None
    unit: str | None = None
    score: str | None = None
    score_before: str | None = None
    scores: Scores | None = None
    scores_before: Scores | None = None
    value: str | None = None
    value_before: str | None = None
    weights: str | None = None
    counts: str | None = None
