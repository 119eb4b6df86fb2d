"""Schedulers against each other."""

from __future__ import annotations

import json
import math
import os
from typing import Any, Iterable, Mapping, Sequence

from . import _core
from ._arrow import Table
from ._closing import Closing
from ._describe import Progress, keys, plain, preformatted, text, watcher
from ._files import files_for
from ._runs import engine_keys
from ._traces import Records, Trace
from ._workloads import ClusterLike, Workload
from ._workloads import workload as to_workload


class Comparison(Closing):
    """What schedulers came to: cells, means with intervals, paired comparisons with the baseline.

    It is what ``tracemill compare`` works out, from cells that this process ran. Its repr is what the command
    prints.
    """

    def __init__(self, handle: object) -> None:
        self._hold(handle)
        described = json.loads(_core.comparison_summary(handle))
        self._text = str(described["text"]).rstrip("\n")
        results = described["results"]
        #: What ``tracemill compare --json`` prints.
        self.summary: dict[str, Any] = results

    @property
    def cells(self) -> Table:
        """A row a cell: workload, cluster, scheduler, seed, times, and every metric."""
        return Table(lambda: _core.comparison_stream(self._handle))

    @property
    def comparisons(self) -> list[dict[str, Any]]:
        """Each scheduler against the baseline by each headline metric, over paired seeds.

        Mean difference, Hodges-Lehmann shift with its interval, Wilcoxon's signed-rank test with Holm's
        correction over the comparison (``p_holm``), effect sizes, and the verdict.
        """
        return [
            {"workload": scenario["workload"], "cluster": scenario["cluster"], **comparison}
            for scenario in self.summary["tracemill"]["scenarios"]
            for comparison in scenario["comparisons"]
        ]

    @property
    def waits(self) -> list[dict[str, Any]]:
        """Mean waits of groups of tasks, all seeds together: a dict a row, as ``pandas.DataFrame`` takes them.

        ``by`` is ``run-time`` (tenths of the finished tasks, the shortest first), ``class``, and ``size`` and
        ``user`` where ``by=`` asked for them; ``tasks`` is how many started, ``wait_mean_s`` their mean wait.
        """
        return [
            {
                "workload": scenario["workload"],
                "cluster": scenario["cluster"],
                "scheduler": scheduler["scheduler"],
                **row,
            }
            for scenario in self.summary["tracemill"]["scenarios"]
            for scheduler in scenario["schedulers"]
            for row in scheduler["waits"]
        ]

    def mean(self, scheduler: str, metric: str = "wait_mean_s") -> float:
        """The mean of a metric over a scheduler's cells, those without it left out."""
        columns = self.cells.to_dict()
        if metric not in columns:
            raise KeyError(f"no metric {metric!r}; there are {', '.join(list(columns)[6:])}")
        values = [
            value
            for name, value in zip(columns["scheduler"], columns[metric])
            if name == scheduler and value is not None
        ]
        if scheduler not in columns["scheduler"]:
            raise KeyError(f"no scheduler {scheduler!r}")
        return math.fsum(values) / len(values) if values else math.nan

    def to_dict(self) -> dict[str, list[Any]]:
        """The cells as columns."""
        return self.cells.to_dict()

    def to_pandas(self) -> Any:
        """The cells as a ``pandas.DataFrame``."""
        return self.cells.to_pandas()

    def to_polars(self) -> Any:
        """The cells as a ``polars.DataFrame``."""
        return self.cells.to_polars()

    def plot(self, metric: str = "wait_mean_s", ax: Any = None) -> Any:
        """A box a scheduler over its cells; needs matplotlib. Returns the axes."""
        from ._figures import axes

        columns = self.cells.to_dict()
        names = list(dict.fromkeys(columns["scheduler"]))
        groups = [
            [v for n, v in zip(columns["scheduler"], columns[metric]) if n == name and v is not None]
            for name in names
        ]
        ax = axes(ax)
        ax.boxplot(groups, tick_labels=names)
        ax.set_ylabel(metric)
        return ax

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return preformatted(self._text)


def compare(
    workloads: Sequence[Any],
    clusters: Sequence[ClusterLike],
    schedulers: Sequence[Any],
    seeds: int | Iterable[int] = 10,
    *,
    baseline: str | None = None,
    metrics: Sequence[str] | None = None,
    level: float | None = None,
    by: Sequence[str] | None = None,
    axes: Mapping[str, Any] | None = None,
    zip: Sequence[Any] | None = None,
    exclude: Sequence[Mapping[str, Any]] | None = None,
    progress: Progress = None,
    **engine: Any,
) -> Comparison:
    """Runs every scheduler on every workload and cluster under the same seeds, and compares them in pairs.

    Workloads, clusters and schedulers are whatever ``simulate()`` takes, objects of your own among them, or
    dicts as in an experiment's file; ``seeds`` is how many, from 1 on, or which. The first scheduler is the
    baseline if none is named. ``metrics`` are headline metrics by their names in ``docs/experiments.md``. A
    scheduler of your own is called by its ``name``, else by its class. ``by=["user", "size"]`` tells waits apart by
    these too: see ``Comparison.waits``.

    ``axes``, ``zip`` and ``exclude`` are those of an experiment's file (``axes={"load": [0.5, 0.7]}``): all combinations
    of the values are run. A list for a key of the engine is an axis too (``queue=["fifo", "sjf"]``). ``cells`` has a
    column for each.

    Cells run side by side on all cores, but one after the other where a scheduler is Python. With an
    experiment's file, a report and a results store: ``tracemill compare``.
    """
    tables: list[object] = []
    functions: list[Any] = []
    described: dict[str, Any] = keys({"baseline": baseline, "metrics": metrics, "level": level, "waits_by": by})
    described["name"] = "comparison"
    for name, value in (("axes", axes), ("zip", zip), ("exclude", exclude)):
        if value is not None:
            described[name] = plain(value)
    described["workloads"] = _named([_workload(item, tables) for item in workloads])
    described["clusters"] = _named([_cluster(item) for item in clusters])
    described["schedulers"] = _named([_scheduler(item, functions) for item in schedulers])
    described["seeds"] = seeds if isinstance(seeds, int) else [int(seed) for seed in seeds]
    if engine:
        described["engine"] = engine_keys(engine)
    sources = [item.get("source") for item in described["workloads"] + described["clusters"]]
    return Comparison(
        _core.compare(
            text(described), tables, functions, watcher(progress, "compare"), files_for(*sources)
        )
    )


def run_experiment(
    experiment: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    shard: str | None = None,
    keep_tasks: bool = False,
    as_trained: bool = False,
    threads: int | None = None,
    progress: Progress = None,
) -> dict[str, Any]:
    """Runs an experiment's file, and keeps every cell in ``OUTPUT/results.sqlite``: ``tracemill compare --no-report``.

    Cells that are there are not run again, so a call that was interrupted goes on. ``shard`` (``"3/64"``) runs a share
    of the cells; ``tracemill merge`` joins results, and ``report`` makes tables and pages of them.
    """
    described = keys(
        {
            "experiment": os.fspath(experiment), "output": os.fspath(output), "shard": shard,
            "keep_tasks": keep_tasks, "as_trained": as_trained,
            "reading": None if threads is None else {"threads": threads},
        }
    )  # fmt: skip
    told = _core.experiment(text(described), watcher(progress, "experiment"))
    summary: dict[str, Any] = json.loads(told)
    return summary


def sweep(
    workload: Any,
    cluster: ClusterLike,
    schedulers: Sequence[Any],
    vary: Mapping[str, Any],
    seeds: int | Iterable[int] = 10,
    **more: Any,
) -> Comparison:
    """Runs schedulers along axes: ``sweep("study", "study:100", ["first-fit"], {"load": "0.5:0.9:0.1"})``.

    ``vary`` has the keys of ``tracemill sweep --vary``, each with a list of values or a range ``"FROM:TO:STEP"``; all
    combinations are run, but for what ``zip`` pairs and ``exclude`` leaves out. ``more`` is what ``compare()`` takes.
    """
    return compare([workload], [cluster], schedulers, seeds, axes=vary, **more)


def _named(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries no two of which have one name: those that do are counted."""
    seen: dict[str, int] = {}
    for entry in entries:
        name = entry["name"]
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            entry["name"] = f"{name}-{seen[name]}"
    return entries


def _workload(item: Any, tables: list[object]) -> dict[str, Any]:
    if isinstance(item, Mapping):
        entry: dict[str, Any] = plain(item)
        return entry
    if isinstance(item, Records):
        raise TypeError("records() of a trace: make a workload() of them, or give the trace")
    if isinstance(item, Trace):
        if item._description["reading"]:
            raise TypeError("a trace with ways of reading: make a workload() of its records()")
        item = item.path
    if isinstance(item, (str, os.PathLike)):
        source = str(plain(item))
        return {"name": _short(source), "source": source}
    table = to_workload(item)
    tables.append(table._handle)
    name = table.name if isinstance(item, Workload) else "table"
    return {"name": _short(name), "source": f"table:{len(tables) - 1}"}


def _cluster(item: Any) -> dict[str, Any]:
    if isinstance(item, list):
        return {"name": "cluster", "groups": plain(item)}
    if isinstance(item, Mapping):
        return {"name": "cluster", **plain(item)}
    source = str(plain(item))
    return {"name": _short(source), "source": source}


def _scheduler(item: Any, functions: list[Any]) -> dict[str, Any]:
    if isinstance(item, Mapping):
        entry: dict[str, Any] = plain(item)
        return entry
    if isinstance(item, (str, os.PathLike)):
        policy = str(plain(item))
        return {"name": _short(policy), "policy": policy}
    from .schedulers import functions_of

    functions.append(functions_of(item))
    name = str(getattr(item, "name", type(item).__name__))
    return {"name": name, "policy": f"given:{len(functions) - 1}"}


def _short(source: str) -> str:
    """The last part of a path."""
    return source.rstrip("/").rsplit("/", 1)[-1] or source
