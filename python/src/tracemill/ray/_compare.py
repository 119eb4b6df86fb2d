"""A comparison in shards of its cells."""

from __future__ import annotations

import functools
import os
import shutil
from typing import Any, Mapping

from .._commands import run_command
from ._engine import start
from ._progress import Watcher
from ._shards import run_shards, shard_count
from ._work import known_count

#: What a worker is taken to need for a shard of a comparison of small workloads; a trace that is replayed needs as much as its tasks.
COMPARE_RESOURCES = {"num_cpus": 1, "memory": 300 * 1024 * 1024}


def cells(experiment: str, options: Mapping[str, Any], shard: str, folder: str) -> str:
    """Runs a share of an experiment's cells, on a worker; the path of their results."""
    import tracemill

    told = tracemill.run_experiment(experiment, folder, shard=shard, **{"threads": 1, **options})
    return str(told["results"])


def compare(
    experiment: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    shards: int | None = None,
    resources: Mapping[str, Any] | None = None,
    retries: int = 5,
    stragglers: float | None = 3.0,
    progress: Watcher = True,
    address: str | None = None,
    report: bool = True,
    **options: Any,
) -> Any:
    """Runs an experiment in shards of its cells: tables and pages are those of ``tracemill compare``.

    :param experiment: a YAML file at a path that every node has, as is all that it names; or the name of one that
        comes with the program.
    :param output: the folder, on the driver, that everything is written to.
    :param report: whether tables, pages and figures are written, too.

    :param options: as of ``tracemill.run_experiment``: ``seeds=20``, ``as_trained=True``.

    The other parameters, and what is raised, are those of :func:`convert`.

    :returns: what ``tracemill merge --json`` prints of the results.
    """
    if options.get("keep_tasks"):
        raise ValueError("keep_tasks: what became of tasks would stay on the workers; compare --shard keeps it")
    start(address)
    name = os.fspath(experiment)
    source = os.path.abspath(name) if os.path.exists(name) else name
    target = os.fspath(output)
    folder = os.path.join(target, "shards")
    os.makedirs(target, exist_ok=True)
    count = shard_count(shards) if not os.path.exists(os.path.join(folder, "plan.json")) else known_count(folder, shards)
    files = run_shards(
        "compare",
        functools.partial(cells, source, options),
        {"compare": source, "options": options},
        shards=count,
        work=folder,
        ending=".sqlite",
        resources=resources or COMPARE_RESOURCES,
        retries=retries,
        stragglers=stragglers,
        progress=progress,
        address=address,
    )
    results = os.path.join(target, "results.sqlite")
    summary = run_command("merge", *files, output=results, json_output=True)
    if report:
        run_command("report", results)
    shutil.rmtree(folder)
    return summary
