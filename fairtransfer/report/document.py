"""The report as plain values: every sentence, table and figure, before any format is chosen."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

from fairtransfer import formats
from fairtransfer.evidence.run_file import Environment
from fairtransfer.findings.rows import Finding
from fairtransfer.findings.run_record import RunRecord
from fairtransfer.findings.screening import screened_again
from fairtransfer.findings.study import Study, study_of
from fairtransfer.gates.results import Verdict
from fairtransfer.report import class_counts, results, screening, statements
from fairtransfer.report.charts import Figure
from fairtransfer.report.costs import cost_table
from fairtransfer.report.dispersion import apart_tables
from fairtransfer.report.figures import figures, first_figure
from fairtransfer.report.finding_index import FindingIndex
from fairtransfer.report.front import Front, front
from fairtransfer.report.group_comparisons import gap_tables
from fairtransfer.report.method import method
from fairtransfer.report.sections import (
    BenchmarkSection,
    benchmarks,
    completeness,
    failed_table,
    glossary,
    reproduce,
)
from fairtransfer.report.subject import Subject
from fairtransfer.report.suppress import CLASS, SMALL, Hidden, hidden_groups, public_gate, thinned
from fairtransfer.report.tables import Table
from fairtransfer.report.trials import settings_table, trials_json


@dataclass(frozen=True)
class RunDocument:
    """Everything a report says.

    Attributes
    ----------
    facts, scope
        Label and text.
    front
        What the decision page shows of the lists below.
    findings
        Sentences for every benchmark: three to nine, and of other metrics that gates judge the harm.
    unknowns
        What the audit cannot tell.
    trials
        What was tried for every model and seed, and whether as much for each, as plain values.
    """

    audit_id: str
    run_id: str
    title: str
    outcome: str
    verdict: str
    question: str
    rule: str
    candidate: str
    front: Front
    facts: tuple[tuple[str, str], ...]
    findings: tuple[str, ...]
    gates: Table
    needed: tuple[str, ...]
    unknowns: tuple[str, ...]
    scope: tuple[tuple[str, str], ...]
    figures: tuple[Figure, ...]
    groups: tuple[Table, ...]
    others: Table
    benchmarks: tuple[BenchmarkSection, ...]
    method: tuple[tuple[str, str], ...]
    results: tuple[Table, ...]
    screening: Table
    costs: Table
    settings: Table
    trials: Mapping[str, Any]
    failed: Table
    warnings: tuple[str, ...]
    reproduce: tuple[tuple[str, str], ...]
    glossary: tuple[tuple[str, str], ...]
    filled: int
    fields: int
    blanks: tuple[str, ...]
    evidence: str
    version: str
    rows: tuple[Finding, ...]
    judged: Verdict

    stem: ClassVar[str] = "report"
    """The name of its files, without their ends."""

    @property
    def content(self) -> dict[str, Any]:
        """The public numbers: what the pages show, as JSON values, small groups hidden."""
        figures = [{k: v for k, v in asdict(figure).items() if k != "svg"} for figure in self.figures]
        content = {
            "schema": "1",
            "audit_id": self.audit_id,
            "run_id": self.run_id,
            "title": self.title,
            "headline": self.verdict,
            "question": self.question,
            "findings": self.findings,
            "unknowns": self.unknowns,
            "evidence": self.evidence,
            "figures": figures,
            "rows": [row.to_json() for row in self.rows],
            "verdict": self.judged.to_json(),
            "trials": dict(self.trials),
            "tally": self.front.tally,
            "steps": self.front.steps,
        }
        return {key: _plain(value) for key, value in content.items()}


def _plain(value: Any) -> Any:
    """Return tuples as lists, at every depth: JSON has no others."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def build(
    record: RunRecord,
    rows: Sequence[Finding],
    verdict: Verdict,
    digest: str,
    version: str,
    environment: Environment,
) -> RunDocument:
    """Return the report of a run from its findings (`digest` is that of their file), its verdict and its folder."""
    return _document(record, public(study_of(record), rows, verdict), digest, version, environment)


def public(study: Study, rows: Sequence[Finding], verdict: Verdict) -> Subject:
    """Return findings and verdict as they may be shown."""
    below = study.policy.suppress_below
    hidden = {(key, g) for key, views in class_counts.sizes_of(study).items() for g in hidden_groups(views, below)}
    shown = public_rows(study, rows, hidden)
    keys = {benchmark.id: benchmark.key for benchmark in study.benchmarks}
    classes = class_counts.gate_classes(study)
    gates = tuple(public_gate(gate, hidden, keys, classes.get(gate.id, ())) for gate in verdict.gates)
    groups = {(key, group) for key, group in hidden if not any(name == CLASS for name, _ in group)}
    return Subject(study, FindingIndex(shown), replace(verdict, gates=gates), groups)


def public_rows(study: Study, rows: Sequence[Finding], hidden: Hidden) -> tuple[Finding, ...]:
    """Return the rows as they may be shown: nothing measured of small groups, nor of few cases of a class."""
    classes, below = study.classes, study.policy.suppress_below
    few = class_counts.hidden_answers(rows, classes, below)
    secret = [class_counts.is_secret(row, classes, hidden, few) for row in rows]
    taken = class_counts.hidden_rows(itertools.compress(rows, secret))
    return screened_again(
        row.hidden(SMALL) if own or class_counts.compares_hidden(row, taken) else thinned(row, hidden)
        for row, own in zip(rows, secret, strict=True)
    )


def _document(record: RunRecord, subject: Subject, digest: str, version: str, environment: Environment) -> RunDocument:
    audit, verdict = record.audit, subject.verdict
    filled, fields, blanks = completeness(record)
    findings, unknowns = statements.findings(subject), tuple(statements.unknowns(record, subject))
    drawn, page = figures(subject), first_figure(subject)
    return RunDocument(
        audit_id=audit.id,
        run_id=record.id,
        title=audit.title,
        outcome=verdict.outcome,
        verdict=formats.POLICY_WORDS[verdict.outcome],
        question=_question(record, subject),
        rule=results.rule(subject),
        candidate=subject.candidate,
        front=front(subject, findings, unknowns, page, len(record.run.failed_jobs)),
        facts=tuple(statements.facts(record, subject, digest)),
        findings=tuple(itertools.chain.from_iterable(findings)),
        gates=results.gate_table(subject),
        needed=results.needed(subject),
        unknowns=unknowns,
        scope=tuple(statements.scope(record)),
        figures=drawn,
        groups=(*results.group_tables(subject), *gap_tables(subject)),
        others=results.others_table(subject),
        benchmarks=benchmarks(record, subject.rows, subject.hidden),
        method=method(record, verdict),
        results=(*results.result_tables(subject), *apart_tables(subject)),
        screening=screening.screening_table(subject),
        costs=cost_table(record),
        settings=settings_table(record),
        trials=trials_json(record),
        failed=failed_table(record),
        warnings=tuple(statements.warnings(record)),
        reproduce=reproduce(record, environment),
        glossary=glossary(record),
        filled=filled,
        fields=fields,
        blanks=blanks,
        evidence=digest,
        version=version,
        rows=subject.rows.all,
        judged=verdict,
    )


def _question(record: RunRecord, subject: Subject) -> str:
    adapted = f", adapted by {subject.candidate}," if subject.strategy else ""
    if record.given is not None:
        judged = f"{subject.candidate}, judged by its predictions in {record.given.file},"
        return f"May the adapted model {judged} be used to {record.audit.purpose.use}?"
    return f"May the model {statements.base_model(record)}{adapted} be used to {record.audit.purpose.use}?"
