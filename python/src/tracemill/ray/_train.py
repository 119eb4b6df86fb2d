"""A training on workers: whole on one of them, or its episodes on all."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Any, Callable, Mapping

from .._errors import CommandError
from ._engine import api, message, start
from ._rollouts import train_shared
from ._shards import ShardError
from ._work import put


def train(
    scenario: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    shards: int | None = None,
    iterations_a_task: int = 20,
    threads: int = 1,
    memory: int = 600 * 1024 * 1024,
    retries: int = 5,
    progress: Callable[[dict[str, Any]], None] | None = None,
    address: str | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Trains a policy on workers: the files are those of ``tracemill train``.

    Without ``shards`` on one worker, some iterations a task: each task goes on from the checkpoint that the last one
    gave back, and a worker that dies costs the iterations of its task.

    With ``shards`` the episodes of every iteration are shared by so many tasks, and so are those of validations and of
    a polish by evolution; the driver does what is between them, the update of PPO above all. It is for scenarios whose episodes take seconds: a round costs what starting
    ``shards`` programs costs, and the update is done again where a validation follows it.

    A driver that was killed goes on from the output folder. Several trainings at once are several calls in threads.

    :param scenario: a YAML file at a path that every node has, as is all that it names.
    :param output: the folder, on the driver.
    :param shards: how many tasks share what is run next; None for one worker that does all.
    :param iterations_a_task: iterations of a task, without ``shards``.
    :param progress: takes the summary after each task, with ``shards`` after each iteration.
    :returns: the summary that ``tracemill train --json`` prints.
    """
    start(address)
    folder = os.fspath(output)
    os.makedirs(folder, exist_ok=True)
    source = os.path.abspath(os.fspath(scenario))
    if shards is not None:
        return train_shared(
            source, folder, options, shards, {"num_cpus": threads, "memory": memory}, retries, progress, address
        )
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
