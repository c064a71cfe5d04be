"""Before adaptation, with labels: a linear head on the frozen features stands for the model as published."""

from __future__ import annotations

from typing import final

from fairtransfer.adapt.before.way import Before
from fairtransfer.adapt.strategies.probe import Probe, ProbeOptions
from fairtransfer.adapt.strategy import Adapted, Setting


class BeforeProbeOptions(ProbeOptions):
    """A frozen probe stands for the model as published; it needs labels, so it exists for every seed."""


@final
class ProbeBefore(Before[BeforeProbeOptions]):
    """The same head as the strategy `probe` fits."""

    kind = "probe"
    options = BeforeProbeOptions
    words = "a linear head on its frozen features"
    uses_labels = True
    answers_numbers = True

    def ask(self, setting: Setting, options: BeforeProbeOptions) -> Adapted:
        """Fit the head."""
        return Probe().fit(setting, options)
