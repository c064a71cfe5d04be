"""Reading an audit together with the cards it names, and checking whether they fit each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fairtransfer.errors import Problem, Problems, did_you_mean, relative, shown
from fairtransfer.spec.audit import LoadedAudit
from fairtransfer.spec.audit_files import AuditFiles
from fairtransfer.spec.card import LoadedCard
from fairtransfer.spec.card_check import PRETRAIN, card_problems, group_problems, pretraining_problems
from fairtransfer.spec.card_reading import read_card
from fairtransfer.spec.choice import why_not_chosen
from fairtransfer.spec.document import Place
from fairtransfer.spec.gate_check import gate_problems, has_scores
from fairtransfer.spec.number_check import number_problems
from fairtransfer.spec.partial import look_around
from fairtransfer.spec.questions import needs_class
from fairtransfer.spec.reading import read_audit
from fairtransfer.spec.strategies import controls
from fairtransfer.spec.strategy_check import strategy_problems


def load_audit(path: Path | str, problems: Problems | None = None, *, report_only: bool = False) -> AuditFiles:
    """Read an audit and every card it names, and check them together.

    Parameters
    ----------
    report_only
        Accept an audit without gates: nothing will be judged.

    Raises
    ------
    DefinitionError
        With every problem found in any of the files.
    """
    collected = problems if problems is not None else Problems()
    loaded = read_audit(_existing(Path(path), collected), collected)
    if loaded is None:
        look_around(Path(path), collected)
    files = None if loaded is None else _with_cards(loaded, collected)
    if loaded is not None and not loaded.audit.gates and not report_only:
        found, do = "an audit without gates cannot pass", "add a gate, or run with --report-only"
        collected.add(loaded.document.problem("FT-G021", ("gates",), found, "at least one gate", do))
    collected.raise_if_any()
    assert files is not None, "a part that cannot be read has been reported"
    return files


def load_card(path: Path | str, problems: Problems | None = None) -> LoadedCard:
    """Read one data card; raise `DefinitionError` with every problem found."""
    collected = problems if problems is not None else Problems()
    card = read_card(Path(path), collected)
    collected.raise_if_any()
    assert card is not None, "a card that cannot be read has been reported"
    return card


def _existing(path: Path, problems: Problems) -> Path:
    """Report another file whose name differs from this one by case only: it would be the same file elsewhere."""
    if path.is_file():
        twins = [p.name for p in path.parent.iterdir() if p.name.lower() == path.name.lower() and p.name != path.name]
        if twins:
            problems.add(
                Problem(
                    "FT-Y034",
                    f"`{path.name}` and `{twins[0]}` clash on case-insensitive systems",
                    "",
                    "rename one",
                    relative(path),
                )
            )
    return path


def _with_cards(loaded: LoadedAudit, problems: Problems) -> AuditFiles | None:
    audit = loaded.audit
    read: dict[Path, LoadedCard | None] = {}
    found = [
        _card(loaded, ref.card, ("benchmarks", i, "card"), read, problems) for i, ref in enumerate(audit.benchmarks)
    ]
    at: Place = ("adapt_on", "card") if audit.adapt_on else ("benchmarks", 0, "card")
    training = _card(loaded, audit.training_set.card, at, read, problems)
    asked = audit.model.pretrain
    source = None if asked is None else _card(loaded, asked.card, (*PRETRAIN, "card"), read, problems)
    cards = [card for card in found if card is not None]
    if training is None or len(cards) < len(found) or (asked is not None and source is None):
        return None
    files = AuditFiles(loaded, training, tuple(cards), problems.warnings, source)
    problems.extend(_problems(files))
    return files


def _card(
    loaded: LoadedAudit, written: str, at: Place, read: dict[Path, LoadedCard | None], problems: Problems
) -> LoadedCard | None:
    path = loaded.locate(written).resolve()
    if path in read:
        return read[path]
    if not path.is_relative_to(loaded.root):
        problems.add(
            loaded.document.problem(
                "FT-D002", at, f"card path leaves the project folder: `{shown(written)}`", "a path inside the project"
            )
        )
        read[path] = None
    elif not path.is_file():
        problems.add(
            loaded.document.problem(
                "FT-D001", at, f"card `{shown(written)}` not found", f"looked for {relative(path)}", "check the path"
            )
        )
        read[path] = None
    else:
        read[path] = read_card(path, problems)
    return read[path]


def _problems(files: AuditFiles) -> Iterator[Problem]:
    document, audit = files.loaded.document, files.loaded.audit
    seen: dict[str, int] = {}
    for index, (ref, card) in enumerate(zip(audit.benchmarks, files.benchmarks, strict=True)):
        at: Place = ("benchmarks", index)
        line = document.place((*at, "card"))[0]
        if card.card.id in seen:
            yield document.problem(
                "FT-Y032",
                (*at, "card"),
                f"`{card.card.id}` defined at lines {seen[card.card.id]} and {line}",
                "",
                "list each benchmark once",
            )
        seen[card.card.id] = line
        yield from card_problems(files, ref, card.card, at)
        yield from group_problems(files, ref, card.card, at)
    at = ("adapt_on",) if audit.adapt_on else ("benchmarks", 0)
    yield from card_problems(files, audit.training_set, files.training.card, at)
    yield from number_problems(files)
    if audit.model.pretrain is not None and files.source is not None:
        yield from pretraining_problems(files, audit.model.pretrain, files.source.card)
    yield from _names(files)
    yield from _mapped_answers(files)
    yield from _selection(files)
    yield from _metrics(files)
    for index, strategy in enumerate(audit.strategies):
        yield from strategy_problems(files, strategy, ("strategies", index, strategy.kind))
    for index, gate in enumerate(audit.gates):
        yield from gate_problems(files, gate, ("gates", index, gate.kind))


def _mapped_answers(files: AuditFiles) -> Iterator[Problem]:
    """Check that words of given answers are mapped to classes; a word that is mapped to itself is meant as it is."""
    for word, name in files.loaded.audit.model.map.items():
        if name not in files.classes and name != word:
            found, hint = f"`{shown(name)}` is not a class", did_you_mean(name, files.classes)
            yield files.loaded.document.problem("FT-P106", ("model", "map", word), found, hint)


def _names(files: AuditFiles) -> Iterator[Problem]:
    """Check that words for the prompt, the candidate and mapped labels name things that exist."""
    document, audit = files.loaded.document, files.loaded.audit
    if audit.made_elsewhere:
        return  # the file of predictions names its models; it is looked at when the audit is planned
    before = audit.before_stage
    for name, place in before.way.classes_named(before.options).items():
        if name not in files.classes:
            hint, at = did_you_mean(name, files.classes), ("before", before.kind, *place)
            yield document.problem("FT-M015", at, f"`{shown(name)}` is not a class", "", hint, at_key=True)
    if audit.candidate is not None:
        names = [s.name for s in audit.strategies]
        if audit.candidate.strategy not in names:
            yield document.problem(
                "FT-Y021",
                ("candidate", "strategy"),
                f"`{shown(audit.candidate.strategy)}` is not among the strategies",
                f"listed: {', '.join(names)}",
            )
        if audit.candidate.label_budget not in audit.label_budgets:
            yield document.problem(
                "FT-Y045",
                ("candidate", "label_budget"),
                f"{audit.candidate.label_budget} is not among the label budgets",
            )
    elif all(s.way.control for s in audit.strategies):
        allowed = f"at least one strategy besides {' and '.join(f'`{name}`' for name in controls())}"
        yield document.problem("FT-Y046", ("strategies",), "only controls are listed", allowed)


def _selection(files: AuditFiles) -> Iterator[Problem]:
    """Warn of seeds that are to choose where nothing is chosen by seeds."""
    audit = files.loaded.audit
    if audit.selection_seeds is not None and (why := why_not_chosen(audit)) is not None:
        found = f"no model is chosen by seeds: {why}; every strategy is trained with `seeds`"
        yield files.loaded.document.problem(
            "FT-Y102", ("selection_seeds",), found, "", "delete it", at_key=True, warn=True
        )


def _metrics(files: AuditFiles) -> Iterator[Problem]:
    """Check that there are scores for metrics made of them, and that those of one class say which."""
    multilabel = any(card.card.label.type == "multilabel" for card in files.benchmarks)
    for index, metric in enumerate(files.loaded.audit.metrics):
        yield from has_scores(files, metric.name, ("metrics", index))
        if needs_class(metric, files.positive_class, multilabel=multilabel, favourable=files.favourable_class):
            found = f"`{metric.name}` is about one class against the rest, and no class is named"
            do = f"write `{{{metric.name}: {{per_class: true}}}}`, or name the card's `positive_class`"
            yield files.loaded.document.problem("FT-Y047", ("metrics", index), found, "", do)
