"""Simulation."""

from __future__ import annotations

import json
import os
from typing import Any, Mapping

from . import _core
from ._arrow import Table
from ._describe import Progress, keys, plain, preformatted, text, watcher
from ._traces import Records, Trace
from ._workloads import ClusterLike, Workload, cluster_description
from ._workloads import workload as to_workload


class Run:
    """A finished run."""

    def __init__(self, run: object) -> None:
        self._run = run
        described = json.loads(_core.run_summary(run))
        self._text = str(described.pop("text")).rstrip("\n")
        #: What ``tracemill simulate --json`` prints.
        self.summary: dict[str, Any] = described

    @property
    def tasks(self) -> Table:
        """What became of each task: ``docs/simulation.md`` has the columns; empty with ``tasks=False``."""
        return Table(lambda: _core.run_stream(self._run, "tasks"))

    @property
    def series(self) -> Table:
        """The cluster's use over time, a row a bin."""
        return Table(lambda: _core.run_stream(self._run, "series"))

    @property
    def machines(self) -> Table:
        """The machines, and the energy that each took."""
        return Table(lambda: _core.run_stream(self._run, "machines"))

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return preformatted(self._text)


def simulate(
    workload: Any,
    cluster: ClusterLike | None = None,
    scheduler: Any = "first-fit",
    seed: int = 1,
    *,
    columns: Mapping[str, Any] | None = None,
    scale_arrivals: float | None = None,
    scale_run_times: float | None = None,
    tasks: bool = True,
    reading: Mapping[str, Any] | None = None,
    progress: Progress = None,
    **engine: Any,
) -> Run:
    """Runs a workload through a scheduler on a cluster.

    ``workload`` is a name or path as for ``tracemill simulate``, a trace or its ``records()``, what
    ``generate()`` gave, or any table (``columns`` as for ``workload()``). ``cluster`` is a name or path, or
    groups of machines; a trace comes with its own. ``scheduler`` is a name, or an object with
    ``place(task, cluster)``: see ``tracemill.Scheduler``. The rest is the engine's:
    ``mode="dispatch"``, ``queue="sjf"``, ``backfilling="easy"``, ``heartbeat=10``, … ``tasks=False`` keeps
    no table of tasks. The same seed gives the same run.
    """
    described: dict[str, Any] = keys(
        {
            "seed": seed,
            "scale_arrivals": scale_arrivals,
            "scale_run_times": scale_run_times,
            "tasks": tasks,
            "reading": reading,
        }
    )
    table = None
    if isinstance(workload, Records):
        described.update(
            workload=workload.trace.path,
            reading=workload.trace._description["reading"],
            selection=workload._selection,
        )
    elif isinstance(workload, Trace):
        described.update(workload=workload.path, reading=workload._description["reading"])
    elif isinstance(workload, (str, os.PathLike)):
        described["workload"] = plain(workload)
    else:
        table = to_workload(workload, columns=columns)._table
    if cluster is not None:
        described["cluster"] = cluster_description(cluster)
    if engine:
        described["engine"] = keys(engine)
    functions = None
    if isinstance(scheduler, (str, os.PathLike)):
        described["scheduler"] = plain(scheduler)
    else:
        from .schedulers import functions_of

        functions = functions_of(scheduler)
    return Run(_core.simulate(text(described), table, functions, watcher(progress, "simulate")))
