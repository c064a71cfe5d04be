"""`no_negative_transfer`: no group may be worse off than with the same architecture trained from scratch (Wang et al. 2019).

Judged on the paired difference, same people, seed by seed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairtransfer.gates.paired import PairedGate
from fairtransfer.spec.gates import Needs

if TYPE_CHECKING:
    from fairtransfer.findings.group_estimates import Pairing
    from fairtransfer.gates.contrast import Target


class NoNegativeTransfer(PairedGate):
    """No group may be worse off than with a model trained from scratch by more than the margin."""

    kind = "no_negative_transfer"
    title = "No negative transfer"
    summary = "no group may be worse off than with a model trained from scratch"
    example = "no_negative_transfer:by=language,margin=0.02"
    needs = Needs(scratch=True)
    against = "training from scratch"

    def pairing(self, target: Target) -> Pairing:
        """Return the model trained from scratch against this one."""
        return target.gain
