"""Cards that name a data set of the `datasets` library: read by the library's own loader, from a folder, offline."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from support.toy import edit, toy_rows, write_project

pytest.importorskip("datasets")

from fairtransfer.data.benchmark import Benchmark
from fairtransfer.data.opening import open_benchmark
from fairtransfer.errors import DefinitionError
from fairtransfer.spec import load_card

pytestmark = pytest.mark.fast

ROWS = toy_rows(people=60)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library keeps what it read; a test must not find what another one left."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def card_of(root: Path, rows: list[dict[str, str]], *, splits: bool = False) -> Path:
    """The toy card, its rows in a folder that `datasets` can load."""
    write_project(root)
    card = root / "data_cards" / "toy.md"
    folder = root / "data_cards" / "rows"
    folder.mkdir()
    thirds = {"train": rows[:60], "validation": rows[60:90], "test": rows[90:]} if splits else {"train": rows}
    for name, part in thirds.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(part)
    text = card.read_text()
    line = next(line for line in text.splitlines() if line.startswith("  files:"))
    edit(card, (line, "  datasets: {source: folder:rows}"))
    if splits:
        columns = "{id: text, text: text, label: text, region: text, age: integer, person: text"
        edit(
            card,
            (columns, f"{columns}, split: text"),
            (
                "splits: {make: {seed: 1, train: 0.5, val: 0.25, test: 0.25}}",
                "splits: {column: split, train: [train], val: [validation], test: [test]}",
            ),
            ("unit: person", "unit: none"),
        )
    return card


def opened(card: Path) -> Benchmark:
    return open_benchmark(load_card(card))


def test_its_rows_are_those_of_the_same_table_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    write_project(tmp_path / "b", ROWS)
    here, there = opened(card_of(tmp_path / "a", ROWS)), opened(tmp_path / "b" / "data_cards" / "toy.md")
    assert sorted(here.items.ids) == sorted(there.items.ids)
    assert here.ledger.n_in == there.ledger.n_in == len(ROWS)


def test_its_own_splits_become_a_column(tmp_path: Path) -> None:
    found = opened(card_of(tmp_path, ROWS, splits=True))
    assert len(found.items) == len(ROWS)
    assert set(found.items.split) == {"train", "val", "test"}


def test_bars_of_the_library_stay_out_of_what_people_pipe(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import datasets

    bars = datasets.are_progress_bars_disabled()
    datasets.enable_progress_bars()
    try:
        opened(card_of(tmp_path, ROWS))
        assert capfd.readouterr() == ("", "")
        assert not datasets.are_progress_bars_disabled(), "whoever shows them elsewhere still does"
        datasets.load_dataset(str(tmp_path / "data_cards" / "rows"), cache_dir=str(tmp_path / "again"))
        assert "Generating" in capfd.readouterr().err, "the twin: so it would look"
    finally:
        if bars:
            datasets.disable_progress_bars()


def test_a_column_that_is_not_there_is_told(tmp_path: Path) -> None:
    rows = [{name: value for name, value in row.items() if name != "region"} for row in ROWS]
    with pytest.raises(DefinitionError, match=r"FT-D001.*column `region` not found"):
        opened(card_of(tmp_path, rows))


def test_a_folder_without_data_is_told(tmp_path: Path) -> None:
    card = card_of(tmp_path, ROWS)
    for path in (card.parent / "rows").iterdir():
        path.unlink()
    with pytest.raises(DefinitionError, match="FT-D062"):
        opened(card)


def test_every_value_stands_as_it_is_written(tmp_path: Path) -> None:
    """The library's own reader would take `007` for 7, and `NA` for nothing."""
    rows = [{**row, "region": ("007", "07", "NA")[i % 3]} for i, row in enumerate(ROWS)]
    card = card_of(tmp_path, rows)
    edit(card, ("values: [north, south]", 'values: ["007", "07", "NA"]'))
    found = opened(card)
    assert set(found.items.groups["region"]) == {"007", "07", "NA"}


@pytest.mark.parametrize("outside", ["../beside.csv", "{root}/beside.csv"])
def test_settings_of_the_data_set_lead_nowhere_else(outside: str, tmp_path: Path) -> None:
    """A README in the folder can name files anywhere; no digest of the card would cover them."""
    card = card_of(tmp_path, ROWS)
    folder = card.parent / "rows"
    inside = next(path for path in folder.iterdir() if path.suffix == ".csv")
    (card.parent / "beside.csv").write_bytes(inside.read_bytes())
    named = outside.format(root=card.parent.resolve())
    (folder / "README.md").write_text(f"---\nconfigs:\n- config_name: default\n  data_files: {named}\n---\n")
    with pytest.raises(DefinitionError, match=r"FT-D0(02|62)"):
        opened(card)
    (folder / "README.md").write_text(f"---\nconfigs:\n- config_name: default\n  data_files: {inside.name}\n---\n")
    assert len(opened(card).items) == len(ROWS)
