"""The dispatch game for PettingZoo: an agent a gateway, who all share the reward."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy
from numpy.typing import NDArray
from pettingzoo import AECEnv, ParallelEnv

from ._gymnasium import observation_space
from ._native import NativeEnvironments

_Agent = str


def _spaces(
    native: NativeEnvironments, observation: str | None
) -> tuple[gymnasium.spaces.Dict, gymnasium.spaces.Discrete]:
    seen = gymnasium.spaces.Dict(
        {
            "observation": observation_space(native.features, observation),
            "action_mask": gymnasium.spaces.Box(0, 1, (native.actions_count,), numpy.int8),
        }
    )
    return seen, gymnasium.spaces.Discrete(native.actions_count)


class _Game:
    """What both forms have in common. ``max_cycles`` cuts an episode off after so many decisions."""

    metadata: dict[str, Any] = {"render_modes": [], "name": "tracemill_dispatch_v0", "is_parallelizable": False}

    def __init__(
        self, render_mode: str | None = None, max_cycles: int | None = None, **rules: Any
    ) -> None:
        self.render_mode = render_mode
        if max_cycles is not None:
            rules["horizon"] = max_cycles
        self.native = NativeEnvironments("dispatch", 1, 1, **rules)
        self.possible_agents = [f"gateway_{place}" for place in range(self.native.machines)]
        self.agents: list[_Agent] = []
        self._observation_space, self._action_space = _spaces(
            self.native, rules.get("observation")
        )
        self.observation_spaces = {agent: self._observation_space for agent in self.possible_agents}
        self.action_spaces = {agent: self._action_space for agent in self.possible_agents}
        self.state_space = observation_space(self.native.features, rules.get("observation"))
        self._random = numpy.random.default_rng()

    def observation_space(self, agent: _Agent) -> gymnasium.spaces.Dict:
        return self._observation_space

    def action_space(self, agent: _Agent) -> gymnasium.spaces.Discrete:
        return self._action_space

    def _begin(self, seed: int | None) -> None:
        if seed is not None:
            self._random = numpy.random.default_rng(seed)
        self.native.reset(int(self._random.integers(2**31)) if seed is None else seed)
        self.agents = list(self.possible_agents)

    @property
    def _deciding(self) -> _Agent:
        """The agent at whose machine the task came in."""
        return self.possible_agents[max(int(self.native.gateways[0]), 0)]

    def _seen(self, agent: _Agent) -> dict[str, NDArray[Any]]:
        """What an agent sees: the task and the machines if it decides, else nothing, and that it can wait."""
        if agent == self._deciding:
            mask = self.native.masks[0].astype(numpy.int8)
            return {"observation": self.native.observations[0].copy(), "action_mask": mask}
        mask = numpy.zeros(self.native.actions_count, numpy.int8)
        mask[-1] = 1
        return {"observation": numpy.zeros(self.native.features, numpy.float32), "action_mask": mask}

    def state(self) -> NDArray[numpy.float32]:
        """What the deciding agent would see if its view had no age, for a central critic."""
        return self.native.state()

    def render(self) -> None:
        """Nothing is drawn."""

    def close(self) -> None:
        """Gives the run's memory back; a step from then on raises :class:`tracemill.Closed`."""
        self.native.close()


class DispatchAEC(_Game, AECEnv):  # type: ignore[misc]
    """The agents in the order in which tasks come in at their machines."""

    def __init__(self, **options: Any) -> None:
        AECEnv.__init__(self)
        _Game.__init__(self, **options)

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        self._begin(seed)
        self.rewards = {agent: 0.0 for agent in self.agents}
        self._cumulative_rewards = {agent: 0.0 for agent in self.agents}
        self.terminations = {agent: False for agent in self.agents}
        self.truncations = {agent: False for agent in self.agents}
        self.infos: dict[_Agent, dict[str, Any]] = {agent: {} for agent in self.agents}
        self.agent_selection = self._deciding

    def observe(self, agent: _Agent) -> dict[str, NDArray[Any]]:
        return self._seen(agent)

    def step(self, action: Any) -> None:
        agent = self.agent_selection
        if self.terminations[agent] or self.truncations[agent]:
            self._was_dead_step(action)
            return
        self._cumulative_rewards[agent] = 0.0
        self.native.step(action)
        reward = float(self.native.rewards[0])
        over, cut = bool(self.native.terminals[0]), bool(self.native.truncations[0])
        self.rewards = {name: reward for name in self.agents}
        self.terminations = {name: over for name in self.agents}
        self.truncations = {name: cut for name in self.agents}
        self.infos[agent]["illegal"] = bool(self.native.illegal[0])
        self._accumulate_rewards()
        self.agent_selection = self.agents[0] if over or cut else self._deciding


class DispatchParallel(_Game, ParallelEnv):  # type: ignore[misc]
    """All agents at once: one decides, the others' actions count for nothing (their mask leaves waiting)."""

    def __init__(self, **options: Any) -> None:
        _Game.__init__(self, **options)

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[_Agent, Any], dict[_Agent, dict[str, Any]]]:
        self._begin(seed)
        return self._all(), {agent: {} for agent in self.agents}

    def _all(self) -> dict[_Agent, Any]:
        return {agent: self._seen(agent) for agent in self.agents}

    def step(self, actions: dict[_Agent, Any]) -> tuple[dict[_Agent, Any], ...]:
        agents = self.agents
        deciding = self._deciding
        self.native.step(actions[deciding])
        reward = float(self.native.rewards[0])
        over, cut = bool(self.native.terminals[0]), bool(self.native.truncations[0])
        seen = self._all()
        infos: dict[_Agent, dict[str, Any]] = {agent: {} for agent in agents}
        infos[deciding]["illegal"] = bool(self.native.illegal[0])
        if over or cut:
            self.agents = []
        return (
            seen,
            {agent: reward for agent in agents},
            {agent: over for agent in agents},
            {agent: cut for agent in agents},
            infos,
        )


def dispatch_aec(**options: Any) -> DispatchAEC:
    """The dispatch game, an agent after the other."""
    return DispatchAEC(**options)


def dispatch_parallel(**options: Any) -> DispatchParallel:
    """The dispatch game, all agents at once."""
    return DispatchParallel(**options)
