"""Where a card's rows are, and what of a row the model reads or sees."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from fairtransfer.spec.source import Source, parse_source
from fairtransfer.spec.strict import Name, Strict, one_of, refuse

InputKind = Literal["text", "image"]
"""What a model can be given; a family of models reads one of them."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


Separator = Annotated[str, Field(pattern=r'^[^"\'\r\n\w]$', description="one sign, such as `;` or a tab")]
"""One sign between fields: `;`, a tab, `|`."""


class FileRef(Strict):
    """A table that belongs to the benchmark, with its digest."""

    path: str = Field(min_length=1)
    sha256: Sha256
    rows: Annotated[int, Field(ge=0)] | None = None
    format: str | None = Field(None, description="default: by the file's suffix")
    separator: Separator | None = Field(
        None, description="one sign between the fields of a CSV file, such as `;`; default: the comma"
    )
    under: Literal["card", "data_root"] = Field(
        "card", description="the folder of the card, or the folder the operator gives with --data-root"
    )

    @field_validator("format")
    @classmethod
    def _can_be_read(cls, value: str | None) -> str | None:
        return None if value is None else one_of("readers", value)


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

    holds: ClassVar[InputKind] = "text"
    text: Name


class ImageInput(Strict):
    """The model sees one image file per row."""

    holds: ClassVar[InputKind] = "image"
    image: Name = Field(description="the column with the file's name")
    folder: str = Field(min_length=1, description="the folder the names are relative to")
    under: Literal["card", "data_root"] = "card"


class ArrayInput(Strict):
    """The model sees one entry of an array of images, rows x height x width (x channels)."""

    holds: ClassVar[InputKind] = "image"
    array: str = Field(min_length=1, description="an .npz file")
    sha256: Sha256
    key: Name = "images"
    index: Name = Field(description="the column with the position in the array")
    range: tuple[float, float] = Field((0, 255), description="the values that mean black and white")
    under: Literal["card", "data_root"] = "card"


def _input_kind(value: Any) -> str | None:
    keys = value if isinstance(value, dict) else type(value).model_fields
    return next((f"<{kind}>" for kind in ("array", "image", "text") if kind in keys), None)


# The tags are in angle brackets so that they can be told from keys in an error's path.
Input = Annotated[
    Annotated[TextInput, Tag("<text>")] | Annotated[ImageInput, Tag("<image>")] | Annotated[ArrayInput, Tag("<array>")],
    Discriminator(_input_kind),
]
