"""How a card's rows are split, and what becomes of rows that stand on both sides."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from fairtransfer.spec.strict import Name, Strict, refuse

SplitShare = Annotated[float, Field(ge=0, le=1)]


class GivenSplits(Strict):
    """Splits recorded in a column of the data."""

    column: Name
    train: tuple[Name, ...] = ()
    val: tuple[Name, ...] = ()
    test: tuple[Name, ...] = ()


class SplitShares(Strict):
    """Shares of the units; they add up to 1."""

    seed: Annotated[int, Field(ge=0, le=2**32 - 1)]
    stratify: tuple[Name, ...] = Field((), description="attributes kept in proportion, besides the label")
    train: SplitShare = 0.0
    val: SplitShare = 0.0
    test: SplitShare = 0.0

    @model_validator(mode="after")
    def _sum(self) -> SplitShares:
        total = self.train + self.val + self.test
        if abs(total - 1) > 1e-9:
            raise refuse("FT-D052", f"the shares of the splits add up to {total:g}", "they must add up to 1", "")
        return self


class MadeSplits(Strict):
    """Splits made by us: seeded, by unit, stratified by label."""

    make: SplitShares


def _splits_kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "<none>"
    keys = value if isinstance(value, dict) else type(value).model_fields
    return "<made>" if "make" in keys else "<given>"


# The tags are in angle brackets so that they can be told from keys in an error's path.
Splits = Annotated[
    Annotated[Literal["none"], Tag("<none>")]
    | Annotated[GivenSplits, Tag("<given>")]
    | Annotated[MadeSplits, Tag("<made>")],
    Discriminator(_splits_kind),
]


class Duplicates(Strict):
    """What to do with rows of one split that stand again in another.

    `drop` takes them out of the adaptation side (train, then val), never out of test.
    """

    across_splits: Literal["drop", "report", "fail"] = "drop"
    near: Literal["drop", "report", "off"] = "report"
    near_threshold: Annotated[float, Field(ge=0.5, le=1)] = Field(
        0.9, description="Jaccard similarity of 5-character shingles, or share of equal image-hash bits"
    )
    tolerated: SplitShare = Field(
        0.01, description="share of test rows with a (near) twin in train or val above which no verdict is given"
    )
