"""Simulation."""

from __future__ import annotations

import json
import os
from typing import Any, Mapping, Sequence

from . import _core
from ._arrow import Table
from ._closing import Closing
from ._describe import Progress, keys, plain, preformatted, text, watcher
from ._files import Files, files_for
from ._traces import Records, Trace
from ._workloads import ClusterLike, Workload, cluster_description
from ._workloads import workload as to_workload


class Run(Closing):
    """A finished run."""

    def __init__(self, run: object) -> None:
        self._hold(run)
        described = json.loads(_core.run_summary(run))
        self._text = str(described.pop("text")).rstrip("\n")
        #: What ``tracemill simulate --json`` prints.
        self.summary: dict[str, Any] = described

    @property
    def tasks(self) -> Table:
        """What became of each task: ``docs/simulation.md`` has the columns; empty with ``tasks=False``."""
        return Table(lambda: _core.run_stream(self._handle, "tasks"))

    @property
    def series(self) -> Table:
        """The cluster's use over time, a row a bin."""
        return Table(lambda: _core.run_stream(self._handle, "series"))

    @property
    def machines(self) -> Table:
        """The machines, and the energy that each took."""
        return Table(lambda: _core.run_stream(self._handle, "machines"))

    @property
    def waits(self) -> list[dict[str, Any]]:
        """Mean waits of groups of tasks: a dict a row, as ``pandas.DataFrame`` takes them.

        ``by`` is ``run-time`` (tenths of the finished tasks, the shortest first), ``class``, and ``size`` and
        ``user`` where ``by=`` asked for them.
        """
        rows: list[dict[str, Any]] = []
        for place, tenth in enumerate(self.summary["waits_by_run_time"]):
            rows.append(
                {
                    "by": "run-time",
                    "group": f"tenth {place + 1}",
                    "tasks": tenth["count"],
                    "wait_mean_s": tenth["mean_wait_s"],
                }
            )
        for name, kind in self.summary["classes"].items():
            wait = kind["wait_s"]
            rows.append({"by": "class", "group": name, "tasks": wait["count"], "wait_mean_s": wait["mean"]})
        for by in ("size", "user"):
            for group in self.summary.get(f"waits_by_{by}", []):
                rows.append(
                    {"by": by, "group": group["name"], "tasks": group["count"], "wait_mean_s": group["mean"]}
                )
        return rows

    def plot(self, ax: Any = None) -> Any:
        """The shares in use of CPU and memory over time; needs matplotlib. Returns the axes."""
        from ._figures import axes

        columns = self.series.to_dict()
        ax = axes(ax)
        hours = [start / 3.6e9 for start in columns["start_us"]]
        for name, unit in (("cpu", "cores"), ("memory", "bytes")):
            pairs = zip(columns[f"{name}_used_{unit}"], columns[f"{name}_capacity_{unit}"])
            ax.step(hours, [used / whole if whole else 0 for used, whole in pairs], where="post", label=name)
        ax.set_xlabel("time, h")
        ax.set_ylabel("share of the cluster in use")
        ax.legend()
        return ax

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return preformatted(self._text)


def engine_keys(engine: Mapping[str, Any]) -> dict[str, Any]:
    """The engine's settings as a description has them."""
    return keys(engine)


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
    by: Sequence[str] | None = None,
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
    no table of tasks; ``by=["user", "size"]`` tells waits apart by these (``Run.waits``). The same seed gives the same run.
    """
    described: dict[str, Any] = keys(
        {
            "seed": seed,
            "scale_arrivals": scale_arrivals,
            "scale_run_times": scale_run_times,
            "tasks": tasks,
            "waits_by": by,
            "reading": reading,
        }
    )
    table = None
    files: Files | None = files_for(workload, cluster)
    if isinstance(workload, Records):
        files = workload.trace._files or files
        described.update(
            workload=workload.trace.path,
            reading=workload.trace._description["reading"],
            selection=workload._selection,
        )
    elif isinstance(workload, Trace):
        files = workload._files or files
        described.update(workload=workload.path, reading=workload._description["reading"])
    elif isinstance(workload, (str, os.PathLike)):
        described["workload"] = plain(workload)
    else:
        table = to_workload(workload, columns=columns)._handle
    if cluster is not None:
        described["cluster"] = cluster_description(cluster)
    if engine:
        described["engine"] = engine_keys(engine)
    functions = None
    if isinstance(scheduler, (str, os.PathLike)):
        described["scheduler"] = plain(scheduler)
    else:
        from .schedulers import functions_of

        functions = functions_of(scheduler)
    return Run(_core.simulate(text(described), table, functions, watcher(progress, "simulate"), files))
