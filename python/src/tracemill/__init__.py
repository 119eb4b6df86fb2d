"""Cluster scheduling: traces, fitted workloads, a simulator, environments for learning.

>>> import tracemill as tm
>>> work = tm.generate("study", tasks=1_000, load=0.8, cluster="study:100", seed=1)
>>> run = tm.simulate(work, cluster="study:100", scheduler="best-fit", seed=1)
>>> run.summary["wait_s"]["mean"]

Where times are numbers they are seconds, and in columns whole microseconds (``*_us``); memory is in bytes,
CPU in cores. The same seed gives the same result on any machine and with any number of threads.
"""

from . import _core
from ._arrow import Table
from ._commands import (
    combine,
    convert,
    evaluate,
    federate,
    fit_trace,
    inspect,
    report,
    train,
    tune,
    verify,
)
from ._compare import Comparison, compare, run_experiment, sweep
from ._errors import (
    Cancelled,
    Closed,
    CommandError,
    DescriptionError,
    InputError,
    Issue,
    RequestError,
    SchedulerError,
    TracemillError,
)
from ._fits import Fit, fit
from ._runs import Run, simulate
from ._traces import Records, Trace, open
from ._workloads import Workload, generate, workload
from .schedulers import Cluster, Ended, Policy, Scheduler, Task

__version__: str = _core.version
#: How the library under it was built: "release", or "debug", whose speed says nothing.
__build__: str = _core.build

__all__ = [
    "Cancelled",
    "Closed",
    "Cluster",
    "CommandError",
    "Comparison",
    "DescriptionError",
    "Ended",
    "Fit",
    "InputError",
    "Issue",
    "Policy",
    "Records",
    "RequestError",
    "Run",
    "Scheduler",
    "SchedulerError",
    "Table",
    "Task",
    "Trace",
    "TracemillError",
    "Workload",
    "__build__",
    "__version__",
    "combine",
    "compare",
    "convert",
    "evaluate",
    "federate",
    "fit",
    "fit_trace",
    "generate",
    "include",
    "inspect",
    "open",
    "report",
    "run_experiment",
    "simulate",
    "sweep",
    "train",
    "tune",
    "verify",
    "workload",
]


def include() -> str:
    """The folder that ``tracemill.h`` is in, for schedulers in C."""
    import os

    return os.path.dirname(os.path.abspath(__file__))
