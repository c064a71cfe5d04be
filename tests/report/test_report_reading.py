"""What a reader who is no specialist needs: words for every way to adapt, rows in the audit's order, commands that work."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.finished_runs import finished

from fairtransfer.findings.run_record import load_record
from fairtransfer.report.document import RunDocument
from fairtransfer.report.render import document_of
from fairtransfer.spec.strategies import STRATEGY_OPTIONS


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished("open", tmp_path_factory)


@pytest.fixture(scope="module")
def document(run: Path) -> RunDocument:
    return document_of(load_record(run))


def test_a_report_says_what_its_strategies_do(run: Path, document: RunDocument) -> None:
    """Those of the audit, and no others: on the first page that of the candidate, among the words all of them."""
    audit, words = load_record(run).audit, dict(document.glossary)
    (chosen,) = (s for s in audit.strategies if document.candidate.startswith(s.name))

    assert dict(document.facts)[f"What {chosen.name} does"] == chosen.way.words
    assert {s.name for s in audit.strategies} <= words.keys()
    assert words.keys() & STRATEGY_OPTIONS.keys() == {s.name for s in audit.strategies} | {"scratch"}


def test_costs_stand_in_the_order_of_the_audit(run: Path, document: RunDocument) -> None:
    """The model before, then strategy by strategy, budget by budget: jobs are kept by digests, which have no order."""
    record = load_record(run)
    wanted = [(s.name, str(budget)) for s in record.audit.strategies for budget in record.audit.label_budgets]

    kept = dict.fromkeys(job.model for job in record.jobs if job.strategy)

    assert [row[:2] for row in document.costs.rows] == [("before (zero_shot)", "–"), *wanted]
    assert list(kept) != wanted, "the twin: they are kept in another order"


def test_what_a_report_says_to_look_at_is_there(run: Path, document: RunDocument) -> None:
    told = dict(document.reproduce)

    assert "audit.yaml and cards/ here" in told["Command"]
    assert (run / "audit.yaml").is_file()
    assert list((run / "cards").glob("*.md"))
