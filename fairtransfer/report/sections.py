"""The body of a report after its findings: benchmarks, method, cost, how to reproduce it, words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fairtransfer import formats
from fairtransfer.evidence.jobs.threads import threads_of
from fairtransfer.evidence.run_file import BenchmarkRecord, Environment, LeaksRecord, LedgerRecord
from fairtransfer.evidence.text_reading import GroupReading, TextReading
from fairtransfer.findings.rows import SUPPRESSED
from fairtransfer.findings.run_record import RunRecord
from fairtransfer.report import sentences, tables
from fairtransfer.report.finding_index import FindingIndex
from fairtransfer.report.suppress import Hidden, by_group, unknown_is_hidden
from fairtransfer.report.tables import Table
from fairtransfer.spec.given import CONTROL
from fairtransfer.spec.names import UNKNOWN_GROUP
from fairtransfer.spec.questions import metric_names
from fairtransfer.spec.strategies import strategy_kind
from fairtransfer.spec.target import number_metrics

NOT_PROVIDED = "Not provided"


@dataclass(frozen=True, slots=True)
class BenchmarkSection:
    """A benchmark's part of the report.

    Attributes
    ----------
    prose
        The card's own text, Markdown.
    """

    anchor: str
    name: str
    summary: str
    facts: tuple[tuple[str, str], ...]
    ledger: Table
    composition: tuple[Table, ...]
    gaps: tuple[str, ...]
    prose: str


def benchmarks(record: RunRecord, rows: FindingIndex, hidden: Hidden) -> tuple[BenchmarkSection, ...]:
    """Return every benchmark's part."""
    return tuple(_benchmark(record, rows, benchmark, hidden) for benchmark in record.run.benchmarks)


def _benchmark(record: RunRecord, rows: FindingIndex, kept: BenchmarkRecord, hidden: Hidden) -> BenchmarkSection:
    loaded = record.cards[kept.id]
    card = loaded.card
    facts = {
        "Owner": card.owner,
        "Licence": loaded.head.license,
        "Source": card.provenance.source,
        "Consent": card.consent.basis,
        "Collected": card.collected,
        "Population": card.population,
        "Sampling": card.sampling,
        "Label": f"{card.label.meaning}; {card.label.source}",
        "How the label can be wrong": card.label.known_error,
        "Rows that belong together": ", ".join(card.unit) or "none declared",
        "Attributes": "; ".join(
            f"{a.name} ({a.obtained.replace('_', ' ')}{f': {a.note}' if a.note else ''})" for a in card.attributes
        ),
        "Leaks": _leaks(kept.leaks),
        "Suitable for": "; ".join(card.uses.suitable) or None,
        "Not suitable for": "; ".join(card.uses.unsuitable) or None,
        "Next review": card.next_review,
    }
    listed = tuple((label, text or NOT_PROVIDED) for label, text in facts.items())
    composition = tuple(_composition(rows, kept, view) for view in kept.views)
    if kept.texts is not None:
        composition += tuple(_reading(kept, kept.texts, name, hidden) for name in kept.texts.attributes)
    return BenchmarkSection(
        f"b-{card.id}",
        kept.key,
        card.summary,
        listed,
        _ledger(record, kept, hidden),
        composition,
        card.known_gaps,
        loaded.prose,
    )


def _leaks(leaks: LeaksRecord | None) -> str:
    if leaks is None:
        return "not examined: the predictions were made elsewhere, and what the models learned from is not known here"
    found = [f"{twins.exact:,} exact and {twins.near:,} near repeats in {side}" for side, twins in leaks.pairs.items()]
    left = f"{leaks.residual:,} of {leaks.judged:,} judged cases still have a twin on the adaptation side"
    tolerated = f"tolerated {formats.percent(leaks.tolerated)}"
    return f"{formats.listing(found)} before the card's rule was applied; {left} ({tolerated})"


def _ledger(record: RunRecord, kept: BenchmarkRecord, hidden: Hidden) -> Table:
    below = record.audit.policy.suppress_below

    def shown(what: str, n: int) -> str:
        counted = what.endswith(" unknown") or what.startswith("answers of ")
        secret = counted and (0 < n < below or unknown_is_hidden(kept.key, what, hidden))
        return formats.STATUS_WORDS[SUPPRESSED] if secret else formats.count(n)

    rows = []
    for name, ledger in _ledgers(record, kept):
        source = "answers in the file" if name.endswith(", answers") else "rows in the files"
        rows.append((name, source, formats.count(ledger.n_in), ""))
        for reason, n in ledger.n_excluded.items():
            rows.append(
                (name, f"left out: {reason}", formats.count(n), by_group(ledger, reason, kept.key, hidden, below))
            )
        rows.append((name, "used", formats.count(ledger.n_used), ""))
        for what, n in ledger.notes.items():
            rows.append((name, f"of these: {what}", shown(what, n), by_group(ledger, what, kept.key, hidden, below)))
    made = tables.table(f"l-{kept.id}", "Where every row went", ("Side", "What", "Rows", "By group"), rows, 2, band=0)
    return replace(made, numeric=(False, False, True, False))


def _ledgers(record: RunRecord, kept: BenchmarkRecord) -> Iterator[tuple[str, LedgerRecord]]:
    """Yield what became of the judged rows, and of the rows that were adapted on or the answers that were given."""
    yield f"{kept.id}, judged", kept.ledger
    if record.given is not None:
        yield f"{record.given.file}, answers", record.given.ledgers[kept.id]
    if record.run.adaptation is not None:
        yield f"{record.run.adaptation.card}, adapted on", record.run.adaptation.ledger
    if record.source is not None:
        yield f"{record.source.card}, source trained on", record.source.ledger


def _composition(rows: FindingIndex, kept: BenchmarkRecord, view: tuple[str, ...]) -> Table:
    listed = []
    for group in rows.groups(kept.key, view):
        names = ("error_rate", "accuracy", *number_metrics())
        row = next((row for name in names if (row := rows.find(kept.key, "before", name, group))), None)
        unknown = " (membership not recorded)" if UNKNOWN_GROUP in group.values() else ""
        listed.append((formats.group_label(group) + unknown, tables.people(row)))
    return tables.table(
        f"n-{kept.id}-{'-'.join(view)}",
        f"Judged cases by {' and '.join(view)}",
        (" and ".join(view), "Cases"),
        listed,
    )


def _reading(kept: BenchmarkRecord, texts: TextReading, attribute: str, hidden: Hidden) -> Table:
    """Return how the texts of an attribute's groups were read, everyone's first."""

    def cells(one: GroupReading) -> tuple[str, ...]:
        name = formats.group_label(one.group)
        if (kept.key, one.key) in hidden:
            return name, *[formats.STATUS_WORDS[SUPPRESSED]] * 4
        cut, empty = (formats.percent(n / one.texts) for n in (one.cut, one.empty))
        return name, formats.mean_count(one.mean), formats.percent(one.unknown_share), cut, empty

    return tables.table(
        f"t-{kept.id}-{attribute}",
        f"How texts were read by {attribute}; cut at {texts.most_tokens} tokens",
        (attribute, "Tokens a text", "Unknown tokens", "Texts cut", "Texts without a token"),
        [cells(one) for one in (texts.everyone, *texts.of(attribute))],
    )


def failed_table(record: RunRecord) -> Table:
    """Return the jobs that have no result, with the reason."""
    rows = [
        (
            (job.strategy or "before") + (f" on {job.label_budget}" if job.label_budget else ""),
            job.benchmark,
            "–" if job.seed is None else str(job.seed),
            str(job.attempts),
            job.reason,
        )
        for job in record.run.failed_jobs
    ]
    headings = ("Model", "BenchmarkSection", "Seed", "Attempts", "Why there is no result")
    return tables.table("failed", "Jobs without a result", headings, rows, text_columns=5)


def reproduce(record: RunRecord, environment: Environment) -> tuple[tuple[str, str], ...]:
    """Return how to get the same numbers again."""
    libraries = ", ".join(f"{name} {version}" for name, version in environment.libraries.items())
    machine = f"{environment.cores} cores, {environment.processor}"
    promised = (
        "the same machine, number of threads, libraries and inputs give the same predictions; elsewhere they may differ in "
        "rounding"
    )
    if record.given is None:
        asked = "" if record.audit.model.precision == "auto" else " as the audit asks"
        machine = f"{environment.device}, {environment.precision}{asked}, {machine}{_threads(record)}"
    else:
        promised = (
            "the same predictions, cards and audit give the same findings; how the predictions were made is not known"
        )
    return (
        (
            "Command",
            "fairtransfer run, on the audit in its project; audit.yaml and cards/ here are copies of what was asked",
        ),
        ("Check the files", f"fairtransfer verify <run folder>, or sha256sum -c SHA256SUMS; run {record.id}"),
        ("Tool", f"fairtransfer {environment.fairtransfer}, code sha256 {environment.code_sha256[:16]}…"),
        ("Libraries", f"{libraries}; Python {environment.python}"),
        ("Machine", machine),
        ("What is promised", promised),
    )


def _threads(record: RunRecord) -> str:
    """Return with how many threads the jobs were computed; nothing where none of them says so."""
    found = threads_of(record.jobs)
    told = [f"{number} ({formats.plural(jobs, 'job')})" for number, jobs in found.items()]
    return f"; threads: {formats.listing(told)}" if told else ""


def glossary(record: RunRecord) -> tuple[tuple[str, str], ...]:
    """Return the words a reader needs."""
    words = {
        "before": "the model as published, not adapted",
        "after": "the model adapted on local labels",
        CONTROL: strategy_kind(CONTROL).words,
        "95% interval": "made so that 95 of 100 such audits would have the true value inside theirs",
        "points": "percentage points: from 20% to 26% is +6 points",
        "newly wrong / right": "cases answered rightly before and wrongly after, and the reverse (averages over seeds)",
        "gate": "a limit that was set before the run, and the rule that judges it",
        "candidate": "the adapted model the verdict is about",
        "label budget": "how many labelled examples the model was adapted on",
        "seed": "the number that decides which examples, in which order, from which start: another draw of the recipe",
        "unit": "rows of one unit (person, document, pattern) are not independent and are always on the same side of a split",
    }
    if record.numeric:
        words = {name: said for name, said in words.items() if name not in ("points", "newly wrong / right")}
    words |= {s.name: s.way.words for s in record.audit.strategies}
    asked = metric_names(record.audit.metrics, record.audit.gates)
    words |= {sentences.metric_name(name): sentences.metric_words(name) for name in asked}
    return tuple(words.items())


_WANTED = (
    "collected",
    "population",
    "sampling",
    "annotators",
    "personal_data",
    "maintenance",
    "next_review",
    "ethics_review",
    "community_review",
    "citation",
)


def completeness(record: RunRecord) -> tuple[int, int, tuple[str, ...]]:
    """Return how many of the descriptive fields are filled, of how many, and which are blank."""
    fields: dict[str, object] = {"purpose.out_of_scope": record.audit.purpose.out_of_scope}
    for name, card in record.cards.items():
        fields |= {f"{name}.{field}": getattr(card.card, field) for field in _WANTED}
        fields |= {
            f"{name}.label.known_error": card.card.label.known_error,
            f"{name}.uses.suitable": card.card.uses.suitable or None,
        }
    blanks = tuple(name for name, value in fields.items() if not value)
    return len(fields) - len(blanks), len(fields), blanks
