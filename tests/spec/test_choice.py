"""On which seeds a model is chosen and on which it is judged: never the same ones, always as many as stated."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.toy import edit, write_project

from fairtransfer.api import load_audit
from fairtransfer.spec.audit import MAX_SEED, Audit
from fairtransfer.spec.choice import SeedRoles, seed_roles, trained_seeds, why_not_chosen

pytestmark = pytest.mark.fast

SEEDS = st.lists(st.integers(0, 12) | st.integers(MAX_SEED - 3, MAX_SEED), min_size=1, max_size=6, unique=True).map(
    tuple
)


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    return load_audit(write_project(tmp_path_factory.mktemp("toy"))).loaded.audit


def asked(audit: Audit, seeds: tuple[int, ...], selection: int | tuple[int, ...] | None) -> SeedRoles:
    roles = seed_roles(audit.model_copy(update={"seeds": seeds, "selection_seeds": selection}))
    assert roles is not None
    return roles


def test_the_stated_seeds_choose_and_as_many_that_follow_judge(audit: Audit) -> None:
    assert seed_roles(audit) == SeedRoles((0, 1, 2), (3, 4, 5))
    assert asked(audit, (7, 3), None) == SeedRoles((7, 3), (8, 9))


@pytest.mark.parametrize(
    ("selection", "roles"),
    [
        (2, SeedRoles((0, 1), (2, 3, 4))),
        (3, SeedRoles((0, 1, 2), (3, 4, 5))),
        (5, SeedRoles((0, 1, 2, 3, 4), (5, 6, 7))),
        ((7, 8), SeedRoles((7, 8), (0, 1, 2))),
        ((2, 9), SeedRoles((2, 9), (0, 1, 10))),
    ],
)
def test_fewer_more_and_other_seeds_can_choose(
    audit: Audit, selection: int | tuple[int, ...], roles: SeedRoles
) -> None:
    """Stated seeds that choose nothing judge first; whatever is missing follows the largest number."""
    assert asked(audit, (0, 1, 2), selection) == roles


@given(seeds=SEEDS, selection=st.none() | st.integers(1, 9) | SEEDS)
def test_no_seed_does_both(audit: Audit, seeds: tuple[int, ...], selection: int | tuple[int, ...] | None) -> None:
    roles = asked(audit, seeds, selection)

    assert not set(roles.choosing) & set(roles.judging)
    assert len(set(roles.judging)) == len(roles.judging) == len(seeds)
    assert all(0 <= seed <= MAX_SEED for seed in (*roles.choosing, *roles.judging))
    wanted = len(seeds) if selection is None else selection if isinstance(selection, int) else len(selection)
    assert len(set(roles.choosing)) == len(roles.choosing) == wanted


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            ("claim: procedure", "claim: procedure\ncandidate: {strategy: full, label_budget: 16}"),
            "names its candidate",
        ),
        (("claim: procedure", "claim: artifact"), "one trained model"),
        (("[probe, {full", "[{full"), "one strategy alone"),
    ],
)
def test_where_nothing_is_chosen_by_seeds_the_stated_ones_are_all(
    tmp_path: Path, change: tuple[str, str], why: str
) -> None:
    audit = load_audit(edit(write_project(tmp_path), change)).loaded.audit

    assert seed_roles(audit) is None
    assert trained_seeds(audit) == (0, 1, 2)
    assert why in (why_not_chosen(audit) or "")
