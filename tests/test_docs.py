"""What is written agrees with what is there: codes, columns, keys, commands, trees, links. Every check can find a fault."""

from __future__ import annotations

import ast
import hashlib
import inspect
import re
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import get_args

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.fake_run import fake_run, wrong_answers
from support.toy import toy_rows, write_project

import fairtransfer
from fairtransfer.evidence import rankings, sums
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.jobs import cells
from fairtransfer.evidence.tables import predictions_table
from fairtransfer.findings import rows
from fairtransfer.gates import decide, reasons
from fairtransfer.gates.reuse_budget import USED_UP

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "fairtransfer"
SOURCES = sorted(PACKAGE.rglob("*.py"))
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
CODE = re.compile(r"FT-[A-Z]\d{3}")
COMMANDS = (
    'pip install ".[quickstart]" && fairtransfer run audits/quickstart.yaml',
    'pip install -e ".[test]" && pytest',
)
APACHE = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# --- reading Markdown --------------------------------------------------------------------------------------------------


def outside_fences(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text, re.M | re.S)
    assert found, f"no heading `{heading}`"
    return found[1]


def table(text: str, heading: str, first: str) -> list[str]:
    """The names in the first column of the table under a heading whose first column is called `first`."""
    found = re.search(rf"^\| {re.escape(first)} \|.*?\n\|[-|]+\|\n((?:\|.*\n)+)", section(text, heading), re.M)
    assert found, f"no table of `{first}` under `{heading}`"
    return [name for line in found[1].splitlines() for name in re.findall(r"`([^`]+)`", line.split(" | ")[0])]


TABLES = """\
# A

| key | x |
|---|---|
| `a`, `b` | `no` |

| column | x |
|---|---|
| `c` | |

# B

| key | x |
|---|---|
| `d` | |
"""


def test_names_are_read_from_the_right_table() -> None:
    assert table(TABLES, "A", "key") == ["a", "b"]
    assert table(TABLES, "A", "column") == ["c"]
    with pytest.raises(AssertionError, match="no table"):
        table(TABLES, "B", "column")


# --- codes -------------------------------------------------------------------------------------------------------------


def emitted(source: str) -> set[str]:
    """The codes a file can give: texts that are a code and nothing else."""
    texts = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return {text for text in texts if isinstance(text, str) and CODE.fullmatch(text)}


def catalogue_faults(sources: Iterable[str], catalogue: str) -> list[str]:
    """Codes that are given, or spoken of, and not explained; explained and never given; explained twice."""
    listed = [code for line in catalogue.splitlines() if line.startswith("| `FT-") for code in CODE.findall(line)[:1]]
    texts = list(sources)
    given = {code for text in texts for code in emitted(text)}
    named = {code for text in texts for code in CODE.findall(text)}
    return [
        *(f"{code} is not explained" for code in sorted(named - set(listed))),
        *(f"{code} is never given" for code in sorted(set(listed) - given)),
        *(f"{code} is explained twice" for code in sorted({c for c in listed if listed.count(c) > 1})),
        *(f"{line} lacks a cell" for line in catalogue.splitlines() if CODE.match(line[3:]) and line.count(" | ") < 2),
    ]


def test_every_code_is_explained_and_every_explained_code_is_given() -> None:
    assert catalogue_faults((path.read_text(encoding="utf-8") for path in SOURCES), read("docs/problems.md")) == []


def test_a_code_too_many_or_too_few_is_found() -> None:
    source = '"""Raises ``FT-A003``."""\nProblem("FT-A001", "found")\n'
    page = "| `FT-A001` | means | do |\n| `FT-A002` | means | do |\n| `FT-A002` | means |\n"

    assert catalogue_faults([source], page) == [
        "FT-A003 is not explained",
        "FT-A002 is never given",
        "FT-A002 is explained twice",
        "| `FT-A002` | means | lacks a cell",
    ]


def severity_faults(messages: str, catalogue: str) -> list[str]:
    """Codes that people see as warnings and that are not explained as such, and the other way round."""
    seen = {kind: set(re.findall(rf"^{kind}: .*?({CODE.pattern})", messages, re.M)) for kind in ("warning", "error")}
    rows_ = {line[3:10]: line for line in catalogue.splitlines() if line.startswith("| `FT-")}
    quiet = [f"{code} can be a warning" for code in sorted(seen["warning"]) if "arning" not in rows_.get(code, "")]
    return quiet + [f"{c} is no warning" for c in sorted(seen["error"]) if "| Warning:" in rows_.get(c, "")]


def test_warnings_are_called_warnings() -> None:
    golden = sorted((ROOT / "tests" / "zoo").glob("*/expected.txt"))

    assert severity_faults("".join(p.read_text(encoding="utf-8") for p in golden), read("docs/problems.md")) == []


def test_a_warning_called_otherwise_is_found() -> None:
    messages = "warning: a.md:1:2 FT-A001 x: found\nerror: a.md:1:2 FT-A002 x: found\n"
    page = "| `FT-A001` | Bad. | do |\n| `FT-A002` | Warning: bad. | do |\n"

    assert severity_faults(messages, page) == ["FT-A001 can be a warning", "FT-A002 is no warning"]


def test_codes_stand_under_their_letter_in_order() -> None:
    for part in re.split(r"^## ", read("docs/problems.md"), flags=re.M):
        codes = [code for line in part.splitlines() if line.startswith("| `FT-") for code in CODE.findall(line)[:1]]
        letter = part.splitlines()[0][-1] if codes else ""

        assert codes == sorted(codes)
        assert {code[3] for code in codes} == ({letter} if codes else set())


def test_the_example_message_is_a_real_one() -> None:
    shape, example = re.findall(r"^    (\S.*)$", read("docs/problems.md"), re.M)
    shown = re.sub(r"^\S+ ", "", example)
    golden = (ROOT / "tests" / "zoo" / "G004-limits" / "expected.txt").read_text(encoding="utf-8")

    assert shape == "file:line:col CODE path: found; allowed; do"
    assert shown in golden


# --- the evidence, as described ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    answer = wrong_answers(lambda job, group: 0.3, ("fruit", "tool", "animal"))
    return fake_run(write_project(root, toy_rows(60)), root / "runs", answer)


def keys_of_returned_dict(path: Path, function: str) -> list[str]:
    """The keys of the dict a function returns, read from its source: the module itself would load torch."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    body = next(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == function)
    found = next(n.value for n in ast.walk(body) if isinstance(n, ast.Return) and isinstance(n.value, ast.Dict))
    return [key.value for key in found.keys if isinstance(key, ast.Constant)]


def names(folder: Path) -> list[str]:
    return [path.name + ("/" if path.is_dir() else "") for path in folder.iterdir()]


def spans(text: str, line: str, pattern: str = r"`([^`]+)`") -> list[str]:
    """What stands in code spans after these words, up to the end of the sentence or line."""
    return re.findall(pattern, re.split(r"\.\s|\n", text.split(line)[1])[0])


def described(page: str) -> dict[str, list[str]]:
    """Every list of names in the description of the evidence."""
    files = ("predictions.parquet", "cells.parquet", "sums.parquet", "rankings.parquet", "items.parquet")
    places = {f"columns of {name}": table(page, name, "column") for name in files}
    places |= {f"keys of {name}": table(page, name, "key") for name in ("job.json", "run.json", "environment.json")}
    return places | {
        "files of a run": table(page, "A run's folder", "file"),
        "files of report/": spans(page, "| `report/` |"),
        "keys of findings.json": spans(section(page, "findings.json"), "\n", r'"(\w+)"'),
        "fields of a finding": table(page, "findings.json", "field"),
        "statuses": table(page, "findings.json", "status"),
        "stages": spans(page, "| `stage` | `before`, `after`, `change`,"),
        "levels": spans(page, "| `group`, `level` | The group, `{}` for everyone;"),
        "keys of verdict.json": table(page, "verdict.json", "key"),
        "keys of harm.json": table(page, "harm.json", "key"),
        "keys of a harm row": table(page, "harm.json", "row's key"),
        "outcomes": spans(page, "| `outcome` |"),
        "keys of a gate": table(page, "verdict.json", "gate's key"),
        "keys of a comparison": spans(page, "| `contrasts` |"),
        "reason codes": table(page, "verdict.json", "reason code"),
        "keys of manifest.json": table(page, "The store", "key"),
        "columns of the index": spans(page, "SQLite, one table `jobs`:"),
    }


def real(run: Path) -> dict[str, list[str]]:
    """The same lists, from the code and from a run."""
    content, verdict, findings = (read_json(run / f"{name}.json") for name in ("run", "verdict", "findings"))
    items = pq.ParquetFile(run / "benchmarks" / "toy" / "items.parquet").schema_arrow.names
    store = run.parents[1] / ".store"
    index = sqlite3.connect(store / "index.db")
    columns = [row[1] for row in index.execute("PRAGMA table_info(jobs)")]
    index.close()
    return {
        "columns of predictions.parquet": predictions_table(
            [], [], [], pa.array([], pa.list_(pa.float32(), 3))
        ).column_names,
        "columns of cells.parquet": cells.SCHEMA.names,
        "columns of sums.parquet": list(sums.COLUMNS),
        "columns of rankings.parquet": list(rankings.COLUMNS),
        "columns of items.parquet": [name for name in items if name not in content["benchmarks"][0]["attributes"]],
        "keys of job.json": [
            *keys_of_returned_dict(PACKAGE / "runner" / "job_record.py", "job_header"),
            *keys_of_returned_dict(PACKAGE / "runner" / "work.py", "_record"),
        ],
        "keys of run.json": list(content),
        "keys of environment.json": list(read_json(run / "environment.json")),
        "files of a run": names(run),
        "files of report/": names(run / "report"),
        "keys of findings.json": list(findings),
        "fields of a finding": [*{name: None for row in findings["rows"] for name in row}],
        "statuses": list(get_args(rows.Status)),
        "stages": [stage for stage in get_args(rows.Stage) if stage not in ("before", "after", "change")],
        "levels": list(get_args(rows.Scope)),
        "keys of verdict.json": list(verdict),
        "keys of harm.json": list(harm := read_json(run / "harm.json")),
        "keys of a harm row": list(harm["rows"][0]),
        "outcomes": list(get_args(decide.Outcome)),
        "keys of a gate": list(verdict["gates"][0]),
        "keys of a comparison": list(verdict["gates"][0]["contrasts"][0]),
        "reason codes": [*reasons.CODES, "over_margin", USED_UP, *held_codes()],
        "keys of manifest.json": list(read_json(next(store.glob("jobs/*/attempt-1/manifest.json")))),
        "columns of the index": columns,
    }


def held_codes() -> list[str]:
    """The codes given to a pass that is held back."""
    source = (PACKAGE / "gates" / "verdict.py").read_text(encoding="utf-8")
    found = re.search(r'code = "(\w+)" if .* else "(\w+)"', source)
    assert found
    return list(found.groups())


def evidence_faults(page: str, there: dict[str, list[str]]) -> list[str]:
    """What is described and not there, or there and not described."""
    told = described(page)
    return [
        f"{what}: {name} {words}"
        for what in told
        for wrong, words in (
            (set(told[what]) - set(there[what]), "is not there"),
            (set(there[what]) - set(told[what]), "is not told"),
        )
        for name in sorted(wrong)
    ]


@pytest.fixture(scope="module")
def there(run: Path) -> dict[str, list[str]]:
    return real(run)


def test_files_columns_and_keys_are_the_ones_described(there: dict[str, list[str]]) -> None:
    assert evidence_faults(read("docs/evidence.md"), there) == []


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        ("| `pred` | The answer. |\n", "", ["columns of predictions.parquet: pred is not told"]),
        (
            "| `record` |",
            "| `notes` |",
            ["keys of job.json: notes is not there", "keys of job.json: record is not told"],
        ),
        ("`xm`, `xx` |", "`xm` |", ["columns of sums.parquet: xx is not told"]),
        ("| `few_seeds` |", "| `few` |", ["reason codes: few is not there", "reason codes: few_seeds is not told"]),
        ("`lower`, `upper`, `margin`", "`upper`, `margin`", ["keys of a comparison: lower is not told"]),
        ('"rows", "verdict"}', '"verdict"}', ["keys of findings.json: rows is not told"]),
        ("`report.md`, ", "", ["files of report/: report.md is not told"]),
    ],
)
def test_a_wrong_description_is_found(old: str, new: str, faults: list[str], there: dict[str, list[str]]) -> None:
    page = read("docs/evidence.md")

    assert old in page
    assert evidence_faults(page.replace(old, new), there) == faults


def test_what_is_in_the_store_is_described(run: Path) -> None:
    """The other way round does not hold: quarantine is there only when something was damaged."""
    assert set(table(read("docs/evidence.md"), "The store", "place")) >= set(names(run.parents[1] / ".store"))


def test_the_ledger_law_holds_in_a_run(run: Path) -> None:
    content = read_json(run / "run.json")
    ledgers = [content["adaptation"]["ledger"], *(b["ledger"] for b in content["benchmarks"])]

    assert all(ledger["n_in"] == ledger["n_used"] + sum(ledger["n_excluded"].values()) for ledger in ledgers)
    assert [b["ledger"]["n_used"] for b in content["benchmarks"]] == [b["rows"] for b in content["benchmarks"]]
    assert ledgers[0]["n_used"] == sum(content["adaptation"]["rows"].values())


# --- the package -------------------------------------------------------------------------------------------------------


def unsaid(module: ModuleType | SimpleNamespace) -> list[str]:
    """Public names that do not exist, or say nothing about themselves."""
    found = []
    for name in module.__all__:
        thing = getattr(module, name, None)
        if thing is None or not (isinstance(thing, str) or inspect.getdoc(thing)):
            found.append(name)
    return found


def test_every_public_name_exists_and_says_what_it_is() -> None:
    assert unsaid(fairtransfer) == []
    assert sorted(fairtransfer._HOMES) == sorted(set(fairtransfer.__all__) - {"__version__"})


def test_a_public_name_without_words_is_found() -> None:
    def silent() -> None: ...

    def told() -> None:
        """Do nothing."""

    doctored = SimpleNamespace(__all__=["silent", "told", "gone", "text"], silent=silent, told=told, text="0.1")

    assert unsaid(doctored) == ["silent", "gone"]


def length_allowed(contributing: str) -> int:
    found = re.search(r"A file of the package has at most (\d+) lines", contributing)
    assert found
    return int(found[1])


def file_faults(name: str, source: str, most: int) -> list[str]:
    lines = len(source.splitlines())
    long = [f"{name} has {lines} lines, more than {most}"] if lines > most else []
    return long + ([] if ast.get_docstring(ast.parse(source)) else [f"{name} does not say what it is"])


def test_files_are_short_and_say_what_they_are() -> None:
    most = length_allowed(read("CONTRIBUTING.md"))
    texts = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in SOURCES}

    assert len(texts) > 50
    assert [fault for name, text in texts.items() for fault in file_faults(name, text, most)] == []


def test_a_long_or_silent_file_is_found() -> None:
    assert file_faults("a.py", '"""Say."""\n' + "x = 1\n" * 9, 9) == ["a.py has 10 lines, more than 9"]
    assert file_faults("a.py", "x = 1\n", 9) == ["a.py does not say what it is"]


def test_the_licence_is_the_apache_text_unchanged() -> None:
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE
    assert 'license = "Apache-2.0"' in read("pyproject.toml")


# --- the README --------------------------------------------------------------------------------------------------------


def commands_missing(readme: str) -> list[str]:
    """Commands that do not stand on one line of their own."""
    lines = {line.strip().removeprefix("$ ") for line in readme.splitlines()}
    return [command for command in COMMANDS if command not in lines]


def tree_block(readme: str) -> list[str]:
    """The lines of the first fenced block after the heading that speaks of a tree."""
    found = re.search(r"^#+ [^\n]*\btree\b.*?^```[^\n]*\n(.*?)^```", readme, re.M | re.S | re.I)
    assert found, "no tree"
    return found[1].splitlines()


def tree_paths(lines: Iterable[str]) -> Iterator[str]:
    """Paths of a drawn tree. A line is names and, after two spaces or `#`, a comment, which may go on in the next line."""
    open_: list[tuple[int, str]] = []
    comment_at = 1000
    for line in lines:
        plain = re.sub(r"[│├└─]", " ", line)
        found = re.match(r"(\s*)(\S(?:.*?\S)??)(\s*$|\s{2,}|\s+#)", plain)
        if found is None or len(found[1]) >= comment_at or found[2].startswith("#"):
            continue
        indent = len(found[1])
        comment_at = max(found.end(), indent + 8) if plain[found.end() :].strip() else comment_at
        open_ = [entry for entry in open_ if entry[0] < indent]
        above = "".join(name for _, name in open_)
        names = [name.strip() for name in found[2].split(",")]
        yield from (above + name for name in names)
        open_.append((indent, names[-1] if names[-1].endswith("/") else names[-1] + "/"))


def tree_faults(readme: str, root: Path) -> list[str]:
    """Paths that are drawn and not there, and packages that are there and not drawn."""
    drawn = [path.removeprefix("./") for path in tree_paths(tree_block(readme)) if path not in (".", "./")]
    top = drawn[0].split("/")[0] + "/" if drawn else ""
    if all(path.startswith(top) for path in drawn) and not any((root / path).exists() for path in drawn[1:3]):
        drawn = [path.removeprefix(top) for path in drawn[1:]]  # the tree begins with the checkout itself
    packages = sorted(
        path.parent.relative_to(root).as_posix() + "/" for path in root.glob("fairtransfer/*/__init__.py")
    )
    return [
        *(
            f"{path} is not there"
            for path in drawn
            if not (any(root.glob(path)) if "*" in path else (root / path).exists())
        ),
        *(f"{path} is no folder" for path in drawn if path.endswith("/") and (root / path).is_file()),
        *(f"{path} is not drawn" for path in packages if path not in drawn),
    ]


def test_the_readme_shows_the_two_commands() -> None:
    assert commands_missing(read("README.md")) == []


def test_a_missing_command_is_found() -> None:
    text = f"    {COMMANDS[0]}\n\n    $ {COMMANDS[1]}\n"

    assert commands_missing(text) == []
    assert commands_missing(text.replace("quickstart.yaml", "first.yaml")) == [COMMANDS[0]]


def test_the_tree_in_the_readme_is_the_tree_there_is() -> None:
    assert tree_faults(read("README.md"), ROOT) == []


TREES = {
    "hashes": """\
fairtransfer/        # the package
    cli/             # faces,
                     # nothing else
    api.py           # verbs
pyproject.toml
""",
    "spaces": """\
fairtransfer/        the package
  cli/               faces,
                     nothing else
  api.py             verbs
pyproject.toml
""",
    "lines": """\
./
├── fairtransfer/    # the package
│   ├── cli/         # faces
│   └── api.py       # verbs
└── pyproject.toml
""",
    "checkout": """\
checkout/
    fairtransfer/
        cli/, api.py   faces and verbs
    *.toml
""",
}


@pytest.mark.parametrize("drawn", TREES.values(), ids=TREES)
def test_a_wrong_tree_is_found_however_it_is_drawn(drawn: str, tmp_path: Path) -> None:
    for name in ("fairtransfer/cli/__init__.py", "fairtransfer/api.py", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    readme = f"# Name\n\n```\nnot this one\n```\n\n## The tree\n\n```text\n{drawn}```\n"

    assert tree_faults(readme, tmp_path) == []
    assert tree_faults(readme.replace("api.py", "apis.py"), tmp_path) == ["fairtransfer/apis.py is not there"]

    (tmp_path / "fairtransfer" / "gates").mkdir()
    (tmp_path / "fairtransfer" / "gates" / "__init__.py").touch()
    assert tree_faults(readme, tmp_path) == ["fairtransfer/gates/ is not drawn"]


# --- links and paths ---------------------------------------------------------------------------------------------------

TOP = "fairtransfer|tests|docs|audits|data_cards|templates|benchmarks"


def dead_links(text: str, folder: Path, root: Path) -> list[str]:
    """Links to files that are not there, and paths in code spans that begin at the top of the checkout and lead nowhere."""
    prose = outside_fences(text)
    links = [link.split("#")[0] for link in re.findall(r"\]\(<?([^)\s>]+)>?(?: [^)]*)?\)", prose)]
    wanted = [(link, folder / link) for link in links if link and not re.match(r"[a-z][a-z0-9+.-]*:", link)]
    wanted += [(path, root / path) for path in re.findall(rf"`((?:{TOP})/[\w./-]*)`", prose)]
    return sorted({written for written, path in wanted if not path.exists()})


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_paths_lead_somewhere(path: Path) -> None:
    assert dead_links(path.read_text(encoding="utf-8"), path.parent, ROOT) == []


def test_a_dead_link_is_found() -> None:
    text = (
        "[a](problems.md#data), [b](https://example.org/x), [c](#here), [d](gone.md), [e](../gone.md 'title')\n"
        "`docs/problems.md`, `tests/gone.py`, `fairtransfer/adapt/<kind>.py`\n```\n[f](gone-too.md)\n```\n"
    )

    assert dead_links(text, ROOT / "docs", ROOT) == ["../gone.md", "gone.md", "tests/gone.py"]


def test_decisions_are_kept_where_contributing_says() -> None:
    assert "`docs/decisions/`" in read("CONTRIBUTING.md")
    assert "## [Unreleased]" in read("CHANGELOG.md")
