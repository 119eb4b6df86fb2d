"""Workloads in memory."""

from __future__ import annotations

import os
from typing import Any, Mapping, Union

from . import _core
from ._arrow import Table
from ._closing import Closing
from ._describe import Progress, keys, plain, text, watcher

#: A name, ``{"groups": [...]}`` as a specification's file has it, or the groups alone.
ClusterLike = Union[str, os.PathLike[str], Mapping[str, Any], "list[Mapping[str, Any]]"]


class Workload(Table, Closing):
    """Task records in memory, in order of submission; ``len`` is how many."""

    def __init__(self, table: object, name: str) -> None:
        self._hold(table)
        self.name = name
        super().__init__(lambda: _core.table_stream(self._handle))

    def __len__(self) -> int:
        return _core.table_count(self._handle)

    def __repr__(self) -> str:
        if self._held is None:
            return f"<Workload {self.name}, closed>"
        return f"<Workload {self.name}: {len(self):,} tasks>"


def cluster_description(cluster: ClusterLike) -> Any:
    """A cluster as a description has it."""
    if isinstance(cluster, list):
        return {"groups": plain(cluster)}
    return plain(cluster)


def generate(
    workload: str = "study",
    *,
    tasks: int | None = None,
    duration: float | str | None = None,
    load: float | None = None,
    cores: float | None = None,
    cluster: ClusterLike | None = None,
    seed: int = 1,
    progress: Progress = None,
) -> Workload:
    """Draws a synthetic workload.

    ``workload`` is a preset (``"study"``, ``"google-2011"``, …), a scenario (.yaml) or a fitted profile
    (.json), as for ``tracemill generate``. ``load`` is the share of ``cluster``, or of ``cores``, that its
    tasks keep busy. The same seed gives the same tasks.
    """
    described: dict[str, Any] = keys(
        {
            "workload": workload,
            "tasks": tasks,
            "duration": duration,
            "load": load,
            "cores": cores,
            "seed": seed,
        }
    )
    if cluster is not None:
        described["cluster"] = cluster_description(cluster)
    table = _core.generate(text(described), watcher(progress, "generate"))
    return Workload(table, str(workload))


def workload(
    table: Any,
    *,
    columns: Mapping[str, Any] | None = None,
    name: str = "table",
    progress: Progress = None,
) -> Workload:
    """A workload out of any table that Arrow can carry: of pandas, polars, pyarrow, DuckDB, or ours.

    ``columns`` says which of its columns stand for which of ours, and in which unit:
    ``{"submit_us": {"from": "t", "unit": "s"}, "run_us": {"from": "d", "unit": "s"}, "cpu_cores": "cpu"}``;
    without it those with our names count. ``submit_us`` must be there. Rows may be in any order.
    """
    if isinstance(table, Workload):
        return table
    export = getattr(table, "__arrow_c_stream__", None)
    if export is None and hasattr(table, "arrow"):  # a DuckDB relation
        table = table.arrow()
        export = getattr(table, "__arrow_c_stream__", None)
    if export is None:
        raise TypeError(
            f"{type(table).__name__} is no table: expected something with __arrow_c_stream__, such as a "
            "DataFrame of pandas or polars"
        )
    described = {"columns": plain(columns)} if columns is not None else {}
    read = _core.read_table(export(), text(described), watcher(progress, "read"))
    return Workload(read, name)
