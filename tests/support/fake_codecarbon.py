"""A stand-in for codecarbon: the same amount for every piece of work, and a list of what it was asked."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType, SimpleNamespace

import pytest

from fairtransfer.runner import energy

SPENT = 0.0002


def stand_in(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Put it in place; returns the country and the beginnings and ends of pieces of work, as they come."""
    pieces: list[str] = []

    class Tracker:
        def __init__(self, **asked: object) -> None:
            pieces.append(str(asked["country_iso_code"]))

        def start_task(self) -> None:
            pieces.append("start")

        def stop_task(self) -> SimpleNamespace:
            pieces.append("stop")
            return SimpleNamespace(energy_consumed=SPENT, emissions=0.0001)

    fake, data = ModuleType("codecarbon"), ModuleType("codecarbon.input")
    fake.OfflineEmissionsTracker = Tracker  # type: ignore[attr-defined]  # a stand-in
    data.DataSource = lambda: SimpleNamespace(get_global_energy_mix_data=lambda: {"CMR": {}})  # type: ignore[attr-defined]
    find = importlib.util.find_spec
    monkeypatch.setitem(sys.modules, "codecarbon", fake)
    monkeypatch.setitem(sys.modules, "codecarbon.input", data)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: fake if name == "codecarbon" else find(name, *a))
    version = energy.metadata.version
    monkeypatch.setattr(energy.metadata, "version", lambda name: "3.0" if name == "codecarbon" else version(name))
    return pieces
