"""Strategies that look at groups: they do what their sources say, are given the groups they ask for, and say what they used."""

from __future__ import annotations

import functools
import itertools
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.fair_options import BY, FEW, OPTIONS, QUICK, TRAINING
from support.plans import jobs_of
from support.planted_shortcut import CLASSES, Planted
from support.projects import image_project
from support.toy import edit, write_project

from fairtransfer import api
from fairtransfer.adapt.adversary import Game, Watched, _Reversed, adversary
from fairtransfer.adapt.cells import Cells, balanced_rows, cells_of, even_weights
from fairtransfer.adapt.hardware import Hardware
from fairtransfer.adapt.holdout import parted
from fairtransfer.adapt.inference import Runner
from fairtransfer.adapt.loop import drawn
from fairtransfer.adapt.selection import AVERAGE, Selection
from fairtransfer.adapt.strategies.adversarial import AdversarialOptions
from fairtransfer.adapt.strategies.full import FullOptions
from fairtransfer.adapt.strategies.group_dro import GroupDroOptions
from fairtransfer.adapt.strategies.jtt import JttOptions
from fairtransfer.adapt.strategies.probe import ProbeOptions
from fairtransfer.adapt.strategies.reductions import ReductionsOptions
from fairtransfer.adapt.strategies.reweight import ReweightOptions, kamiran_calders
from fairtransfer.adapt.strategies.threshold import ThresholdOptions
from fairtransfer.adapt.strategy import Adapted, Labelled, OneClass, Setting, strategy_named
from fairtransfer.adapt.task import Task
from fairtransfer.adapt.worst_case_loss import WorstCaseLoss
from fairtransfer.data.inputs import Texts
from fairtransfer.data.sides import Part
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.tables import read_table
from fairtransfer.models.backbone import Backbone, Network
from fairtransfer.spec.fair_options import GroupOptions
from fairtransfer.spec.strategies import STRATEGY_OPTIONS
from fairtransfer.spec.transfer_options import FineTuningOptions, Options

pytestmark = pytest.mark.train
every = pytest.mark.parametrize("name", sorted(OPTIONS))
PLANTED = Planted()
RUNNER = Runner(Hardware("cpu", "fp32"))


def fit(name: str, setting: Setting, options: Options | None = None) -> Adapted:
    return strategy_named(name.split(",")[0]).fit(setting, options or OPTIONS[name])


@functools.cache
def fitted(name: str) -> Adapted:
    """A fit of the planted rows that several tests look at."""
    return fit(name, PLANTED.setting())


def answers(adapted: Adapted, setting: Setting, groups: tuple[str, ...]) -> list[str]:
    """What the adapted model says of all rows."""
    if adapted.decision is not None:
        return adapted.decision.answers(setting.train.prepared, groups if adapted.decision.by else None)
    return setting.task.answers(setting.task.scores(adapted.logits(setting.train.prepared)))


# --- every one of them -------------------------------------------------------------------------------------------------


def test_every_strategy_with_groups_is_here() -> None:
    wanted = {kind for kind, options in STRATEGY_OPTIONS.items() if issubclass(options, GroupOptions)}

    assert {name.split(",")[0] for name in OPTIONS} == wanted


@every
def test_the_same_seed_gives_the_same_bytes_and_leaves_the_model_alone(name: str) -> None:
    again = PLANTED.setting()
    before = {key: tensor.clone() for key, tensor in again.backbone.module.state_dict().items()}

    left, right = fitted(name), fit(name, again)

    assert torch.equal(left.logits(PLANTED.prepared), right.logits(PLANTED.prepared))
    assert answers(left, again, PLANTED.groups) == answers(right, again, PLANTED.groups)
    assert left.record == right.record
    assert all(torch.equal(before[key], value) for key, value in again.backbone.module.state_dict().items())


@every
def test_the_record_says_what_was_chosen_and_by_which_rule(name: str) -> None:
    record = fitted(name).record

    assert "validation error of the worst cell" in record["selection"]
    assert 0 <= record["validation_error"] <= record["validation_worst_error"] <= 1
    assert record["trainable_parameters"] > 0
    assert record["trials"] >= 1


@every
def test_rows_of_unknown_membership_are_handled(name: str) -> None:
    """A third of the rows without a recorded group, and then all of them."""
    some = tuple("unknown" if i % 3 == 0 else group for i, group in enumerate(PLANTED.groups))

    for groups in (some, ("unknown",) * len(some)):
        adapted = fit(name, PLANTED.setting(groups=groups))

        assert torch.isfinite(adapted.logits(PLANTED.prepared)).all()
        assert set(answers(adapted, PLANTED.setting(), groups)) <= set(CLASSES)


SHORTCUT = {"on frozen": "probe", "fine-tuned": "full"}


@pytest.fixture(scope="module")
def plain() -> dict[str, float]:
    """Worst-cell accuracy where the shortcut is not minded."""
    setting = PLANTED.setting()
    probe = strategy_named("probe").fit(setting, ProbeOptions(inverse_penalties=FEW))
    return {"frozen": PLANTED.worst(probe), "full": PLANTED.worst(strategy_named("full").fit(setting, TRAINING))}


@pytest.mark.parametrize("name", [n for n in OPTIONS if n not in ("threshold", "reductions")])
def test_the_worst_cell_gains_where_a_shortcut_was_planted(name: str, plain: dict[str, float]) -> None:
    """Group and class go together in training 19 times out of 20; at the test they do not."""
    on = "full" if "full" in name or name in ("group_dro", "jtt", "adversarial") else "frozen"

    assert plain[on] < 0.65, "the shortcut is taken"
    assert PLANTED.worst(fitted(name)) > plain[on] + 0.1


@pytest.mark.parametrize("seed", [1, 2])
def test_who_minds_groups_serves_the_worst_cell_better_than_full_fine_tuning(seed: int) -> None:
    """Group DRO, JTT and DFR against `full` of the same length and seed; a probe of it, which minds nobody, is no better."""
    setting = PLANTED.setting(seed)

    full = PLANTED.worst(strategy_named("full").fit(setting, TRAINING))
    worst = {name: PLANTED.worst(fit(name, setting)) for name in ("group_dro", "jtt", "dfr", "dfr, full")}
    probe = PLANTED.worst(strategy_named("probe").fit(setting, ProbeOptions(inverse_penalties=FEW)))

    assert full < 0.65, "the shortcut is taken"
    assert probe < 0.65, "here too"
    assert {name: value > full + 0.1 for name, value in worst.items()} == dict.fromkeys(worst, True), (full, worst)


def test_jtt_is_told_nothing_of_the_training_rows_groups() -> None:
    setting = PLANTED.setting()
    blind = replace(setting, train=replace(setting.train, groups=None))

    assert torch.equal(fitted("jtt").logits(PLANTED.prepared), fit("jtt", blind).logits(PLANTED.prepared))
    with pytest.raises(AssertionError, match="given groups"):
        fit("dfr", blind)


def test_what_was_tried_is_counted_whole() -> None:
    """Penalties of heads, and each fine-tuning: whoever compares strategies sees what each was chosen from."""
    tried = {name: fitted(name).record["trials"] for name in ("reweight", "reweight, full", "dfr", "dfr, full")}

    assert tried == {"reweight": len(FEW), "reweight, full": 1, "dfr": 7, "dfr, full": 8}


def test_too_few_rows_end_with_a_status_and_not_with_a_fault() -> None:
    """No rows left for the last layer; a constraint that divides by nothing, in fairlearn."""
    setting = PLANTED.setting()
    no, yes = (next(i for i in setting.train.rows if PLANTED.y[i] == name) for name in ("no", "yes"))
    apart = tuple("a" if i == no else "unknown" for i in range(len(PLANTED.y)))
    two = replace(setting, train=replace(setting.train, rows=[no, yes], groups=apart))
    parity = ReductionsOptions(by=BY, cells="group", select="average", inverse_penalties=FEW)

    with pytest.raises(OneClass, match="none: the label budget is too small"):
        fit("dfr, full", two)
    with pytest.raises(FloatingPointError, match="weights that are no numbers"):
        fit("reductions", two, parity)


# --- weights and cells, the slow way -----------------------------------------------------------------------------------


people = st.lists(st.tuples(st.sampled_from(["a", "b", "unknown"]), st.sampled_from("xyz")), min_size=1, max_size=60)


@given(people)
def test_weights_are_kamiran_and_calders(rows: list[tuple[str, str]]) -> None:
    n, both = len(rows), Counter(rows)
    group, label = Counter(g for g, _ in rows), Counter(y for _, y in rows)
    expected = [(group[g] / n) * (label[y] / n) / (both[g, y] / n) for g, y in rows]

    found = kamiran_calders([g for g, _ in rows], [y for _, y in rows])

    assert found == pytest.approx(expected)


def cells(rows: list[tuple[str, str]], kind: str = "group_and_class") -> Cells:
    labelled = Labelled(PLANTED.prepared, tuple(y for _, y in rows), range(len(rows)), tuple(g for g, _ in rows))
    return cells_of(labelled, kind)


@given(people, st.integers(0, 5))
def test_a_balanced_subset_has_the_smallest_known_cell_of_every_cell(rows: list[tuple[str, str]], seed: int) -> None:
    sizes = Counter(rows)
    known = [n for (g, _), n in sizes.items() if g != "unknown"]

    kept = Counter(rows[i] for i in balanced_rows(cells(rows), seed, "test"))

    assert kept == {cell: min(n, min(known)) if known else n for cell, n in sizes.items()}


@given(people)
def test_even_weights_give_every_known_cell_the_same_and_unknown_rows_theirs(rows: list[tuple[str, str]]) -> None:
    weights = even_weights(cells(rows))
    total: Counter[tuple[str, str]] = Counter()
    for row, weight in zip(rows, weights, strict=True):
        total[row] += weight

    assert weights.sum() == pytest.approx(len(rows))
    assert len({round(w, 9) for (g, _), w in total.items() if g != "unknown"}) <= 1
    assert all(w == 1 for row, w in zip(rows, weights, strict=True) if row[0] == "unknown")


def test_another_subset_is_drawn_for_every_number_and_seed() -> None:
    found = cells([("a", "x")] * 30 + [("b", "x")] * 5)

    drawn_ = [tuple(balanced_rows(found, seed, "test", number)) for seed, number in ((0, 0), (0, 0), (0, 1), (1, 0))]

    assert drawn_[0] == drawn_[1]
    assert len(set(drawn_)) == 3


def test_rows_are_drawn_by_their_weight() -> None:
    order = drawn(np.array([3.0, 1.0, 0.0]))([1, 1, 1], 32, 0)
    counts = Counter(itertools.chain.from_iterable(next(order) for _ in range(200)))

    assert counts[0] / 6400 == pytest.approx(0.75, abs=0.03)
    assert counts[2] == 0


def test_group_dro_moves_its_weights_as_the_formula_does() -> None:
    """q <- q exp(step x (loss + C/sqrt(n))), normalised; a cell outside the batch has loss 0."""
    found = cells([("a", "x")] * 4 + [("a", "y")] * 1 + [("b", "x")] * 9, "group")
    options = GroupDroOptions(by=BY, step_size=0.5, adjustment=2.0)
    loss = WorstCaseLoss(Task(("x", "y")), found, options.step_size, options.adjustment, torch.device("cpu"))
    q = np.array([0.5, 0.5])
    rng = np.random.default_rng(0)
    for rows in ([0, 4, 6, 7], [0, 1], [9, 3]):
        logits, y = rng.normal(0, 1, (len(rows), 2)), [int(i == 4) for i in rows]
        own = [-np.log(np.exp(z[t]) / np.exp(z).sum()) for z, t in zip(logits, y, strict=True)]
        cell = [0 if i < 5 else 1 for i in rows]
        means = np.array([np.mean([v for v, c in zip(own, cell, strict=True) if c == k] or [0.0]) for k in (0, 1)])
        q = q * np.exp(0.5 * (means + 2.0 / np.sqrt([5, 9])))
        q = q / q.sum()

        value = loss(torch.tensor(logits, dtype=torch.float32), torch.tensor(y), rows)

        assert float(value) == pytest.approx(float((q * means).sum()), rel=1e-5)
        assert loss.q.numpy() == pytest.approx(q, rel=1e-5)


several = people.filter(lambda rows: len(rows) > 1)


def labelled(rows: list[tuple[str, str]], units: tuple[str, ...] | None = None) -> Labelled:
    y, groups = tuple(y for _, y in rows), tuple(g for g, _ in rows)
    return Labelled(PLANTED.prepared, y, range(len(rows)), groups, units)


@given(several, st.floats(0.1, 0.9), st.integers(0, 3))
def test_a_third_split_shares_no_row_and_leaves_every_class(
    rows: list[tuple[str, str]], share: float, seed: int
) -> None:
    train = labelled(rows)

    first, third = parted(train, "group_and_class", share, seed)

    assert sorted([*first.rows, *third.rows]) == list(range(len(rows)))
    assert set(first.labels) == set(train.labels)
    assert len(third.rows) <= max(1, round(share * len(rows)))


@given(several, st.lists(st.integers(0, 9), min_size=60, max_size=60), st.floats(0.1, 0.9), st.integers(0, 3))
def test_nobody_stands_on_both_sides_of_a_third_split(
    rows: list[tuple[str, str]], people_of: list[int], share: float, seed: int
) -> None:
    """Rows of one person go together, and no more of them than were asked for unless every person has more."""
    units = tuple(f"p{people_of[i]}" for i in range(len(rows)))
    train, wanted = labelled(rows, units), max(1, round(share * len(rows)))

    first, third = parted(train, "group_and_class", share, seed)

    assert sorted([*first.rows, *third.rows]) == list(range(len(rows)))
    assert set(first.unit_labels).isdisjoint(third.unit_labels)
    assert set(first.labels) == set(train.labels)
    assert len(third.rows) <= max(wanted, min(Counter(units).values()))


def test_rows_drawn_one_by_one_part_people() -> None:
    """The twin: without units the rows of a person do fall on both sides."""
    rows = [("a", "xy"[i % 2]) for i in range(40)]
    first, third = parted(labelled(rows), "group_and_class", 0.5, 0)

    assert {i // 4 for i in first.rows} & {i // 4 for i in third.rows}


def test_one_person_with_all_rows_is_not_parted() -> None:
    """Then there is no third split, which ends the job with that status."""
    first, third = parted(labelled([("a", "x"), ("a", "y")] * 4, ("p",) * 8), "group_and_class", 0.5, 0)

    assert (len(first.rows), len(third.rows)) == (8, 0)


# --- against somebody who reads the group -------------------------------------------------------------------------------


def read_off(network: Network) -> tuple[float, float]:
    """How well test rows' groups are read off the features within a class: by their neighbours, and as a share of the spread.

    The first is the balanced accuracy of 25 nearest neighbours (by chance 0.5), the second the correlation ratio.
    """
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.neighbors import KNeighborsClassifier

    x = RUNNER.features(network, PLANTED.prepared).numpy()
    group, y, test = np.array(PLANTED.groups), np.array(PLANTED.y), np.array(PLANTED.rows[2])
    right, share = [], []
    for label in CLASSES:
        rows = test[y[test] == label]
        known, asked = rows[::2], rows[1::2]
        neighbours = KNeighborsClassifier(25).fit(x[known], group[known])
        right.append(balanced_accuracy_score(group[asked], neighbours.predict(x[asked])))
        within = sum((group[rows] == g).mean() * x[rows][group[rows] == g].var(axis=0).sum() for g in set(group))
        share.append(1 - within / x[rows].var(axis=0).sum())
    return float(np.mean(right)), float(np.mean(share))


def test_the_group_is_harder_to_read_off_than_after_full_fine_tuning(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many steps, the same rows and heads: what goes with the group is a fraction, and the worst cell gains."""
    made: list[Network] = []
    real = Backbone.pretrained
    monkeypatch.setattr(Backbone, "pretrained", lambda self: made.append(real(self)) or made[-1])
    long = {**QUICK, "epochs": 60}

    def seen(name: str, options: Options) -> Any:
        found = []
        for seed in range(3):
            adapted = fit(name, PLANTED.setting(seed), options)
            found.append((*read_off(made[-1]), PLANTED.worst(adapted)))
        return np.mean(found, axis=0)

    by_neighbours, share, worst = seen("adversarial", AdversarialOptions(by=BY, strength=3.0, **long))
    plain_neighbours, plain_share, plain_worst = seen("full", FullOptions(**long))

    assert plain_neighbours > 0.98, "full fine-tuning leaves the group for everyone to see"
    assert by_neighbours < plain_neighbours - 0.05
    assert share < plain_share / 3
    assert worst > plain_worst + 0.1


def test_without_strength_the_adversary_watches_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte for byte `full`, where its gradient is not clipped together with the network's."""
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *_: None)
    options = AdversarialOptions(by=BY, strength=0.0, select="average", **QUICK)

    watched, full = fit("adversarial", PLANTED.setting(), options), fit("full", PLANTED.setting(), TRAINING)

    assert torch.equal(watched.logits(PLANTED.prepared), full.logits(PLANTED.prepared))
    assert watched.record["adversary_loss"] < 0.1, "it reads the group"
    assert watched.record["adversary_parameters"] > 0


def test_the_gradient_is_turned_round_and_grows_as_in_the_source() -> None:
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    _Reversed.apply(x, 0.25).pow(2).sum().backward()
    setting = PLANTED.setting()
    groups = cells_of(setting.train, "group")
    game = Game(setting, Watched(torch.nn.Linear(8, 2), torch.nn.Identity()), groups, 2.0, told_class=True)

    def strength(step: int) -> float:
        game.grow(step, 100)
        return game.strength

    assert x.grad is not None
    assert x.grad.tolist() == [-0.5, 1.0]
    assert [strength(p) for p in (0, 10, 50, 100)] == pytest.approx(
        [2 * (2 / (1 + np.exp(-10 * p)) - 1) for p in (0, 0.1, 0.5, 1)]
    )


def test_the_adversary_may_be_told_the_class_and_minds_every_group_alike() -> None:
    """Its loss is the mean over groups, however small; told of no class, it sees the features alone."""
    setting = PLANTED.setting(groups=tuple("left" if i % 10 else "right" for i in range(len(PLANTED.groups))))
    groups = cells_of(setting.train, "group")
    for told in (2, 0):
        head = Watched(torch.nn.Linear(8, 2), adversary(setting, groups, 64, told_class=told > 0))
        game = Game(setting, head, groups, 1.0, told_class=told > 0)
        rows = list(range(len(setting.train.rows)))
        y = setting.task.targets(setting.train.labels)
        features = setting.frozen.of(setting.train.prepared)[rows]
        loss = game(head(features), y, rows)
        shown = torch.cat([features, torch.nn.functional.one_hot(y, 2).float()], dim=1) if told else features
        own = torch.nn.functional.cross_entropy(head.adversary(shown), game.group[rows], reduction="none").detach()
        left = torch.tensor([g == "left" for g in setting.train.group_labels])

        assert head.adversary[0].in_features == 8 + told  # type: ignore[index]  # layers one after another
        assert game.last["adversary_loss"] == pytest.approx(float((own[left].mean() + own[~left].mean()) / 2), rel=1e-5)
        plain = float(setting.task.loss(head(features).detach(), y))
        assert float(loss.detach()) == pytest.approx(plain + game.last["adversary_loss"], rel=1e-5)


def test_with_selection_on_the_average_only_training_rows_need_groups() -> None:
    options = AdversarialOptions.model_validate({"by": "side", "select": "average", **QUICK})
    setting = PLANTED.setting()
    blind = replace(setting, val=replace(setting.val, groups=None))

    adapted = fit("adversarial", blind, options)

    assert options.group_stages == ("training",)
    assert torch.equal(adapted.logits(PLANTED.prepared), fit("adversarial", setting, options).logits(PLANTED.prepared))


# --- selection ---------------------------------------------------------------------------------------------------------


@given(st.integers(0, 1000))
def test_the_worst_cell_is_the_worst_cell(seed: int) -> None:
    """By counting; unknown membership is no group, and the average and the loss decide what is left open."""
    rng = random.Random(seed)
    n = 40
    y = tuple(rng.choice(CLASSES) for _ in range(n))
    groups = tuple(rng.choice(["a", "b", "unknown"]) for _ in range(n))
    logits = torch.tensor([[rng.gauss(0, 1), 0.0] for _ in range(n)])
    val = Labelled(PLANTED.prepared, y, range(n), groups)
    setting = replace(PLANTED.setting(), val=val)
    wrong = [CLASSES[int(z[0] <= 0)] != truth for z, truth in zip(logits.tolist(), y, strict=True)]
    known = sorted({(g, t) for g, t in zip(groups, y, strict=True) if g != "unknown"})
    errors = [np.mean([w for w, *c in zip(wrong, groups, y, strict=True) if tuple(c) == cell]) for cell in known]

    worst, error, loss = Selection("group_and_class").score(setting, logits)

    assert worst == pytest.approx(max(errors))
    assert (error, loss) == AVERAGE.score(setting, logits)
    assert error == pytest.approx(np.mean(wrong))


@pytest.mark.parametrize(
    ("select", "words"), [("average", "lowest validation error over"), ("worst_group", "of the worst")]
)
def test_the_rule_is_an_option_and_decides(select: str, words: str) -> None:
    setting = PLANTED.setting()
    options = ReweightOptions.model_validate({"by": "side", "select": select})

    record = fit("reweight", setting, options).record

    assert words in record["selection"]
    assert ("validation_worst_error" in record) == (select == "worst_group")
    assert options.group_stages == (("training", "validation") if select == "worst_group" else ("training",))


errors_of_groups = st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=1, max_size=8)


@given(errors_of_groups)
def test_the_rule_of_the_worst_group_takes_the_minimax_point_of_the_pareto_front(wrong: list[list[int]]) -> None:
    """The slow twin (after Zong et al. 2023): of those nobody beats in a group and equals in the rest, the lowest worst."""
    y, groups = ("no",) * 12, tuple(g for g in "abc" for _ in range(4))
    found = replace(PLANTED.setting(), val=Labelled(PLANTED.prepared, y, range(12), groups))
    rows = [[k < errors[g] for g in range(3) for k in range(4)] for errors in wrong]
    candidates = [torch.tensor([[0.0, 1.0] if off else [1.0, 0.0] for off in one]) for one in rows]
    front = [
        mine
        for mine in wrong
        if not any(other != mine and all(o <= m for o, m in zip(other, mine, strict=True)) for other in wrong)
    ]

    scores = [Selection("group").score(found, candidate) for candidate in candidates]
    taken = wrong[scores.index(min(scores))]

    assert taken in front
    assert max(taken) == min(max(errors) for errors in front)


def test_the_rules_can_disagree() -> None:
    """The twin: of these candidates the average prefers one and the worst cell the other."""
    y, groups = ("no",) * 9 + ("yes",), ("a",) * 5 + ("b",) * 5
    setting = replace(PLANTED.setting(), val=Labelled(PLANTED.prepared, y, range(10), groups))
    ignores = torch.tensor([[1.0, 0.0]] * 10)
    minds = torch.tensor([[0.0, 1.0]] * 2 + [[1.0, 0.0]] * 7 + [[0.0, 1.0]])
    rule = Selection("group_and_class")

    assert AVERAGE.score(setting, ignores) < AVERAGE.score(setting, minds)
    assert rule.score(setting, minds) < rule.score(setting, ignores)


# --- fairlearn ---------------------------------------------------------------------------------------------------------


def as_arrays(setting: Setting, part: Labelled) -> tuple[Any, Any, Any]:
    x = setting.frozen.of(part.prepared)[list(part.rows)].double().numpy()
    return x, np.array([int(y == "yes") for y in part.labels]), np.array(part.group_labels)


@pytest.mark.parametrize("constraints", ["demographic_parity", "equalized_odds", "false_negative_rate_parity"])
def test_thresholds_are_fairlearns(constraints: str) -> None:
    """Its optimiser, called directly on the probe's probabilities for the third split, answers the same."""
    from fairlearn.postprocessing import ThresholdOptimizer
    from sklearn.linear_model import LogisticRegression

    from fairtransfer.adapt.random_streams import stream_seed

    setting = PLANTED.setting(5)
    options = ThresholdOptions(by=BY, constraints=constraints, inverse_penalties=FEW)  # type: ignore[arg-type]  # a word
    adapted = fit("threshold", setting, options)
    _, third = parted(setting.train, "group_and_class", 0.5, 5)
    margin = (adapted.logits(PLANTED.prepared) @ torch.tensor([-1.0, 1.0])).double().numpy()
    unit = LogisticRegression().fit([[-1.0], [1.0]], [0, 1])
    unit.coef_, unit.intercept_ = np.array([[1.0]]), np.array([0.0])
    direct = ThresholdOptimizer(estimator=unit, constraints=constraints, prefit=True, predict_method="predict_proba")
    _, y, groups = as_arrays(setting, third)
    direct.fit(margin[list(third.rows)][:, None], y, sensitive_features=groups)
    expected = direct.predict(
        margin[:, None],
        sensitive_features=np.array(PLANTED.groups),
        random_state=stream_seed(5, "threshold") % 2**32,
    )

    found = answers(adapted, setting, PLANTED.groups)

    assert found == [CLASSES[int(value)] for value in expected]


def test_thresholds_use_the_group_of_the_row() -> None:
    """The same rows in other groups are answered otherwise; without a group of its own the probe answers."""
    setting = PLANTED.setting()
    adapted = fit("threshold", setting)
    other = tuple("left" if group == "right" else "right" for group in PLANTED.groups)
    strangers = ("unknown",) * len(other)

    assert adapted.decision is not None
    assert adapted.decision.by == BY
    assert answers(adapted, setting, PLANTED.groups) != answers(adapted, setting, other)
    assert answers(adapted, setting, strangers) == setting.task.answers(
        setting.task.scores(adapted.logits(PLANTED.prepared))
    )


def test_a_group_with_one_class_only_has_no_thresholds_of_its_own() -> None:
    """fairlearn refuses it; here it is told."""
    one = tuple(
        "lone" if y == "yes" and i % 4 == 0 else g
        for i, (g, y) in enumerate(zip(PLANTED.groups, PLANTED.y, strict=True))
    )

    adapted = fit("threshold", PLANTED.setting(groups=one))

    assert adapted.record["own_thresholds"] == ["left", "right"]


def test_the_positive_class_is_the_cards() -> None:
    """Equal false negative rates of one class are not equal false negative rates of the other."""
    options = ThresholdOptions(by=BY, constraints="false_negative_rate_parity", inverse_penalties=FEW)

    yes, also, no = (
        answers(fit("threshold", PLANTED.setting(positive=name), options), PLANTED.setting(), PLANTED.groups)
        for name in ("yes", None, "no")
    )

    assert yes == also
    assert yes != no


@pytest.mark.parametrize("constraints", ["demographic_parity", "error_rate_parity"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # fairlearn's, under pandas 3
def test_reductions_are_fairlearns(constraints: str) -> None:
    from fairlearn.reductions import DemographicParity, ErrorRateParity, ExponentiatedGradient
    from sklearn.linear_model import LogisticRegression

    from fairtransfer.adapt.random_streams import stream_seed

    setting = PLANTED.setting(2)
    options = ReductionsOptions(by=BY, constraints=constraints, inverse_penalties=(0.1,), max_iter=10)  # type: ignore[arg-type]  # a word
    x, y, groups = as_arrays(setting, setting.train)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    constraint = DemographicParity() if constraints == "demographic_parity" else ErrorRateParity()
    direct = ExponentiatedGradient(LogisticRegression(C=0.1, max_iter=300), constraint, max_iter=10)
    direct.fit((x - mean) / deviation, y, sensitive_features=groups)
    every_x = (PLANTED.prepared.x.double().numpy() - mean) / deviation
    expected = direct.predict(every_x, random_state=stream_seed(2, "reductions") % 2**32)

    adapted = fit("reductions", setting, options)

    assert answers(adapted, setting, PLANTED.groups) == [CLASSES[int(value)] for value in expected]
    chances = setting.task.scores(adapted.logits(PLANTED.prepared))[:, 1]
    assert chances == pytest.approx(direct._pmf_predict(every_x)[:, 1], abs=1e-5)
    assert adapted.decision is not None
    assert adapted.decision.by == ()


def test_reductions_meet_their_constraint_where_the_probe_does_not() -> None:
    """On training rows, where it is promised."""
    setting = PLANTED.setting()
    groups = np.array(setting.train.group_labels)

    def gap(adapted: Adapted) -> float:
        chances = setting.task.scores(adapted.logits(PLANTED.prepared))[list(setting.train.rows), 1]
        return abs(float(chances[groups == "left"].mean() - chances[groups == "right"].mean()))

    assert gap(fitted("reductions")) < 0.05
    assert gap(strategy_named("probe").fit(setting, ProbeOptions(inverse_penalties=FEW))) > 0.5


# --- from the data to the evidence -------------------------------------------------------------------------------------


def test_membership_goes_with_the_item_and_one_unknown_makes_all_unknown() -> None:
    columns = {"a": ("y", "x", "unknown", "x"), "b": ("2", "1", "1", "unknown")}
    part = Part(("r1", "r2", "r3", "r4"), ("n",) * 4, ("u",) * 4, columns, Texts(("t",) * 4))

    assert part.membership(("a",)) == ("y", "x", "unknown", "x")
    assert part.membership(("a", "b")) == ("a=y & b=2", "a=x & b=1", "unknown", "unknown")
    moved = part.take([2, 0])
    assert dict(zip(moved.ids, moved.membership(("a",)), strict=True)) == {"r3": "unknown", "r1": "y"}


STRATEGIES_LINE = "strategies: [probe, {full: {epochs: 2, min_steps: 4, batch_size: 16}}]"
QUICKLY = "epochs: 1, min_steps: 2"
WITH_GROUPS = (
    "strategies: [probe, {dfr: {by: size, refits: 2}}, {threshold: {by: size}}, "
    f"{{jtt: {{by: size, {QUICKLY}}}}}, {{adversarial: {{by: size, select: average, {QUICKLY}}}}}]"
)


def test_job_and_report_tell_how_many_group_labels_were_used(tmp_path: Path) -> None:
    audit = edit(
        image_project(tmp_path / "p", "array"), (STRATEGIES_LINE, WITH_GROUPS), ("seeds: [0, 1]", "seeds: [0]")
    )

    run = api.run(audit, workspace=tmp_path / "w")

    jobs = {job["strategy"]: job for job in map(read_json, run.folder.glob("jobs/*/job.json")) if job["strategy"]}
    judged = read_table(next(run.folder.glob("jobs/*/predictions.parquet"))).num_rows
    keys = [f"group_labels{stage}" for stage in ("_train", "_validation", "_prediction", "")]
    used = {name: [job["labels"][key] for key in keys] for name, job in jobs.items()}
    n, m = jobs["probe"]["labels"]["train"], jobs["probe"]["labels"]["validation"]
    assert used == {
        "probe": [0, 0, 0, 0],
        "dfr": [n, m, 0, n + m],
        "threshold": [n, m, judged, n + m + judged],
        "jtt": [0, m, 0, m],
        "adversarial": [n, 0, 0, n],
    }
    report = run.report_file.read_text()
    assert f"{n} + {m} + {judged}" in report
    assert "threshold: size in training, in validation and to answer anyone at all" in report


def test_other_groups_of_the_same_rows_are_other_jobs(tmp_path: Path) -> None:
    """Recoding an attribute changes no row: only strategies that look at it are done again."""
    audit = edit(image_project(tmp_path, "array"), (STRATEGIES_LINE, WITH_GROUPS))

    def ids() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for job in jobs_of(audit).jobs:
            found.setdefault(job.training.kind, set()).add(job.id)
        return found

    before = ids()
    edit(
        tmp_path / "data_cards" / "shapes.md",
        ("values: [small, large]}", "values: [tiny, large], recode: {small: tiny}}"),
    )
    after = ids()

    assert before["probe"] == after["probe"]
    assert all(before[kind].isdisjoint(after[kind]) for kind in ("dfr", "threshold", "jtt", "adversarial"))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("{dfr: {by: regoin}}", "did you mean `region`"),
        ("{group_dro: {by: [region, aeg]}}", "did you mean `age`"),
        ("{threshold: {by: region}}", "needs two classes, the task has 3"),
        ("{adversarial: {by: regoin}}", "did you mean `region`"),
        ("{dfr: {}}", "required key is missing"),
        ("{jtt: {}}", "`select: worst_group` needs `by`"),
        ("{balance: {by: region, training: {epochs: 1}}}", "write `on: full`"),
    ],
)
def test_what_cannot_be_is_refused_when_the_audit_is_read(tmp_path: Path, written: str, words: str) -> None:
    audit = edit(write_project(tmp_path), ("strategies: [probe,", f"strategies: [{written}, probe,"))

    with pytest.raises(DefinitionError, match=words.replace("[", "\\[")):
        api.load_audit(audit)


def test_the_short_form_of_fine_tuning_is_written_out(tmp_path: Path) -> None:
    """Defaults stand in the options, so that they stand in the evidence and decide the job's id."""
    short = ReweightOptions.model_validate({"by": "region", "on": "full"})
    again = ReweightOptions.model_validate(
        {**short.model_dump(mode="json"), "by": ("region",), "inverse_penalties": FEW}
    )

    assert short.training == FineTuningOptions()
    assert again.training == FineTuningOptions()
    assert JttOptions.model_validate({"select": "average"}).group_stages == ()
