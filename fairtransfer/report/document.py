"""The report as plain values: every sentence, table and figure, before any format is chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fairtransfer import formats
from fairtransfer.findings.record import RunRecord
from fairtransfer.report import sentences, tables
from fairtransfer.report.charts import Figure
from fairtransfer.report.figures import figures
from fairtransfer.report.method import method
from fairtransfer.report.rows import Row, Rows
from fairtransfer.report.sections import (
    Benchmark,
    benchmarks,
    completeness,
    cost_table,
    failed_table,
    glossary,
    reproduce,
)
from fairtransfer.report.suppress import (
    Group,
    Hidden,
    group_sizes,
    hidden_groups,
    public_gate,
    suppress,
    unknown_is_hidden,
)
from fairtransfer.report.tables import Table

NOT_PROVIDED = "Not provided"


@dataclass(frozen=True)
class Document:
    """Everything a report says.

    Attributes
    ----------
    facts, scope
        Label and text.
    findings
        Three to six sentences for the first page.
    unknowns
        What the audit cannot tell.
    """

    audit_id: str
    run_id: str
    title: str
    outcome: str
    verdict: str
    question: str
    rule: str
    candidate: str
    chosen_by: str
    facts: tuple[tuple[str, str], ...]
    findings: tuple[str, ...]
    gates: Table
    needed: tuple[str, ...]
    unknowns: tuple[str, ...]
    scope: tuple[tuple[str, str], ...]
    figures: tuple[Figure, ...]
    groups: tuple[Table, ...]
    others: Table
    benchmarks: tuple[Benchmark, ...]
    method: tuple[tuple[str, str], ...]
    results: tuple[Table, ...]
    costs: Table
    failed: Table
    reproduce: tuple[tuple[str, str], ...]
    glossary: tuple[tuple[str, str], ...]
    filled: int
    fields: int
    blanks: tuple[str, ...]
    evidence: str
    version: str
    rows: tuple[Row, ...]
    verdict_json: Mapping[str, Any]


def build(
    record: RunRecord, found: Mapping[str, Any], digest: str, version: str, environment: Mapping[str, Any]
) -> Document:
    """Return the report of a run from `findings.json` (rows and verdict) and the run's folder."""
    rows, hidden = public_rows(record, found["rows"])
    keys = {benchmark["id"]: benchmark["key"] for benchmark in record.run["benchmarks"]}
    gates = [public_gate(gate, hidden, keys) for gate in found["verdict"]["gates"]]
    verdict = {**found["verdict"], "gates": gates}
    return _Builder(record, Rows(rows), verdict, digest, version, environment, hidden).document()


def public_rows(record: RunRecord, rows: list[Row]) -> tuple[list[Row], set[tuple[str, Group]]]:
    """Return the rows as they may be shown, and what is hidden."""
    below = record.audit.policy.suppress_below
    sizes = group_sizes(rows)
    hidden = {(benchmark, group) for benchmark, views in sizes.items() for group in hidden_groups(views, below)}
    return suppress(rows, hidden), hidden


class _Builder:
    def __init__(
        self,
        record: RunRecord,
        rows: Rows,
        verdict: Mapping[str, Any],
        digest: str,
        version: str,
        environment: Mapping[str, Any],
        hidden: Hidden,
    ) -> None:
        self.record, self.rows, self.verdict = record, rows, verdict
        self.digest, self.version, self.environment, self.hidden = digest, version, environment, hidden
        self.audit = record.audit
        self.metric, self.of = self._primary()
        chosen = verdict["candidate"]
        self.strategy: str = chosen["strategy"] if chosen else ""
        self.budget: str = chosen["label_budget"] if chosen else ""

    def _primary(self) -> tuple[str, str | None]:
        metrics = self.rows.metrics()
        return metrics[0] if metrics else ("error_rate", None)

    def document(self) -> Document:
        record, audit, verdict = self.record, self.audit, self.verdict
        filled, fields, blanks = completeness(record)
        chosen = verdict["candidate"]
        candidate = sentences.model_name(self.strategy, self.budget) if chosen else "none"
        return Document(
            audit_id=audit.id,
            run_id=record.id,
            title=audit.title,
            outcome=verdict["outcome"],
            verdict=formats.POLICY_WORDS[verdict["outcome"]],
            question=f"May {record.run['model']['source']}, adapted by {candidate}, be used to {audit.purpose.use}?",
            rule=sentences.RULE,
            candidate=candidate,
            chosen_by=chosen["rule"] if chosen else "no adapted model has a result",
            facts=tuple(self.facts()),
            findings=tuple(self.findings()),
            gates=self.gate_table(),
            needed=tuple(
                f"{_gate_name(gate)}. {'; '.join(map(sentences.needed, gate['needed']))}."
                for gate in verdict["gates"]
                if gate["needed"]
            ),
            unknowns=tuple(self.unknowns()),
            scope=tuple(self.scope()),
            figures=figures(record, self.rows, verdict, self.metric, self.of),
            groups=tuple(self.group_tables()),
            others=self.others_table(),
            benchmarks=benchmarks(record, self.rows, self.hidden),
            method=method(record, verdict),
            results=tuple(self.result_tables()),
            costs=cost_table(record),
            failed=failed_table(record),
            reproduce=reproduce(record, self.environment),
            glossary=glossary(record),
            filled=filled,
            fields=fields,
            blanks=blanks,
            evidence=self.digest,
            version=self.version,
            rows=self.rows.all,
            verdict_json=verdict,
        )

    def facts(self) -> Iterator[tuple[str, str]]:
        run = self.record.run
        yield "Base model", f"{run['model']['source']} (sha256 {run['model']['sha256'][:16]}…)"
        yield (
            "Adapted by",
            f"{sentences.model_name(self.strategy, self.budget)}; chosen by: {self.verdict['candidate']['rule']}"
            if self.strategy
            else "no result",
        )
        claim = "the recipe, over seeds" if self.audit.claim == "procedure" else "one trained model"
        yield "The claim is about", f"{claim} ({formats.plural(len(self.audit.seeds), 'seed')})"
        yield (
            "Judged on",
            formats.listing([f"{b['key']} ({formats.count(b['rows'])} cases)" for b in run["benchmarks"]]),
        )
        yield "Audit and run", f"{self.audit.id}, {self.record.id}"
        yield "Evidence", f"findings.json, sha256 {self.digest}"

    def findings(self) -> Iterator[str]:
        for benchmark in self.record.run["benchmarks"]:
            yield from self._findings(benchmark["id"], benchmark["key"], tuple(benchmark["views"][0]))

    def _findings(self, name: str, key: str, view: tuple[str, ...]) -> Iterator[str]:
        prefix = f"{name}: " if len(self.record.run["benchmarks"]) > 1 else ""
        everyone = self.one(key, "change", {})
        told = [sentences.overall(self.one(key, "before", {}), self.one(key, "after", {}), everyone)]
        groups = self.rows.groups(key, view)
        after = [(g, row) for g in groups if (row := self.one(key, "after", g)) and row["status"] == "ok"]
        if after:
            worse_high = after[0][1]["harm_direction"] == "higher_is_worse"
            group, row = (max if worse_high else min)(after, key=lambda pair: pair[1]["estimate"])
            told.append(sentences.worst_served(formats.group_label(group), self.one(key, "before", group), row))
        changes = [(formats.group_label(g), row) for g in groups if (row := self.one(key, "change", g))]
        told += list(sentences.who_changed(changes, everyone))
        told.append(
            sentences.against_scratch(
                [(formats.group_label(g), row) for g in groups if (row := self.one(key, "gain", g))]
            )
        )
        gaps = {
            row["stage"]: row
            for row in self.rows.gaps(key, self.metric, self.of)
            if set(row["group"]) == set(view) and self._mine(row)
        }
        told.append(sentences.gap(gaps.get("before"), gaps.get("after"), " and ".join(view)))
        yield from (prefix + sentence for sentence in told if sentence)

    def _mine(self, row: Row) -> bool:
        return row["stage"] == "before" or (row["strategy"], row["label_budget"]) == (self.strategy, self.budget)

    def one(self, key: str, stage: str, group: dict[str, str]) -> Row | None:
        """Return the candidate's row (or the model's as published) of the first metric."""
        if stage == "before":
            return self.rows.find(key, "before", self.metric, group, of=self.of)
        return self.rows.find(key, stage, self.metric, group, self.strategy, self.budget, self.of)

    def gate_table(self) -> Table:
        headings = ("Gate", "Limit", "Outcome", "Why")
        rows = [
            (_gate_name(g), _limit(g), formats.OUTCOME_WORDS[g["outcome"]], g["reason"]) for g in self.verdict["gates"]
        ]
        return tables.table("gates", "The gates, and how the candidate came out", headings, rows, text_columns=4)

    def unknowns(self) -> Iterator[str]:
        names = sorted({a for b in self.record.run["benchmarks"] for a in b["attributes"]})
        examined = f"Only {formats.listing(names)} {'was' if len(names) == 1 else 'were'} examined."
        yield f"{examined} About every other difference between people this audit says nothing."
        for benchmark in self.record.run["benchmarks"]:
            card = self.record.cards[benchmark["id"]].card
            if card.synthetic.is_synthetic:
                how = card.synthetic.generator or "made up"
                yield f"{card.id} is synthetic: {how}. It shows how the model behaves on made-up cases, not how it serves people."
            for what, n in benchmark["ledger"]["notes"].items():
                if what.endswith(" unknown") and not unknown_is_hidden(benchmark["key"], what, self.hidden):
                    attribute = what.removesuffix(" unknown")
                    yield f"{card.id}: {formats.count(n)} cases have no recorded {attribute}; they are the group `unknown`."
            cut = max((j.get("inputs_cut", 0) for j in self.record.jobs if j["benchmark"] == card.id), default=0)
            if cut:
                of = f"{formats.count(cut)} of {formats.count(benchmark['rows'])}"
                limit = self.audit.model.max_tokens
                yield f"{card.id}: {of} texts are longer than {limit} tokens; only their beginning was read."
            if benchmark["leaks"]["blocks"]:
                twins = formats.count(benchmark["leaks"]["residual"])
                yield f"{card.id}: {twins} of its cases stand again in the adaptation data, so no gate can pass on it."
            yield from (f"{card.id}: {gap}." for gap in card.known_gaps)
        small = sorted(
            {
                formats.group_name(r["group"])
                for r in self.rows.all
                if r["status"] == "too_small" and r["metric"] == self.metric
            }
        )
        if small:
            yield f"Too few cases to say anything: {formats.listing(small[:12])}{' and others' if len(small) > 12 else ''}."
        if self.hidden:
            yield f"{formats.plural(len(self.hidden), 'small group')} hidden in this document; the verdict used them in full."
        yield from (f"{note[0].upper()}{note[1:]}." for note in self.verdict["notes"])
        yield "What the model saw before it was published is not known; the benchmark may have been part of it."

    def scope(self) -> Iterator[tuple[str, str]]:
        purpose = self.audit.purpose
        yield "Intended use", purpose.use
        yield "Who is affected", purpose.affected
        yield "Out of scope", purpose.out_of_scope or NOT_PROVIDED
        for name, card in self.record.cards.items():
            if card.card.uses.unsuitable:
                yield f"{name} is unsuitable for", "; ".join(card.card.uses.unsuitable)

    def group_tables(self) -> Iterator[Table]:
        """Yield the candidate's results per view: before, after, change, and against training from scratch."""
        for benchmark in self.record.run["benchmarks"]:
            for view in benchmark["views"]:
                yield self._group_table(benchmark["key"], tuple(view))

    def _group_table(self, key: str, view: tuple[str, ...]) -> Table:
        name = sentences.metric_name(self.metric, self.of)
        headings = (
            " and ".join(view),
            "Cases",
            "Before",
            "After",
            "Change, points",
            "Newly wrong / right",
            "Against scratch, points",
        )
        listed: list[tuple[str, ...]] = []
        for group in [{}, *self.rows.groups(key, view)]:
            before, after, change, gain = (
                self.one(key, stage, group) for stage in ("before", "after", "change", "gain")
            )
            listed.append(
                (
                    formats.group_label(group),
                    tables.people(after),
                    tables.rate(before),
                    tables.rate(after),
                    tables.change(change),
                    tables.flips(change),
                    tables.change(gain),
                )
            )
        anchor = f"r-{key.split('@')[0]}-{'-'.join(view)}"
        model = sentences.model_name(self.strategy, self.budget)
        return tables.table(
            anchor,
            f"{name.capitalize()} by {' and '.join(view)}, {key}: {model} (95% intervals in brackets)",
            headings,
            listed,
        )

    def others_table(self) -> Table:
        gates = [g["id"] for g in self.verdict["gates"]]
        rows = [
            [
                sentences.model_name(o["strategy"], o["label_budget"]),
                formats.OUTCOME_WORDS[o["outcome"]],
                *(formats.OUTCOME_WORDS[o["gates"][g]] for g in gates),
            ]
            for o in self.verdict["others"]
        ]
        headings = ("Model", "All gates", *(_gate_name(g) for g in self.verdict["gates"]))
        return tables.table(
            "others",
            "The other adapted models, had each been the candidate (not part of the verdict)",
            headings,
            rows,
            text_columns=len(headings),
        )

    def result_tables(self) -> Iterator[Table]:
        """Yield every metric by view for every model."""
        for benchmark in self.record.run["benchmarks"]:
            for metric, of in self.rows.metrics():
                for view in [(), *map(tuple, benchmark["views"])]:
                    yield self._results(benchmark["key"], metric, of, view)

    def _results(self, key: str, metric: str, of: str | None, view: tuple[str, ...]) -> Table:
        scratch = {s.name for s in self.audit.strategies if s.kind == "scratch"}
        listed: list[tuple[str, ...]] = []
        for group in self.rows.groups(key, view):
            before = self.rows.find(key, "before", metric, group, of=of)
            listed.append(
                ("as published", formats.group_label(group), tables.people(before), tables.rate(before), "–", "–")
            )
            for strategy, budget in self.rows.models(key):
                stage = "scratch" if strategy in scratch else "after"
                row = self.rows.find(key, stage, metric, group, strategy, budget, of)
                moved = [self.rows.find(key, s, metric, group, strategy, budget, of) for s in ("change", "gain")]
                listed.append(
                    (
                        sentences.model_name(strategy, budget),
                        formats.group_label(group),
                        tables.people(row),
                        tables.rate(row),
                        *map(tables.change, moved),
                    )
                )
        where = " and ".join(view) or "everyone"
        anchor = f"t-{key.split('@')[0]}-{metric}{f'-{of}' if of else ''}-{'-'.join(view) or 'all'}"
        headings = (
            "Model",
            where,
            "Cases",
            sentences.metric_name(metric, of).capitalize(),
            "Against before, points",
            "Against scratch, points",
        )
        return tables.table(
            anchor,
            f"{sentences.metric_name(metric, of).capitalize()}, {key}, by {where}",
            headings,
            listed,
            text_columns=2,
        )


def _gate_name(gate: Mapping[str, Any]) -> str:
    kind, metric, by = gate["id"].split(":", 2)
    words = {
        "no_harm": "No harm",
        "worst_group": "Worst group",
        "gap": "Gap",
        "no_negative_transfer": "No negative transfer",
    }
    return f"{words[kind]}: {metric.replace('_', ' ')} by {by.replace('*', ' and ')}"


def _limit(gate: Mapping[str, Any]) -> str:
    return formats.percent(gate["margin"]) if gate["kind"] == "worst_group" else formats.points(gate["margin"])
