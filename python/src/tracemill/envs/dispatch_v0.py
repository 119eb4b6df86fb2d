"""The dispatch game as PettingZoo names the parts of an environment's module."""

from ._pettingzoo import DispatchAEC as raw_env
from ._pettingzoo import dispatch_aec as env
from ._pettingzoo import dispatch_parallel as parallel_env

__all__ = ["env", "parallel_env", "raw_env"]
