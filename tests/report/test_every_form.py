"""Every form of documents, through the laws of all: a document of each kind is whole in it, and the same bytes every time."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from support.finished_runs import finished
from support.number_tables import table

import fairtransfer as ft
from fairtransfer import registry
from fairtransfer.errors import DefinitionError
from fairtransfer.findings.run_record import load_record
from fairtransfer.report.form import AnyDocument, Form, form_named
from fairtransfer.report.render import document_of, render

EVERY = pytest.mark.parametrize("kind", registry.BUILT_IN["documents"])
DOCUMENTS = ("pass", "fail", "open", "all_failed", "hostile", "small", "table")


@pytest.fixture(scope="module", params=DOCUMENTS)
def document(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AnyDocument:
    if request.param != "table":
        return document_of(load_record(finished(request.param, tmp_path_factory)))
    return ft.measure(
        table(600),
        label="y",
        before="old",
        after="new",
        target="number",
        groups="region",
        gates="no_harm:by=region,metric=mean_absolute_error,margin=1",
    ).document()


def words(written: bytes) -> str:
    """What a reader reads, whatever the form marks and escapes."""
    return re.sub(r"\\(?=[!-/:-@\[-`{-~])", "", html.unescape(written.decode()))


def is_whole(form: Form, document: AnyDocument) -> None:
    """The verdict, every group and every open question stand in it."""
    read = " ".join(words(form.write(document)).split())
    content = document.content
    assert content.get("headline", content["verdict"]["outcome"]).lower() in read.lower()
    groups = {name for row in content["rows"] for name in row["group"].values()} - {
        "*"
    }  # a row over all groups has no group of its own
    assert [name for name in groups if " ".join(name.split()) not in read] == []


@EVERY
def test_a_document_is_whole_in_it(kind: str, document: AnyDocument) -> None:
    is_whole(form_named(kind), document)


@EVERY
def test_it_is_text_without_signs_that_hide_or_reorder(kind: str, document: AnyDocument) -> None:
    written = form_named(kind).write(document).decode("utf-8")

    assert written.endswith("\n")
    assert re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff]", written) == []


@EVERY
def test_the_same_document_is_the_same_bytes(kind: str, document: AnyDocument) -> None:
    assert form_named(kind).write(document) == form_named(kind).write(document)


@EVERY
def test_it_has_a_file_of_its_own(kind: str, document: AnyDocument) -> None:
    files = [form_named(one).file(document) for one in registry.names("documents")]
    assert files.count(form_named(kind).file(document)) == 1


class Silent(Form):
    """A form that leaves the verdict out."""

    kind = "silent"
    suffix = ".txt"
    words = "nothing"

    def write(self, document: AnyDocument) -> bytes:
        return b"all is well\n"


def test_a_form_that_leaves_something_out_is_caught(document: AnyDocument) -> None:
    with pytest.raises(AssertionError):
        is_whole(Silent(), document)


def test_a_form_of_ones_own_is_written_with_the_others_and_by_name(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = finished("pass", tmp_path_factory)
    ft.register(Silent)
    try:
        assert [path.name for path in render(run, ("silent",), tmp_path)] == ["report.txt"]
        assert len(render(run, None, tmp_path)) == len(registry.BUILT_IN["documents"]) + 1
    finally:
        registry.forget("documents", "silent")


def test_nothing_is_written_where_one_form_is_unknown(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(DefinitionError) as refused:
        render(finished("pass", tmp_path_factory), ("html", "htlm", "docx"), tmp_path / "out")

    assert [problem.code for problem in refused.value.problems] == ["FT-R011", "FT-R011"]
    assert "did you mean `html`?" in str(refused.value)
    assert not (tmp_path / "out").exists()
