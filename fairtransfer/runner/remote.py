"""A training carried out in another process: what it is told, and what it does. It knows nothing of who called it.

A specification is JSON. No model, no data and no code travel: the other process reads the audit itself, plans it anew and
works only on jobs whose ids come out the same, which are digests of the tool's code, the libraries, the data and the model.
It writes into the folder it was given and returns the ids of the jobs that are ready. Nothing counts before the process
that owns the store has committed it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairtransfer.errors import FairtransferError
from fairtransfer.evidence.failpoints import failpoint
from fairtransfer.evidence.manifest import file_digest
from fairtransfer.models.checkpoint import Trained
from fairtransfer.plugins import switch_on
from fairtransfer.runner.cost import Costing
from fairtransfer.runner.foreign import code_of, installed_only, plugins_of
from fairtransfer.runner.job import Plan, Roots
from fairtransfer.runner.machine import Machine, code_digest, libraries
from fairtransfer.runner.opened_data import open_data
from fairtransfer.runner.plan import make_plan
from fairtransfer.runner.todo import Lease
from fairtransfer.runner.waiting import wait_passively
from fairtransfer.spec.check import load_audit

if TYPE_CHECKING:
    from fairtransfer.runner.session import Session


def common_spec(plan: Plan, threads: int, costing: Costing) -> dict[str, Any]:
    """Return what all trainings of a plan are told."""
    roots, source = plan.roots, plan.checkpoint.trained
    return {
        "audit": str(plan.files.loaded.path.resolve()),
        "data_root": None if roots.data is None else str(roots.data.resolve()),
        "model_root": None if roots.model is None else str(roots.model.resolve()),
        "device": plan.machine.device,
        "precision": plan.machine.precision,
        "threads": threads,
        "costing": asdict(costing),
        "code": code_digest(),
        "libraries": libraries(plan.audit.model.family),
        "plugins": installed_only(plugins_of(plan.files)),
        "plugin_code": code_of(plugins_of(plan.files)),
        "source": None
        if source is None
        else {"weights": str(source.weights.resolve()), "classes": list(source.classes)},
    }


def specification(common: dict[str, Any], leases: list[Lease]) -> str:
    """Return what one training is told: the jobs it is judged in, each with its attempt and the attempt's folder."""
    jobs = [{"id": lease.job.id, "attempt": lease.attempt, "folder": str(lease.folder.resolve())} for lease in leases]
    return json.dumps({"schema": "1", "common": common, "jobs": jobs})


def look(threads: int) -> str:
    """Return, as JSON, the machine this process computes on."""
    wait_passively()
    import torch

    from fairtransfer.adapt.hardware import detect

    torch.set_num_threads(threads)
    found = detect()
    return json.dumps({"device": found.device, "precision": found.precision})


def work(specification: str) -> str:
    """Carry out one training and return, as JSON, the ids of the jobs that are `ready` and the `reason` why others are not.

    `refused` stands alone: nothing was done, because this process would not have done what was asked.
    """
    asked = json.loads(specification)
    try:
        session = _session(json.dumps(asked["common"], sort_keys=True))
        leases = _leases(session.plan, asked["jobs"])
    except _Refused as refused:
        return json.dumps({"refused": str(refused)})
    except FairtransferError as error:
        return json.dumps({"refused": f"it cannot be planned there: {error}"})
    from fairtransfer.runner.feature_cache import shelf_of
    from fairtransfer.runner.work import carry_out

    # <store>/jobs/<job>/<attempt>
    session.shelf = shelf_of(session.plan, leases[0].folder.parents[2], session.costing)
    ready: list[str] = []
    failpoint("pre_training")
    reason = carry_out(
        session, leases[0].job.training, leases, lambda _: None, lambda lease: ready.append(lease.job.id)
    )
    return json.dumps({"ready": ready, "reason": reason})


class _Refused(Exception):
    """The results asked for would not come out of this process."""


@lru_cache(maxsize=1)
def _session(common: str) -> Session:
    """Return the opened plan; one process carries out many trainings of it, which share what is in it."""
    wait_passively()
    import torch

    from fairtransfer.adapt.hardware import Hardware, detect
    from fairtransfer.runner.session import Session

    told = json.loads(common)
    torch.set_num_threads(told["threads"])
    if not Path(told["audit"]).is_file():
        raise _Refused(
            "the audit is not there; a cluster needs the project and the workspace on a file system all nodes share"
        )
    switch_on(told["plugins"])
    files = load_audit(told["audit"], report_only=True)
    found = detect()
    _compare(told, "code", code_digest(), "another version of fairtransfer is installed there")
    _compare(told, "libraries", libraries(files.loaded.audit.model.family), "other libraries are installed there")
    _compare(told, "plugin_code", code_of(plugins_of(files)), "other plug-ins are installed there")
    machine = Machine(found.device, found.precision).computing_in(files.loaded.audit.model.precision)
    _compare(told, "device", machine.device, "it computes on another device")
    _compare(told, "precision", machine.precision, "it computes in another number format")
    data, model = (None if told[name] is None else Path(told[name]) for name in ("data_root", "model_root"))
    plan = make_plan(files, Roots(data, model), machine)
    if (source := told["source"]) is not None:
        weights = Path(source["weights"])
        trained = plan.checkpoint.with_weights(Trained(weights, tuple(source["classes"])), file_digest(weights))
        plan = replace(plan, checkpoint=trained)
    hardware = Hardware(machine.device, machine.precision)
    return Session(plan, open_data(files, plan.roots), hardware, Costing(**told["costing"]))


def _compare(told: dict[str, Any], key: str, here: Any, found: str) -> None:
    if told[key] == here:
        return
    if isinstance(here, dict):
        names = sorted({*told[key], *here})
        differ = [f"{n} {here.get(n, 'absent')}, not {told[key].get(n, 'absent')}" for n in names]
        raise _Refused(
            f"{found}: {'; '.join(d for n, d in zip(names, differ, strict=True) if here.get(n) != told[key].get(n))}"
        )
    raise _Refused(f"{found}: `{here[:12]}`, not `{told[key][:12]}`")


def _leases(plan: Plan, asked: list[dict[str, Any]]) -> list[Lease]:
    jobs = {job.id: job for job in (*plan.jobs, *plan.judging)}
    if any(job["id"] not in jobs for job in asked):
        raise _Refused("the audit, a card, the data or the model is not the one that was planned")
    if any(not Path(job["folder"]).is_dir() for job in asked):
        raise _Refused("the workspace is not there; a cluster needs it on a file system all nodes share")
    return [Lease(jobs[job["id"]], job["attempt"], Path(job["folder"])) for job in asked]
