"""A conversion in shards."""

from __future__ import annotations

import functools
import os
import shutil
from typing import Any, Mapping

from .._commands import run_command
from .._files import is_url
from ._engine import start
from ._progress import Watcher
from ._shards import run_shards, shard_count
from ._work import known_count

#: What a worker is taken to need for a shard of a conversion, from shards' peaks on small inputs: processors and bytes.
CONVERT_RESOURCES = {"num_cpus": 1, "memory": 300 * 1024 * 1024}

#: Options of convert that say what is made of records, and so belong to the merge.
_OF_MERGE = (
    "from_", "to", "priority", "sample", "sample_seed", "anonymise", "salt", "to_format", "rows_per_part",
)  # fmt: skip


def split(source: str, reading: Mapping[str, Any], storage: Mapping[str, Any], shard: str, folder: str) -> str:
    """Reads a share of a trace's parts, on a worker; the path of what was written."""
    import tracemill

    path = os.path.join(folder, "shard.parts")
    trace = tracemill.open(source, storage_options=dict(storage) or None, **{"threads": 1, **reading})
    trace.split(shard, path)
    return path


def convert(
    input: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    shards: int | None = None,
    work: str | os.PathLike[str] | None = None,
    resources: Mapping[str, Any] | None = None,
    retries: int = 5,
    stragglers: float | None = 3.0,
    progress: Watcher = True,
    storage_options: Mapping[str, Any] | None = None,
    address: str | None = None,
    **options: Any,
) -> Any:
    """Converts a trace in shards: the file is the one that ``tracemill convert INPUT -o OUTPUT`` writes.

    :param input: the trace, at a path that every node has, or at a URL that fsspec reads (``s3://``, ``gs://``, …):
        each worker reads its parts from there itself, a few MiB at a time, and keeps none of them.
    :param output: the file, on the driver.
    :param shards: how many; four a core of the cluster if None.
    :param work: where shards' files are kept until the merge; ``OUTPUT.shards`` if None. It is removed at the end.
    :param resources: what Ray is told that a shard needs; :data:`CONVERT_RESOURCES` if None.
    :param retries: how often a shard is given to another worker when one dies.
    :param stragglers: a shard that takes so many times the median is run twice; None for never.
    :param progress: True prints it, or a function of :class:`Progress`.
    :param storage_options: what fsspec is told of a URL: keys, a server. They are kept in no file.
    :param address: a cluster to connect to, as ``ray.init`` takes it; one that is connected to is used.
    :param options: how it is read, as ``tracemill.open`` takes it (``table="job_events"``, ``lenient=True``), and what
        is made of it, as ``tracemill merge`` takes it (``from_="1d"``, ``priority="0-1"``, ``anonymise=True``).
    :returns: the summary that ``tracemill merge --json`` prints.
    :raises ShardError: with the names of shards that failed; what the others did is kept.
    """
    start(address)
    source, target = os.fspath(input), os.fspath(output)
    if not is_url(source):
        source = os.path.abspath(source)
    folder = os.fspath(work) if work is not None else target + ".shards"
    of_merge = {name: options.pop(name) for name in _OF_MERGE if name in options}
    count = shard_count(shards) if not os.path.exists(os.path.join(folder, "plan.json")) else known_count(folder, shards)
    files = run_shards(
        "convert",
        functools.partial(split, source, options, dict(storage_options or {})),
        {"convert": source, "options": options},
        shards=count,
        work=folder,
        ending=".parts",
        resources=resources or CONVERT_RESOURCES,
        retries=retries,
        stragglers=stragglers,
        progress=progress,
        address=address,
    )
    summary = run_command("merge", *files, output=target, json_output=True, **of_merge)
    if work is None:
        shutil.rmtree(folder)
    return summary
