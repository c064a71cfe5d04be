"""How fast one full fine-tuning is: beside Hugging Face's `Trainer`, as it comes and at its best, and a bare torch loop.

::

    python benchmarks/finetune.py [--data AFRISENTI.parquet] [--texts 2048] [--rounds 2] [--quick]

Same model, texts, batch size, learning rate and number of steps; none consults validation more than once, at the end, on 32
texts. Contestants take turns in this one process, after a few steps of each that are not timed; the shortest of their
rounds counts. What is timed is everything from texts to the trained model: tokenising, copying the weights, training.
Without `--data` the texts are those of the project's own clinic benchmark, repeated.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch
from trainer import MAX_TOKENS, Run, Text, packaged_model, with_bare_loop, with_trainer

from fairtransfer.adapt.frozen_features import FrozenFeatures
from fairtransfer.adapt.hardware import Hardware, detect
from fairtransfer.adapt.inference import Runner
from fairtransfer.adapt.strategies.full import Full, FullOptions
from fairtransfer.adapt.strategy import Labelled, Setting
from fairtransfer.adapt.task import Task
from fairtransfer.data.inputs import Texts
from fairtransfer.models import open_backbone
from fairtransfer.models.checkpoint import inspect_checkpoint
from fairtransfer.resources import resource


def sample(data: Path | None, texts: int) -> tuple[Text, Text, tuple[str, ...]]:
    """Return texts to learn from, texts to judge on, and the names of the classes."""
    table = pd.read_parquet(data) if data else _own()
    train = table[table["split"] == "train"].sample(texts, replace=data is None, random_state=0)
    test = table[table["split"] == "test"]
    test = test.sample(min(len(test), 2000), random_state=0)
    names = tuple(sorted(set(table["label"])))
    pair = [Text(part["text"].tolist(), [names.index(x) for x in part["label"]]) for part in (train, test)]
    return pair[0], pair[1], names


def _own() -> pd.DataFrame:
    table = pd.read_csv(resource("data_cards") / "clinic_intents" / "messages.csv").rename(columns={"intent": "label"})
    patterns = table["pattern"].drop_duplicates().sample(frac=0.5, random_state=0)
    return table.assign(split=table["pattern"].isin(set(patterns)).map({True: "train", False: "test"}))


def ours(folder: Path, names: tuple[str, ...], train: Text, test: Text, run: Run, hardware: Hardware) -> list[int]:
    """Fine-tune as an audit does."""
    backbone = open_backbone(inspect_checkpoint(folder, "package"), "text", MAX_TOKENS)
    prepared, answers = backbone.prepare(Texts(tuple(train.texts))), tuple(names[i] for i in train.labels)
    runner, rows = Runner(hardware), range(len(answers))
    parts = (Labelled(prepared, answers, rows), Labelled(prepared, answers, rows[:32]))
    task = Task(names)
    setting = Setting(backbone, FrozenFeatures(backbone, runner), runner, task, *parts, run.seed, lambda _: None)
    options = FullOptions(epochs=run.epochs, lr=run.lr, batch_size=run.batch_size, min_steps=run.min_steps)
    adapted = Full().fit(setting, options)
    if not test.texts:
        return []
    found = task.answers(task.scores(adapted.logits(backbone.prepare(Texts(tuple(test.texts))))))
    return [names.index(answer) for answer in found]


def main() -> None:
    """Time all contestants and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--texts", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="512 texts, one round")
    asked = parser.parse_args()
    texts, rounds = (512, 1) if asked.quick else (asked.texts, asked.rounds)
    train, test, names = sample(asked.data, texts)
    hardware, folder = detect(), packaged_model()
    run = Run(lr=1e-4, bf16=hardware.precision == "bf16")
    nothing = Text([], [])
    contestants: dict[str, Callable[[Text, Text], list[int]]] = {
        "Trainer, as it comes": lambda a, b: with_trainer(folder, len(names), a, nothing, b, run),
        "Trainer, at its best": lambda a, b: with_trainer(folder, len(names), a, nothing, b, replace(run, best=True)),
        "bare torch loop": lambda a, b: with_bare_loop(folder, len(names), a, b, run),
        "fairtransfer": lambda a, b: ours(folder, names, a, b, run, hardware),
    }
    few = Text(train.texts[:64], train.labels[:64])
    for work in contestants.values():
        work(few, nothing)
    seconds = {name: min(_timed(work, train) for _ in range(rounds)) for name, work in contestants.items()}
    threads = torch.get_num_threads()
    print(f"{texts:,} texts, batches of {run.batch_size}, {hardware.device} {hardware.precision}, {threads} threads")
    for name, work in contestants.items():
        answers = work(train, test)
        error = sum(a != b for a, b in zip(answers, test.labels, strict=True)) / len(test.labels)
        ratio = seconds[name] / seconds["Trainer, as it comes"]
        print(f"  {name:22} {seconds[name]:7.1f} s   {ratio:5.2f} of Trainer's   error {100 * error:.1f} %")


def _timed(work: Callable[[Text, Text], list[int]], train: Text) -> float:
    begin = time.perf_counter()
    work(train, Text([], []))
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
