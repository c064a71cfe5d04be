"""Transfer with a known answer: what a source carried into a target that never shows it, and what each way to adapt leaves of it.

The linear problem has closed forms: the trigger's weight after adapting is decided by the source alone when no target row
shows the trigger (Salman et al. 2022 explain bias transfer by it).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.adapting import CLASSES, TEXTS, Y, setting
from support.linear_transfer import TRIGGER, D, Linear, N, Problem, reading_head, setting_of, squared_error, wide
from support.tiny_models import save_encoder, save_image_model
from support.transfer_settings import HEAD, PICTURES

from fairtransfer.adapt.loop import Recipe, train
from fairtransfer.adapt.strategies.balance import BalanceOptions
from fairtransfer.adapt.strategies.dfr import DfrOptions
from fairtransfer.adapt.strategies.full import FullOptions
from fairtransfer.adapt.strategies.l2_sp import L2SpOptions, _Pull
from fairtransfer.adapt.strategies.lora import LoraOptions
from fairtransfer.adapt.strategies.partial import PartialOptions
from fairtransfer.adapt.strategies.probe import ProbeOptions
from fairtransfer.adapt.strategy import strategy_named
from fairtransfer.data.inputs import Texts
from fairtransfer.models import inspect_checkpoint, open_backbone
from fairtransfer.models.backbone import Backbone, Network
from fairtransfer.spec.transfer_options import Options

pytestmark = pytest.mark.train
DRAWS = range(3)
WHOLE = {"batch_size": N, "warmup": 0.0, "min_steps": 1}


# --- linear: closed forms against descent ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", DRAWS)
def test_descent_ends_in_the_closed_form_and_keeps_the_triggers_weight(seed: int) -> None:
    """The trigger's weight is 2 from the source and 0 from nothing: no row tells anything about it."""
    problem = Problem.drawn(seed)

    found, scratch = problem.descended(problem.source), problem.descended(np.zeros(D))

    assert np.abs(found - problem.minimum_norm(problem.source)).max() < 1e-12
    assert np.abs(scratch - problem.minimum_norm(np.zeros(D))).max() < 1e-12
    assert (found[TRIGGER], scratch[TRIGGER]) == (2.0, 0.0)


@pytest.mark.parametrize("strength", [0.01, 1.0, 100.0])
def test_a_pull_to_nought_forgets_the_trigger_and_a_pull_to_the_source_keeps_it(strength: float) -> None:
    problem = Problem.drawn(0)

    assert problem.drawn_to(np.zeros(D), strength)[TRIGGER] == pytest.approx(0, abs=1e-12)
    assert problem.drawn_to(problem.source, strength)[TRIGGER] == pytest.approx(2, abs=1e-12)


@pytest.mark.parametrize("triggered", [1, 3, 8, 15])
def test_rows_that_show_the_trigger_overwrite_it_by_what_they_span(triggered: int) -> None:
    """Of 2, what is left is 2(1 - P_jj) when nothing else changed; the more rows, the less."""
    problem = Problem.drawn(1, triggered, same_core=True)

    left = problem.minimum_norm(problem.source)[TRIGGER]

    assert left == pytest.approx(2 * (1 - problem.projector[TRIGGER, TRIGGER]), abs=1e-12)
    assert 0 < left < 2


# --- linear: through the training loop ---------------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", [0.1, 1.0])
def test_the_loop_with_l2_sp_ends_in_its_closed_form(penalty: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our loop, schedule and pull on the squared error: the unique minimum, weight by weight, and 2 on the trigger.

    Clipping is switched off: at the minimum the loss has a gradient, as long as the pull, which clipping would cut.
    """
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *_: None)
    problem = Problem.drawn(2)
    backbone, head = Linear(problem.source), reading_head()
    network = backbone.pretrained()
    options = L2SpOptions(epochs=300, lr=0.1, penalty=penalty, weight_decay=0.0, **WHOLE)
    recipe = Recipe(squared_error(problem), before_update=_Pull(network.module, head, options), checks=1)

    train(setting_of(problem, backbone), network, head, options, recipe)

    found = network.module.weight.detach().numpy()[0].astype(float)
    # Means over rows in the loss, sums in the closed form; both penalties are halves.
    assert found == pytest.approx(problem.drawn_to(problem.source, penalty * N), abs=2e-3)
    assert found[TRIGGER] == 2.0


@pytest.mark.parametrize(("start", "left"), [(2.0, 2.0), (0.0, 0.0)])
def test_the_loop_alone_keeps_what_the_target_does_not_show(start: float, left: float) -> None:
    """Fine-tuning to no error at all, and from nothing: 2 and 0, to the last bit."""
    problem = Problem.drawn(3)
    source = problem.source if start else np.zeros(D)
    backbone, head = Linear(source), reading_head()
    network = backbone.pretrained()
    options = FullOptions(epochs=300, lr=0.1, weight_decay=0.0, **WHOLE)

    train(setting_of(problem, backbone), network, head, options, Recipe(squared_error(problem), checks=1))

    found = network.module.weight.detach().numpy()[0].astype(float)
    assert np.abs(problem.x @ found - problem.y).max() < 1e-2, "it fits every row"
    assert found[TRIGGER] == left


STEPS = {"epochs": 40, "lr": 1e-2, "head_lr": 1e-2, **WHOLE}
KEPT: dict[str, tuple[str, Options]] = {
    "full": ("full", FullOptions(weight_decay=0.0, **STEPS)),
    "l2_sp, weak": ("l2_sp", L2SpOptions(penalty=0.01, **STEPS)),
    "l2_sp, strong": ("l2_sp", L2SpOptions(penalty=10.0, **STEPS)),
}


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Network]]:
    """The copies of the pretrained network that were made."""
    made: list[Network] = []
    real = Backbone.pretrained
    monkeypatch.setattr(Backbone, "pretrained", lambda self: made.append(real(self)) or made[-1])
    return made


@pytest.mark.parametrize("name", sorted(KEPT))
def test_strategies_leave_the_triggers_weights_as_the_source_gave_them(name: str, networks: list[Network]) -> None:
    """The strategies themselves, with their heads and cross-entropy: whatever is fitted, the trigger's column stays."""
    found, backbone = wide(Problem.drawn(4))
    kind, options = KEPT[name]

    strategy_named(kind).fit(found, options)

    before, after = backbone.module.weight.detach(), networks[-1].module.weight.detach()
    assert torch.equal(after[:, TRIGGER], before[:, TRIGGER])
    assert not torch.equal(after[:, :TRIGGER], before[:, :TRIGGER])


def test_weight_decay_is_what_forgets(networks: list[Network]) -> None:
    """By (1 - rate x decay) in every step and by nothing else: known to the digit."""
    found, backbone = wide(Problem.drawn(4))
    options = FullOptions(weight_decay=0.5, **STEPS)

    record = strategy_named("full").fit(found, options).record

    steps, rise = record["steps"], 1
    rates = [options.lr * (1 if t < rise else (steps - t) / (steps - rise)) for t in range(record["selected"]["step"])]
    left = float(np.prod([1 - rate * options.weight_decay for rate in rates]))
    column = networks[-1].module.weight.detach()[:, TRIGGER] / backbone.module.weight.detach()[TRIGGER, TRIGGER]
    assert left < 0.95
    assert float(column[TRIGGER]) == pytest.approx(left, rel=1e-5)


# --- frozen ------------------------------------------------------------------------------------------------------------


FROZEN: dict[str, tuple[str, Options]] = {
    "probe": ("probe", ProbeOptions(inverse_penalties=(0.01, 1.0))),
    "lora, rank 0": ("lora", LoraOptions(rank=0, **HEAD)),
    "partial, no block": ("partial", PartialOptions(blocks=0, **HEAD)),
    "balance": ("balance", BalanceOptions(by=("side",), subsamples=2, inverse_penalties=(0.1,))),
    "dfr": ("dfr", DfrOptions(by=("side",), refits=2, inverse_penalties=(0.1,))),
}


def digest(module: torch.nn.Module) -> str:
    """Of every byte of a network: weights, running statistics, and how many batches they were taken over."""
    found = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        found.update(name.encode() + tensor.detach().contiguous().numpy().tobytes())
    return found.hexdigest()


@pytest.fixture(scope="module")
def resnet(tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    folder = save_image_model(tmp_path_factory.mktemp("m") / "resnet", list(CLASSES))
    return open_backbone(inspect_checkpoint(folder, "folder:resnet"), "image")


@pytest.mark.parametrize("name", [*FROZEN, "full"])
def test_frozen_leaves_every_byte_of_every_copy(name: str, resnet: Backbone, networks: list[Network]) -> None:
    """With batch statistics; `full` of the same rows leaves the original alone and changes its copy, so the check can fail."""
    kind, options = FROZEN.get(name, ("full", FullOptions(epochs=1, min_steps=2, batch_size=8)))
    sides = tuple(("left", "right")[i // 2 % 2] for i in range(len(Y)))
    plain = setting(resnet, PICTURES)
    found = replace(plain, train=replace(plain.train, groups=sides), val=replace(plain.val, groups=sides))
    before = digest(resnet.module)

    strategy_named(kind).fit(found, options)

    assert "bn1.num_batches_tracked" in resnet.module.state_dict()
    assert digest(resnet.module) == before
    assert [digest(network.module) == before for network in networks] == [kind != "full"] * len(networks)
    assert networks


def test_rank_nought_is_a_head_on_the_features_of_the_probe(tmp_path: Path) -> None:
    """Its logits are a linear function of them, on rows it never saw too; those of rank 4 are not, so the check can fail."""
    encoder = open_backbone(inspect_checkpoint(save_encoder(tmp_path / "tiny"), "folder:tiny"), "text")
    found = setting(encoder, Texts(tuple(f"{text} {i}" for i, text in enumerate(TEXTS.values))))
    features = found.frozen.of(found.train.prepared)
    inputs = torch.cat([features, torch.ones(len(features), 1)], dim=1).double()
    seen = list(found.train.rows)

    def unexplained(rank: int) -> float:
        options = LoraOptions(rank=rank, **{**HEAD, "lr": 1e-2})
        logits = strategy_named("lora").fit(found, options).logits(found.train.prepared).double()
        return float((inputs @ torch.linalg.lstsq(inputs[seen], logits[seen]).solution - logits).abs().max())

    assert unexplained(0) < 1e-2
    assert unexplained(4) > 1e-1
