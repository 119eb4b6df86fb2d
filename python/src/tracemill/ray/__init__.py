"""Work in shards on a Ray cluster (``pip install tracemill[ray]``): the same bytes as one process.

:func:`convert`, :func:`compare`, :func:`find` and :func:`train`. The first two split what the command of that name does, have the shards done wherever the
cluster has room, and merge what they did. A shard is a pure function of the inputs, the options and its number,
so a worker or a node may die at any time: Ray gives its shards to others, and the result is the same. What a
shard did comes back through Ray and is kept in a work folder of the driver as soon as it is there: a driver that
was killed goes on from it when the same call is made again.

Inputs are read by the workers themselves, so they are on a file system that all nodes have. Nothing else is.
"""

from __future__ import annotations

from ._compare import COMPARE_RESOURCES, compare
from ._convert import CONVERT_RESOURCES, convert
from ._find import find
from ._progress import Progress, Watcher
from ._shards import ShardError
from ._train import train

__all__ = [
    "COMPARE_RESOURCES", "CONVERT_RESOURCES", "Progress", "ShardError", "Watcher", "compare", "convert", "find", "train",
]  # fmt: skip
