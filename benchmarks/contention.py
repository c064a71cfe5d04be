"""How long a small training takes beside other work: alone and beside busy processes, as torch comes and as in an audit.

::

    python benchmarks/contention.py [--texts 256] [--rounds 2] [--busy 2]

Every training is a process of its own, since torch reads how its threads wait when it is loaded. What is timed is everything
from texts to the trained model, after a few steps that are not; the shortest of the rounds counts, and beside others the
longest is told too. Ends with 1 if the trained models do not answer alike.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from fairtransfer.runner.waiting import FINER, POLICY, wait_passively

JUDGED = 200
"""Texts whose answers have to be alike."""

_BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"
"""Busy as long as this process is there, however it ends."""

HOW = ("as torch comes", "as in an audit")


def train(how: str, texts: int) -> None:
    """Train in this process, and print seconds and answers."""
    for name in (POLICY, *FINER):
        os.environ.pop(name, None)
    if how == HOW[1]:
        wait_passively()
    from finetune import ours, sample  # torch is loaded here
    from trainer import Run, Text, packaged_model

    from fairtransfer.adapt.hardware import detect

    learned, judged, names = sample(None, texts)
    judged = Text(judged.texts[:JUDGED], judged.labels[:JUDGED])
    hardware, folder, run = detect(), packaged_model(), Run(lr=1e-4)
    ours(folder, names, Text(learned.texts[:64], learned.labels[:64]), Text([], []), run, hardware)
    begin = time.perf_counter()
    answers = ours(folder, names, learned, judged, run, hardware)
    print(json.dumps({"seconds": time.perf_counter() - begin, "answers": answers}))


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep so many processes busy."""
    others = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def measured(how: str, texts: int) -> tuple[float, str]:
    """Return seconds and answers of a training in a process of its own."""
    command = [sys.executable, __file__, "--train", how, "--texts", str(texts)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
    found = json.loads(said)
    return found["seconds"], str(found["answers"])


def main() -> None:
    """Take turns, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--busy", type=int, default=2)
    parser.add_argument("--train", choices=HOW, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.train:
        train(asked.train, asked.texts)
        return
    answers: set[str] = set()
    seconds: dict[tuple[str, int], list[float]] = {}
    for _ in range(asked.rounds):
        for others in (0, asked.busy):
            with busy(others):
                for how in HOW:
                    taken, said = measured(how, asked.texts)
                    seconds.setdefault((how, others), []).append(taken)
                    answers.add(said)
    for how in HOW:
        alone, beside = min(seconds[how, 0]), seconds[how, asked.busy]
        told = f"beside {asked.busy} busy processes {min(beside):5.1f} s, at most {max(beside):5.1f} s"
        print(
            f"  {how:15} alone {alone:5.1f} s, {told}: {min(beside) / alone:4.1f} times, at most {max(beside) / alone:.1f}"
        )
    if len(answers) > 1:
        sys.exit("the trained models answer differently")


if __name__ == "__main__":
    main()
