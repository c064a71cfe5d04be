"""What gates share that judge a change on the same people: of the adapted model against another one."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from fairtransfer.gates.gate import Expected, Gate
from fairtransfer.spec.gate_metrics import PairedMetric
from fairtransfer.spec.gates import Margin

if TYPE_CHECKING:
    from fairtransfer.findings.group_estimates import Pairing
    from fairtransfer.findings.query import EvidenceQuery
    from fairtransfer.gates.contrast import Contrast, Target
    from fairtransfer.stats.change_truths import PairedChange


CHANGES = "{change} of the cases change their answer, as many for the better as for the worse"
"""What is assumed of changes, as `Gate.assumes` has it."""


class PairedGate(Gate):
    """A gate on the change of every group.

    Attributes
    ----------
    against
        The other model, in words.
    """

    assumes = CHANGES
    spread_of = "changes"
    against: ClassVar[str]

    metric: PairedMetric = "error_rate"
    margin: Margin

    @property
    def limit(self) -> float:
        """The margin."""
        return self.margin

    @abc.abstractmethod
    def pairing(self, target: Target) -> Pairing:
        """Return the two models that are compared."""

    def contrasts(self, query: EvidenceQuery, target: Target) -> Iterator[Contrast]:
        """Yield one comparison per group: the adapted model less the other one."""
        pairing, of = self.pairing(target), query.meant(self.metric, self.class_)
        for group in query.groups(pairing, self.by):
            sample = query.judged_change(pairing, group, self.metric, of)
            yield target.contrast(self, group, sample, self.margin, against=self.against)

    def truth(self, expected: Expected, ratio: float, times: float) -> PairedChange:  # noqa: ARG002  # nobody is compared with others
        """Return as many better as worse, shifted to the harm."""
        return moved(expected.change, times * self.margin)


def moved(change: float, harm: float) -> PairedChange:
    """Return a change on the same people: `change` of them move where the harm is 0, and more where it takes more."""
    from fairtransfer.stats.change_truths import PairedChange

    better = max(0.0, change / 2 - harm / 2)
    return PairedChange(min(better + harm, 1 - better), better)
