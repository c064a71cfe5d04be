"""The data card: what a benchmark is. Hugging Face's dataset-card keys on top, everything of ours under `fairtransfer:`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, field_validator

from fairtransfer.spec.card_columns import Attribute, ColumnType, Label
from fairtransfer.spec.card_files import DatasetsRef, FileRef, Input
from fairtransfer.spec.card_splits import Duplicates, Splits
from fairtransfer.spec.document import Document
from fairtransfer.spec.strict import Identifier, Name, Sentence, Strict


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


class IntendedUses(Strict):
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
    uses: IntendedUses = IntendedUses()
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
        if self.label.recode:
            content["label"]["recode"] = dict(self.label.recode)
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
