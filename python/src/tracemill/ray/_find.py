"""A search for where a condition ends, the runs of each of its rounds in shards."""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
from typing import Any, Mapping, Sequence

from .._commands import run_command
from ._compare import COMPARE_RESOURCES
from ._engine import cores, start
from ._progress import Watcher
from ._shards import run_shards

#: More rounds than any search takes: each halves what is left between two values.
_MOST_ROUNDS = 64


def points(options: Mapping[str, Any], known: bytes, shard: str, folder: str) -> str:
    """Does a share of the runs that are needed next, on a worker; the path of what they came to."""
    given = []
    if known:
        given.append(os.path.join(folder, "known.points"))
        with open(given[0], "wb") as file:
            file.write(known)
    path = os.path.join(folder, "shard.points")
    run_command("sweep", known=given, shard=shard, output=path, **{"threads": 1, **options})
    return path


def find(
    condition: str,
    vary: str,
    *,
    schedulers: Sequence[str] = (),
    shards: int | None = None,
    work: str | os.PathLike[str] | None = None,
    retries: int = 5,
    stragglers: float | None = 3.0,
    resources: Mapping[str, Any] | None = None,
    progress: Watcher = True,
    address: str | None = None,
    **options: Any,
) -> list[Any]:
    """Where a condition ends, as ``tracemill sweep --find``: the runs of all seeds and schedulers are shared out.

    A search goes in rounds, each of the values that are needed next, at most two for each scheduler, under every
    seed. All rounds together are what one process runs, and so is what they come to.

    :param condition: ``"load where wait_p99_s < 60"``.
    :param vary: the range, ``"load=0.3:1.1"``.
    :param schedulers: as for simulate; none where ``experiment=`` brings them.
    :param shards: how many a round has; as many as the cluster has cores if None.
    :param work: where what was run is kept, so that a driver that was killed goes on; a temporary folder if None.
    :param options: as the command's: ``workload="study:tasks=5000"``, ``cluster="study:100"``, ``seeds=20``,
        ``experiment=`` (a path that every node has).
    :returns: what the command's JSON has under ``found``, in the order of the schedulers.
    :raises ShardError: with the names of shards that failed.

    The other parameters are those of :func:`convert`.
    """
    start(address)
    if "experiment" in options:
        options["experiment"] = os.path.abspath(os.fspath(options["experiment"]))
    asked = {**options, "scheduler": list(schedulers), "vary": vary, "find": condition}
    folder = os.fspath(work) if work is not None else tempfile.mkdtemp(prefix="tracemill-find-")
    known = os.path.join(folder, "known.points")
    count = shards if shards is not None else cores()
    data, runs = b"", -1
    for round in range(1, _MOST_ROUNDS + 1):
        files = run_shards(
            f"find {round}.",
            functools.partial(points, asked, data),
            {"find": asked, "round": round},
            shards=count,
            work=os.path.join(folder, str(round)),
            ending=".points",
            resources=resources or COMPARE_RESOURCES,
            retries=retries,
            stragglers=stragglers,
            progress=progress,
            address=address,
        )
        merged = run_command("merge", *([known] if data else []), *files, output=known, json_output=True)
        if merged["runs"] == runs:
            break  # nothing was needed
        runs = merged["runs"]
        with open(known, "rb") as file:
            data = file.read()
    found: list[Any] = run_command("sweep", json_output=True, known=known, **asked)["found"]
    if work is None:
        shutil.rmtree(folder)
    return found
