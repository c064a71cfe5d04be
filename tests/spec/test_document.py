"""Strict YAML: what words mean, where they stand, and what is refused before it can do harm."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtransfer.errors import Problems
from fairtransfer.spec.document import Document, path_text
from fairtransfer.spec.document_reading import parse_document, read_document
from fairtransfer.spec.yaml_events import MAX_FAULTS, plain

EXPECTED = "audit;`a`"


def parse(text: str) -> tuple[Document | None, list[str]]:
    problems = Problems()
    return parse_document(text, "f.yaml", problems, expected=EXPECTED), [p.code for p in problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("~", None),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("010", 10),
        ("0o10", 8),
        ("0x10", 16),
        ("1_000", 1000),
        ("1e-3", 0.001),
        ("1e3", 1000.0),
        ("NA", "NA"),
        ("1.10", 1.1),
        ("-.5", -0.5),
    ],
)
def test_plain_words_follow_yaml_1_2(text: str, value: object) -> None:
    """`no` is text, times and dates are text, numbers are numbers."""
    assert plain(text) == value
    assert type(plain(text)) is type(value)


def test_quoted_words_are_text() -> None:
    document, codes = parse("a: \"1\"\nb: 'true'\nc: |\n  7\n")

    assert codes == []
    assert document is not None
    assert document.data == {"a": "1", "b": "true", "c": "7\n"}


def test_every_value_and_key_has_its_place() -> None:
    document, _ = parse("a: 1\nb:\n  - {x: 1.5, y: no}\n  - z\n")

    assert document is not None
    assert document.places[("b", 0, "y")] == (3, 17)
    assert document.keys[("b", 0, "x")] == (3, 6)
    assert document.place(("b", 7, "nowhere")) == (3, 3)


def test_paths_read_as_people_write_them() -> None:
    assert path_text(("gates", 1, "gap", "margin")) == "gates[1].gap.margin"


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), st.integers(0, 9), min_size=1, max_size=6), st.data()
)
def test_any_duplicate_key_is_an_error(values: dict[str, int], data: st.DataObject) -> None:
    """Wherever a key is repeated, that is an error: the last one never wins silently. The rest can still be checked."""
    lines = [f"{key}: {value}" for key, value in values.items()]
    again = data.draw(st.sampled_from(sorted(values)))
    lines.insert(data.draw(st.integers(0, len(lines))), f"{again}: 99")

    document, codes = parse("\n".join(lines) + "\n")

    assert codes == ["FT-Y005"]
    assert document is not None
    assert document.refused == {again}
    assert document.data.keys() == values.keys()


@given(st.sampled_from("\u202e\u200b\u2066\u00ad\x07"), st.integers(0, 20))
def test_any_invisible_character_is_refused(tmp_path_factory: pytest.TempPathFactory, character: str, at: int) -> None:
    path = tmp_path_factory.mktemp("doc") / "f.yaml"
    text = "a: some plain text here"
    path.write_text(text[:at] + character + text[at:], encoding="utf-8")
    problems = Problems()

    assert read_document(path, problems, expected=EXPECTED) is None
    assert {p.code for p in problems} <= {"FT-Y010"}


_TEN = ",".join(["x"] * 10)
BOMBS = {
    "aliases": f"a0: &a0 [{_TEN}]\n"
    + "".join(f"a{i}: &a{i} [{_TEN.replace('x', f'*a{i - 1}')}]\n" for i in range(1, 9)),
    "brackets": "[" * 3000 + "]" * 3000,
    "nodes": "a: [" + "1," * 60_000 + "]",
}


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))
    resource.setrlimit(resource.RLIMIT_CPU, (10, 10))


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_bombs_are_refused_quickly_and_in_little_memory(name: str, tmp_path: Path) -> None:
    """In half a GiB and ten seconds of the processor: nothing is expanded before it is refused."""
    path = tmp_path / "bomb.yaml"
    path.write_text(BOMBS[name])
    script = (
        "import sys, pathlib\n"
        "from fairtransfer.errors import Problems\n"
        "from fairtransfer.spec.document_reading import read_document\n"
        "p = Problems()\n"
        f"read_document(pathlib.Path(sys.argv[1]), p, expected={EXPECTED!r})\n"
        "assert p.errors\n"
        "print(sorted({x.code for x in p}))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=_limit,
    )

    assert done.stdout.strip() in ("['FT-Y004']", "['FT-Y011']")


def test_a_large_honest_file_passes(tmp_path: Path) -> None:
    """The twin of the bombs: 200 KiB of plain text is read."""
    path = tmp_path / "f.yaml"
    path.write_text("a:\n" + "".join(f"  - {'word ' * 40}{i}\n" for i in range(1000)))
    problems = Problems()

    document = read_document(path, problems, expected=EXPECTED)

    assert list(problems) == []
    assert document is not None
    assert len(document.data["a"]) == 1000


SLOW = {
    "braces": 't: "' + "{{" * 50_000 + '"',
    "dollars": 't: "' + "${" * 50_000 + '"',
    "tags": "t: [" + "!a b," * 20_000 + "]",
    "aliases": "t: [" + "*a," * 30_000 + "]",
    "one key": "a: 1\n" * 20_000,
    "merges": "<<: a\n" * 15_000,
    "flow": "{" + "a: b," * 20_000 + "}",
    "deep": "[" * 100_000,
    "blocks": "- " * 50_000,
}
"""Texts that a definition may hold, and that cost the square of their length if each part is looked at again for the others."""


@pytest.mark.parametrize("name", sorted(SLOW))
def test_no_text_takes_long(name: str) -> None:
    problems, start = Problems(), time.process_time()
    found = parse_document(SLOW[name], "f.yaml", problems, expected=EXPECTED)
    assert time.process_time() - start < 8, "of a processor that is busy; the square took minutes"
    assert (found is not None) == (not problems.errors)
    assert len(problems.found) <= MAX_FAULTS + 1, "what nobody would read to its end is not told to its end"


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ("a ${b} {{c}}", "${b}"),
        ("{{c}} ${b}", "{{c}}"),
        ("${b {{c}}", "${b {{c}"),
        ("${a {{b}", "${a {{b}"),
        ("{{b}", None),
        ("}} {{", None),
        ("$a {b}", None),
    ],
)
def test_places_that_templates_would_fill_in_are_told(text: str, variable: str | None) -> None:
    problems = Problems()
    parse_document(f'a: "{text}"', "f.yaml", problems, expected=EXPECTED)
    assert [problem.code for problem in problems] == (["FT-Y027"] if variable else [])
    assert all(f"`{variable}`" in problem.found for problem in problems)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_in_another_encoding_is_called_by_it(encoding: str, tmp_path: Path) -> None:
    path, problems = tmp_path / "f.yaml", Problems()
    path.write_bytes("schema: '1'\ntitle: caf\u00e9 and more of it\n".encode(encoding))
    assert read_document(path, problems, expected=EXPECTED) is None
    (told,) = problems.found
    assert told.code == "FT-Y009"
    assert encoding[:6].upper() in told.found
    assert "UTF-8" in told.do
