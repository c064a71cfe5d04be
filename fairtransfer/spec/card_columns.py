"""What a card's columns mean: what is predicted, and the attributes by which results are split."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from fairtransfer.errors import shown
from fairtransfer.spec.names import OTHER_GROUP, UNKNOWN_GROUP
from fairtransfer.spec.strict import Identifier, Name, Sentence, Strict, refuse

ColumnType = Literal["text", "integer", "number", "boolean"]


class Label(Strict):
    """What is predicted."""

    column: Name
    type: Literal["binary", "multiclass", "multilabel", "number"]
    classes: tuple[Name, ...] = Field((), description="required unless the label is a number")
    measured_in: Annotated[str, Field(min_length=1, max_length=24)] | None = Field(
        None, description="the unit of a label that is a number, as reports write it: days"
    )
    separator: Annotated[str, Field(min_length=1, max_length=4)] = Field(
        "|", description="between the labels of one row, for multilabel"
    )
    recode: dict[str, Name] = Field({}, description="spelling -> class")
    positive_class: Name | None = None
    favourable_class: Name | None = None
    meaning: Sentence
    source: Sentence
    missing: Literal["exclude", "error"] | None = None
    known_error: Sentence | None = None
    selection_effect: Sentence | None = None
    agreement: Sentence | None = None

    @model_validator(mode="after")
    def _classes_make_sense(self) -> Label:
        count = len(self.classes)
        if self.type == "number":
            if self.classes or self.positive_class or self.favourable_class or self.recode:
                raise refuse("FT-M031", "the label is a number and has classes", "", "leave the classes out")
            return self
        if self.measured_in is not None:
            raise refuse(
                "FT-M032", "`measured_in` is the unit of a number", "", "write `type: number`, or leave it out"
            )
        if count < 2:
            raise refuse("FT-D034", "classification needs ≥2 classes", f"`classes` lists {count}")
        if count > 1000:
            raise refuse("FT-D035", f"{count:,} classes; this looks like an identifier", "at most 1,000 classes")
        if len(set(self.classes)) < count:
            raise refuse("FT-D050", "a class is listed twice", "", "list each class once")
        if self.type == "binary" and count != 2:
            raise refuse("FT-D051", f"a binary label has 2 classes, got {count}", "", "write `type: multiclass`")
        for role in ("positive_class", "favourable_class"):
            value = getattr(self, role)
            if value is not None and value not in self.classes:
                raise refuse(
                    "FT-D031", f"{role} `{value}` is not a declared class", f"declared: {', '.join(self.classes[:10])}"
                )
        return self

    @model_validator(mode="after")
    def _recoded_to_classes(self) -> Label:
        for word, name in self.recode.items():
            declared = f"declared: {', '.join(self.classes[:10])}"
            if name not in self.classes:
                found = f"`{shown(name)}`, which `{shown(word)}` is recoded to, is not a declared class"
                raise refuse("FT-D031", found, declared)
            if word in self.classes and word != name:
                found = f"`{shown(word)}` is a declared class, and recoded to another"
                raise refuse("FT-D031", found, declared, "leave one of the two out")
        return self


class Bin(Strict):
    """A range of a numeric column, from (inclusive) to (exclusive); null is open."""

    label: Name
    from_: float | None = Field(None, alias="from")
    to: float | None = None


class Attribute(Strict):
    """A fact about people (or places, or languages) by which results are split, and how it was obtained."""

    name: Identifier
    column: Name
    obtained: Literal["self_report", "record", "inferred", "by_design"]
    values: tuple[Name, ...] | None = Field(None, description="the groups; default: the values found")
    others: Literal["pool", "error"] = Field(
        "error", description="values that are not listed: one group `other`, or an error"
    )
    missing: Literal["own_group", "exclude", "error"] | None = Field(
        None, description="rows without a value: the group `unknown`, left out, or an error"
    )
    recode: dict[str, Name] = Field({}, description="spelling -> group")
    bins: tuple[Bin, ...] | None = None
    standard: Sentence | None = None
    question_wording: Sentence | None = None
    legal_basis: Sentence | None = None
    note: Sentence | None = None

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that are declared; empty where the values found are the groups."""
        declared = tuple(bin_.label for bin_ in self.bins) if self.bins else self.values
        if not declared:
            return ()
        pooled = (OTHER_GROUP,) if self.others == "pool" else ()
        return (*declared, *pooled, *((UNKNOWN_GROUP,) if self.missing == "own_group" else ()))

    @field_validator("bins")
    @classmethod
    def _bins_fit(cls, value: tuple[Bin, ...] | None) -> tuple[Bin, ...] | None:
        for left, right in zip(value or (), (value or ())[1:], strict=False):
            if left.to is None or right.from_ is None or right.from_ < left.to:
                raise refuse(
                    "FT-G013",
                    f"value {right.from_} falls in two bins (`{left.label}`, `{right.label}`)",
                    "",
                    "let each bin begin where the last one ends",
                )
            if right.from_ > left.to:
                raise refuse(
                    "FT-G013",
                    f"values from {left.to} to {right.from_} fall in no bin",
                    "",
                    "let each bin begin where the last one ends",
                )
        return value
