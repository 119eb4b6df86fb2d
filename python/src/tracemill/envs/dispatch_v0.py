"""The dispatch game as PettingZoo names the parts of an environment's module.

Here every agent acts once a cycle, in both forms, as PettingZoo's ``max_cycles_test`` wants it: one decides, the
others can only wait. ``tracemill.envs.dispatch_aec`` asks the agent that decides alone.
"""

from __future__ import annotations

from typing import Any

from pettingzoo import AECEnv
from pettingzoo.utils.conversions import parallel_to_aec

from ._pettingzoo import dispatch_parallel as parallel_env


def env(**options: Any) -> AECEnv[Any, Any, Any]:
    """The parallel form, an agent after the other."""
    converted: AECEnv[Any, Any, Any] = parallel_to_aec(parallel_env(**options))
    return converted


raw_env = env

__all__ = ["env", "parallel_env", "raw_env"]
