"""`fairtransfer init`: a first audit, card and table, that run as they are."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer

INTENTS = ("book_appointment", "opening_hours", "billing_question")
LANGUAGES = ("english", "spanish")
FILES = ("audits/first.yaml", "data_cards/first.md", "data_cards/first/messages.csv")


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where to write; default: here.", file_okay=False)
    ] = Path(),
) -> None:
    """Write a working audit, data card and small CSV to start from. Files that exist are not touched."""
    from fairtransfer.errors import DefinitionError, Problem, relative

    existing = [name for name in FILES if (folder / name).exists()]
    if existing:
        raise DefinitionError(
            [
                Problem(
                    "FT-R006", "output path exists", "", "choose another folder, or move it away", str(folder / name)
                )
                for name in existing
            ]
        )
    table = _write_table(folder / FILES[2])
    _write_definitions(folder, table)
    for name in FILES:
        typer.echo(relative(folder / name))
    typer.echo(_price())
    typer.echo(
        "policy: where there is not enough evidence the exit code is 0 (`on_inconclusive: warn`; `block` makes it 4)"
    )
    typer.echo(
        f"next: fairtransfer validate {relative(folder / FILES[0])} && fairtransfer run {relative(folder / FILES[0])}"
    )


def _price() -> str:
    """Return what the policy's planned evaluations cost."""
    from fairtransfer.formats import times
    from fairtransfer.spec.gates import Policy
    from fairtransfer.stats.planning import price_of_reuse

    policy = Policy()
    price = times(price_of_reuse(policy.planned_evaluations, policy.alpha))
    return (
        f"policy: {policy.planned_evaluations} models may be judged on this benchmark, each at alpha {policy.alpha_run:g}; that "
        f"takes {price} the cases of a single one (`planned_evaluations`)"
    )


def _write_table(path: Path) -> int:
    """Write the rows of a few intents and languages of the packaged benchmark, and return how many there are."""
    from fairtransfer.resources import resource

    path.parent.mkdir(parents=True, exist_ok=True)
    with (resource("data_cards") / "clinic_intents" / "messages.csv").open(encoding="utf-8", newline="") as source:
        rows = [row for row in csv.DictReader(source) if row["intent"] in INTENTS and row["language"] in LANGUAGES]
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def _write_definitions(folder: Path, rows: int) -> None:
    import hashlib

    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from fairtransfer.resources import resource

    environment = Environment(
        loader=FileSystemLoader(resource("templates") / "init"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  # YAML and Markdown, from values of our own
    )
    values = {
        "sha256": hashlib.sha256((folder / FILES[2]).read_bytes()).hexdigest(),
        "rows": rows,
        "intents": INTENTS,
        "languages": LANGUAGES,
    }
    for name, template in zip(FILES[:2], ("audit.yaml.j2", "card.md.j2"), strict=True):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("x", encoding="utf-8") as file:
            file.write(environment.get_template(template).render(**values))
