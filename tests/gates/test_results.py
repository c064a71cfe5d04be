"""Verdicts as files have them: everything written is read again, and nothing unknown is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from support.finished_runs import KINDS, finished
from support.records import records_of
from support.tables import NAMES, table

from fairtransfer.errors import IntegrityError
from fairtransfer.evidence.canonical import canonical, read_json, write_json
from fairtransfer.evidence.jobs.records import JobRecord, jobs_in
from fairtransfer.evidence.json_record import UnreadableRecord
from fairtransfer.evidence.run_file import RunFile, read_environment, read_run
from fairtransfer.gates.results import ContrastResult, Needed, Verdict, read_results
from fairtransfer.measurement import measure


def on_disk(content: Any) -> Any:
    return json.loads(canonical(content))


@settings(max_examples=30)
@given(records_of(Verdict))
def test_verdicts_read_back_as_they_were(verdict: Verdict) -> None:
    assert Verdict.from_json(on_disk(verdict.to_json())) == verdict


@given(records_of(RunFile))
def test_what_a_run_says_of_itself_reads_back_as_it_was(run: RunFile) -> None:
    assert RunFile.from_json(on_disk(run.to_json())) == run


@given(records_of(JobRecord))
def test_what_a_job_says_of_itself_reads_back_as_it_was(job: JobRecord) -> None:
    assert JobRecord.from_json(on_disk(job.to_json())) == job


def test_what_a_gate_records_besides_stands_among_the_other_keys() -> None:
    numbers = {"n": 9.0, "harm": None, "upper": None, "lower": None, "margin": 0.1, "p_adjusted": None}
    own = {"ratio": 0.5, "ratio_upper": None}
    entry = ContrastResult(
        "b", {"g": "x"}, "x", None, **numbers, blocked=("few",), side="over", outcome="pass", recorded=own
    )

    assert entry.to_json().items() >= own.items()
    assert "recorded" not in entry.to_json()
    assert ContrastResult.from_json(entry.to_json()) == entry


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_of_every_run_are_read_as_they_were_written(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = finished(kind, tmp_path_factory)
    found, content = read_results(run / "findings.json"), read_json(run / "findings.json")

    assert on_disk([row.to_json() for row in found.rows]) == content["rows"]
    assert on_disk(found.verdict.to_json()) == content["verdict"] == read_json(run / "verdict.json")
    for name, kept in read_run(run).to_json().items():
        assert alike(on_disk(kept), read_json(run / "run.json").get(name, kept)), name
    assert len(jobs_in(run)) == len(list((run / "jobs").iterdir()))
    assert read_environment(run).cores > 0


def alike(part: Any, whole: Any) -> bool:
    """Whether everything that was read is as it is written; files hold more than is read."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(alike(value, whole.get(name, value)) for name, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(alike, part, whole))
    return bool(part == whole)


def test_every_field_of_a_comparison_has_to_be_there() -> None:
    verdict = measure(table(200), **NAMES, groups=["region"], gates=["no_harm:by=region,margin=0.02"]).verdict
    (gate,) = verdict.to_json()["gates"]

    for name in ("outcome", "blocked", "against_group"):
        content = {key: value for key, value in gate["contrasts"][0].items() if key != name}
        with pytest.raises(UnreadableRecord, match=name):
            ContrastResult.from_json(content)
    with pytest.raises(UnreadableRecord, match="gaets"):
        Verdict.from_json({**verdict.to_json(), "gaets": []})
    with pytest.raises(UnreadableRecord, match="schema"):
        Verdict.from_json({**verdict.to_json(), "schema": "0"})
    assert all(isinstance(entry, Needed) for entry in verdict.gates[0].needed)


def test_a_findings_file_of_another_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "findings.json"
    for content in ({"rows": [{"estimate": 1}], "verdict": {}}, {"rows": 3}, []):
        write_json(path, content)
        with pytest.raises(IntegrityError, match=r"not what this version writes.*`run` the audit again"):
            read_results(path)
