"""Many environments for stable-baselines3, stepped by native threads; with sb3-contrib's MaskablePPO the actions that
cannot be done are masked."""

from __future__ import annotations

from typing import Any, Sequence

import gymnasium
import numpy
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from ._gymnasium import observation_space
from ._native import NativeEnvironments


class SB3VectorEnv(VecEnv):  # type: ignore[misc]
    """``num_envs`` runs as a ``VecEnv``; an episode that ends gives way to the next at once.

    Environment ``i`` plays with seeds ``seed + i``, ``seed + i + num_envs``, …; options as of
    :class:`tracemill.envs.NativeEnvironments`.
    """

    def __init__(
        self, game: str = "placement", num_envs: int = 1, *, threads: int = 1, seed: int = 1_000_000, **rules: Any
    ) -> None:
        self.render_mode = None
        self.native = NativeEnvironments(game, num_envs, threads, **rules)
        native = self.native
        super().__init__(
            num_envs,
            observation_space(native.features, rules.get("observation")),
            gymnasium.spaces.Discrete(native.actions_count),
        )
        self._next = numpy.arange(seed, seed + num_envs, dtype=numpy.uint64)
        self._steps = numpy.zeros(num_envs, int)
        self._rewards = numpy.zeros(num_envs)

    def reset(self) -> NDArray[numpy.float32]:
        self.native.reset(self._next)
        self._next += numpy.uint64(self.num_envs)
        self._steps[:], self._rewards[:] = 0, 0
        observations: NDArray[numpy.float32] = self.native.observations.copy()
        return observations

    def step_async(self, actions: NDArray[Any]) -> None:
        self.native.send(actions)

    def step_wait(
        self,
    ) -> tuple[NDArray[numpy.float32], NDArray[numpy.float32], NDArray[numpy.bool_], list[dict[str, Any]]]:
        native = self.native
        native.recv()
        rewards: NDArray[numpy.float32] = native.rewards.copy()
        over: NDArray[numpy.bool_] = (native.terminals | native.truncations).astype(bool)
        self._steps += 1
        self._rewards += rewards
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        if over.any():
            for place in numpy.flatnonzero(over):
                infos[place] = {
                    "terminal_observation": native.observations[place].copy(),
                    "TimeLimit.truncated": bool(native.truncations[place]),
                    "episode": {"r": float(self._rewards[place]), "l": int(self._steps[place]), "t": 0.0},
                }
            self._steps[over], self._rewards[over] = 0, 0
            native.reset(self._next, over)
            self._next[over] += numpy.uint64(self.num_envs)
        return native.observations.copy(), rewards, over, infos

    def action_masks(self) -> NDArray[numpy.bool_]:
        """Which actions can be done, a row an environment."""
        masks: NDArray[numpy.bool_] = self.native.masks.astype(bool)
        return masks

    def has_attr(self, attr_name: str) -> bool:
        return attr_name == "action_masks" or hasattr(self, attr_name)

    def env_method(self, method_name: str, *words: Any, indices: Any = None, **options: Any) -> list[Any]:
        if method_name != "action_masks":
            raise AttributeError(f"environments have no {method_name}()")
        return [row for row in self.action_masks()[list(self._get_indices(indices))]]

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [getattr(self, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        raise AttributeError(f"{attr_name} is the same for all and cannot be set")

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        return [False for _ in self._get_indices(indices)]

    def seed(self, seed: int | None = None) -> Sequence[None | int]:
        if seed is not None:
            self._next[:] = numpy.arange(seed, seed + self.num_envs, dtype=numpy.uint64)
        return [int(number) for number in self._next]

    def close(self) -> None:
        self.native.close()
