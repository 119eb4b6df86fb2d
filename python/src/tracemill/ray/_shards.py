"""Shards: each done by some worker at least once, what they wrote kept by the driver."""

from __future__ import annotations

import collections
import shutil
import statistics
import tempfile
import time
from typing import Any, Callable, Mapping

from .. import __version__
from .._errors import CommandError, RequestError, TracemillError
from ._engine import api, cores, message, start
from ._progress import Progress, Watcher, show
from ._work import Work


class ShardError(RuntimeError):
    """Some shards failed. What the others did is kept: the same call goes on from there."""

    def __init__(self, failures: Mapping[str, str], work: str) -> None:
        self.failures = dict(failures)
        lines = [f"{name}: {reason}" for name, reason in self.failures.items()]
        super().__init__("\n".join([*lines, f"what other shards did is kept in {work}"]))


def do(make: Callable[[str, str], str], shard: str, wanted: str) -> bytes:
    """Does a shard on a worker, and gives the bytes of the file that ``make(shard, folder)`` wrote.

    ``wanted`` is the driver's version: a worker that has another does nothing.
    """
    from tracemill import __version__ as found

    if found != wanted:
        raise RequestError(f"the worker has Tracemill {found}, the driver {wanted}: install one version")
    folder = tempfile.mkdtemp(prefix="tracemill-shard-")
    try:
        with open(make(shard, folder), "rb") as file:
            return file.read()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Shards:
    """Has shards done, each at least once, and keeps what they did."""

    def __init__(
        self,
        task: str,
        count: int,
        make: Callable[[str, str], str],
        work: Work,
        resources: Mapping[str, Any],
        retries: int,
        stragglers: float | None,
        watcher: Watcher,
    ) -> None:
        self.task, self.count, self.make, self.work = task, count, make, work
        self.remote = api.remote(max_retries=retries, **resources)(do)
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
            ready, _ = api.wait(list(self.running), num_returns=1, timeout=0.5)
            for reference in ready:
                number, began = self.running.pop(reference)
                if self.work.has(number) or f"shard {number}/{self.count}" in self.failures:
                    continue  # its twin was quicker
                try:
                    data = api.get(reference)
                except api.exceptions.TaskCancelledError:
                    continue
                except (api.exceptions.RayTaskError, TracemillError) as error:
                    # A program that was killed, by the kernel for want of memory say, did not say why.
                    tries[number] += 1
                    cause = getattr(error, "cause", error)
                    if getattr(cause, "returncode", 0) < 0 and tries[number] <= self.retries:
                        waiting.append(number)
                        continue
                    self.failures[f"shard {number}/{self.count}"] = message(error)
                except api.exceptions.RayError as error:
                    # The worker, its node, or what it had put into the store is gone once too often.
                    tries[number] += 1
                    if tries[number] <= self.retries:
                        waiting.append(number)
                        continue
                    self.failures[f"shard {number}/{self.count}"] = message(error)
                else:
                    self.durations.append(time.monotonic() - began)
                    self.work.keep(number, data)
                    self._cancel_twins(number)
            now = time.monotonic()
            if now - last > 0.5 or not (waiting or self.running):
                last = now
                self._tell(len(waiting))
        if self.failures:
            # By their numbers, not by the order in which they failed.
            ordered = sorted(self.failures.items(), key=lambda item: int(item[0].split()[1].split("/")[0]))
            raise ShardError(dict(ordered), self.work.path)

    def _room(self) -> int:
        """Somewhat more shards than can run, so that Ray always has the next one at hand."""
        return 2 * cores() + 2

    def _submit(self, number: int) -> None:
        name = f"tracemill {self.task} {number}/{self.count}"
        reference = self.remote.options(name=name).remote(self.make, f"{number}/{self.count}", __version__)
        self.running[reference] = (number, time.monotonic())

    def _repeat_stragglers(self) -> None:
        """Runs what takes much longer than the others a second time, where there is room for it."""
        if self.stragglers is None or len(self.durations) < 3:
            return
        if api.available_resources().get("CPU", 0) < 1:
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
                api.cancel(reference, force=True)
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
        show(self.watcher, progress)


def run_shards(
    task: str,
    make: Callable[[str, str], str],
    plan: Mapping[str, Any],
    *,
    shards: int,
    work: str,
    ending: str,
    resources: Mapping[str, Any],
    retries: int,
    stragglers: float | None,
    progress: Watcher,
    address: str | None,
) -> list[str]:
    """Has all shards done, and returns the files that they wrote, which ``work`` keeps.

    :param make: writes the file of a shard (``"3/64"``) into a folder on a worker, and returns its path.
    :param plan: what the files hang on besides the version: files of another plan in ``work`` are refused.
    """
    if shards < 1:
        raise ValueError("shards is at least 1")
    start(address)
    kept = Work(work, {**plan, "shards": shards, "version": __version__}, ending)
    runner = Shards(
        task,
        shards,
        make,
        kept,
        resources,
        retries,
        stragglers,
        progress,
    )
    runner.run()
    return [kept.file(n) for n in range(1, shards + 1)]


def shard_count(given: int | None, most: int | None = None) -> int:
    if given is not None:
        return given
    wished = 4 * cores()
    return max(1, min(wished, most) if most else wished)
