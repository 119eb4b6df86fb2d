"""The folder of the driver in which shards' files are kept until they are merged."""

from __future__ import annotations

import json
import os
from typing import Any, Mapping


class Work:
    """The folder that shards' files are kept in, with the manifest of the work that they are of."""

    def __init__(self, path: str, plan: Mapping[str, Any], ending: str) -> None:
        self.path = path
        self.ending = ending
        os.makedirs(path, exist_ok=True)
        manifest = os.path.join(path, "plan.json")
        text = json.dumps(plan, sort_keys=True, indent=1)
        if os.path.exists(manifest):
            with open(manifest) as file:
                known = file.read()
            if known != text:
                raise ValueError(f"{path}: holds shards of other work; name another folder, or remove it")
        else:
            put(path, "plan.json", text.encode())
        for name in os.listdir(path):
            if ".partial-" in name:  # what a killed driver was writing
                os.unlink(os.path.join(path, name))

    def file(self, number: int) -> str:
        return os.path.join(self.path, f"{number}{self.ending}")

    def has(self, number: int) -> bool:
        return os.path.exists(self.file(number))

    def keep(self, number: int, data: bytes) -> None:
        put(self.path, os.path.basename(self.file(number)), data)


def put(folder: str, name: str, data: bytes) -> None:
    """Writes a file that appears when it is complete."""
    target = os.path.join(folder, name)
    partial = f"{target}.partial-{os.getpid()}"
    try:
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
    except OSError:
        if os.path.exists(partial):
            os.unlink(partial)
        raise


def known_count(folder: str, shards: int | None) -> int:
    """How many shards the work in a folder has, where the caller does not insist on another number."""
    with open(os.path.join(folder, "plan.json")) as file:
        return shards if shards is not None else int(json.load(file)["shards"])
