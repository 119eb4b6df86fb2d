"""Single environments for Gymnasium."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium
import numpy
from numpy.typing import NDArray

from .. import _core
from ._native import NativeEnvironments

_MOST = numpy.finfo(numpy.float32).max


def observation_space(features: int) -> gymnasium.spaces.Box:
    """What an observation is: shares, and a task's CPU and memory, which may exceed 1."""
    high = numpy.ones(features, numpy.float32)
    high[:2] = _MOST
    return gymnasium.spaces.Box(numpy.zeros(features, numpy.float32), high, dtype=numpy.float32)


class SchedulingEnv(gymnasium.Env[NDArray[numpy.float32], numpy.int64]):
    """One run that stops at each decision.

    An action is a machine (of those shown), the last one to wait. One that cannot be done counts as waiting,
    and ``info["illegal"]`` says so; ``info["action_mask"]`` and :meth:`action_masks` say which can be. The
    reward is minus what the tasks that ended since the last step waited (seconds × ``reward_scale``).
    ``reset(seed=s)`` begins the run that ``simulate(..., seed=s)`` makes; its ``options`` may give another
    ``workload``, ``cluster`` (as many machines), ``engine`` or ``horizon`` from then on.
    """

    metadata: dict[str, Any] = {"render_modes": []}
    game: ClassVar[str] = "placement"

    def __init__(self, render_mode: str | None = None, **rules: Any) -> None:
        self.render_mode = render_mode
        self._rules = rules
        self._begin()
        self.observation_space: Any = observation_space(self.native.features)
        self.action_space = gymnasium.spaces.Discrete(self.native.actions_count)

    def _begin(self) -> None:
        self.native = NativeEnvironments(self.game, 1, 1, **self._rules)
        self._step = _core.envs_step
        self._handle = self.native._envs
        self._actions = self.native.actions
        self._address = self.native._actions_address
        self._observation = self.native.observations[0]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[numpy.float32], dict[str, Any]]:
        super().reset(seed=seed)
        if options:
            features = self.native.features
            self._rules = {**self._rules, **options}
            self._begin()
            if self.native.features != features:
                raise ValueError("another number of machines: make a new environment")
        number = seed if seed is not None else int(self.np_random.integers(2**31))
        self.native.reset(number)
        return self._observation.copy(), self._info()

    def step(
        self, action: Any
    ) -> tuple[NDArray[numpy.float32], float, bool, bool, dict[str, Any]]:
        self._actions[0] = action
        self._step(self._handle, self._address, 0, False)
        native = self.native
        return (
            self._observation.copy(),
            float(native.rewards[0]),
            bool(native.terminals[0]),
            bool(native.truncations[0]),
            self._info(),
        )

    def _info(self) -> dict[str, Any]:
        return {"action_mask": self.native.masks[0].copy(), "illegal": bool(self.native.illegal[0])}

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
