"""Joint counts and sums equal their slow twins; digests find every change; canonical JSON refuses NaN."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from fairtransfer.errors import IntegrityError
from fairtransfer.evidence.canonical import canonical, write_json
from fairtransfer.evidence.jobs.cells import Pair, joint_counts
from fairtransfer.evidence.manifest import verify_sums, write_sums
from fairtransfer.evidence.sums import ClassAnswers, change_rows, level_rows
from fairtransfer.evidence.views import membership, people

pytestmark = pytest.mark.fast

CLASSES = ("a", "b", "c")
rows = st.lists(
    st.tuples(
        st.sampled_from("xy"),
        st.sampled_from(CLASSES),
        st.sampled_from(CLASSES),
        st.sampled_from(CLASSES),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=40,
)
Row = tuple[str, str, str, str, int]  # group, truth, before, after, unit


def tables(found: list[Row]) -> tuple[pa.Table, pa.Table, pa.Table]:
    ids = [f"i{n}" for n in range(len(found))]
    items = pa.table(
        {"item": ids, "y": [r[1] for r in found], "unit": [f"u{r[4]}" for r in found], "g": [r[0] for r in found]}
    )
    before, after = (pa.table({"item": ids, "y": [r[1] for r in found], "pred": [r[k] for r in found]}) for k in (2, 3))
    return items, before, after


def count(items: pa.Table, before: pa.Table, after: pa.Table) -> Counter[tuple[str, str, str, str]]:
    cells = joint_counts("bench", items, ["g"], [before, after], [Pair("change", "s", "8", 0, 0, 1)])
    return Counter(
        {(json.loads(r["group"])["g"], r["y"], r["pred_before"], r["pred_after"]): r["n"] for r in cells.to_pylist()}
    )


@settings(max_examples=15, deadline=None)
@given(rows, st.randoms())
def test_joint_counts_equal_counting_by_hand_in_any_order(found: list[Row], rng: random.Random) -> None:
    """Joined by id: shuffling any of the three tables changes nothing."""
    items, before, after = tables(found)

    def shuffled(table: pa.Table) -> pa.Table:
        order = list(range(table.num_rows))
        rng.shuffle(order)
        return table.take(order)

    slow = Counter((g, y, p0, p1) for g, y, p0, p1, _ in found)

    assert count(items, before, after) == slow
    assert count(shuffled(items), shuffled(before), shuffled(after)) == slow


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.slice(1), "1 ids missing"),
        (
            lambda t: t.set_column(0, "item", pa.array(["other", *t["item"].to_pylist()[1:]])),
            "1 ids missing, 1 unknown",
        ),
        (lambda t: pa.concat_tables([t, t.slice(0, 1)]), "1 ids are predicted twice"),
        (
            lambda t: t.set_column(1, "y", pa.array(["b", *t["y"].to_pylist()[1:]])),
            "1 predictions were made for other labels",
        ),
    ],
)
def test_predictions_that_do_not_fit_are_an_error_not_an_inner_join(change: object, words: str) -> None:
    items, before, after = tables([("x", "a", "a", "b", 0), ("y", "c", "c", "c", 1)])

    with pytest.raises(IntegrityError, match=words):
        count(items, before, change(after))  # type: ignore[operator]


def one_hot(labels: list[str]) -> np.ndarray:
    return membership(labels, CLASSES)


@settings(deadline=None)
@given(rows, st.integers(1, 3), st.randoms())
def test_sums_of_a_rate_equal_their_slow_twin(found: list[Row], seeds: int, rng: random.Random) -> None:
    """Inside each group and outside it, for units that straddle groups too."""
    items, _, _ = tables(found)
    preds = [[rng.choice(CLASSES) for _ in found] for _ in range(seeds)]
    who = people(items, CLASSES, [(), ("g",)])
    answers = ClassAnswers(np.stack([one_hot(p) for p in preds]))
    sums = ("units", "m", "x", "mm", "xm", "xx")
    made = level_rows(
        who, answers, ["wrong", "true_positive", "precision", "predicted_positive", "false_positive", "npv"], {}
    )
    got = {(r["side"], r["group"], r["adds"], r["class"]): tuple(r[name] for name in sums) for r in made}

    for group in sorted({r[0] for r in found}):
        for side in ("group", "rest"):
            chosen = [i for i, r in enumerate(found) if (r[0] == group) == (side == "group")]
            asked = [
                ("wrong", ""),
                ("true_positive", "a"),
                ("precision", "b"),
                ("predicted_positive", "c"),
                ("false_positive", "a"),
                ("npv", "b"),
            ]
            for event, of in asked:
                m, x = defaultdict(int), defaultdict(int)
                for i in chosen:
                    for pred in preds:
                        den, num = slow_event(found[i][1], pred[i], event, of)
                        m[found[i][4]] += den
                        x[found[i][4]] += num
                units = [u for u in m if m[u] > 0]
                pairs = [(m[u], x[u]) for u in units]
                squares = [sum(a * a for a, _ in pairs), sum(a * b for a, b in pairs), sum(b * b for _, b in pairs)]
                slow = (len(units), sum(m.values()), sum(x.values()), *squares)
                assert got[side, canonical({"g": group}).decode(), event, of] == slow


def slow_event(truth: str, pred: str, event: str, of: str) -> tuple[int, int]:
    if event == "wrong":
        return 1, int(truth != pred)
    if event == "true_positive":
        return int(truth == of), int(truth == of and pred == of)
    if event == "false_positive":
        return int(truth != of), int(truth != of and pred == of)
    if event == "predicted_positive":
        return 1, int(pred == of)
    if event == "npv":
        return int(pred != of), int(pred != of and truth != of)
    return int(pred == of), int(pred == of and truth == of)


@settings(deadline=None)
@given(rows)
def test_sums_of_a_change_equal_their_slow_twin(found: list[Row]) -> None:
    items, _, _ = tables(found)
    who = people(items, CLASSES, [()])
    first, second = (ClassAnswers(one_hot([r[k] for r in found])[None]) for k in (2, 3))

    (row,) = [r for r in change_rows(who, first, second, ["wrong"], {}) if r["adds"] == "wrong"]

    worse = [r for r in found if r[2] == r[1] != r[3]]
    better = [r for r in found if r[2] != r[1] == r[3]]
    per_unit: dict[int, int] = defaultdict(int)
    for r in worse:
        per_unit[r[4]] += 1
    for r in better:
        per_unit[r[4]] -= 1
    assert (row["n"], row["x"]) == (len(found), len(worse) - len(better))
    assert row["xx"] == sum(d * d for d in per_unit.values())


def test_labels_of_several_classes_belong_to_each() -> None:
    assert membership(["a|c", "b", ""], CLASSES).tolist() == [
        [True, False, True],
        [False, True, False],
        [False, False, False],
    ]


# --- digests -----------------------------------------------------------------------------------------------------------


def sealed(folder: Path) -> Path:
    (folder / "sub").mkdir()
    (folder / "a.json").write_text("{}")
    (folder / "sub" / "b.txt").write_text("b")
    write_sums(folder)
    return folder


def test_an_untouched_folder_verifies(tmp_path: Path) -> None:
    assert verify_sums(sealed(tmp_path)) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: (f / "a.json").write_text("[]"), "a.json: expected"),
        (lambda f: (f / "sub" / "b.txt").unlink(), "sub/b.txt: missing"),
        (lambda f: (f / "c").write_text("c"), "c: not listed"),
        (lambda f: ((f / "a.json").rename(f / "x"), (f / "a.json").symlink_to(f / "x")), "a.json: is a symbolic link"),
        (lambda f: (f / "SHA256SUMS").unlink(), "not complete"),
        (lambda f: (f / "SHA256SUMS").write_text("nonsense\n"), "cannot read the line"),
    ],
)
def test_every_change_is_named(tmp_path: Path, change: object, words: str) -> None:
    sealed(tmp_path)
    change(tmp_path)  # type: ignore[operator]

    with pytest.raises(IntegrityError, match=words):
        verify_sums(tmp_path)


def test_json_never_holds_nan(tmp_path: Path) -> None:
    with pytest.raises(rfc8785.FloatDomainError):
        write_json(tmp_path / "x.json", {"a": float("nan")})

    assert not (tmp_path / "x.json").exists()


def test_json_is_the_same_bytes_for_the_same_value() -> None:
    assert canonical({"b": 1, "a": [1.5, "é"]}) == '{"a":[1.5,"é"],"b":1}'.encode()
