"""How fast a sweep over pictures is as one program: beside a plain timm loop for every job.

::

    python benchmarks/vision.py --data-root ../shared/data [--quick]

Sketches by country (Quick, Draw!) and characters by alphabet (Omniglot), with a small timm network of random weights: what is
compared is time, and that errors are alike. The audit is run as users run it, with its report. The plain loop makes each
model anew, transforms pictures as they are needed, trains in float32 for as many steps, looks at validation three times and
answers the test pictures; of its jobs one seed of each strategy and label budget is timed and multiplied by the seeds. `probe` is
compared with training the head alone for as many steps as `full` takes, `partial` with training the last stage and the head.
"""

from __future__ import annotations

import argparse
import copy
import json
import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import timm
import torch
from PIL import Image
from timm.data import create_transform, resolve_model_data_config
from timm.models._hub import save_for_hf
from torch import nn

import fairtransfer as ft
from fairtransfer.adapt.budgets import budget_rows
from fairtransfer.adapt.loop import plan_steps
from fairtransfer.adapt.strategies.full import FullOptions
from fairtransfer.data.pictures import Images
from fairtransfer.runner.job import Roots
from fairtransfer.runner.opened_data import OpenedData, open_data
from fairtransfer.runner.plan import make_plan

REAL = Path(__file__).parents[1] / "tests" / "real"
SETS = {"quickdraw": "[200, all]", "omniglot": "[300, all]"}
STRATEGIES = ("probe", "partial", "full")


@dataclass(frozen=True)
class Size:
    """How long the trainings are and how often they are repeated."""

    epochs: int = 20
    seeds: int = 3

    @property
    def options(self) -> FullOptions:
        """What `full` and `partial` are told, and the plain loop with them."""
        return FullOptions(epochs=self.epochs, lr=1e-3, min_steps=10)


def project(root: Path, size: Size) -> None:
    """Copy audits and cards, ask the sweep of them, and save a network."""
    shutil.copytree(REAL, root, dirs_exist_ok=True)
    options = f"{{epochs: {size.epochs}, lr: 1.0e-3, min_steps: 10}}"
    asked = f"strategies: [probe, {{partial: {options}}}, {{full: {options}}}]\n"
    for name, budgets in SETS.items():
        path = root / "audits" / f"{name}.yaml"
        text = re.sub(r"strategies:\n(  - .*\n)+", asked, path.read_text())
        text = re.sub(r"label_budgets: .*", f"label_budgets: {budgets}", text)
        path.write_text(re.sub(r"seeds: .*", f"seeds: {list(range(size.seeds))}", text))
    torch.manual_seed(0)
    model = timm.create_model("test_resnet", num_classes=2, in_chans=1)
    save_for_hf(
        model, str(root / "models" / "sketches"), model_config={"label_names": ["a", "b"]}, model_args={"in_chans": 1},
        data_config={"input_size": (1, 32, 32), "crop_pct": 1.0}, safe_serialization=True,
    )  # fmt: skip


def as_one_program(audit: Path, data: Path, root: Path) -> tuple[float, dict[tuple[str, str], tuple[float, float]]]:
    """Run the audit; return its wall time, and the seconds of all seeds and seed 0's error by strategy and budget."""
    begin = time.perf_counter()
    done = ft.run(audit, workspace=root / "runs", data_root=data, model_root=root / "models")
    ft.render(done.folder)
    wall = time.perf_counter() - begin
    found: dict[tuple[str, str], tuple[float, float]] = {}
    for path in sorted(done.folder.glob("jobs/*/job.json")):
        job = json.loads(path.read_text())
        if job["strategy"]:
            key = (job["strategy"], job["label_budget"])
            spent, error = found.get(key, (0.0, float("nan")))
            spent += sum(job["cost"][part]["wall_seconds"] for part in ("training", "prediction"))
            if job["seed"] == 0:
                rows = pq.read_table(path.parent / "predictions.parquet").to_pandas()
                error = float((rows["y"] != rows["pred"]).mean())
            found[key] = (spent, error)
    return wall, found


def plain(folder: Path, sides: OpenedData, strategy: str, budget: int, size: Size) -> tuple[float, float]:
    """Do one job with a plain loop; return seconds and error."""
    begin = time.perf_counter()
    torch.manual_seed(0)
    side, part = sides.adaptation, next(iter(sides.judged.values())).part
    names = sorted(set(side.train.y))
    rows = budget_rows(side.train.y, budget, 0).tolist()
    checked = budget_rows(side.val.y, min(budget, len(side.val)), 0, "validation").tolist()
    model: Any = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=len(names), in_chans=1)
    transform = create_transform(**resolve_model_data_config(model), is_training=False)
    _hold_still(model, strategy)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=size.options.lr)
    plan = plan_steps(len(rows), size.options)
    rng, best = np.random.default_rng(0), (float("inf"), copy.deepcopy(model.state_dict()))
    train, val, test = (_values(p.inputs) for p in (side.train, side.val, part))
    for step in range(plan.steps):
        model.train()
        batch = rng.choice(rows, size=min(len(rows), size.options.batch_size), replace=False)
        loss = nn.functional.cross_entropy(
            model(_pixels(transform, [train[i] for i in batch])),
            torch.tensor([names.index(side.train.y[i]) for i in batch]),
        )
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if step + 1 in plan.checks:
            wrong = _error(model, transform, [val[i] for i in checked], [side.val.y[i] for i in checked], names)
            best = min(best, (wrong, copy.deepcopy(model.state_dict())), key=lambda found: found[0])
    model.load_state_dict(best[1])
    error = _error(model, transform, list(test), list(part.y), names)
    return time.perf_counter() - begin, error


def _hold_still(model: Any, strategy: str) -> None:
    if strategy == "full":
        return
    model.requires_grad_(requires_grad=False)
    model.get_classifier().requires_grad_(requires_grad=True)
    if strategy == "partial":
        model.layer4.requires_grad_(requires_grad=True)


def _values(inputs: Any) -> tuple[Any, ...]:
    assert isinstance(inputs, Images), "the sets hold pictures"
    return tuple(picture.read() for picture in inputs.values)


def _pixels(transform: Any, pictures: list[Any]) -> torch.Tensor:
    return torch.stack([transform(Image.fromarray(np.squeeze(picture)).convert("L")) for picture in pictures])


def _error(model: Any, transform: Any, pictures: list[Any], y: list[str], names: list[str]) -> float:
    model.eval()
    said: list[str] = []
    with torch.inference_mode():
        for begin in range(0, len(pictures), 128):
            found = model(_pixels(transform, pictures[begin : begin + 128])).argmax(dim=1)
            said += [names[i] for i in found.tolist()]
    return float(np.mean([a != b for a, b in zip(said, y, strict=True)]))


def main() -> None:
    """Time both and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--quick", action="store_true", help="2 epochs, 2 seeds")
    asked = parser.parse_args()
    size = Size(epochs=2, seeds=2) if asked.quick else Size()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        project(root, size)
        for name in SETS:
            audit = root / "audits" / f"{name}.yaml"
            wall, ours = as_one_program(audit, asked.data_root, root)
            roots = Roots(asked.data_root, root / "models")
            made = make_plan(ft.load_audit(audit), roots)
            sides = open_data(made.files, made.roots, made.predictions)
            whole = 0.0
            print(f"{name}: {len(ours) * size.seeds} jobs as one program, report included: {wall:.1f} s")
            for (strategy, budget), (seconds, error) in sorted(
                ours.items(), key=lambda row: STRATEGIES.index(row[0][0])
            ):
                labels = len(sides.adaptation.train) if budget == "all" else int(budget)
                spent, other = plain(root / "models" / "sketches", sides, strategy, labels, size)
                whole += size.seeds * spent
                print(
                    f"  {strategy:8} {budget:>4} labels: {seconds:6.1f} s, plain loop {size.seeds * spent:6.1f} s,"
                    f" {size.seeds * spent / seconds:6.1f} times; error {100 * error:.1f} | {100 * other:.1f} %"
                )
            print(f"  the whole, report included: {whole / wall:.1f} times as fast")


if __name__ == "__main__":
    main()
