"""Adapting: budgets are nested, frozen means frozen, one seed drives everything, and what is random depends on (seed, step)."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.adapting import CLASSES, OPTIONS, RUNNER, TEXTS, Y, error, setting
from support.tiny_models import save_encoder, save_image_model
from torch import nn

from fairtransfer.adapt.before.native_head import NativeHeadOptions, class_columns
from fairtransfer.adapt.before.way import before_named
from fairtransfer.adapt.before.zero_shot import ZeroShotOptions
from fairtransfer.adapt.budgets import budget_rows, label_order
from fairtransfer.adapt.dropout import seeded_dropout
from fairtransfer.adapt.loop import batches, plan_steps
from fairtransfer.adapt.random_streams import torch_stream
from fairtransfer.adapt.strategies.full import FullOptions
from fairtransfer.adapt.strategies.lp_ft import LpFtOptions
from fairtransfer.adapt.strategies.probe import ProbeOptions
from fairtransfer.adapt.strategy import Diverged, Labelled, OneClass, Setting, strategy_named
from fairtransfer.adapt.task import Task
from fairtransfer.data.inputs import Texts
from fairtransfer.data.pictures import Images
from fairtransfer.errors import DefinitionError
from fairtransfer.models import inspect_checkpoint, open_backbone
from fairtransfer.models.backbone import Backbone
from fairtransfer.models.embedding import SeenRows
from fairtransfer.spec.transfer_options import Options

pytestmark = pytest.mark.train


# --- budgets -----------------------------------------------------------------------------------------------------------


labels = st.lists(st.sampled_from("aaaabbc"), min_size=3, max_size=120)


@given(labels, st.integers(0, 2**32 - 1), st.data())
def test_a_smaller_budget_is_part_of_every_larger_one(y: list[str], seed: int, data: st.DataObject) -> None:
    small, large = sorted(data.draw(st.tuples(st.integers(1, len(y)), st.integers(1, len(y)))))

    assert set(budget_rows(y, small, seed)) <= set(budget_rows(y, large, seed))
    assert len(budget_rows(y, small, seed)) == small


@given(labels, st.integers(0, 100))
def test_no_class_is_missed_by_a_budget_that_can_hold_all(y: list[str], seed: int) -> None:
    classes = len(set(y))

    assert len({y[i] for i in budget_rows(y, classes, seed)}) == classes


@given(st.integers(0, 100), st.integers(20, 200))
def test_budgets_hold_the_classes_in_proportion(seed: int, budget: int) -> None:
    y = ["a"] * 120 + ["b"] * 60 + ["c"] * 20

    counts = Counter(y[i] for i in budget_rows(y, budget, seed))

    assert all(abs(counts[name] - budget * share) <= 2 for name, share in (("a", 0.6), ("b", 0.3), ("c", 0.1)))


def test_another_seed_labels_other_rows() -> None:
    assert label_order(list(Y), 1).tolist() != label_order(list(Y), 2).tolist()
    assert label_order(list(Y), 1).tolist() == label_order(list(Y), 1).tolist()


# --- randomness --------------------------------------------------------------------------------------------------------


def test_dropout_is_a_function_of_seed_and_step() -> None:
    """Whatever was drawn before; and another step or seed draws something else."""
    x = torch.ones(50, 40)

    def drawn(seed: int, step: int) -> torch.Tensor:
        torch.rand(7)
        with seeded_dropout(seed, step, x.device):
            return nn.functional.dropout(x, 0.1, training=True)

    assert torch.equal(drawn(1, 5), drawn(1, 5))
    assert not torch.equal(drawn(1, 5), drawn(1, 6))
    assert not torch.equal(drawn(1, 5), drawn(2, 5))


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5])
def test_dropout_drops_its_share_and_keeps_the_mean(p: float) -> None:
    x = torch.ones(1000, 1000)
    with seeded_dropout(0, 0, x.device):
        found = nn.functional.dropout(x, p, training=True)

    assert (found == 0).float().mean().item() == pytest.approx(p, abs=0.005)
    assert found.mean().item() == pytest.approx(1, abs=0.005)


def test_dropout_has_the_gradient_of_its_mask_and_rests_in_evaluation() -> None:
    x = torch.ones(100, requires_grad=True)
    with seeded_dropout(0, 0, x.device):
        kept = nn.functional.dropout(x, 0.5, training=True)
        same = nn.Dropout(0.5).eval()(x)
    kept.sum().backward()

    assert x.grad is not None
    assert torch.equal(x.grad, kept.detach())
    assert torch.equal(same, x)


def test_a_stream_leaves_the_surrounding_random_state_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    with torch_stream(1, "head"):
        torch.rand(100)

    assert torch.equal(torch.rand(3), expected)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=80), st.integers(1, 16), st.integers(0, 5))
def test_every_row_is_in_every_epoch_once(lengths: list[int], size: int, seed: int) -> None:
    order = batches(lengths, size, seed)
    seen: list[int] = []
    while len(seen) < 2 * len(lengths):
        seen += next(order)

    assert sorted(seen[: len(lengths)]) == list(range(len(lengths)))
    assert sorted(seen[len(lengths) :]) == list(range(len(lengths)))


def test_small_budgets_still_get_their_steps() -> None:
    plan = plan_steps(8, FullOptions(epochs=2, min_steps=30, batch_size=4), checks=3)

    assert plan.steps == 30
    assert plan.checks[-1] == 30


# --- embeddings --------------------------------------------------------------------------------------------------------


def test_training_seen_rows_equals_training_the_whole_table() -> None:
    """AdamW without decay on the rows that occur gives what it gives on the whole table; the other rows stay."""
    torch.manual_seed(0)
    dense, table = nn.Embedding(50, 4), nn.Embedding(50, 4)
    table.load_state_dict(dense.state_dict())
    start = table.weight.detach().clone()
    sparse = SeenRows(table, [3, 7, 9])
    batches_ = [torch.tensor([[3, 7, 3]]), torch.tensor([[9, 7, 3]])]
    for module in (dense, sparse):
        module.train()
        optimizer = torch.optim.AdamW([p for p in module.parameters() if p.requires_grad], lr=0.1, weight_decay=0.0)
        for tokens in batches_:
            optimizer.zero_grad()
            (module(tokens) ** 2).sum().backward()
            optimizer.step()
    sparse.eval()
    everything = torch.arange(50)[None]

    assert torch.allclose(sparse(everything)[0, [3, 7, 9]], dense.weight[[3, 7, 9]], atol=1e-6)
    unseen = [i for i in range(50) if i not in (3, 7, 9)]
    assert torch.equal(sparse(everything)[0, unseen], start[unseen])


# --- strategies --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    folder = save_encoder(tmp_path_factory.mktemp("m") / "tiny", hidden_dropout_prob=0.1)
    return open_backbone(inspect_checkpoint(folder, "folder:tiny"), "text")


every = pytest.mark.parametrize("kind", sorted(OPTIONS))  # those that look at groups: tests/adapt/test_fair.py
learning = pytest.mark.parametrize("kind", sorted({*OPTIONS} - {"majority"}))


@learning
def test_every_strategy_learns_what_can_be_learned(encoder: Backbone, kind: str) -> None:
    found = setting(encoder)

    adapted = strategy_named(kind).fit(found, OPTIONS[kind])

    assert error(adapted, found) <= 0.1
    assert adapted.record["validation_error"] <= 0.2
    assert adapted.record["trainable_parameters"] > 0
    assert "validation" in adapted.record["selection"]


@every
def test_every_strategy_gives_the_same_bytes_for_the_same_seed(encoder: Backbone, kind: str) -> None:
    """And another seed gives something else, where anything is random."""
    first, again, other = (
        strategy_named(kind).fit(found, OPTIONS[kind]).logits(found.train.prepared)
        for found in (setting(encoder, seed=s) for s in (1, 1, 2))
    )

    assert torch.equal(first, again)
    if kind not in ("probe", "majority"):
        assert not torch.equal(first, other)


@every
def test_no_strategy_changes_a_byte_of_the_pretrained_model(encoder: Backbone, kind: str) -> None:
    before = {name: tensor.clone() for name, tensor in encoder.module.state_dict().items()}

    strategy_named(kind).fit(setting(encoder), OPTIONS[kind])

    assert all(torch.equal(before[name], tensor) for name, tensor in encoder.module.state_dict().items())


@every
def test_validation_labels_are_all_that_selection_sees(encoder: Backbone, kind: str) -> None:
    """Other labels of rows that are neither trained nor validated on change nothing."""
    y = tuple(Y[:32]) + tuple("tool" if v == "fruit" else "fruit" for v in Y[32:])

    def fitted(labels: tuple[str, ...]) -> torch.Tensor:
        found = setting(encoder, y=labels)
        train = Labelled(found.train.prepared, labels, [i for i in range(32) if i % 5])
        val = Labelled(found.val.prepared, labels, [i for i in range(32) if i % 5 == 0])
        part = Setting(encoder, found.frozen, RUNNER, found.task, train, val, 0, lambda share: None)
        return strategy_named(kind).fit(part, OPTIONS[kind]).logits(found.train.prepared)

    assert torch.equal(fitted(Y), fitted(y))


def test_frozen_is_frozen_for_batch_norm_too(tmp_path: Path) -> None:
    """A probe leaves running statistics alone; training the same network does not, so the check can fail."""
    folder = save_image_model(tmp_path / "m", ["x", "y"])
    backbone = open_backbone(inspect_checkpoint(folder, "folder:m"), "image")
    rng = np.random.default_rng(0)
    pictures = Images.of((rng.integers(0, 80, (32, 32)) + 150 * (i % 2)).astype(np.uint8) for i in range(32))
    found = setting(backbone, pictures, Y[:32])
    before = {name: tensor.clone() for name, tensor in backbone.module.state_dict().items() if "running" in name}

    strategy_named("probe").fit(found, ProbeOptions())
    unchanged = all(torch.equal(before[name], backbone.module.state_dict()[name]) for name in before)
    network = backbone.pretrained()
    network.module.train()
    network.features(found.train.prepared.batch(range(8), torch.device("cpu")))
    moved = any(not torch.equal(before[name], network.module.state_dict()[name]) for name in before)

    assert before
    assert unchanged
    assert moved


def test_lp_ft_starts_where_the_probe_ends(encoder: Backbone) -> None:
    """With a learning rate of nearly nothing it is the probe."""
    found = setting(encoder)
    probe = strategy_named("probe").fit(found, ProbeOptions()).logits(found.train.prepared)
    options = LpFtOptions(epochs=1, min_steps=1, lr=1e-12, head_lr=1e-12)

    lp_ft = strategy_named("lp_ft").fit(found, options).logits(found.train.prepared)

    assert torch.allclose(probe, lp_ft, atol=1e-3)


def test_scratch_knows_nothing_of_the_pretrained_weights(encoder: Backbone, tmp_path: Path) -> None:
    """Two checkpoints of one architecture with other weights give the same model from scratch."""
    other = open_backbone(inspect_checkpoint(save_encoder(tmp_path / "other", seed=9), "folder:o"), "text")

    first, second = (
        strategy_named("scratch").fit(setting(b), OPTIONS["scratch"]).logits(b.prepare(TEXTS)) for b in (encoder, other)
    )

    assert torch.equal(first, second)


def test_an_exploding_loss_is_a_result_of_its_own(encoder: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step at which the loss stopped being a number is told; nothing is returned."""
    losses = iter([1.0, 1.0, math.nan])
    whole = Task.loss
    monkeypatch.setattr(Task, "loss", lambda self, x, y: whole(self, x, y) * next(losses))

    with pytest.raises(Diverged) as error:
        strategy_named("full").fit(setting(encoder), FullOptions(epochs=5, min_steps=20))

    assert str(error.value) == "the loss became NaN or infinite at step 3"


@pytest.mark.parametrize("kind", ["probe", "full"])
def test_several_labels_at_once_are_learned_too(encoder: Backbone, kind: str) -> None:
    y = tuple(
        "|".join(filter(None, ["fruit" if v == "fruit" else "", "big" if "big" in t else ""]))
        for v, t in zip(Y, TEXTS.values, strict=True)
    )
    found = setting(encoder, y=y, task=Task(("fruit", "big"), multilabel=True))
    options: Options = (
        ProbeOptions() if kind == "probe" else FullOptions(epochs=20, lr=2e-3, head_lr=1e-2, batch_size=8)
    )

    adapted = strategy_named(kind).fit(found, options)

    assert error(adapted, found) <= 0.15
    assert set(found.task.answers(found.task.scores(adapted.logits(found.train.prepared)))) <= {
        "",
        "fruit",
        "big",
        "fruit|big",
    }


def test_a_class_without_training_rows_is_never_the_answer(encoder: Backbone) -> None:
    found = setting(encoder, task=Task(("fruit", "tool", "animal")))

    adapted = strategy_named("probe").fit(found, ProbeOptions())

    assert "animal" not in found.task.answers(found.task.scores(adapted.logits(found.train.prepared)))


# --- before ------------------------------------------------------------------------------------------------------------


def test_similarity_prefers_the_sentence_that_is_the_text(encoder: Backbone) -> None:
    """A text equal to a class's sentence is answered with that class: cosine similarity is 1 there."""
    texts = Texts(("a word about apple", "a word about hammer"))
    found = setting(encoder, texts, ("fruit", "tool"))
    options = ZeroShotOptions(prompt="a word about {label}", words={"fruit": "apple", "tool": "hammer"})

    adapted = before_named("zero_shot").ask(found, options)

    assert found.task.answers(found.task.scores(adapted.logits(found.train.prepared))) == ["fruit", "tool"]
    assert adapted.record["trainable_parameters"] == 0


def test_similarity_has_no_threshold_for_several_labels_at_once(encoder: Backbone) -> None:
    found = setting(encoder, task=Task(CLASSES, multilabel=True))

    with pytest.raises(DefinitionError, match="several labels at once") as refused:
        before_named("zero_shot").ask(found, ZeroShotOptions(prompt="{label}"))

    assert [problem.code for problem in refused.value.problems] == ["FT-M019"]


def test_an_entailment_model_is_asked_by_entailment(tmp_path: Path) -> None:
    """One pass per class over (text, sentence) pairs, scored by the entailment logit; order of its labels does not matter."""
    folder = save_encoder(tmp_path / "nli", labels=["contradiction", "neutral", "ENTAILMENT"])
    backbone = open_backbone(inspect_checkpoint(folder, "folder:nli"), "text")
    found = setting(backbone)

    adapted = before_named("zero_shot").ask(found, ZeroShotOptions(prompt="a word about {label}"))
    logits = adapted.logits(found.train.prepared)

    model = backbone.classifier()  # type: ignore[attr-defined]  # text models have one
    pair = backbone.prepare_pairs(Texts((TEXTS.values[0],)), "a word about tool")  # type: ignore[attr-defined]  # as above
    with torch.inference_mode():
        expected = model(**pair.batch([0], torch.device("cpu"))).logits[0, 2]
    assert logits.shape == (64, 2)
    assert torch.allclose(logits[0, 1], expected, atol=1e-5)


def test_a_checkpoints_own_head_is_mapped_to_the_classes(tmp_path: Path) -> None:
    folder = save_encoder(tmp_path / "c", labels=["EDIBLE", "HANDY", "RIPE"])
    backbone = open_backbone(inspect_checkpoint(folder, "folder:c"), "text")
    found = setting(backbone)
    options = NativeHeadOptions(labels={"EDIBLE": "fruit", "RIPE": "fruit", "HANDY": "tool"})

    logits = before_named("native_head").ask(found, options).logits(found.train.prepared)
    raw, names = backbone.native_logits(found.train.prepared, RUNNER)

    probabilities = raw.softmax(dim=1)
    assert names == ["EDIBLE", "HANDY", "RIPE"]
    assert torch.allclose(logits.exp()[:, 0], probabilities[:, 0] + probabilities[:, 2], atol=1e-5)


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({}, "no label of the checkpoint means `fruit`"),
        ({"EDIBEL": "fruit"}, "did you mean `EDIBLE`"),
        ({"EDIBLE": "food"}, "`food` is not a class"),
    ],
)
def test_a_label_map_that_does_not_fit_is_told(mapping: dict[str, str], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        class_columns(["EDIBLE", "HANDY"], mapping, CLASSES)


def test_equal_names_need_no_map() -> None:
    assert class_columns(["tool", "fruit"], {}, CLASSES) == {"fruit": [1], "tool": [0]}


def test_a_probe_can_stand_for_the_model_as_published(encoder: Backbone) -> None:
    found = setting(encoder)

    adapted = before_named("probe").ask(found, ProbeOptions())

    assert math.isfinite(adapted.record["validation_loss"])


# --- nothing to tell apart ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["probe", "full", "lp_ft"])
def test_rows_of_one_class_are_nothing_to_learn_from(encoder: Backbone, name: str) -> None:
    given_two = setting(encoder)
    alike = [i for i in given_two.train.rows if Y[i] == "tool"]
    given_one = replace(given_two, train=replace(given_two.train, rows=alike))

    with pytest.raises(OneClass, match="are all of class `tool`"):
        strategy_named(name).fit(given_one, OPTIONS[name])
    strategy_named("probe").fit(given_two, OPTIONS["probe"])
