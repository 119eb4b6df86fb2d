"""How far work in shards has come."""

from __future__ import annotations

import dataclasses
import sys
from typing import Callable, Union


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far the shards have come."""

    done: int
    running: int
    failed: int
    total: int
    #: Seconds since the call.
    elapsed: float
    #: Shards a second, of those that this call did.
    rate: float
    #: Seconds left at that rate; None before the first shard.
    left: float | None

    def __str__(self) -> str:
        left = "" if self.left is None else f", {self.left:.0f} s left"
        return (
            f"{self.done} of {self.total} shards, {self.running} running, {self.failed} failed, "
            f"{self.rate:.2f} a second{left}"
        )


#: Takes the progress; True prints it, None keeps quiet.
Watcher = Union[Callable[[Progress], None], bool, None]


def show(watcher: Watcher, progress: Progress) -> None:
    if callable(watcher):
        watcher(progress)
    elif watcher:
        sys.stderr.write(f"\r\x1b[K{progress}" if sys.stderr.isatty() else f"{progress}\n")
