"""`validate` finds what a run would refuse, without fetching, loading or training anything; `plan` ends with exit code 2 then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.toy import edit, write_project

from fairtransfer import api
from fairtransfer.data.opening import open_benchmark
from fairtransfer.errors import DefinitionError, Problems
from fairtransfer.runner.job import Roots
from fairtransfer.runner.rehearsal import rehearse

pytestmark = pytest.mark.fast

BEFORE = 'before: {zero_shot: {prompt: "a word about {label}"}}'


def found_in(audit: Path, roots: Roots | None = None) -> list[tuple[str, str]]:
    """Code and severity of what is found, warnings about data left out."""
    files, problems = api.load_audit(audit), Problems()
    opened = {card.path: open_benchmark(card) for card in files.cards}
    rehearse(files, roots or Roots(), opened, problems)
    return [(p.code, p.severity) for p in problems if not p.code.startswith("FT-D")]


def headed(root: Path, *labels: str) -> Path:
    """The toy project, its model with a head of these labels that is asked as it is."""
    config = {"architectures": ["BertForSequenceClassification"], "id2label": dict(enumerate(labels))}
    (root / "models" / "tiny" / "config.json").write_text(json.dumps(config))
    return edit(root / "audits" / "audit.yaml", (BEFORE, "before: native_head"))


def test_a_sound_project_has_nothing_to_tell(tmp_path: Path) -> None:
    assert found_in(write_project(tmp_path)) == []


@pytest.mark.parametrize(
    ("labels", "codes"),
    [
        (("fruit", "tool", "animal"), []),
        (("fruit", "tool", "animal", "other"), []),
        (("fruit", "tool", "beast"), ["FT-M015"]),
        (("LABEL_0", "LABEL_1", "LABEL_2"), ["FT-M015"] * 3),
    ],
)
def test_the_models_head_is_held_against_the_classes(labels: tuple[str, ...], codes: list[str], tmp_path: Path) -> None:
    write_project(tmp_path)
    audit = headed(tmp_path, *labels)
    assert [code for code, _ in found_in(audit)] == codes
    if codes:
        with pytest.raises(DefinitionError, match="FT-M015"):
            api.plan(audit, workspace=tmp_path / "runs", probe=False)


def test_a_model_that_is_not_on_this_machine_is_told_and_no_fault(tmp_path: Path) -> None:
    audit = write_project(tmp_path)
    (tmp_path / "models").rename(tmp_path / "elsewhere")
    assert found_in(audit) == [("FT-M021", "warning")]
    edit(audit, ("folder:../models/tiny", "package:no_such_package_here"))
    assert found_in(audit) == [("FT-M022", "warning")]
    edit(audit, ("package:no_such_package_here", f"hub:owner/name@{'0' * 40}"))
    assert found_in(audit) == [], "nothing is fetched"


def test_a_model_in_the_operators_folder_is_looked_at(tmp_path: Path) -> None:
    audit = edit(write_project(tmp_path / "project"), ("folder:../models/tiny", "folder:tiny"))
    (tmp_path / "project" / "models").rename(tmp_path / "models")
    assert found_in(audit, Roots(model=tmp_path / "models")) == []
    (tmp_path / "models" / "tiny" / "vocab.txt").unlink()
    assert found_in(audit, Roots(model=tmp_path / "models")) == [("FT-M014", "error")]


def test_label_budgets_are_held_against_the_rows_there_are(tmp_path: Path) -> None:
    audit = edit(write_project(tmp_path), ("label_budgets: [8, 16]", "label_budgets: [8, 16000]"))
    assert found_in(audit) == [("FT-Y019", "error")]


def test_what_is_wrong_with_the_model_and_with_the_data_is_told_at_once(tmp_path: Path) -> None:
    audit = edit(write_project(tmp_path), ("label_budgets: [8, 16]", "label_budgets: [8, 16000]"))
    (tmp_path / "models" / "tiny" / "adapter_config.json").write_text("{}")
    assert [code for code, _ in found_in(audit)] == ["FT-M046", "FT-Y019"]


@pytest.mark.parametrize("source", ["package:os.path", "package:json.decoder", "package:numpy.linalg/x"])
def test_looking_for_a_package_imports_nothing(source: str, tmp_path: Path) -> None:
    assert found_in(edit(write_project(tmp_path), ("folder:../models/tiny", source))) == [("FT-M022", "warning")]


def test_a_folder_of_a_package_lies_inside_it(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"FT-M00[45]"):
        api.plan(edit(write_project(tmp_path), ("folder:../models/tiny", "package:numpy/..")), probe=False)
