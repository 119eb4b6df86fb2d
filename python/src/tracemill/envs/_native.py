"""Many runs that stop at each decision, stepped together into arrays of the caller's."""

from __future__ import annotations

from typing import Any, Mapping

import numpy
from numpy.typing import NDArray

from .. import _core
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


def describe(
    game: str,
    workload: Any = None,
    cluster: ClusterLike | None = None,
    engine: Mapping[str, Any] | None = None,
    candidates: int | None = None,
    horizon: int | None = None,
    reward_scale: float | None = None,
) -> tuple[dict[str, Any], object | None]:
    """The game as a description, and its workload's table if it is one."""
    defaults = DEFAULTS[game]
    described = keys(
        {"candidates": candidates, "horizon": horizon, "reward_scale": reward_scale}
    )
    described["engine"] = {**defaults["engine"], **keys(engine or {})}
    described["cluster"] = cluster_description(defaults["cluster"] if cluster is None else cluster)
    table = None
    if workload is None or isinstance(workload, str):
        described["workload"] = workload or defaults["workload"]
    elif hasattr(workload, "__fspath__"):
        described["workload"] = plain(workload)
    else:
        table = to_workload(workload)._table
    return described, table


class NativeEnvironments:
    """``count`` environments that native threads step, into arrays that the caller owns.

    ``observations`` (count × features, float32), ``masks`` (count × actions, uint8), ``rewards`` (float32),
    ``terminals``, ``truncations`` and ``illegal`` (uint8), ``gateways`` (int32: at which machine the task came
    in) are written by :meth:`reset` and :meth:`step`, and may be given: C-contiguous arrays of these types.
    ``actions`` (int32) is what :meth:`step` takes where it is given none. Feature by feature:
    ``docs/python/environments.md``.
    """

    def __init__(
        self,
        game: str = "placement",
        count: int = 1,
        threads: int = 1,
        *,
        workload: Any = None,
        cluster: ClusterLike | None = None,
        engine: Mapping[str, Any] | None = None,
        candidates: int | None = None,
        horizon: int | None = None,
        reward_scale: float | None = None,
        arrays: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        if game not in DEFAULTS:
            raise ValueError(f"no game {game!r}; there are {', '.join(DEFAULTS)}")
        described, table = describe(game, workload, cluster, engine, candidates, horizon, reward_scale)
        self._envs = _core.envs_create(text(described), table, count, threads)
        #: Numbers of an observation, actions (the last is to wait), machines.
        self.features, self.actions_count, self.machines = _core.envs_shape(self._envs)
        self.count = count
        given = dict(arrays or {})
        self.observations = self._array(given, "observations", (count, self.features), numpy.float32)
        self.masks = self._array(given, "masks", (count, self.actions_count), numpy.uint8)
        self.rewards = self._array(given, "rewards", (count,), numpy.float32)
        self.terminals = self._array(given, "terminals", (count,), numpy.uint8)
        self.truncations = self._array(given, "truncations", (count,), numpy.uint8)
        self.illegal = self._array(given, "illegal", (count,), numpy.uint8)
        self.gateways = self._array(given, "gateways", (count,), numpy.int32)
        self.actions = self._array(given, "actions", (count,), numpy.int32)
        if given:
            raise ValueError(f"no arrays {', '.join(given)}")
        self._seeds = numpy.zeros(count, numpy.uint64)
        _core.envs_bind(
            self._envs,
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
                )
            ),
        )
        self._actions_address = int(self.actions.ctypes.data)
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
        mask = None if which is None else numpy.ascontiguousarray(which, numpy.uint8)
        address = 0 if mask is None else int(mask.ctypes.data)
        _core.envs_reset(self._envs, int(self._seeds.ctypes.data), address, self._frees_gil)

    def step(self, actions: Any = None, which: NDArray[Any] | None = None) -> None:
        """Decides in each environment, where ``which`` is true."""
        if actions is not None:
            self.actions[:] = actions
        mask = None if which is None else numpy.ascontiguousarray(which, numpy.uint8)
        address = 0 if mask is None else int(mask.ctypes.data)
        _core.envs_step(self._envs, self._actions_address, address, self._frees_gil)
