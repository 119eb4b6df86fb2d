"""Work in shards on a Ray cluster (``pip install tracemill[ray]``): the same bytes as one process.

:func:`convert`, :func:`compare`, :func:`find` and :func:`train`. The first two split what the command of that name does, have the shards done wherever the
cluster has room, and merge what they did. A shard is a pure function of the inputs, the options and its number,
so a worker or a node may die at any time: Ray gives its shards to others, and the result is the same. What a
shard did comes back through Ray and is kept in a work folder of the driver as soon as it is there: a driver that
was killed goes on from it when the same call is made again.

Inputs are read by the workers themselves, so they are on a file system that all nodes have. Nothing else is.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from typing import Any, Callable, Mapping, Sequence, Union

from ._commands import run_command
from ._errors import CommandError

try:
    import ray as _ray
except ImportError as error:  # pragma: no cover - told to the user
    raise ImportError("tracemill.ray needs Ray: pip install tracemill[ray]") from error

#: Not all of Ray is typed.
_api: Any = _ray

#: What a worker is taken to need for a shard of a conversion, from shards' peaks on small inputs: processors and bytes.
CONVERT_RESOURCES = {"num_cpus": 1, "memory": 300 * 1024 * 1024}
#: The same for a shard of a comparison of small workloads; a trace that is replayed needs as much as its tasks.
COMPARE_RESOURCES = {"num_cpus": 1, "memory": 300 * 1024 * 1024}


class ShardError(RuntimeError):
    """Some shards failed. What the others did is kept: the same call goes on from there."""

    def __init__(self, failures: Mapping[str, str], work: str) -> None:
        self.failures = dict(failures)
        lines = [f"{name}: {reason}" for name, reason in self.failures.items()]
        super().__init__("\n".join([*lines, f"what other shards did is kept in {work}"]))


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far the shards have come."""

    done: int
    running: int
    failed: int
    total: int
    #: Seconds since the call.
    elapsed: float
    #: Shards a second, of those that this call did.
    rate: float
    #: Seconds left at that rate; None before the first shard.
    left: float | None

    def __str__(self) -> str:
        left = "" if self.left is None else f", {self.left:.0f} s left"
        return (
            f"{self.done} of {self.total} shards, {self.running} running, {self.failed} failed, "
            f"{self.rate:.2f} a second{left}"
        )


#: Takes the progress; True prints it, None keeps quiet.
Watcher = Union[Callable[[Progress], None], bool, None]


def _version() -> str:
    return str(run_command("--version")).strip()


def _do(words: Sequence[str], options: Mapping[str, Any], wanted: str, version: str) -> bytes:
    """Does a shard on a worker, and gives the file that it wrote."""
    from tracemill._commands import run_command as run

    found = str(run("--version")).strip()
    if found != version:
        raise CommandError(f"the worker has Tracemill {found}, the driver {version}: install one version", 1)
    folder = tempfile.mkdtemp(prefix="tracemill-shard-")
    try:
        is_file = wanted.startswith(".")
        output = os.path.join(folder, "shard" + wanted if is_file else "shard")
        run(*words, output=output, **{"threads": 1, **options})
        path = output if is_file else os.path.join(output, wanted)
        with open(path, "rb") as file:
            return file.read()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Work:
    """The folder that shards' files are kept in, with the manifest of the work that they are of."""

    def __init__(self, path: str, plan: Mapping[str, Any], ending: str) -> None:
        self.path = path
        self.ending = ending
        os.makedirs(path, exist_ok=True)
        manifest = os.path.join(path, "plan.json")
        text = json.dumps(plan, sort_keys=True, indent=1)
        if os.path.exists(manifest):
            with open(manifest) as file:
                known = file.read()
            if known != text:
                raise ValueError(f"{path}: holds shards of other work; name another folder, or remove it")
        else:
            _put(path, "plan.json", text.encode())
        for name in os.listdir(path):
            if ".partial-" in name:  # what a killed driver was writing
                os.unlink(os.path.join(path, name))

    def file(self, number: int) -> str:
        return os.path.join(self.path, f"{number}{self.ending}")

    def has(self, number: int) -> bool:
        return os.path.exists(self.file(number))

    def put(self, number: int, data: bytes) -> None:
        _put(self.path, os.path.basename(self.file(number)), data)


def _put(folder: str, name: str, data: bytes) -> None:
    """Writes a file that appears when it is complete."""
    target = os.path.join(folder, name)
    partial = f"{target}.partial-{os.getpid()}"
    try:
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
    except OSError:
        if os.path.exists(partial):
            os.unlink(partial)
        raise


def _show(watcher: Watcher, progress: Progress) -> None:
    if callable(watcher):
        watcher(progress)
    elif watcher:
        sys.stderr.write(f"\r\x1b[K{progress}" if sys.stderr.isatty() else f"{progress}\n")


def _message(error: BaseException) -> str:
    """One line of what Ray tells of a task that failed."""
    cause: BaseException = error
    while isinstance(cause, _api.exceptions.RayTaskError) and isinstance(cause.cause, BaseException):
        cause = cause.cause
    text = str(cause).strip()
    if isinstance(cause, (ImportError, ModuleNotFoundError)) or "No module named 'tracemill'" in text:
        return "a worker has no tracemill: pip install tracemill on every node, in the environment of its Ray"
    return (text.splitlines() or [type(cause).__name__])[-1 if "\n" in text else 0]


class _Shards:
    """Has shards done, each at least once, and keeps what they did."""

    def __init__(
        self,
        task: str,
        count: int,
        arguments: Callable[[int], tuple[Any, ...]],
        work: _Work,
        resources: Mapping[str, Any],
        retries: int,
        stragglers: float | None,
        watcher: Watcher,
    ) -> None:
        self.task, self.count, self.arguments, self.work = task, count, arguments, work
        self.remote = _api.remote(max_retries=retries, **resources)(_do)
        self.retries = retries
        self.stragglers = stragglers
        self.watcher = watcher
        self.begun = time.monotonic()
        self.durations: list[float] = []
        self.failures: dict[str, str] = {}
        self.running: dict[Any, tuple[int, float]] = {}
        self.before = 0

    def run(self) -> None:
        waiting = collections.deque(n for n in range(1, self.count + 1) if not self.work.has(n))
        self.before = self.count - len(waiting)
        tries: collections.Counter[int] = collections.Counter()
        last = 0.0
        while waiting or self.running:
            while waiting and len(self.running) < self._room():
                self._submit(waiting.popleft())
            if not waiting:
                self._repeat_stragglers()
            ready, _ = _api.wait(list(self.running), num_returns=1, timeout=0.5)
            for reference in ready:
                number, began = self.running.pop(reference)
                if self.work.has(number) or f"shard {number}/{self.count}" in self.failures:
                    continue  # its twin was quicker
                try:
                    data = _api.get(reference)
                except _api.exceptions.TaskCancelledError:
                    continue
                except (_api.exceptions.RayTaskError, CommandError) as error:
                    # A program that was killed, by the kernel for want of memory say, did not say why.
                    tries[number] += 1
                    cause = getattr(error, "cause", error)
                    if getattr(cause, "returncode", 0) < 0 and tries[number] <= self.retries:
                        waiting.append(number)
                        continue
                    self.failures[f"shard {number}/{self.count}"] = _message(error)
                except _api.exceptions.RayError as error:
                    # The worker, its node, or what it had put into the store is gone once too often.
                    tries[number] += 1
                    if tries[number] <= self.retries:
                        waiting.append(number)
                        continue
                    self.failures[f"shard {number}/{self.count}"] = _message(error)
                else:
                    self.durations.append(time.monotonic() - began)
                    self.work.put(number, data)
                    self._cancel_twins(number)
            now = time.monotonic()
            if now - last > 0.5 or not (waiting or self.running):
                last = now
                self._tell(len(waiting))
        if self.failures:
            raise ShardError(self.failures, self.work.path)

    def _room(self) -> int:
        """Somewhat more shards than can run, so that Ray always has the next one at hand."""
        return 2 * max(1, int(_api.cluster_resources().get("CPU", 1))) + 2

    def _submit(self, number: int) -> None:
        name = f"tracemill {self.task} {number}/{self.count}"
        reference = self.remote.options(name=name).remote(*self.arguments(number))
        self.running[reference] = (number, time.monotonic())

    def _repeat_stragglers(self) -> None:
        """Runs what takes much longer than the others a second time, where there is room for it."""
        if self.stragglers is None or len(self.durations) < 3:
            return
        if _api.available_resources().get("CPU", 0) < 1:
            return
        limit = self.stragglers * statistics.median(self.durations)
        numbers = collections.Counter(number for number, _ in self.running.values())
        now = time.monotonic()
        for number, began in list(self.running.values()):
            if numbers[number] == 1 and now - began > max(limit, 1.0):
                self._submit(number)
                return

    def _cancel_twins(self, number: int) -> None:
        for reference, (other, _) in list(self.running.items()):
            if other == number:
                _api.cancel(reference, force=True)
                del self.running[reference]

    def _tell(self, waiting: int) -> None:
        if not self.watcher:
            return
        elapsed = time.monotonic() - self.begun
        done = sum(self.work.has(n) for n in range(1, self.count + 1))
        own = done - self.before
        rate = own / elapsed if elapsed > 0 else 0.0
        left = (self.count - done - len(self.failures)) / rate if rate > 0 else None
        progress = Progress(
            done, min(len(self.running), self.count - done), len(self.failures), self.count, elapsed, rate, left
        )
        _show(self.watcher, progress)


def _start(address: str | None) -> None:
    if not _api.is_initialized():
        _api.init(address=address, log_to_driver=False)


def _run(
    task: str,
    words: Sequence[str],
    options: Mapping[str, Any],
    *,
    shards: int,
    work: str,
    wanted: str,
    resources: Mapping[str, Any],
    retries: int,
    stragglers: float | None,
    progress: Watcher,
    address: str | None,
) -> list[str]:
    if shards < 1:
        raise ValueError("shards is at least 1")
    _start(address)
    version = _version()
    ending = wanted if wanted.startswith(".") else os.path.splitext(wanted)[1]
    plan = {"words": list(words), "options": dict(options), "shards": shards, "version": version}
    kept = _Work(work, plan, ending)
    runner = _Shards(
        task,
        shards,
        lambda n: (list(words), {**options, "shard": f"{n}/{shards}"}, wanted, version),
        kept,
        resources,
        retries,
        stragglers,
        progress,
    )
    runner.run()
    return [kept.file(n) for n in range(1, shards + 1)]


def _shard_count(given: int | None, most: int | None = None) -> int:
    if given is not None:
        return given
    wished = 4 * max(1, int(_api.cluster_resources().get("CPU", 1)))
    return max(1, min(wished, most) if most else wished)


#: Options of convert that say what is made of records, and so belong to the merge.
_OF_MERGE = (
    "from_", "to", "priority", "sample", "sample_seed", "anonymise", "salt", "to_format", "rows_per_part",
)  # fmt: skip


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
    address: str | None = None,
    **options: Any,
) -> Any:
    """Converts a trace in shards: the file is the one that ``tracemill convert INPUT -o OUTPUT`` writes.

    :param input: the trace, at a path that every node has.
    :param output: the file, on the driver.
    :param shards: how many; four a core of the cluster if None.
    :param work: where shards' files are kept until the merge; ``OUTPUT.shards`` if None. It is removed at the end.
    :param resources: what Ray is told that a shard needs; :data:`CONVERT_RESOURCES` if None.
    :param retries: how often a shard is given to another worker when one dies.
    :param stragglers: a shard that takes so many times the median is run twice; None for never.
    :param progress: True prints it, or a function of :class:`Progress`.
    :param address: a cluster to connect to, as ``ray.init`` takes it; one that is connected to is used.
    :param options: as the command's: ``table="job_events"``, ``lenient=True``.
    :returns: the summary that ``tracemill merge --json`` prints.
    :raises ShardError: with the names of shards that failed; what the others did is kept.
    """
    _start(address)
    source, target = os.path.abspath(os.fspath(input)), os.fspath(output)
    folder = os.fspath(work) if work is not None else target + ".shards"
    of_merge = {name: options.pop(name) for name in _OF_MERGE if name in options}
    count = _shard_count(shards) if not os.path.exists(os.path.join(folder, "plan.json")) else _known(folder, shards)
    files = _run(
        "convert",
        ["convert", source],
        options,
        shards=count,
        work=folder,
        wanted=".parts",
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


def _known(folder: str, shards: int | None) -> int:
    """How many shards the work in a folder has, where the caller does not insist on another number."""
    with open(os.path.join(folder, "plan.json")) as file:
        return shards if shards is not None else int(json.load(file)["shards"])


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

    The other parameters, and what is raised, are those of :func:`convert`.

    :returns: what ``tracemill merge --json`` prints of the results.
    """
    _start(address)
    name = os.fspath(experiment)
    source = os.path.abspath(name) if os.path.exists(name) else name
    target = os.fspath(output)
    folder = os.path.join(target, "shards")
    os.makedirs(target, exist_ok=True)
    count = _shard_count(shards) if not os.path.exists(os.path.join(folder, "plan.json")) else _known(folder, shards)
    files = _run(
        "compare",
        ["compare"],
        {"experiment": source, **options},
        shards=count,
        work=folder,
        wanted="results.sqlite",
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


def find(
    condition: str,
    vary: str,
    *,
    schedulers: Sequence[str],
    retries: int = 5,
    resources: Mapping[str, Any] | None = None,
    progress: Watcher = True,
    address: str | None = None,
    **options: Any,
) -> list[Any]:
    """Where a condition ends, as ``tracemill sweep --find``: each scheduler's search is a task of its own.

    :param condition: ``"load where wait_p99_s < 60"``.
    :param vary: the range, ``"load=0.3:1.1"``.
    :param options: as the command's: ``workload="study:tasks=5000"``, ``cluster="study:100"``, ``seeds=20``.
    :returns: what the command's JSON has under ``found``, in the order of the schedulers.
    :raises ShardError: with the names of schedulers whose search failed.
    """
    _start(address)
    remote = _api.remote(max_retries=retries, **(resources or COMPARE_RESOURCES))(_search)
    begun = time.monotonic()
    running = {
        remote.options(name=f"tracemill find {name}").remote({**options, "scheduler": name, "vary": vary, "find": condition}): name
        for name in schedulers
    }  # fmt: skip
    found: dict[str, Any] = {}
    failures: dict[str, str] = {}
    waiting = list(running)
    while waiting:
        ready, waiting = _api.wait(waiting, num_returns=1)
        for reference in ready:
            try:
                found[running[reference]] = _api.get(reference)
            except (_api.exceptions.RayError, CommandError) as error:
                failures[f"scheduler {running[reference]}"] = _message(error)
        elapsed = time.monotonic() - begun
        rate = len(found) / elapsed
        left = len(waiting) / rate if rate > 0 else None
        _show(progress, Progress(len(found), len(waiting), len(failures), len(running), elapsed, rate, left))
    if failures:
        raise ShardError(failures, "none of the searches, which are short")
    return [item for name in schedulers for item in found[name]]


def _search(options: Mapping[str, Any]) -> Any:
    from tracemill._commands import run_command as run

    return run("sweep", json_output=True, threads=1, **options)["found"]


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
    _start(address)
    folder = os.fspath(output)
    os.makedirs(folder, exist_ok=True)
    source = os.path.abspath(os.fspath(scenario))
    remote = _api.remote(max_retries=retries, num_cpus=threads, memory=memory)(_train)
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
            files, summary = _api.get(reference)
        except (_api.exceptions.RayError, CommandError) as error:
            raise ShardError({"training": _message(error)}, folder) from error
        # The checkpoint last: what it is gone on from is there.
        for name in sorted(files, key=lambda name: name in ("checkpoint.safetensors", "polish.safetensors")):
            _put(folder, name, files[name])
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
