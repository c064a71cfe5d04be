"""`fairtransfer validate`: audits and data cards, every problem at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fairtransfer.cli.options import DataRoot, Json, ModelRoot

if TYPE_CHECKING:
    from fairtransfer.data.benchmark import Benchmark
    from fairtransfer.errors import Problems
    from fairtransfer.runner.job import Roots
    from fairtransfer.spec.audit_files import AuditFiles
    from fairtransfer.spec.card import LoadedCard


def validate(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Audits (.yaml), data cards (.md), or folders with both.")
    ],
    data_root: DataRoot = None,
    model_root: ModelRoot = None,
    data: Annotated[
        bool, typer.Option("--data/--no-data", help="Also open the data and the model's files, and check them.")
    ] = True,
    json: Json = False,
) -> None:
    """Check audits and data cards, the data of the cards and the models' files. Nothing is run and nothing is written."""
    from fairtransfer.errors import DefinitionError, Problems
    from fairtransfer.runner.job import Roots

    roots = Roots(data_root if data else None, model_root)
    problems = Problems()
    left_out: list[tuple[Path, str]] = []
    checked = list(dict.fromkeys(path for given in paths for path in _files(given, problems, left_out)))
    for path in checked:
        _check(path, roots, problems, data=data)
    if json:
        _print_json(checked, problems, left_out)
        raise typer.Exit(DefinitionError.exit_code if problems.errors else 0)
    _tell(checked, problems, left_out)
    if problems.errors:
        raise DefinitionError(problems.errors)


def _tell(checked: list[Path], problems: Problems, left_out: list[tuple[Path, str]]) -> None:
    """Print warnings and what was left out; errors are told where they end the command."""
    from fairtransfer.cli.show import tell_warnings
    from fairtransfer.formats import plural

    tell_warnings(map(str, sorted(problems.warnings, key=lambda p: p.order)))
    _tell_left_out(left_out)
    if not problems.errors:
        definitions, warnings = plural(len(checked), "definition"), plural(len(problems.warnings), "warning")
        typer.echo(f"{definitions} checked: no errors, {warnings}")


def _print_json(checked: list[Path], problems: Problems, left_out: list[tuple[Path, str]]) -> None:
    """Print every problem with its place, for editors and for notes on a change under review."""
    from dataclasses import asdict

    from fairtransfer.cli.show import print_json
    from fairtransfer.errors import relative

    found = sorted((*problems.errors, *problems.warnings), key=lambda p: p.order)
    print_json(
        {
            "schema": "1",
            "checked": [relative(path) for path in checked],
            "problems": [asdict(problem) for problem in found],
            "left_out": [{"file": relative(path), "reason": why} for path, why in left_out],
        }
    )


_MOST_NAMED = 5
"""Files that are left out for one reason and named one by one."""


def _tell_left_out(left_out: list[tuple[Path, str]]) -> None:
    """Say on stderr what in the folders was not looked at, and why."""
    from fairtransfer.errors import relative

    for reason in sorted({why for _, why in left_out}):
        names = [relative(path) for path, why in left_out if why == reason]
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        typer.echo(f"left out, {reason}: {', '.join(names[:_MOST_NAMED])}{more}", err=True)


def _files(path: Path, problems: Problems, left_out: list[tuple[Path, str]]) -> list[Path]:
    from fairtransfer.cli.definitions import definitions_in
    from fairtransfer.errors import Problem

    if path.is_dir():
        found = definitions_in(path)
        left_out.extend(found.left_out)
        if not found.definitions:
            what, do = (
                "no audit and no data card in this folder",
                "check the path; `fairtransfer init` writes a first audit",
            )
            problems.add(Problem("FT-Y085", what, "an audit (.yaml) or a data card (.md)", do, str(path)))
        return found.definitions
    if path.suffix.lower() not in (".yaml", ".yml", ".md"):
        problems.add(
            Problem("FT-Y040", "neither an audit (.yaml) nor a data card (.md)", "", "check the path", str(path))
        )
        return []
    return [path]


def _check(path: Path, roots: Roots, problems: Problems, *, data: bool) -> None:
    from fairtransfer.errors import DefinitionError, Problems
    from fairtransfer.spec import load_audit, load_card

    found = Problems()
    files = None
    try:
        if path.suffix.lower() == ".md":
            cards = [load_card(path, found)]
        else:
            files = load_audit(path, found)
            cards = list(files.cards)
    except DefinitionError as error:
        problems.extend(error.problems)
        cards = []
    problems.extend(found)
    before = len(problems.errors)
    opened = {card.path: _open(card, roots.data, problems) for card in cards if data}
    if files is not None and data and len(problems.errors) == before:
        _rehearse(files, roots, {path: found for path, found in opened.items() if found is not None}, problems)


def _rehearse(files: AuditFiles, roots: Roots, opened: dict[Path, Benchmark], problems: Problems) -> None:
    """Look at everything a run would look at before it loads a model, once the cards' own data is sound."""
    from fairtransfer.runner.rehearsal import rehearse

    if len(opened) < len(files.cards):
        return  # data in a folder nobody named, which opening the cards has told
    rehearse(files, roots, opened, problems)


def _open(card: LoadedCard, data_root: Path | None, problems: Problems) -> Benchmark | None:
    """Open a card's data; None where it is not as the card says, or lies in a folder nobody named."""
    from dataclasses import replace

    from fairtransfer.data.opening import open_benchmark
    from fairtransfer.errors import DefinitionError, Problems

    found, benchmark = Problems(), None
    try:
        benchmark = open_benchmark(card, data_root, found)
    except DefinitionError as error:
        found.extend(error.problems)
    # Without the operator's folder the data cannot be checked; that is no fault of the card.
    problems.extend(replace(p, severity="warning") if p.code == "FT-D060" else p for p in found)
    return benchmark
