"""Environments for learning: Gymnasium's and PettingZoo's.

``gymnasium.make("tracemill/Placement-v0")`` is the game of a central queue: where does its head go? And
``"tracemill/Dispatch-v0"`` that of gateways: a task comes in at a machine, which sees the others as they were
at the last heartbeat, and sends it on. ``dispatch_aec()`` and ``dispatch_parallel()`` are the second one for
PettingZoo, an agent a machine.
"""

from __future__ import annotations

from typing import Any

from ._native import NativeEnvironments

__all__ = [
    "DispatchEnv",
    "NativeEnvironments",
    "PlacementEnv",
    "SB3VectorEnv",
    "SchedulingVectorEnv",
    "dispatch_aec",
    "dispatch_parallel",
    "register",
]


def register() -> None:
    """Tells Gymnasium the names; done by ``import tracemill.envs`` where Gymnasium is installed."""
    from gymnasium.envs.registration import register as add, registry

    for name, game in (("Placement-v0", "Placement"), ("Dispatch-v0", "Dispatch")):
        if f"tracemill/{name}" not in registry:
            add(
                id=f"tracemill/{name}",
                entry_point=f"tracemill.envs._gymnasium:{game}Env",
                vector_entry_point=f"tracemill.envs._vector:{game.lower()}_vector",
            )


def __getattr__(name: str) -> Any:
    # Gymnasium and PettingZoo are needed by those only who ask for them.
    import importlib

    homes = {
        "PlacementEnv": "_gymnasium",
        "DispatchEnv": "_gymnasium",
        "SchedulingVectorEnv": "_vector",
        "SB3VectorEnv": "_stable_baselines",
        "dispatch_aec": "_pettingzoo",
        "dispatch_parallel": "_pettingzoo",
    }
    if name not in homes:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"{__name__}.{homes[name]}"), name)


try:
    register()
except ImportError:
    pass
