"""Schedulers in Python.

A scheduler is any object with ``place(task, cluster)``; :class:`Scheduler` says what it may have besides::

    class BestFit:
        def place(self, task, cluster):
            fits = cluster.fits(task)
            if not fits.any():
                return None                       # wait
            room = numpy.where(fits, cluster.room(), numpy.iinfo(numpy.int64).max)
            return int(room.argmin())
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

_NEVER = 2**63 - 1

#: What a scheduler's ``place`` returns to wait, and to refuse the task for good.
WAIT: None = None
REJECT = False


class Task(NamedTuple):
    """A task that is to be placed: what a real scheduler would know of it."""

    job: int
    task_index: int
    submit_us: int
    #: The user's estimate of the run time; 2^63 - 1 is none. So is a deadline.
    estimate_us: int
    deadline_us: int
    #: Billionths of a core.
    cpu_nano: int
    memory_bytes: int
    disk_bytes: int
    gpu_milli: int
    #: 64 bits of this decision's chance: use it and nothing else, and a seed gives the same run.
    random: int
    allowed_address: int
    user: int
    attempts: int
    instances: int
    gateway: int
    priority: int
    priority_class: int
    scheduling_class: int


class Ended(NamedTuple):
    """A task that has ended; times in µs, 2^63 - 1 is never."""

    job: int
    task_index: int
    submit_us: int
    start_us: int
    finish_us: int
    wait_us: int
    machine_id: int
    attempts: int
    #: 0 finished, 1 refused, 2 unplaceable, 3 abandoned, 4 cancelled, 5 unfinished.
    outcome: int


class _Memory:
    """Memory of the library's as NumPy sees it."""

    def __init__(self, address: int, count: int, kind: str) -> None:
        self.__array_interface__ = {
            "data": (address, True),
            "shape": (count,),
            "typestr": kind,
            "version": 3,
        }


class Cluster:
    """The machines as the scheduler sees them: read-only columns of ``count`` values, without a copy.

    The arrays are current whenever the scheduler is called, and are not to be kept after the run.
    """

    def __init__(self, count: int, *addresses: int) -> None:
        import numpy

        kinds = ["<i8"] * 8 + ["<f8", "<i4", "<i4", "|u1"]
        columns: list[NDArray[Any]] = [
            numpy.asarray(_Memory(address, count, kind)) for address, kind in zip(addresses, kinds)
        ]
        #: How many machines there are.
        self.count = count
        #: The time in µs.
        self.now_us = 0
        #: What is free on each machine: billionths of a core, bytes, bytes, thousandths of a GPU.
        self.free_cpu_nano: NDArray[numpy.int64] = columns[0]
        self.free_memory_bytes: NDArray[numpy.int64] = columns[1]
        self.free_disk_bytes: NDArray[numpy.int64] = columns[2]
        self.free_gpu_milli: NDArray[numpy.int64] = columns[3]
        #: What there is when it is empty.
        self.cpu_nano: NDArray[numpy.int64] = columns[4]
        self.memory_bytes: NDArray[numpy.int64] = columns[5]
        self.disk_bytes: NDArray[numpy.int64] = columns[6]
        self.gpu_milli: NDArray[numpy.int64] = columns[7]
        #: Speed relative to a reference core.
        self.speed: NDArray[numpy.float64] = columns[8]
        #: Tasks that run, and that wait, at each machine.
        self.running: NDArray[numpy.int32] = columns[9]
        self.queued: NDArray[numpy.int32] = columns[10]
        #: 1 where the machine is there.
        self.up: NDArray[numpy.uint8] = columns[11]
        self._largest = [
            max(int(column.max(initial=0)), 0)
            for column in (self.cpu_nano, self.memory_bytes, self.disk_bytes, self.gpu_milli)
        ]

    def allowed(self, task: Task) -> NDArray[numpy.bool_] | None:
        """Which machines the task's constraints allow; ``None`` for all."""
        import numpy

        if not task.allowed_address:
            return None
        return numpy.asarray(_Memory(task.allowed_address, self.count, "|u1")).astype(bool)

    def fits(self, task: Task) -> NDArray[numpy.bool_]:
        """Which machines the task may start on now."""
        fits: NDArray[numpy.bool_] = (
            (self.free_cpu_nano >= task.cpu_nano)
            & (self.free_memory_bytes >= task.memory_bytes)
            & (self.free_disk_bytes >= task.disk_bytes)
            & (self.free_gpu_milli >= task.gpu_milli)
            & (self.up != 0)
        )
        allowed = self.allowed(task)
        return fits if allowed is None else fits & allowed

    def room(self) -> NDArray[numpy.int64]:
        """What is free on each machine in 2^-40ths: the sum over CPU, memory, disk and GPU of the share of
        the largest machine's, as best fit and worst fit rank machines."""
        import numpy

        total = numpy.zeros(self.count, numpy.int64)
        columns = (
            self.free_cpu_nano,
            self.free_memory_bytes,
            self.free_disk_bytes,
            self.free_gpu_milli,
        )
        for free, largest in zip(columns, self._largest):
            if largest > 0:
                total += numpy.floor(numpy.minimum(free / largest * 2.0**40, 2.0**60)).astype(numpy.int64)
        return total


class Scheduler:
    """What a scheduler may have; only :meth:`place` or :meth:`choose` is needed, and no base class."""

    def begin(self, cluster: Cluster) -> None:
        """A run begins."""

    def place(self, task: Task, cluster: Cluster) -> int | None | bool:
        """Where the task goes: a machine's index, ``None`` to wait, ``False`` to refuse it for good."""
        raise NotImplementedError

    # A subclass that chooses among all waiting tasks defines
    #   choose(self, tasks: list[Task], cluster: Cluster) -> tuple[int, int] | None
    # the place in `tasks` of the one that goes next, and its machine; then place is not called.
    # Hooks, called where they are defined:
    #   machine_changed(self, machine: int, cluster: Cluster) -> None
    #   task_ended(self, task: Ended, cluster: Cluster) -> None


class Policy:
    """A learned policy as a scheduler: what it sees is what an environment shows.

    ``model`` is a function ``(observation, mask) -> action`` of NumPy arrays (float32 and bool; the last action
    is to wait), or the path of an ONNX file: its first input is the observation, its first output a score for
    each action, of which the greatest that can be done is taken (onnxruntime, one thread). ``observation``,
    ``candidates`` and ``sampling`` are those of the environment that it was trained in. An action that cannot
    be done is to wait.

    >>> tm.compare(["study:load=0.5"], ["study:100"], ["best-fit", Policy("ppo.onnx", candidates=8)])
    """

    def __init__(
        self,
        model: Callable[[NDArray[numpy.float32], NDArray[numpy.bool_]], int] | str | os.PathLike[str],
        *,
        observation: str = "machines",
        candidates: int | None = None,
        sampling: str | None = None,
        name: str | None = None,
    ) -> None:
        import numpy

        from ._describe import keys, text

        if callable(model):
            self._choose = model
            self.name = name or getattr(model, "__name__", "policy")
        else:
            self._choose = _onnx(model)
            self.name = name or os.path.basename(os.fspath(model))
        self._described = text(
            keys({"observation": observation, "candidates": candidates, "sampling": sampling})
        )
        self._kinds = (numpy.float32, numpy.bool_, numpy.frombuffer)

    def _act(self, observation: memoryview, mask: memoryview) -> int:
        single, boolean, view = self._kinds
        return int(self._choose(view(observation, single), view(mask, boolean)))


def _onnx(path: str | os.PathLike[str]) -> Callable[..., int]:
    """What an ONNX file does."""
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        os.fspath(path), options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name

    def choose(observation: NDArray[numpy.float32], mask: NDArray[numpy.bool_]) -> int:
        scores = session.run(None, {name: observation[None]})[0][0]
        if len(scores) != len(mask):
            raise ValueError(
                f"{os.fspath(path)}: {len(scores)} scores for {len(mask)} actions: it was trained in another game"
            )
        return int(numpy.where(mask, scores, -numpy.inf).argmax())

    return choose


def functions_of(scheduler: Any) -> tuple[Any, Any, Any, Any, Any, Any, str | None]:
    """The scheduler as the functions that the library calls."""
    if isinstance(scheduler, Policy):
        return (None, None, None, None, None, scheduler._act, scheduler._described)
    place: Callable[..., Any] = getattr(scheduler, "place", _absent)
    choose: Callable[..., Any] = getattr(scheduler, "choose", _absent)
    if isinstance(scheduler, Scheduler) and type(scheduler).place is Scheduler.place:
        place = _absent
    if place is _absent and choose is _absent:
        raise TypeError(
            f"{type(scheduler).__name__} is no scheduler: expected a name, or an object with "
            "place(task, cluster)"
        )
    begin: Callable[..., Any] = getattr(scheduler, "begin", _absent)
    changed: Callable[..., Any] = getattr(scheduler, "machine_changed", _absent)
    ended: Callable[..., Any] = getattr(scheduler, "task_ended", _absent)

    def start(count: int, *addresses: int) -> Cluster:
        cluster = Cluster(count, *addresses)
        if begin is not _absent:
            begin(cluster)
        return cluster

    def placed(cluster: Cluster, now: int, task: tuple[Any, ...]) -> Any:
        cluster.now_us = now
        return place(Task._make(task), cluster)

    def chosen(cluster: Cluster, now: int, tasks: list[tuple[Any, ...]]) -> Any:
        cluster.now_us = now
        return choose([Task._make(task) for task in tasks], cluster)

    def told(cluster: Cluster, now: int, machine: int) -> None:
        cluster.now_us = now
        changed(machine, cluster)

    def ended_(cluster: Cluster, now: int, task: tuple[Any, ...]) -> None:
        cluster.now_us = now
        ended(Ended._make(task), cluster)

    return (
        start,
        None if place is _absent else placed,
        None if choose is _absent else chosen,
        None if changed is _absent else told,
        None if ended is _absent else ended_,
        None,
        None,
    )


def _absent(*arguments: Any) -> Any:
    """Stands for a function that a scheduler does not have."""
