"""The benchmark of coverage, in short: every promise is kept, and what stands beside it for comparison is at fault."""

from __future__ import annotations

import functools
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from fairtransfer.stats.holm import holm, p_value_of_bound
from fairtransfer.stats.intervals import envelope, normal_quantile

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "coverage.py"
PAGE = SCRIPT.parents[1] / "docs" / "methods.md"
sys.path.append(str(SCRIPT.parent))  # last: there is a library that is called as the script is


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_of_coverage", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


cv = loaded()
counts, exact, gates, groups, promises, textbook = (
    importlib.import_module(f"covering.{name}")
    for name in ("counts", "exact", "gates", "groups", "promises", "textbook")
)


@functools.cache
def quick(name: str) -> promises.Table:
    return cv.TABLES[name](quick=True)


@functools.cache
def whole(name: str) -> promises.Table:
    return cv.TABLES[name](quick=False)


@pytest.mark.parametrize("name", cv.TABLES)
def test_every_promise_is_kept(name: str) -> None:
    table = quick(name)

    promised = [line for line in table.lines if line.promised]

    assert promised
    assert [(line.setting, line.method, line.figures) for line in promised if line.broken()] == []


def not_told(page: str) -> list[str]:
    """Tables that the page of methods does not hold, or holds with other figures than there are; simulated ones by title.

    Families are listed exactly too, which takes half a minute: by title as well.
    """
    exact_ones = [whole(name) for name in ("proportions", "differences", "changes", "ratios", "limit-of-a-rate")]
    titles = [quick(name).title for name in cv.TABLES]
    old = [table.title for table in exact_ones if cv.summary(table) not in page]
    return old + [title for title in titles if f"### {title} (" not in page]


def test_the_page_of_methods_holds_what_is_measured() -> None:
    assert not_told(PAGE.read_text(encoding="utf-8")) == []


def test_a_figure_that_is_not_the_measured_one_is_found() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert not_told(page.replace("| Wilson | 6 | 0.950", "| Wilson | 6 | 0.960")) == ["one proportion"]
    assert not_told(page.replace("### AUC (", "### AUCs (")) == ["AUC"]


# --- exact figures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n1", [5, 10, 20, 30, 50])
def test_the_envelope_covers_a_small_group_against_a_large_one(n1: int) -> None:
    found = exact.two_proportions(n1, 300, envelope)

    assert found["min"] >= 0.945
    assert max(found["high < d"], found["low > d"]) <= 0.04


@pytest.mark.parametrize("n", [10, 20, 30, 50, 100])
def test_bonett_price_covers(n: int) -> None:
    assert exact.paired(n, exact.PAIRED["Bonett-Price"])["min"] >= 0.945


@pytest.mark.parametrize(
    ("n1", "method", "mean", "least", "below", "above"),
    [
        (5, "Wald", 0.615, 0.225, None, None),
        (5, "Newcombe", 0.951, 0.922, 0.004, 0.078),
        (10, "Agresti-Caffo", 0.971, 0.931, 0.039, 0.030),
        (10, "envelope", 0.974, 0.947, 0.025, 0.028),
        (20, "envelope", 0.973, 0.953, 0.021, 0.026),
        (50, "envelope", 0.967, 0.952, 0.024, 0.024),
    ],
)
def test_differences_have_the_figures_enumerated_before(
    n1: int, method: str, mean: float, least: float, below: float | None, above: float | None
) -> None:
    found = exact.two_proportions(n1, 300, exact.TWO[method])

    assert (found["mean"], found["min"]) == pytest.approx((mean, least), abs=6e-4)
    if below is not None:
        assert (found["high < d"], found["low > d"]) == pytest.approx((below, above), abs=6e-4)


@pytest.mark.parametrize(
    ("n", "method", "mean", "at_05"),
    [(5, "Wald", 0.652, 0.225), (10, "Wilson", 0.954, 0.914), (20, "Wilson", 0.954, 0.925), (50, "Wald", 0.912, 0.920)],
)
def test_proportions_have_the_figures_enumerated_before(n: int, method: str, mean: float, at_05: float) -> None:
    found = exact.one_proportion(n, exact.ONE[method])

    assert (found["mean"], found["at .05"]) == pytest.approx((mean, at_05), abs=6e-4)


def test_probabilities_of_all_cells_add_up() -> None:
    """And their margins are the truths they were made from."""
    for truth in counts.TRUTHS:
        cells = counts.cell_chances(*truth)
        prevalence, missed, alarmed, harm, fix = truth

        assert cells.sum() == pytest.approx(1)
        assert cells[counts.LABEL].sum() == pytest.approx(prevalence)
        assert cells[counts.LABEL & counts.WAS_WRONG].sum() == pytest.approx(prevalence * missed)
        assert cells[~counts.LABEL & counts.WAS_WRONG].sum() == pytest.approx((1 - prevalence) * alarmed)
        assert cells[counts.WAS_WRONG & ~counts.WRONG].sum() / cells[counts.WAS_WRONG].sum() == pytest.approx(fix)
        assert cells[~counts.WAS_WRONG & counts.WRONG].sum() / cells[~counts.WAS_WRONG].sum() == pytest.approx(harm)


# --- what is not used, and why -----------------------------------------------------------------------------------------


def test_bare_rules_and_textbook_methods_are_at_fault() -> None:
    """Each figure is far from what its method is taken to mean."""
    rng = np.random.default_rng(0)

    assert exact.one_proportion(10, textbook.wald)["at .05"] < 0.45
    assert exact.paired(20, textbook.wald_change)["min"] < 0.7
    assert exact.ratio_errors(50, 300, 0.3)["bare FAIL"] > 0.45
    assert counts.draws_cover(20, 40, rng, 200)["row bootstrap"]["change"] < 0.7
    assert groups.variance_covers(np.full(8, 0.2), 50, 50, rng)["bootstrap"] < 0.1


def test_groups_served_alike_fail_the_bare_rule_and_never_the_gate() -> None:
    found = gates.gate_shares(gates.Case(gates.SIZES["skewed"], 0.05, 0, 0), 2000, np.random.default_rng(1))

    assert found["FAIL"] < 0.005
    assert found["bare FAIL"] > 0.7
    assert found["flip"] == 0 < 0.2 < found["bare flip"]


# --- the gate ----------------------------------------------------------------------------------------------------------


def slow_verdict(x: np.ndarray, sizes: tuple[int, ...], margin: float) -> tuple[bool, bool]:
    """One sample, one group at a time, Holm's p-values and all."""

    def bounds(place: int, alpha: float) -> tuple[float, float]:
        rest = sum(sizes) - sizes[place]
        rates = (x[place] / sizes[place], sizes[place], (x.sum() - x[place]) / rest, rest)
        limits = envelope(*rates, normal_quantile(1 - alpha))
        return float(limits.low), float(limits.high)

    places = range(len(sizes))
    p_values = [p_value_of_bound(lambda a, k=k: bounds(k, a)[0], margin, 0.05) for k in places]
    return all(bounds(k, 0.05)[1] < margin for k in places), min(holm(p_values)) < 0.05


@pytest.mark.parametrize("excess", [0.0, 0.06, 0.12])
def test_the_fast_gate_equals_its_slow_twin(excess: float) -> None:
    sizes = (800, 400, 200, 60)
    x = np.random.default_rng(2).binomial(sizes, [0.1, 0.1 + excess, 0.1, 0.1], (60, 4))

    fast = gates.judge(x, sizes, 0.05)

    assert list(zip(fast.passed.tolist(), fast.failed.tolist(), strict=True)) == [
        slow_verdict(row, sizes, 0.05) for row in x
    ]


@pytest.mark.parametrize(
    "sizes", [(1000, 1000), (3000, 300), (1000,) * 8, (5000, 3000, 2000, 1500, 1200, 1000, 800, 600)]
)
@pytest.mark.parametrize("place", [0, -1])
def test_at_the_margin_either_verdict_errs_in_at_most_five_of_a_hundred(sizes: tuple[int, ...], place: int) -> None:
    found = gates.gate_shares(gates.Case(sizes, 0.05, 1, place), 4000, np.random.default_rng(3))

    allowed = 0.05 + 3 * (0.05 * 0.95 / 4000) ** 0.5
    assert found["PASS"] <= allowed
    assert found["FAIL"] <= allowed


# --- the script --------------------------------------------------------------------------------------------------------


def test_a_broken_promise_is_told() -> None:
    line = promises.Line("n=5", "guess", {"coverage": 0.90}, promises.COVERS, 100)

    assert not line.broken()  # 100 samples are uncertain by more than that
    assert [str(promise) for promise in line._replace(samples=10_000).broken()] == ["coverage >= 0.95"]
    assert cv.show(promises.Table("t", "exact", [line._replace(samples=None)])).endswith("coverage >= 0.95  BROKEN")


def test_a_table_is_the_same_whatever_else_is_asked() -> None:
    assert gates.gates(quick=True) == gates.gates(quick=True)
    assert promises.rng_of("a").random() != promises.rng_of("b").random()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False)


def test_the_script_prints_the_tables_asked_for() -> None:
    found = run("--quick", "ratios")

    assert found.stderr == ""
    assert found.returncode == 0
    assert "ratio of exactly 0.8 (exact)" in found.stdout
    assert found.stdout.endswith("every promise kept\n")


def test_the_script_lists_its_tables_when_it_does_not_know_one() -> None:
    found = run("rations")

    assert found.returncode == 2
    assert f"no table is called rations; there are {', '.join(cv.TABLES)}" in found.stderr
