"""The data card: what a benchmark is. Hugging Face's dataset-card keys on top, everything of ours under `fairtransfer:`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Discriminator, Field, Tag, field_validator, model_validator

from fairtransfer.spec.document import Document
from fairtransfer.spec.names import OTHER_GROUP, UNKNOWN_GROUP
from fairtransfer.spec.source import Source, parse_source
from fairtransfer.spec.strict import Identifier, Name, Sentence, Strict, refuse

ColumnType = Literal["text", "integer", "number", "boolean"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Share = Annotated[float, Field(ge=0, le=1)]


class FileRef(Strict):
    """A table that belongs to the benchmark, with its digest."""

    path: str = Field(min_length=1)
    sha256: Sha256
    rows: Annotated[int, Field(ge=0)] | None = None
    format: Literal["csv", "parquet", "jsonl"] | None = Field(None, description="default: by the file's suffix")
    under: Literal["card", "data_root"] = Field(
        "card", description="the folder of the card, or the folder the operator gives with --data-root"
    )


class DatasetsRef(Strict):
    """A data set read by the Hugging Face `datasets` library; its own splits become the column `split`."""

    source: str = Field(min_length=1, description="hub:owner/name@revision | folder:path")
    config: Name | None = None
    under: Literal["card", "data_root"] = "card"

    @field_validator("source")
    @classmethod
    def _is_a_source(cls, value: str) -> str:
        if (kind := parse_source(value).kind) in ("package", "predictions"):
            what = "a package" if kind == "package" else "a file of predictions"
            raise refuse("FT-D049", f"{what} cannot hold a data set", "hub:owner/name@revision | folder:path")
        return value

    @property
    def parsed(self) -> Source:
        """The source, taken apart."""
        return parse_source(self.source)


class TextInput(Strict):
    """The model reads one column of text."""

    text: Name


class ImageInput(Strict):
    """The model sees one image file per row."""

    image: Name = Field(description="the column with the file's name")
    folder: str = Field(min_length=1, description="the folder the names are relative to")
    under: Literal["card", "data_root"] = "card"


class ArrayInput(Strict):
    """The model sees one entry of an array of images, rows x height x width (x channels)."""

    array: str = Field(min_length=1, description="an .npz file")
    sha256: Sha256
    key: Name = "images"
    index: Name = Field(description="the column with the position in the array")
    range: tuple[float, float] = Field((0, 255), description="the values that mean black and white")
    under: Literal["card", "data_root"] = "card"


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
            if self.classes or self.positive_class or self.favourable_class:
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
    train: Share = 0.0
    val: Share = 0.0
    test: Share = 0.0

    @model_validator(mode="after")
    def _sum(self) -> SplitShares:
        total = self.train + self.val + self.test
        if abs(total - 1) > 1e-9:
            raise refuse("FT-D052", f"the shares of the splits add up to {total:g}", "they must add up to 1", "")
        return self


class MadeSplits(Strict):
    """Splits made by us: seeded, by unit, stratified by label."""

    make: SplitShares


def _input_kind(value: Any) -> str | None:
    keys = value if isinstance(value, dict) else type(value).model_fields
    return next((f"<{kind}>" for kind in ("array", "image", "text") if kind in keys), None)


def _splits_kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "<none>"
    keys = value if isinstance(value, dict) else type(value).model_fields
    return "<made>" if "make" in keys else "<given>"


# The tags are in angle brackets so that they can be told from keys in an error's path.
Input = Annotated[
    Annotated[TextInput, Tag("<text>")] | Annotated[ImageInput, Tag("<image>")] | Annotated[ArrayInput, Tag("<array>")],
    Discriminator(_input_kind),
]
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
    tolerated: Share = Field(
        0.01, description="share of test rows with a (near) twin in train or val above which no verdict is given"
    )


class Provenance(Strict):
    """Where the data comes from."""

    source: Sentence
    derived_from: tuple[Sentence, ...] = ()
    generated_by: Sentence | None = None
    attributed_to: Sentence | None = None


class Consent(Strict):
    """On what basis people's data is used."""

    basis: Sentence
    scope: Sentence | None = None
    withdrawal: Sentence | None = None


class Synthetic(Strict):
    """Whether the rows were made up, and how."""

    is_synthetic: bool
    generator: Sentence | None = None
    seed: int | None = None


class Uses(Strict):
    """What the benchmark is good for, and what it is not."""

    suitable: tuple[Sentence, ...] = ()
    unsuitable: tuple[Sentence, ...] = ()


class Card(Strict):
    """The `fairtransfer:` block."""

    schema_: Literal["1"] = Field(alias="schema", description='"1"')
    id: Identifier
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    summary: Sentence
    owner: Sentence
    files: tuple[FileRef, ...] = ()
    datasets: DatasetsRef | None = None
    columns: dict[Name, ColumnType] = Field(min_length=1)
    item: Name = Field(description="the column that names a row")
    input: Input = Field(
        description="{text: column} | {image: column, folder: dir} | {array: file, key, index: column}"
    )
    label: Label
    unit: tuple[Name, ...] = Field(
        description="the column (or columns together) naming the person or document that rows share, or `none`"
    )
    attributes: tuple[Attribute, ...] = Field(min_length=1)
    splits: Splits = Field(description="none | {column, train, val, test} | {make: {seed, train, val, test}}")
    duplicates: Duplicates = Duplicates()
    provenance: Provenance
    consent: Consent
    synthetic: Synthetic = Synthetic(is_synthetic=False)
    known_gaps: tuple[Sentence, ...] = Field(min_length=1)
    uses: Uses = Uses()
    collected: Sentence | None = None
    population: Sentence | None = None
    sampling: Sentence | None = None
    preprocessing: tuple[Sentence, ...] = ()
    annotators: Sentence | None = None
    personal_data: Sentence | None = None
    maintenance: Sentence | None = None
    next_review: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    ethics_review: Sentence | None = None
    community_review: Sentence | None = None
    citation: Sentence | None = None

    @field_validator("unit", mode="before", json_schema_input_type=str | tuple[Name, ...])
    @classmethod
    def _columns(cls, value: Any) -> Any:
        if value == "none":
            return ()
        return (value,) if isinstance(value, str) else value

    @property
    def key(self) -> str:
        """Id and version, as results name the benchmark: ``id@1.0.0``."""
        return f"{self.id}@{self.version}"

    def attribute(self, name: str) -> Attribute | None:
        """Return the attribute of that name, if the card has it."""
        return next((a for a in self.attributes if a.name == name), None)

    def decides_groups(self, name: str) -> dict[str, Any]:
        """Return everything in the card that decides which group each row is in; how it was obtained does not."""
        attribute = self.attribute(name)
        assert attribute is not None, "names of attributes are checked when an audit is read"
        deciding = {"name", "column", "values", "others", "missing", "recode", "bins"}
        return attribute.model_dump(mode="json", by_alias=True, include=deciding)

    def decides_rows(self) -> dict[str, Any]:
        """Return everything that decides which rows there are, what they say and how they are split; prose does not."""
        fields = {"files", "datasets", "columns", "item", "input", "label", "unit", "splits", "duplicates"}
        content = self.model_dump(mode="json", by_alias=True, include=fields)
        content["label"] = {key: content["label"][key] for key in ("column", "type", "classes", "separator", "missing")}
        content["excluding"] = [
            a.model_dump(mode="json", by_alias=True) for a in self.attributes if a.missing == "exclude"
        ]
        return content


class CardFile(Strict):
    """A whole card: Hugging Face keys and our block."""

    pretty_name: Sentence
    license: Sentence = Field(validation_alias=AliasChoices("license", "licence"))
    license_name: str | None = None
    license_link: str | None = None
    language: str | tuple[str, ...] | None = None
    task_categories: tuple[str, ...] = ()
    task_ids: tuple[str, ...] = ()
    size_categories: str | tuple[str, ...] | None = None
    source_datasets: tuple[str, ...] = ()
    annotations_creators: tuple[str, ...] = ()
    language_creators: tuple[str, ...] = ()
    multilinguality: str | tuple[str, ...] | None = None
    tags: tuple[str, ...] = ()
    configs: Any = None
    dataset_info: Any = None
    fairtransfer: Card


@dataclass(frozen=True, slots=True)
class LoadedCard:
    """A data card together with the file it came from and its prose."""

    card: Card
    head: CardFile
    prose: str
    document: Document
    path: Path

    @property
    def folder(self) -> Path:
        """The folder of the card: paths in it are relative to this."""
        return self.path.resolve().parent
