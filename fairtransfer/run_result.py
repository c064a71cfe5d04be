"""A finished run: its verdict, its findings, its documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairtransfer.conclusion import judged_again, rendered_again
from fairtransfer.display import Display, Displayed, Illustration
from fairtransfer.errors import DefinitionError, Problem
from fairtransfer.evidence.canonical import read_json
from fairtransfer.evidence.manifest import verify_sums
from fairtransfer.evidence.text_reading import FEWEST, TextReading, told
from fairtransfer.findings.collection import Findings
from fairtransfer.findings.metric_table import MetricTable, metric_table, unknown
from fairtransfer.findings.rows import Finding
from fairtransfer.findings.run_record import load_record
from fairtransfer.findings.study import study_of
from fairtransfer.gates.results import Verdict, read_results
from fairtransfer.spec.columns import ColumnNames

Model = tuple[str | None, str | None]

if TYPE_CHECKING:
    import pandas as pd

    from fairtransfer.report.subject import Subject


@dataclass(frozen=True, repr=False)
class Run(Displayed):
    """A finished run.

    Attributes
    ----------
    folder
        Everything about it; see `docs/evidence.md`.
    verdict
        What the gates say of the candidate.
    fresh
        How many trainings were done now; 0 when everything was there already.

    Examples
    --------
    >>> import fairtransfer as ft
    >>> run = ft.run("audits/first.yaml")
    >>> run.verdict.outcome
    'inconclusive'
    >>> run.findings.one(stage="after", strategy="full", metric="error_rate", group="region=north")
    <Finding error_rate after full on 16 labels, region=north: 31.0% (0.6 to 65.5), n 14>
    >>> float(run.to_metricframe("region").difference()["error_rate"].round(3))
    0.31
    >>> ft.Run.open(run.folder).fresh
    0
    """

    folder: Path
    verdict: Verdict
    fresh: int

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """Return a run that was finished earlier, judged again from its evidence.

        Raises
        ------
        IntegrityError
            When a file of the run changed, or the verdict is not the one that was recorded.
        """
        verify_sums(Path(folder))
        return cls(Path(folder), judged_again(Path(folder)), 0)

    @cached_property
    def findings(self) -> Findings:
        """One row per question, for every model, stage and group; `where` asks for some of them."""
        return Findings(read_results(self.folder / "findings.json").rows)

    def to_frame(self) -> pd.DataFrame:
        """Return the findings as a DataFrame, one row each; a group's attributes are columns of their own."""
        return self.findings.to_frame()

    def to_metricframe(
        self,
        by: ColumnNames,
        stage: str = "after",
        *,
        control: ColumnNames = (),
        metrics: ColumnNames = (),
        benchmark: str | None = None,
        strategy: str | None = None,
        label_budget: str | int | None = None,
    ) -> MetricTable:
        """Return one model's values of one stage as fairlearn's `MetricFrame` has them, with the reason where there is none.

        Parameters
        ----------
        by, stage, control, metrics
            As for `Measurement.to_metricframe`; a run also has the stages ``scratch`` and ``gain``.
        benchmark
            Its id; needed where there are several.
        strategy, label_budget
            Which adapted model; default: the candidate.

        Raises
        ------
        DefinitionError
            When something is asked for that was not measured (``FT-P043``), with what was.
        """
        rows = _of_benchmark(self.findings, benchmark)
        return metric_table(_of_model(rows, self._model(strategy, label_budget)), by, control, stage, metrics)

    def _model(self, strategy: str | None, label_budget: str | int | None) -> Model:
        """Return strategy and label budget of a model that was asked for; what is not named is the candidate's."""
        candidate = self.verdict.candidate
        budget = None if label_budget is None else str(label_budget)
        if candidate is None:
            return strategy, budget
        return strategy or candidate.strategy, budget or candidate.budget or None

    def report(self, out: str | Path | None = None, formats: str | Iterable[str] | None = None) -> list[Path]:
        """Write the documents again, into the run's folder or into another, in these forms or in all, and return them.

        Raises
        ------
        DefinitionError
            When a form is not known (``FT-R011``).
        IntegrityError
            When a file of the run changed.
        """
        return rendered_again(self.folder, formats, None if out is None else Path(out))

    @property
    def report_file(self) -> Path:
        """The HTML report that stands in the run's folder."""
        return self.folder / "report" / "report.html"

    @cached_property
    def _subject(self) -> Subject:
        """Findings and verdict as documents show them."""
        from fairtransfer.report.document import public

        return public(study_of(load_record(self.folder)), self.findings, self.verdict)

    def display(self) -> Display:
        """Return the verdict and short tables of the candidate; small groups are hidden, as in documents."""
        from fairtransfer.report.shown import run_display

        return run_display(self._subject, self.folder)

    def illustration(self) -> Illustration | None:
        """Return the chart of the report's first page."""
        from fairtransfer.report.shown import results_illustration

        return results_illustration(self._subject)

    @property
    def warnings(self) -> list[str]:
        """What the checks of the definitions and the data warned of, and how texts were read (documents hide small groups)."""
        record = read_json(self.folder / "run.json")
        found = [f"{w['place']} {w['code']}: {w['text']}" for w in record["warnings"]]
        read = [(b["id"], TextReading.from_json(b["texts"])) for b in record["benchmarks"] if "texts" in b]
        return found + [
            f"audit.yaml model.max_tokens FT-M052: {name}: {text}"
            for name, reading in read
            for text in told(reading, least=FEWEST)
        ]

    @property
    def failures(self) -> dict[str, int]:
        """Why jobs have no result, and how many each reason has."""
        return dict(Counter(job["reason"] for job in read_json(self.folder / "run.json")["failed_jobs"]))

    @property
    def timing(self) -> dict[str, Any] | None:
        """How long the trainings took and how long was predicted; None when nothing was trained for this folder."""
        found: dict[str, Any] | None = read_json(self.folder / "environment.json").get("timing")
        return found


def _of_benchmark(findings: Findings, name: str | None) -> list[Finding]:
    """Return the findings of one benchmark, named by its id or its key; there may be no other where none is named."""
    keys = {key.split("@")[0]: key for key in dict.fromkeys(f.benchmark for f in findings)}
    if name is None and len(keys) > 1:
        found, do = "there are several benchmarks", "say benchmark="
        raise DefinitionError([Problem("FT-P043", found, f"one of: {', '.join(keys)}", do, "benchmark")])
    if name is not None and name not in (*keys, *keys.values()):
        raise DefinitionError([unknown("benchmark", name, list(keys))])
    return [f for f in findings if name is None or f.benchmark in (name, keys.get(name))]


def _of_model(findings: Sequence[Finding], model: Model) -> list[Finding]:
    """Return the findings of one adapted model, of the model before, and of the one from scratch with as many labels."""
    models = list(dict.fromkeys((f.strategy, f.label_budget) for f in findings if f.strategy is not None))
    if model not in models:
        named = [f"{strategy}, {budget}" if budget else str(strategy) for strategy, budget in models]
        asked = ", ".join(filter(None, model))
        raise DefinitionError([unknown("strategy", asked, named)])
    return [f for f in findings if f.stage == "before" or (f.strategy, f.label_budget) == model]
