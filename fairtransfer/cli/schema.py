"""`fairtransfer schema`: the JSON Schema of the definitions, for editors."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class SchemaKind(StrEnum):
    """Which definition."""

    AUDIT = "audit"
    CARD = "card"


def schema(
    kind: Annotated[SchemaKind, typer.Argument(metavar="[KIND]", help="audit or card")] = SchemaKind.AUDIT,
) -> None:
    """Print the JSON Schema of an audit, or of a data card's front matter."""
    from fairtransfer.cli.show import print_json
    from fairtransfer.spec.schema import json_schema

    print_json(json_schema("card" if kind is SchemaKind.CARD else "audit"))
