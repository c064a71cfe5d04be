"""What an audit asks of predictions that were made elsewhere, checked against the models their file holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fairtransfer.errors import Problem, shown
from fairtransfer.spec.audit import Audit, LoadedAudit
from fairtransfer.spec.gate_check import missing_models

CONTROL = "scratch"
"""An adapted model of this name is the one trained from scratch."""

AdaptedModel = tuple[str, str]  # strategy, label budget
SeedsOfModels = Mapping[AdaptedModel, Sequence[int]]


def control_of(audit: Audit) -> str:
    """Return the name of the strategy that trains from scratch, or would; empty when an audit lists none."""
    if audit.made_elsewhere:
        return CONTROL
    return next((s.name for s in audit.strategies if s.way.from_scratch), "")


def candidates(audit: Audit, models: SeedsOfModels) -> list[AdaptedModel]:
    """Return the models the verdict may be about: those the audit names, or all but the control."""
    stated = audit.candidate
    if stated is None:
        return [model for model in models if model[0] != CONTROL]
    written = f"{stated.label_budget:g}" if isinstance(stated.label_budget, float) else str(stated.label_budget)
    named = [model for model in models if model[0] == stated.strategy]
    return [model for model in named if model[1] == written] if "label_budget" in stated.model_fields_set else named


def given_problems(loaded: LoadedAudit, models: SeedsOfModels, fewest: int) -> Iterator[Problem]:
    """Yield what of an audit does not fit the models there are; `fewest`: seeds that a claim about a procedure needs."""
    audit, document = loaded.audit, loaded.document
    yield from _candidate(loaded, models)
    control = any(name == CONTROL for name, _ in models)
    for index, gate in enumerate(audit.gates):
        lacking = "" if control else f"a strategy `{CONTROL}` in the file of predictions"
        yield from missing_models(document, gate, ("gates", index, gate.kind), scratch=lacking)
    several = [model for model, seeds in models.items() if len(seeds) > 1]
    if audit.claim == "artifact" and several:
        found = f"the claim is about one trained model, and {_name(several[0])} has {len(models[several[0]])} seeds"
        yield document.problem("FT-Y054", ("claim",), found, "", "keep one seed, or write `claim: procedure`")
    few = [model for model in candidates(audit, models) if len(models[model]) < fewest]
    if audit.claim == "procedure" and few:
        n = len(models[few[0]])
        found = f"a claim about a procedure needs {fewest} seeds, {_name(few[0])} has {n}: nothing can pass"
        do = "add seeds, or write `claim: artifact`"
        yield document.problem("FT-Y055", ("claim",), found, "", do, warn=True)


def _candidate(loaded: LoadedAudit, models: SeedsOfModels) -> Iterator[Problem]:
    audit, document, found = loaded.audit, loaded.document, candidates(loaded.audit, models)
    listed = ", ".join(map(_name, list(models)[:12]))
    if audit.candidate is None and len(found) > 1:
        text = f"the file holds {len(found)} adapted models, and nothing but the audit can say which one is judged"
        yield document.problem("FT-Y053", ("candidate",), text, f"`candidate`: {listed}", "name one")
    elif audit.candidate is None and not found:
        text = "the only adapted model is the control"
        yield document.problem("FT-Y046", ("model", "source"), text, f"at least one strategy besides `{CONTROL}`")
    elif audit.candidate is not None and not found:
        named = any(name == audit.candidate.strategy for name, _ in models)
        code, key = ("FT-Y045", "label_budget") if named else ("FT-Y021", "strategy")
        text = f"{shown(str(getattr(audit.candidate, key)))} is not among the predictions"
        yield document.problem(code, ("candidate", key), text, f"there are: {listed}")
    elif audit.candidate is not None and len(found) > 1:
        text = f"`{shown(audit.candidate.strategy)}` has {len(found)} label budgets"
        yield document.problem("FT-Y053", ("candidate",), text, f"there are: {listed}", "add `label_budget`")


def _name(model: AdaptedModel) -> str:
    strategy, budget = model
    return f"`{shown(strategy)}`" + (f" on {budget} labels" if budget else "")
