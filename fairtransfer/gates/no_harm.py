"""`no_harm`: adaptation must not make any group worse by more than the margin. Judged on the paired change, same people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairtransfer.gates.paired import PairedGate
from fairtransfer.spec.gates import Needs

if TYPE_CHECKING:
    from fairtransfer.findings.group_estimates import Pairing
    from fairtransfer.gates.contrast import Target


class NoHarm(PairedGate):
    """Adaptation must not raise any group's error by more than the margin (paired change, same people)."""

    kind = "no_harm"
    title = "No harm"
    summary = "no group may get worse by more than the margin"
    example = "no_harm:by=language,margin=0.02"
    needs = Needs(before=True)
    against = "the model before"
    drawn_on = "change"
    sees_everyone = True

    def pairing(self, target: Target) -> Pairing:
        """Return the model as published against this one."""
        return target.change
