"""Many environments for Gymnasium, stepped by native threads."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from ._gymnasium import observation_space
from ._native import NativeEnvironments

_Bools = NDArray[numpy.bool_]


class SchedulingVectorEnv(VectorEnv[NDArray[numpy.float32], NDArray[numpy.int64], NDArray[Any]]):
    """``num_envs`` runs; observations, rewards and ends are arrays that the native side writes.

    They are the same arrays at each step, without a copy: what is to be kept is copied by the caller, or
    ``copy=True`` does it. Environment ``i`` plays with seeds ``seed + i``, ``seed + i + num_envs``, …
    """

    def __init__(
        self,
        game: str = "placement",
        num_envs: int = 1,
        *,
        threads: int = 1,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        copy: bool = False,
        **rules: Any,
    ) -> None:
        self.native = NativeEnvironments(game, num_envs, threads, **rules)
        self.num_envs = num_envs
        self._mode = AutoresetMode(autoreset_mode)
        self._copy = copy
        self.metadata = {"autoreset_mode": self._mode}
        self.render_mode = None
        self.single_observation_space = observation_space(
            self.native.features, rules.get("observation")
        )
        self._has_terms = rules.get("reward") in ("study", "expected")
        self.single_action_space = gymnasium.spaces.Discrete(self.native.actions_count)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._seeds = numpy.arange(num_envs, dtype=numpy.uint64)
        self._ended: _Bools = numpy.zeros(num_envs, bool)

    def reset(
        self,
        *,
        seed: int | list[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[NDArray[numpy.float32], dict[str, Any]]:
        super().reset(seed=seed if not isinstance(seed, list) else None)
        which = None
        if options and "reset_mask" in options:
            which = numpy.asarray(options["reset_mask"], bool)
            self._seeds[which] += numpy.uint64(self.num_envs)
        elif isinstance(seed, list):
            drawn = self.np_random.integers(2**31, size=self.num_envs)
            self._seeds[:] = [drawn[i] if s is None else s for i, s in enumerate(seed)]
        else:
            first = seed if seed is not None else int(self.np_random.integers(2**31))
            self._seeds[:] = numpy.arange(first, first + self.num_envs, dtype=numpy.uint64)
        self.native.reset(self._seeds, which)
        if which is None:
            self._ended[:] = False
        else:
            self._ended[which] = False
        return self._given(self.native.observations), self._info()

    def step(
        self, actions: NDArray[numpy.int64]
    ) -> tuple[NDArray[numpy.float32], NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        self.native.step(actions, self._deciding())
        return self._stepped()

    def send(self, actions: NDArray[numpy.int64]) -> None:
        """Begins a step on native threads and returns; no array is to be read before :meth:`recv`."""
        self.native.send(actions, self._deciding())

    def recv(
        self,
    ) -> tuple[NDArray[numpy.float32], NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """What the step that was sent came to, as :meth:`step` returns it."""
        self.native.recv()
        return self._stepped()

    def _deciding(self) -> _Bools | None:
        """Where there is an episode under way; ``None`` for everywhere."""
        if not self._ended.any():
            return None
        if self._mode is AutoresetMode.DISABLED:
            raise RuntimeError("an episode is over: reset(options={'reset_mask': ...}) first")
        return ~self._ended

    def _stepped(
        self,
    ) -> tuple[NDArray[numpy.float32], NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        native, ended = self.native, self._ended
        if ended.any():
            self._again(ended)
        terminated = native.terminals.astype(bool)
        truncated = native.truncations.astype(bool)
        self._ended = terminated | truncated
        info: dict[str, Any] = {}
        rewards = native.rewards
        if self._mode is AutoresetMode.SAME_STEP and self._ended.any():
            info["final_obs"] = numpy.array(
                [row.copy() if over else None for row, over in zip(native.observations, self._ended)],
                dtype=object,
            )
            info["_final_obs"] = self._ended.copy()
            rewards = rewards.copy()
            self._again(self._ended)
            self._ended = numpy.zeros(self.num_envs, bool)
        info.update(self._info())
        return self._given(native.observations), self._given(rewards), terminated, truncated, info

    def _again(self, which: _Bools) -> None:
        """Begins the next episodes of some environments."""
        self._seeds[which] += numpy.uint64(self.num_envs)
        self.native.reset(self._seeds, which)

    def _given(self, array: NDArray[Any]) -> NDArray[Any]:
        return array.copy() if self._copy else array

    def _info(self) -> dict[str, Any]:
        info = {
            "action_mask": self._given(self.native.masks),
            "illegal": self._given(self.native.illegal),
        }
        if self._has_terms:
            info["reward_terms"] = self._given(self.native.terms)
        return info

    def close_extras(self, **options: Any) -> None:
        """Gives the runs' memory back."""
        self.native.close()


def placement_vector(num_envs: int = 1, **options: Any) -> SchedulingVectorEnv:
    """``gymnasium.make_vec("tracemill/Placement-v0", num_envs=…)``."""
    return SchedulingVectorEnv("placement", num_envs, **options)


def dispatch_vector(num_envs: int = 1, **options: Any) -> SchedulingVectorEnv:
    """``gymnasium.make_vec("tracemill/Dispatch-v0", num_envs=…)``."""
    return SchedulingVectorEnv("dispatch", num_envs, **options)
