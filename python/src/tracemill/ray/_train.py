"""A training on workers."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any, Callable, Mapping

from .._errors import CommandError
from ._engine import api, message, start
from ._shards import ShardError
from ._work import put


def train(
    scenario: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    iterations_a_task: int = 20,
    threads: int = 1,
    memory: int = 600 * 1024 * 1024,
    retries: int = 5,
    progress: Callable[[dict[str, Any]], None] | None = None,
    address: str | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Trains a policy on a worker, some iterations a task: the files are those of ``tracemill train``.

    Each task goes on from the checkpoint that the last one gave back. A worker that dies costs the iterations of
    its task; a driver that was killed goes on from the output folder. Episodes of an iteration run on the threads of
    one worker: they are not spread over nodes. Several trainings at once are several calls in threads.

    :param scenario: a YAML file at a path that every node has, as is all that it names.
    :param output: the folder, on the driver.
    :param progress: takes the summary after each task.
    :returns: the summary that ``tracemill train --json`` prints.
    """
    start(address)
    folder = os.fspath(output)
    os.makedirs(folder, exist_ok=True)
    source = os.path.abspath(os.fspath(scenario))
    remote = api.remote(max_retries=retries, num_cpus=threads, memory=memory)(_train)
    done = -1
    while True:
        files = {}
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and ".partial-" not in name:
                with open(path, "rb") as file:
                    files[name] = file.read()
        reference = remote.options(name=f"tracemill train {os.path.basename(source)}").remote(
            source, files, {**options, "stop_after": iterations_a_task, "threads": threads}
        )
        try:
            files, summary = api.get(reference)
        except (api.exceptions.RayError, CommandError) as error:
            raise ShardError({"training": message(error)}, folder) from error
        # The checkpoint last: what it is gone on from is there.
        for name in sorted(files, key=lambda name: name in ("checkpoint.safetensors", "polish.safetensors")):
            put(folder, name, files[name])
        if progress:
            progress(summary)
        now = summary["iterations"] + summary.get("polish", {}).get("decisions", 0)
        if now == done:
            return {**summary, "policy": os.path.join(folder, "policy.safetensors")}
        done = now


def _train(scenario: str, files: Mapping[str, bytes], options: Mapping[str, Any]) -> tuple[dict[str, bytes], Any]:
    from tracemill._commands import run_command as run

    folder = tempfile.mkdtemp(prefix="tracemill-train-")
    try:
        for name, data in files.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
        summary = run("train", scenario, output=folder, resume=True, json_output=True, quiet=True, **options)
        made = {}
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as file:
                made[name] = file.read()
        return made, summary
    finally:
        shutil.rmtree(folder, ignore_errors=True)
