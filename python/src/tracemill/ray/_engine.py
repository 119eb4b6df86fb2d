"""Ray, and what it says of what went wrong."""

from __future__ import annotations

from typing import Any

from .._errors import TracemillError

try:
    import ray
except ImportError as error:  # pragma: no cover - told to the user
    raise ImportError("tracemill.ray needs Ray: pip install tracemill[ray]") from error

#: Not all of Ray is typed.
api: Any = ray


def start(address: str | None) -> None:
    """Connects to a cluster, or begins one here, unless that was done."""
    if not api.is_initialized():
        api.init(address=address, log_to_driver=False)


def cores() -> int:
    """Of the cluster."""
    return max(1, int(api.cluster_resources().get("CPU", 1)))


def message(error: BaseException) -> str:
    """One line of what Ray tells of a task that failed."""
    cause: BaseException = error
    while isinstance(cause, api.exceptions.RayTaskError) and isinstance(cause.cause, BaseException):
        cause = cause.cause
    text = str(cause).strip()
    if isinstance(cause, (ImportError, ModuleNotFoundError)) or "No module named 'tracemill'" in text:
        return "a worker has no tracemill: pip install tracemill on every node, in the environment of its Ray"
    lines = text.splitlines() or [type(cause).__name__]
    # What the library says begins with what is wrong; of a traceback the end says it.
    return lines[0 if isinstance(cause, TracemillError) else -1]
