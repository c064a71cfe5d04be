"""Every gate there is runs through every law and every document; a half-filled one does not get through."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.finished_runs import carry_out, rates, with_regions
from support.gate_laws import LAWS, Law, asked, is_planned_as_it_is_judged, line, reaches_every_outcome, short
from support.gate_world import EXPECTED
from support.plans import jobs_of
from support.tables import NAMES, table
from support.terminal import Command
from support.toy import edit, toy_rows, write_project

from fairtransfer import api, registry
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.foresight import foresee
from fairtransfer.gates.gap import Gap
from fairtransfer.gates.gate import Gate
from fairtransfer.gates.gate_design import GateDesign
from fairtransfer.measurement import measure
from fairtransfer.registry import Origin
from fairtransfer.report.sentences import metric_name, metric_words
from fairtransfer.runner.opened_data import open_data
from fairtransfer.spec.gates import gate_named, gates_known
from fairtransfer.stages import Planned
from fairtransfer.stats.gate_simulation import GateLayout
from fairtransfer.stats.truths import OneRate, Truth

ROOT = Path(__file__).parents[2]


def every() -> list[type[Gate]]:
    return [gate for gate in gates_known().values() if issubclass(gate, Gate)]


GATES = pytest.mark.parametrize("gate", every(), ids=lambda gate: gate.kind)


@GATES
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_every_gate_keeps_every_law(gate: type[Gate], law: Law) -> None:
    law(gate)


def test_all_that_is_registered_is_tried() -> None:
    assert [gate.kind for gate in every()] == list(registry.names("gates"))


@GATES
def test_readers_of_the_front_page_learn_of_every_gate(gate: type[Gate]) -> None:
    assert f"`{gate.kind}`" in (ROOT / "README.md").read_text(encoding="utf-8")


# --- what it needs -----------------------------------------------------------------------------------------------------


@GATES
@pytest.mark.parametrize("before", [True, False])
def test_a_table_without_what_a_gate_compares_with_is_refused(gate: type[Gate], *, before: bool) -> None:
    """`measure` never has a model trained from scratch, and may lack one from before."""
    columns = {**NAMES, "groups": ["region"], "positive": "yes"}
    frame = table()
    options = {"class": "yes"} if asked(gate).class_ else {}
    if not before:
        del columns["before"]
    lacking = gate.needs.scratch or (gate.needs.before and not before)

    if not lacking:
        assert measure(frame, gates=[short(gate, **options)], **columns).verdict.gates[0].kind == gate.kind
        return
    with pytest.raises(DefinitionError) as refused:
        measure(frame, gates=[short(gate, **options)], **columns)

    (problem,) = refused.value.problems
    assert (problem.code, problem.path) == ("FT-P019", "") or problem.code == "FT-P019"
    assert f"`{gate.kind}`" in problem.found
    assert asked(gate, **options).id in str(problem)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "p", toy_rows(120))


def with_gates(audit: Path, *lines: str) -> Path:
    audit.write_text(re.sub(r"gates:\n(?:  .*\n)+", "gates:\n" + "".join(lines), audit.read_text()))
    return audit


@GATES
def test_an_audit_without_what_a_gate_compares_with_is_refused(gate: type[Gate], project: Path, cli: Command) -> None:
    """The same sentence at the same line, whether an audit is validated or planned."""
    audit = with_gates(edit(project, (", scratch]", "]")), line(gate))
    where = f"audit.yaml:{audit.read_text().splitlines().index(line(gate).rstrip()) + 1}:"

    for command in ("validate", "plan"):
        code, out, err = cli(command, audit, *(["--no-probe"] if command == "plan" else []))
        lines = [told for told in (out + err).splitlines() if "FT-G029" in told]
        assert code == (2 if gate.needs.scratch else 0)
        assert [where in told for told in lines] == ([True] if gate.needs.scratch else [])


# --- plans -------------------------------------------------------------------------------------------------------------


@GATES
def test_a_plan_tells_the_power_of_the_gate_itself(gate: type[Gate], project: Path, cli: Command) -> None:
    audit = with_gates(project, line(gate))
    (told,) = foresee(Planned(jobs_of(audit), project.parents[2] / "w").opened()).gates
    own = asked(gate)

    assert (told.gate, told.kind, told.margin, told.limit) == (own.id, gate.kind, own.limit, own.stated(None))
    pairs = own.pairs([{"region": name} for name in ("north", "south", "unknown")])
    metrics = {side.metric for side in own.planned_sides(pairs)}
    assert len(told.groups) == len(pairs) * len(metrics) == 3 * len(metrics)
    assert {group.metric for group in told.groups} == metrics
    assert all(group.needed_to_pass and group.needed_to_fail for group in told.groups)
    assert all(group.detectable or not group.cases for group in told.groups), "unknown, where nobody has the class"
    assert {group.against for group in told.groups} == ({"everyone else"} if gate.compares_groups else {""})
    code, out, _ = cli("plan", audit, "--no-probe", "--workspace", project.parents[2] / "w")
    assert code == 0
    assert f"{own.id}, limit {own.stated(None)}, on toy" in out
    assert own.assumes.format(change="20%", error="20%", given="80%") in " ".join(out.split())


@GATES
def test_the_chances_of_a_plan_follow_from_the_gates_own_truth(gate: type[Gate], project: Path) -> None:
    """Simulated in a world where one group's harm is the limit itself, mistakes are as rare as they are promised to be."""
    files = api.load_audit(with_gates(project, line(gate)))
    part = open_data(files, jobs_of(files).roots).judged["toy"].part
    audit = files.loaded.audit
    design = GateDesign(asked(gate), "toy", part, False, files.classes, None, audit.policy, EXPECTED)
    truths: list[Truth] = [design.gate.truth(EXPECTED, 1.0, times) for times in (1.0, 0.0, 0.0)]
    sizes = [400, 300, 300]

    found = truths[0].simulate(
        truths, GateLayout(sizes, design.pairs), design.gate.harm_limit, 0.05, design.comparisons
    )

    assert found.passes <= 0.065
    assert found.fails <= 0.065


# --- documents ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that every gate judges, with a group of a few people that no document may tell of."""
    root = tmp_path_factory.mktemp("every")
    audit = with_regions(root, ("north", "south", "west", "east"), lambda person: 3 if person % 24 == 0 else person % 3)
    with_gates(audit, *map(line, every()))
    return carry_out(audit, rates(0.5, 0.2, east=0.9))


@GATES
def test_every_document_names_and_explains_the_gate(gate: type[Gate], judged: Path, cli: Command) -> None:
    own, report = asked(gate), judged / "report"
    name, asks = gate.title, f"{gate.title}: {gate.summary}."
    texts = [(report / f"report.{form}").read_text(encoding="utf-8") for form in ("html", "md")]
    texts = [text.replace("&#39;", "'").replace("\\", "") for text in texts]

    assert all(name in text and asks in text and own.demanded(None) in text for text in texts)
    verdict, public = read_json(judged / "verdict.json"), read_json(report / "report.json")["verdict"]
    for result in (next(g for g in found["gates"] if g["id"] == own.id) for found in (verdict, public)):
        assert (result["kind"], result["asks"], result["margin"]) == (gate.kind, gate.summary, own.limit)
    assert own.stated(None).split(" to ")[0] in next(g for g in verdict["gates"] if g["id"] == own.id)["reason"]
    _, out, _ = cli("gate", judged)
    assert own.id in out
    assert f"{gate.kind}: {gate.summary}" in " ".join(out.split())


@GATES
def test_the_gate_tells_nothing_of_a_hidden_group(gate: type[Gate], judged: Path) -> None:
    """Its own entry of a small group, and what it takes to judge it, stay in the evidence."""
    own = asked(gate)
    evidence = next(g for g in read_json(judged / "verdict.json")["gates"] if g["id"] == own.id)
    public = next(g for g in read_json(judged / "report" / "report.json")["verdict"]["gates"] if g["id"] == own.id)

    def named(content: Any) -> bool:
        return '"region":"east"' in json.dumps(content).replace(" ", "")

    assert named(evidence["contrasts"]), "the twin: it is there to be hidden"
    assert not named([public["contrasts"], public["needed"], public["decided_by"]])
    assert public["smallest_margin"] is None


@GATES
def test_what_a_gate_judges_is_told_of_every_group(gate: type[Gate], judged: Path) -> None:
    """Named under metrics or not: the metric, and the class the gate is about."""
    own, rows = asked(gate), read_json(judged / "findings.json")["rows"]
    mine = [row for row in rows if (row["metric"], row["class"]) == (own.metric, own.class_)]

    told = {row["group"].get("region") for row in mine if row["stage"] == "after" and not row.get("against")}
    assert {"north", "south", "west", "east"} <= told
    method = (judged / "report" / "report.md").read_text(encoding="utf-8").replace("\\", "")
    assert f"{metric_name(own.metric)}: {metric_words(own.metric)}" in method


@GATES
def test_the_rows_a_gate_wants_shown_are_findings(gate: type[Gate], judged: Path) -> None:
    own, rows = asked(gate), read_json(judged / "findings.json")["rows"]

    for stage, contrast in own.shown_rows:
        against = [row["against"] for row in rows if (row["stage"], row["metric"]) == (stage, own.metric)]
        assert against, stage
        assert contrast != "rest" or "rest" in against


# --- half-filled gates -------------------------------------------------------------------------------------------------


def test_a_gate_that_leaves_something_open_is_refused_when_it_is_defined() -> None:
    with pytest.raises(
        TypeError, match="`half` says nothing of: assumes, example, spread_of, title, contrasts, limit, truth"
    ):

        class Half(Gate):
            """Half a gate."""

            kind = "half"
            summary = "somebody may be told something"


class OtherPower(Gap):
    """A gap that is planned as if it were a rate."""

    kind = "other_power"
    example = "other_power:by=language,margin=0.1"

    def truth(self, expected: Any, ratio: float, times: float) -> Truth:  # type: ignore[override]
        return OneRate(times * self.margin)


class TooEasy(Gap):
    """A gap whose plan takes another margin for its own."""

    kind = "too_easy"
    example = "too_easy:by=language,margin=0.1"

    @property
    def harm_limit(self) -> float:
        return 2 * self.margin


class Backwards(Gap):
    """A gap that takes good for harm."""

    kind = "backwards"
    example = "backwards:by=language,margin=0.1"

    @property
    def harm_sign(self) -> int:
        return -super().harm_sign


@pytest.fixture
def faulty(request: pytest.FixtureRequest) -> Iterator[type[Gate]]:
    gate = request.param
    registry.register("gates", gate.kind, gate, origin=Origin("tests"))
    yield gate
    registry.forget("gates", gate.kind)


@pytest.mark.parametrize(
    ("faulty", "law"),
    [(OtherPower, reaches_every_outcome), (TooEasy, is_planned_as_it_is_judged), (Backwards, reaches_every_outcome)],
    indirect=["faulty"],
)
def test_a_gate_with_a_fault_does_not_get_through(faulty: type[Gate], law: Law) -> None:
    """The twin: registered like any other, and each caught by the law that is about it."""
    with pytest.raises(AssertionError):
        law(faulty)


def test_a_name_that_is_no_gate_is_refused() -> None:
    registry.register("gates", "nothing", "fairtransfer.formats:percent", origin=Origin("tests"))
    try:
        with pytest.raises(DefinitionError, match="FT-R025"):
            gate_named("nothing")
    finally:
        registry.forget("gates", "nothing")
