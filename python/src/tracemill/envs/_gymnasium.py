"""Single environments for Gymnasium."""

from __future__ import annotations

from typing import Any, Callable, ClassVar

import gymnasium
import numpy
from numpy.typing import NDArray

from .. import _core
from .._errors import Closed
from ._native import TERMS, NativeEnvironments

_MOST = numpy.finfo(numpy.float32).max


def observation_space(features: int, observation: str | None = None) -> gymnasium.spaces.Box:
    """What an observation is: for ``"machines"`` shares, and a task's CPU and memory, which may exceed 1; for
    ``"columns"`` figures from -1; else about 1, without bounds."""
    low, high = numpy.zeros(features, numpy.float32), numpy.full(features, _MOST, numpy.float32)
    if observation in (None, "machines"):
        high[2:] = 1
    else:
        low[:] = -1 if observation == "columns" else -_MOST
    return gymnasium.spaces.Box(low, high, dtype=numpy.float32)


class SchedulingEnv(gymnasium.Env[NDArray[numpy.float32], numpy.int64]):
    """One run that stops at each decision.

    An action is a machine (of those shown), the last one to wait. One that cannot be done counts as waiting,
    and ``info["illegal"]`` says so; ``info["action_mask"]`` and :meth:`action_masks` say which can be. Rewards
    and observations: ``docs/python/environments.md``; with ``reward="study"`` the terms are in
    ``info["reward_terms"]``. ``reset(seed=s)`` begins the run that ``simulate(..., seed=s)`` makes; its
    ``options`` may give another ``workload``, ``cluster`` (as many machines), ``engine``, ``horizon`` or any
    other rule from then on, and a ``seed``.
    """

    metadata: dict[str, Any] = {"render_modes": []}
    game: ClassVar[str] = "placement"

    def __init__(self, render_mode: str | None = None, **rules: Any) -> None:
        self.render_mode = render_mode
        self._rules = rules
        self._begin()
        self.observation_space: Any = observation_space(
            self.native.features, rules.get("observation")
        )
        self.action_space = gymnasium.spaces.Discrete(self.native.actions_count)

    def _begin(self) -> None:
        self.native = NativeEnvironments(self.game, 1, 1, **self._rules)
        self._step: Callable[..., None] = _core.envs_step
        self._handle: object | None = self.native._handle
        reward = self._rules.get("reward")
        self._pays = self.native._pay if callable(reward) else None
        self._has_terms = reward in ("study", "expected")
        self._actions = self.native.actions
        self._address = self.native._actions_address
        self._observation = self.native.observations[0]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[numpy.float32], dict[str, Any]]:
        super().reset(seed=seed)
        options = dict(options or {})
        seed = options.pop("seed", seed)
        if options:
            features = self.native.features
            rules, self._rules = self._rules, {**self._rules, **options}
            self._begin()
            if self.native.features != features:
                self._rules = rules
                self._begin()
                raise ValueError("another number of machines, or another observation: make a new environment")
        number = seed if seed is not None else int(self.np_random.integers(2**31))
        self.native.reset(number)
        return self._observation.copy(), self._info()

    def step(
        self, action: Any
    ) -> tuple[NDArray[numpy.float32], float, bool, bool, dict[str, Any]]:
        # What is no int32 is no action either.
        self._actions[0] = action if -1 <= action < 2**31 else -1
        self._step(self._handle, self._address, 0, False)
        native = self.native
        if self._pays is not None:
            self._pays(None)
        return (
            self._observation.copy(),
            float(native.rewards[0]),
            bool(native.terminals[0]),
            bool(native.truncations[0]),
            self._info(),
        )

    def _info(self) -> dict[str, Any]:
        native = self.native
        info: dict[str, Any] = {
            "action_mask": native.masks[0].copy(),
            "illegal": bool(native.illegal[0]),
        }
        if self._has_terms:
            info["reward_terms"] = dict(zip(TERMS, map(float, native.terms[0])))
        return info

    def close(self) -> None:
        """Gives the run's memory back; a step from then on raises :class:`tracemill.Closed`."""
        self.native.close()
        self._handle = None
        self._step = self._closed

    def _closed(self, *arguments: Any) -> None:
        raise Closed(f"the {type(self).__name__} has been closed")

    def action_masks(self) -> NDArray[numpy.bool_]:
        """Which actions can be done, as MaskablePPO asks."""
        masks: NDArray[numpy.bool_] = self.native.masks[0].astype(bool)
        return masks


class PlacementEnv(SchedulingEnv):
    """``tracemill/Placement-v0``: a central queue; which machine does its head go to, or does it wait?"""

    game = "placement"


class DispatchEnv(SchedulingEnv):
    """``tracemill/Dispatch-v0``: a task comes in at a machine that sees the others as they were; where to?"""

    game = "dispatch"
