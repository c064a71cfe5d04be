"""Card -> benchmark: read as text, convert by the declared schema, check, group, split. Nothing is trusted, nothing is lost."""

from __future__ import annotations

from fairtransfer.data.benchmark import Benchmark, open_benchmark
from fairtransfer.data.inputs import Images, Inputs, Texts
from fairtransfer.data.ledger import Ledger

__all__ = ["Benchmark", "Images", "Inputs", "Ledger", "Texts", "open_benchmark"]
