"""The verbs: load an audit, plan it, run it, judge a run, render its report, verify its files.

The command line calls these and prints; a program can call them too::

    import fairtransfer as ft
    run = ft.run("audits/quickstart.yaml")
    print(run.verdict.outcome, run.report_file)

What a verb needs is imported when it is called: checking digests does not load a table library, and nothing but adapting
a model loads torch.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from fairtransfer.errors import DefinitionError, Problem, did_you_mean, relative
from fairtransfer.evidence.manifest import verify_sums
from fairtransfer.resources import resource

if TYPE_CHECKING:
    from fairtransfer.gates.results import Verdict
    from fairtransfer.plan_result import Plan
    from fairtransfer.run_result import Run
    from fairtransfer.runner.todo import Progress
    from fairtransfer.spec.audit_files import AuditFiles
    from fairtransfer.stages import Planned

WORKSPACE = Path("runs")


def find_audit(name: str | Path) -> Path:
    """Return the path of an audit: a file, or the name of one that comes with the package (`quickstart`)."""
    path = Path(name)
    if path.is_dir() or path.suffix.lower() == ".md":
        raise DefinitionError([_no_audit(path)])
    packaged = resource("audits") / f"{path.name}.yaml"
    if path.is_file() or path.suffix or len(path.parts) > 1:
        return path
    if packaged.is_file():
        return packaged
    known = sorted(p.stem for p in resource("audits").glob("*.yaml"))
    hint = did_you_mean(str(name), known)
    raise DefinitionError(
        [
            Problem(
                "FT-Y040",
                f"no audit `{name}`",
                f"a file, or one of: {', '.join(known)}",
                hint if hint.startswith("did") else "",
            )
        ]
    )


def _no_audit(path: Path) -> Problem:
    """Return what is wrong with a folder or a data card in the place of an audit, and which audits there are."""
    what = "a folder" if path.is_dir() else "a data card"
    places = (path, path / "audits") if path.is_dir() else (path.parent, path.parent.parent / "audits")
    near = [relative(found) for place in places for found in sorted(place.glob("*.yaml"))][:5]
    do = f"name one, such as {near[0]}" if near else "`fairtransfer init` writes a first audit"
    return Problem("FT-Y086", f"this is {what}, not an audit", "an audit (.yaml)", do, relative(path))


def load_audit(audit: str | Path, *, report_only: bool = False) -> AuditFiles:
    """Read an audit and the cards it names, and check them together; `report_only` accepts one without gates.

    Raises
    ------
    DefinitionError
        With every problem found.
    """
    from fairtransfer.spec import check

    return check.load_audit(find_audit(audit), report_only=report_only)


def plan(
    audit: str | Path | AuditFiles,
    *,
    workspace: str | Path = WORKSPACE,
    data_root: str | Path | None = None,
    model_root: str | Path | None = None,
    max_jobs: int | None = None,
    expect_error: float = 0.2,
    expect_change: float = 0.2,
    probe: bool = True,
) -> Plan:
    """Say what a run of an audit would do: its jobs, time and disk, and what each gate could come to in each group.

    Nothing is written but the times of a probe, and no model is loaded without one.

    Parameters
    ----------
    workspace
        Where finished jobs would be found, and what was judged on the same benchmarks before.
    data_root, model_root
        Folders that cards may place their files under, and `folder:` models may be found in.
    max_jobs
        Refuse a plan with more jobs than this.
    expect_error, expect_change
        The shares of cases that you expect to be served badly, and to change their answer, from 0 to 1.
    probe
        Load the model, as the run will, and time a few steps of work that has not been timed on this machine yet.

    Raises
    ------
    DefinitionError
        When the audit, its cards, its data or its model are not acceptable: whenever the run would refuse.
    """
    from fairtransfer.gates.gate import Expected
    from fairtransfer.plan_result import looked_at

    planned = _planned(audit, workspace, data_root, model_root, max_jobs)
    return looked_at(planned, Expected(expect_error, expect_change), probe=probe)


def _planned(
    audit: str | Path | AuditFiles,
    workspace: str | Path,
    data_root: str | Path | None,
    model_root: str | Path | None,
    max_jobs: int | None,
) -> Planned:
    """Return the jobs of an audit, and where they are kept; no data is opened."""
    from fairtransfer.runner.job import Roots
    from fairtransfer.runner.plan import make_plan
    from fairtransfer.runner.plan_checks import MAX_JOBS
    from fairtransfer.runner.waiting import wait_passively
    from fairtransfer.spec.audit_files import AuditFiles
    from fairtransfer.stages import Planned

    wait_passively()  # every way to torch leads through here
    files = audit if isinstance(audit, AuditFiles) else load_audit(audit)
    roots = Roots(*(None if root is None else Path(root) for root in (data_root, model_root)))
    return Planned(make_plan(files, roots, max_jobs=max_jobs or MAX_JOBS), Path(workspace))


def run(
    audit: str | Path | AuditFiles,
    *,
    workspace: str | Path = WORKSPACE,
    executor: str = "local",
    out: str | Path | None = None,
    data_root: str | Path | None = None,
    model_root: str | Path | None = None,
    max_jobs: int | None = None,
    progress: Progress | bool = True,
    flops: bool = True,
    country: str | None = None,
) -> Run:
    """Plan, run, measure, judge and report; what is already in the workspace is not done again.

    Parameters
    ----------
    executor
        ``local``: this process. ``ray``: a Ray cluster, of this machine or the one ``RAY_ADDRESS`` names.
    out
        Copy the report into this folder as well.
    progress
        Shown in a notebook and on a terminal, and nowhere else; False: not at all; or a `Progress` of one's own.
    flops
        Whether operations are counted; it changes no result.
    country
        Where the electricity comes from (ISO 3166, three letters), to estimate energy (extra ``energy``).

    Raises
    ------
    DefinitionError
        When the audit, its cards or its data are not acceptable; nothing has been run then.
    WorkspaceBusy
        When another run holds the workspace.
    """
    from fairtransfer.progress import shown
    from fairtransfer.run_result import Run
    from fairtransfer.runner.cost import Costing
    from fairtransfer.runner.energy import check_country
    from fairtransfer.runner.executor import check_executor
    from fairtransfer.stages import Means

    check_executor(executor)
    check_country(country)
    planned = _planned(audit, workspace, data_root, model_root, max_jobs)
    with shown(wanted=progress) as told:
        done = planned.completed(Means(executor, Costing(flops, country), told))
    if out is not None:
        render(done.folder, out=out)
    return Run(done.folder, done.verdict, done.trainings)


def judge(folder: str | Path) -> Verdict:
    """Return the verdict of a finished run, computed from its evidence.

    Raises
    ------
    IntegrityError
        When a file of the run changed, or the verdict is not the one that was recorded.
    """
    from fairtransfer.conclusion import judged_again

    verify_sums(Path(folder))
    return judged_again(Path(folder))


def verify(folder: str | Path) -> int:
    """Check every file of a run against its digests and return how many there are; and the reuse ledgers beside the run.

    Raises
    ------
    IntegrityError
        Naming every file that changed, is missing or is not listed; or the ledger that was changed or cut short.
    """
    from fairtransfer.evidence.reuse import check_places

    folder = Path(folder)
    count = verify_sums(folder)
    check_places(folder)
    return count


def render(folder: str | Path, formats: str | Iterable[str] | None = None, out: str | Path | None = None) -> list[Path]:
    """Render the report of a finished run again and return the files written; the run's digests are brought up to date.

    Parameters
    ----------
    formats
        ``"html,md"``, or a list; default: every form there is.
    out
        Another folder than the run's own.

    Raises
    ------
    DefinitionError
        When a form is not known (``FT-R011``).
    IntegrityError
        When a file of the run changed.
    """
    from fairtransfer.conclusion import rendered_again

    return rendered_again(Path(folder), formats, None if out is None else Path(out))
