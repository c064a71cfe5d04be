"""What a report says in sentences: facts, findings, what the audit cannot tell, and the scope."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fairtransfer import formats
from fairtransfer.evidence.run_file import BenchmarkRecord, SourceRecord
from fairtransfer.evidence.text_reading import told
from fairtransfer.findings.details import MembershipDetails
from fairtransfer.findings.gap_details import Group
from fairtransfer.findings.rows import Finding, Stage
from fairtransfer.findings.run_record import RunRecord
from fairtransfer.report import sentences
from fairtransfer.report.finding_index import Metric
from fairtransfer.report.subject import Subject
from fairtransfer.report.suppress import by_group, unknown_is_hidden
from fairtransfer.report.who_changed import against_scratch, who_changed
from fairtransfer.spec.card import Card
from fairtransfer.spec.strategies import strategy_kind

NOT_PROVIDED = "Not provided"
BIAS = ("mean_error", None)
MOST_NAMED = 12
"""Groups named in one sentence."""


def facts(record: RunRecord, subject: Subject, digest: str) -> Iterator[tuple[str, str]]:
    """Yield label and text of what was audited."""
    run, audit = record.run, record.audit
    chosen = subject.candidate if subject.strategy else "no result"
    yield "Who is affected", audit.purpose.affected
    if record.given is not None:
        yield "Predictions", f"made elsewhere: {record.given.file} (sha256 {record.given.sha256[:16]}…)"
        yield "Adapted model", chosen
    else:
        yield "Base model", f"{base_model(record)} (sha256 {run.model.sha256[:16]}…)"
        yield "Adapted by", chosen
        if subject.strategy:
            kinds = {strategy.name: strategy.kind for strategy in audit.strategies}
            yield f"What {subject.strategy} does", strategy_kind(kinds[subject.strategy]).words
    claim = "the recipe, over seeds" if audit.claim == "procedure" else "one trained model"
    seeds = record.models.get((subject.strategy, subject.budget or ""), audit.seeds)
    yield "Claim", f"about {claim} ({_seeds(record, subject, seeds)})"
    judged = [f"{benchmark.key} ({formats.plural(benchmark.rows, 'case')})" for benchmark in run.benchmarks]
    yield "Judged on", formats.listing(judged)
    yield "Audit and run", f"{audit.id}, {record.id}"
    yield "Evidence", f"findings.json, sha256 {digest[:16]}…; to check: fairtransfer verify"


def _seeds(record: RunRecord, subject: Subject, seeds: Sequence[int]) -> str:
    """Return on how many seeds a claim rests, and whether these chose what is judged on them."""
    many = formats.plural(len(seeds), "seed")
    chosen = subject.verdict.candidate
    if chosen is not None and chosen.seeds:
        return f"{many}; {chosen.strategy} was {chosen.seeds}"
    if record.given is not None and len(record.models) > 1 and len(seeds) > 1:
        return f"{many}; whether these chose the model is not known here"
    return many


def findings(subject: Subject) -> tuple[tuple[str, ...], ...]:
    """Return the sentences about every benchmark, what matters most first: three to nine, and harm by other judged metrics."""
    if not subject.can_be_told:
        return (("No metric here has a side on which harm lies; the tables hold the numbers of every group.",),)
    several = len(subject.study.benchmarks) > 1
    return tuple(
        tuple(
            f"{benchmark.id}: {sentence}" if several else sentence
            for sentence in _findings(subject, benchmark.key, subject.view_of(benchmark))
            if sentence
        )
        for benchmark in subject.study.benchmarks
    )


def _findings(subject: Subject, key: str, view: tuple[str, ...]) -> Iterator[str | None]:
    everyone = subject.one(key, "change", {})
    yield sentences.overall(subject.one(key, "before", {}), subject.one(key, "after", {}), everyone)
    groups = subject.rows.groups(key, view)
    changes = [(formats.group_label(g), row) for g in groups if (row := subject.one(key, "change", g))]
    who = who_changed(changes, everyone, subject.stages)
    yield who.worse
    yield _worst_served(subject, key, groups, subject.metric)
    yield who.worse_alone
    for metric in subject.also_judged:
        yield from _also_judged(subject, key, groups, metric)
    yield who.untold
    yield who.better
    yield who.better_alone
    before, after, moved = (_gap(subject, key, view, stage) for stage in _STAGES)
    if subject.of_numbers:
        bias = [(formats.group_label(g), subject.one(key, "after", g, BIAS)) for g in groups]
        yield sentences.leaning([(name, row) for name, row in bias if row is not None], subject.stages.after)
    yield sentences.levelled_down(moved)
    yield sentences.gap(before, after, " and ".join(view))
    gains = [(formats.group_label(g), row) for g in groups if (row := subject.one(key, "gain", g))]
    yield against_scratch(gains)


_STAGES: tuple[Stage, ...] = ("before", "after", "change")


def _gap(subject: Subject, key: str, view: tuple[str, ...], stage: Stage) -> Finding | None:
    """Return the gap between a view's groups, of the candidate or the model before."""
    gaps = (row for row in subject.rows.gaps(key, subject.metric) if row.stage == stage and subject.is_candidate(row))
    return next((row for row in gaps if set(row.group) == set(view)), None)


def _also_judged(subject: Subject, key: str, groups: list[Group], metric: Metric) -> Iterator[str | None]:
    """Yield whom another judged metric shows to be harmed; where its gate fails, who is served worst by it."""
    rows = [(formats.group_label(g), row) for g in groups if (row := subject.one(key, "change", g, metric))]
    who = who_changed(rows, subject.one(key, "change", {}, metric), subject.stages)
    yield who.worse
    yield who.worse_alone
    if subject.fails(metric):
        yield _worst_served(subject, key, groups, metric)


def _worst_served(subject: Subject, key: str, groups: list[Group], metric: Metric) -> str | None:
    after = [(g, row) for g in groups if (row := subject.one(key, "after", g, metric)) and row.status == "ok"]
    if not after:
        return None
    worst = max if after[0][1].harm_direction == "higher_is_worse" else min
    group, row = worst(after, key=lambda pair: pair[1].estimate or 0.0)
    every = len(after) == len(groups)
    before, stages = subject.one(key, "before", group, metric), subject.stages if subject.study.has_before else None
    return sentences.worst_served(formats.group_label(group), before, row, every=every, stages=stages)


def unknowns(record: RunRecord, subject: Subject) -> Iterator[str]:
    """Yield what the audit cannot tell, the gaps that data cards state last."""
    yield examined(subject)
    for benchmark in record.run.benchmarks:
        yield from _of_benchmark(record, subject, benchmark, record.cards[benchmark.id].card)
    yield from unassessed(subject)
    yield from notes(subject)
    if record.given is not None:
        yield (
            "How the models were made is not known here: the judged cases may have been among those they were adapted on "
            "or chosen by."
        )
    if record.plugins:
        yield (
            f"This was made with code that is not part of fairtransfer: {formats.listing(list(map(str, record.plugins)))}. "
            "Whether it does what it says was not examined."
        )
    if record.source is not None:
        yield _of_source(record.source)
    if record.source is None or record.source.start == "base":
        yield "What the model saw before it was published is not known; the benchmark may have been part of it."
    for name, card in record.cards.items():
        yield from (f"{name}: {gap}." for gap in card.card.known_gaps)


def base_model(record: RunRecord) -> str:
    """Return where the model came from; of a source that was trained here, on what."""
    source = record.source
    return record.run.model.source if source is None else f"{source.base}, trained here on {source.key} first"


def _of_source(source: SourceRecord) -> str:
    """Return what one trained source cannot tell."""
    left = sum(leaks.residual for leaks in source.leaks.values() if leaks is not None)
    twins = f" {formats.count(left)} judged cases stand again among its rows." if left else ""
    return (
        f"The source is one training on {source.key} with one seed: how another training of it would have come out is "
        "not in any interval. What of a result came from its rows is told only by a second audit with a control source."
        f"{twins}"
    )


def examined(subject: Subject) -> str:
    """Return which differences between people were looked at."""
    names = sorted({name for benchmark in subject.study.benchmarks for name in benchmark.attributes})
    if not names:
        return "No groups were given: differences between people were not examined."
    verb = "was" if len(names) == 1 else "were"
    return f"Only {formats.listing(names)} {verb} examined. About every other difference between people the numbers say nothing."


def unassessed(subject: Subject) -> Iterator[str]:
    """Yield what the people of unknown group could mean, who is too few to say anything of, and how many groups are hidden."""
    yield from if_unknown_belonged(subject)
    metric = subject.metric[0]
    little = (row for row in subject.rows.all if row.status == "too_small" and row.metric == metric and not row.against)
    small = sorted({formats.group_name(row.group) for row in little})
    if small:
        others = " and others" if len(small) > MOST_NAMED else ""
        yield f"Too few cases to say anything: {formats.listing(small[:MOST_NAMED])}{others}."
    if subject.hidden:
        hidden = formats.plural(len(subject.hidden), "small group")
        yield f"{hidden} hidden in this document; the verdict used them in full."


def notes(subject: Subject) -> Iterator[str]:
    """Yield what limits the verdict."""
    yield from (f"{note[0].upper()}{note[1:]}." for note in subject.verdict.notes)


def if_unknown_belonged(subject: Subject) -> Iterator[str]:
    """Yield, for every attribute with people of unknown group, which group they could put in the worst light."""
    several = len(subject.study.benchmarks) > 1
    for benchmark in subject.study.benchmarks if subject.of_rates else ():
        for attribute in benchmark.attributes:
            rows = (subject.one(benchmark.key, "after", g) for g in subject.rows.groups(benchmark.key, (attribute,)))
            known = [(row, made) for row in rows if row and (made := row.detail(MembershipDetails)) and made.difference]
            if known:
                row, details = max(known, key=lambda pair: sentences.could_be_worse(*pair))
                prefix = f"{benchmark.id}: " if several else ""
                yield prefix + sentences.if_unknown_belonged(attribute, row, details)


def _of_benchmark(record: RunRecord, subject: Subject, benchmark: BenchmarkRecord, card: Card) -> Iterator[str]:
    if card.synthetic.is_synthetic:
        how = card.synthetic.generator or "made up"
        yield f"{card.id} is synthetic: {how}. It shows how the model behaves on made-up cases, not how it serves people."
    for what, n in benchmark.ledger.notes.items():
        if what.endswith(" unknown") and not unknown_is_hidden(benchmark.key, what, subject.hidden):
            attribute = what.removesuffix(" unknown")
            people = formats.plural(n, "case")
            yield f"{card.id}: {people} without a recorded {attribute} {formats.noun(n, 'is', 'are')} the group `unknown`."
    if benchmark.texts is not None:
        hidden = {group for key, group in subject.hidden if key == benchmark.key}
        least = record.audit.policy.min_group
        yield from (f"{card.id}: {text}." for text in told(benchmark.texts, hidden, least))
    yield from _answers(record, benchmark, subject)
    if benchmark.leaks is not None and benchmark.leaks.blocks:
        twins = formats.count(benchmark.leaks.residual)
        yield f"{card.id}: {twins} of its cases stand again in the adaptation data, so no gate can pass on it."


def _answers(record: RunRecord, benchmark: BenchmarkRecord, subject: Subject) -> Iterator[str]:
    """Yield what is told of predictions made elsewhere: answers that are no class or read as another word, as far as not few."""
    if record.given is None:
        return
    ledger, below = record.given.ledgers[benchmark.id], record.audit.policy.suppress_below
    for note, n in ledger.notes.items():
        groups = by_group(ledger, note, benchmark.key, subject.hidden, below)
        told = f" ({groups})" if groups and n >= below else ""
        yield f"{benchmark.id}: {f'fewer than {below}' if n < below else formats.count(n)} {note}{told}."


def warnings(record: RunRecord) -> Iterator[str]:
    """Yield what the checks of the definitions and the data warned of."""
    yield from map(str, record.run.warnings)


def scope(record: RunRecord) -> Iterator[tuple[str, str]]:
    """Yield label and text of what the model is for, and what it is not for."""
    purpose = record.audit.purpose
    yield "Intended use", purpose.use
    yield "Who is affected", purpose.affected
    yield "Out of scope", purpose.out_of_scope or NOT_PROVIDED
    for name, card in record.cards.items():
        if card.card.uses.unsuitable:
            yield f"{name} is unsuitable for", "; ".join(card.card.uses.unsuitable)
