"""Many runs that stop at each decision, stepped together into arrays of the caller's."""

from __future__ import annotations

import os
from typing import Any, Callable, Mapping, Union

import numpy
from numpy.typing import NDArray

from .. import _core
from .._closing import Closing
from .._describe import keys, plain, text
from .._workloads import ClusterLike, cluster_description
from .._workloads import workload as to_workload

#: The workload, the cluster and the engine of the two games, where nothing else is said.
DEFAULTS: dict[str, dict[str, Any]] = {
    "placement": {"workload": "study:tasks=500,load=0.8", "cluster": "study:20", "engine": {}},
    "dispatch": {
        "workload": "study:tasks=500,load=0.8",
        "cluster": "study:20",
        "engine": {"mode": "dispatch", "gateways": True, "heartbeat": 10},
    },
}


#: ``"waiting"``, ``"study"``, ``"expected"``, or a function of the tasks that ended since the last step (an array of
#: :data:`ENDED`) to a number.
Reward = Union[str, Callable[[NDArray[Any]], float]]

#: A task that ended, as a function that rewards sees it: times in µs, 2^63 - 1 is never; ``outcome`` is 0
#: finished, 1 refused, 2 unplaceable, 3 abandoned, 4 cancelled, 5 unfinished.
ENDED = numpy.dtype(
    [
        ("job", "<i8"),
        ("submit_us", "<i8"),
        ("start_us", "<i8"),
        ("finish_us", "<i8"),
        ("wait_us", "<i8"),
        ("machine_id", "<i8"),
        ("task_index", "<i4"),
        ("attempts", "<i4"),
        ("outcome", "|u1"),
    ],
    align=True,
)

#: What the rewards ``"study"`` and ``"expected"`` are made of, and with which weights.
TERMS = {"service": 0.4, "completion": 0.3, "energy": -0.2, "imbalance": -0.1}


def describe(
    game: str,
    workload: Any = None,
    cluster: ClusterLike | None = None,
    engine: Mapping[str, Any] | None = None,
    scenario: str | os.PathLike[str] | None = None,
    load: float | None = None,
    tasks: int | None = None,
    observation: str | None = None,
    candidates: int | None = None,
    sampling: str | None = None,
    horizon: int | None = None,
    reward: Reward | None = None,
    reward_scale: float | None = None,
    units: Mapping[str, float] | None = None,
) -> tuple[dict[str, Any], object | None]:
    """The game as a description, and its workload's table if it is one."""
    defaults = DEFAULTS[game]
    described = keys(
        {
            "scenario": scenario,
            "load": load,
            "tasks": tasks,
            "observation": observation,
            "candidates": candidates,
            "sampling": sampling,
            "horizon": horizon,
            "reward": "none" if callable(reward) else reward,
            "ended": True if callable(reward) else None,
            "reward_scale": reward_scale,
            "units": units,
        }
    )
    if scenario is not None:
        given = {"workload": workload, "cluster": cluster, "engine": engine}
        wrong = [name for name, value in given.items() if value is not None]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: the scenario says that")
        return described, None
    if load is not None or tasks is not None:
        raise ValueError("load and tasks are a scenario's: a workload says its own, 'study:tasks=500,load=0.8'")
    described["engine"] = {**defaults["engine"], **keys(engine or {})}
    described["cluster"] = cluster_description(defaults["cluster"] if cluster is None else cluster)
    table = None
    if workload is None or isinstance(workload, str):
        described["workload"] = workload or defaults["workload"]
    elif hasattr(workload, "__fspath__"):
        described["workload"] = plain(workload)
    else:
        table = to_workload(workload)._handle
    return described, table


class NativeEnvironments(Closing):
    """``count`` environments that native threads step, into arrays that the caller owns.

    ``observations`` (count × features, float32), ``masks`` (count × actions, uint8), ``rewards`` (float32),
    ``terminals``, ``truncations`` and ``illegal`` (uint8), ``gateways`` (int32: at which machine the task came
    in), ``terms`` (count × 4, float32: what the reward is made of, see :data:`TERMS`) are written by :meth:`reset` and :meth:`step`, and may be given: C-contiguous arrays of these types.
    ``actions`` (int32) is what :meth:`step` takes where it is given none. :meth:`send` and :meth:`recv` step
    while the caller does something else. Options, and feature by feature what is observed:
    ``docs/python/environments.md``.
    """

    def __init__(
        self,
        game: str = "placement",
        count: int = 1,
        threads: int = 1,
        *,
        arrays: Mapping[str, NDArray[Any]] | None = None,
        **rules: Any,
    ) -> None:
        if game not in DEFAULTS:
            raise ValueError(f"no game {game!r}; there are {', '.join(DEFAULTS)}")
        described, table = describe(game, **rules)
        self._hold(_core.envs_create(text(described), table, count, threads))
        reward = rules.get("reward")
        self._reward: Callable[[NDArray[Any]], float] | None = reward if callable(reward) else None
        self._scale = float(rules.get("reward_scale") or 1)
        #: Numbers of an observation, actions (the last is to wait), machines.
        self.features, self.actions_count, self.machines = _core.envs_shape(self._handle)
        self.count = count
        given = dict(arrays or {})
        self.observations = self._array(given, "observations", (count, self.features), numpy.float32)
        self.masks = self._array(given, "masks", (count, self.actions_count), numpy.uint8)
        self.rewards = self._array(given, "rewards", (count,), numpy.float32)
        self.terminals = self._array(given, "terminals", (count,), numpy.uint8)
        self.truncations = self._array(given, "truncations", (count,), numpy.uint8)
        self.illegal = self._array(given, "illegal", (count,), numpy.uint8)
        self.gateways = self._array(given, "gateways", (count,), numpy.int32)
        self.terms = self._array(given, "terms", (count, len(TERMS)), numpy.float32)
        self.actions = self._array(given, "actions", (count,), numpy.int32)
        if given:
            raise ValueError(f"no arrays {', '.join(given)}")
        self._seeds = numpy.zeros(count, numpy.uint64)
        _core.envs_bind(
            self._handle,
            *(
                int(array.ctypes.data)
                for array in (
                    self.observations,
                    self.masks,
                    self.rewards,
                    self.terminals,
                    self.truncations,
                    self.illegal,
                    self.gateways,
                    self.terms,
                )
            ),
        )
        self._actions_address = int(self.actions.ctypes.data)
        self._sent: NDArray[Any] | None = None
        # One step of one environment is over before another thread could take the GIL.
        self._frees_gil = count > 1

    @staticmethod
    def _array(
        given: dict[str, NDArray[Any]], name: str, shape: tuple[int, ...], kind: Any
    ) -> NDArray[Any]:
        array = given.pop(name, None)
        if array is None:
            return numpy.zeros(shape, kind)
        if (
            not isinstance(array, numpy.ndarray)
            or array.dtype != kind
            or array.shape != shape
            or not array.flags.c_contiguous
            or not array.flags.writeable
        ):
            found = (
                f"{array.dtype} of shape {array.shape}, "
                f"{'' if array.flags.c_contiguous else 'not '}contiguous"
                if isinstance(array, numpy.ndarray)
                else type(array).__name__
            )
            raise ValueError(
                f"{name} is {found}: expected a writeable, C-contiguous array of "
                f"{numpy.dtype(kind).name} and shape {shape}"
            )
        return array

    def reset(self, seeds: Any, which: NDArray[Any] | None = None) -> None:
        """Begins episodes with these seeds (one each), where ``which`` is true (everywhere if ``None``)."""
        self._seeds[:] = seeds
        mask = self._prepare(None, which)
        address = 0 if mask is None else int(mask.ctypes.data)
        _core.envs_reset(self._handle, int(self._seeds.ctypes.data), address, self._frees_gil)

    def step(self, actions: Any = None, which: NDArray[Any] | None = None) -> None:
        """Decides in each environment, where ``which`` is true."""
        mask = self._prepare(actions, which)
        address = 0 if mask is None else int(mask.ctypes.data)
        _core.envs_step(self._handle, self._actions_address, address, self._frees_gil)
        if self._reward is not None:
            self._pay(mask)

    def send(self, actions: Any = None, which: NDArray[Any] | None = None) -> None:
        """Begins to decide on other threads; arrays are not to be touched before :meth:`recv`."""
        self._sent = self._prepare(actions, which)
        address = 0 if self._sent is None else int(self._sent.ctypes.data)
        _core.envs_send(self._handle, self._actions_address, address, True)

    def recv(self) -> None:
        """Waits for what was sent."""
        _core.envs_recv(self._handle)
        if self._reward is not None:
            self._pay(self._sent)

    def state(self, place: int = 0) -> NDArray[numpy.float32]:
        """An environment's observation as it were if the view of the machines had no age, for central critics."""
        state = numpy.zeros(self.features, numpy.float32)
        _core.envs_state(self._handle, place, int(state.ctypes.data))
        return state

    def ended(self, place: int = 0) -> NDArray[Any]:
        """The tasks that ended in an environment since its last step, as an array of :data:`ENDED`.

        Kept only where the reward is a function.
        """
        count = _core.envs_ended(self._handle, place, 0, 0)
        tasks = numpy.zeros(count, ENDED)
        if count:
            _core.envs_ended(self._handle, place, int(tasks.ctypes.data), count)
        return tasks

    def _prepare(self, actions: Any, which: NDArray[Any] | None) -> NDArray[Any] | None:
        if actions is not None:
            given = numpy.asarray(actions)
            if given.shape not in ((), self.actions.shape) or given.dtype.kind not in "iu":
                raise ValueError(
                    f"actions are {given.dtype} of shape {given.shape}: expected {self.count} whole numbers"
                )
            # What is no int32 is no action either.
            numpy.clip(given, -1, 2**31 - 1, out=self.actions, casting="unsafe")
        if which is None:
            return None
        mask = numpy.ascontiguousarray(which, numpy.uint8)
        if mask.shape != (self.count,):
            raise ValueError(f"which has shape {mask.shape}: expected ({self.count},)")
        return mask

    def _pay(self, mask: NDArray[Any] | None) -> None:
        """Works out rewards by the function."""
        assert self._reward is not None
        for place in range(self.count) if mask is None else numpy.flatnonzero(mask):
            self.rewards[place] = self._scale * self._reward(self.ended(int(place)))
