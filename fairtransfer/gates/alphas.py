"""At which error rates a comparison passes and fails.

A pass is what everybody wants and may be tried for again and again, so that passes share the policy's error rate among the
planned evaluations. Nobody tries for a failure: it is claimed at the whole rate, which the gates of one audit share.
"""

from __future__ import annotations

from typing import NamedTuple


class Alphas(NamedTuple):
    """One-sided error rates of the bounds that decide.

    Attributes
    ----------
    passing
        Of the bound that has to lie inside a limit.
    failing
        Of the bound that has to lie beyond it, before it is corrected for the other comparisons.
    """

    passing: float
    failing: float
