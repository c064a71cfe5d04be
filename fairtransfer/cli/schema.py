"""`fairtransfer schema`: the JSON Schema of the definitions, for editors."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Kind(StrEnum):
    """Which definition."""

    AUDIT = "audit"
    CARD = "card"


def schema(kind: Annotated[Kind, typer.Argument(metavar="[KIND]", help="audit or card")] = Kind.AUDIT) -> None:
    """Print the JSON Schema of an audit, or of a data card's front matter."""
    from fairtransfer.cli.show import print_json
    from fairtransfer.spec.schema import json_schema

    print_json(json_schema("card" if kind is Kind.CARD else "audit"))
