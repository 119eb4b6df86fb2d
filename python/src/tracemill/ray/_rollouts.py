"""A training whose episodes are shared by workers."""

from __future__ import annotations

import functools
import os
import re
import shutil
from typing import Any, Callable, Mapping

from .._commands import run_command
from ._shards import run_shards

#: What a placement's training goes on from.
_CHECKPOINTS = ("checkpoint.safetensors", "polish.safetensors")


def episodes(
    scenario: str, options: Mapping[str, Any], given: Mapping[str, bytes], known: bytes, shard: str, folder: str
) -> str:
    """Does a share of the episodes that are needed next, on a worker; the path of what they came to."""
    training = os.path.join(folder, "training")
    os.mkdir(training)
    for name, data in given.items():
        with open(os.path.join(training, name), "wb") as file:
            file.write(data)
    before = []
    if known:
        before.append(os.path.join(folder, "known.rollouts"))
        with open(before[0], "wb") as file:
            file.write(known)
    path = os.path.join(folder, "shard.rollouts")
    run_command(
        "train", scenario, output=training, quiet=True, known=before, shard=shard, rollouts=path,
        **{"threads": 1, **options},
    )  # fmt: skip
    return path


def train_shared(
    scenario: str,
    folder: str,
    options: Mapping[str, Any],
    shards: int,
    resources: Mapping[str, Any],
    retries: int,
    progress: Callable[[dict[str, Any]], None] | None,
    address: str | None,
) -> dict[str, Any]:
    """Has the episodes of a training done in shards, iteration after iteration."""
    if shards < 1:
        raise ValueError("shards is at least 1")
    with open(scenario, encoding="utf-8") as file:
        # YAML, or the JSON that it may be.
        if re.search(r"^\s*[{]?\s*['\"]?decision['\"]?\s*:\s*['\"]?(order|device|stage)\b", file.read(), re.MULTILINE):
            raise ValueError(
                f"{scenario}: an order, a choice of devices or of stages is trained in one go: without shards"
            )
    options = {**options, "resume": True, "stop_after": 1}
    work = os.path.join(folder, "shards")
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    known, common = os.path.join(work, "known.rollouts"), os.path.join(work, "common.rollouts")
    done, round = -1, 0
    while True:
        before = [known] if os.path.exists(known) else []
        told = run_command(
            "train", scenario, output=folder, quiet=True, known=before, only_known=True, json_output=True, **options
        )
        if "runs_of_round" not in told:
            if progress:
                progress(told)
            now = told.get("iterations", 0) + told.get("polish", {}).get("decisions", 0)
            if now == done:
                shutil.rmtree(work)
                return {**told, "policy": os.path.join(folder, "policy.safetensors")}
            done = now
            # The next iteration goes on from another checkpoint.
            if os.path.exists(common):
                shutil.copyfile(common, known)
            continue
        if told["part"] != "units" and before and not os.path.exists(common):
            shutil.copyfile(known, common)
        round += 1
        given = {}
        for name in _CHECKPOINTS:
            path = os.path.join(folder, name)
            if os.path.exists(path):
                with open(path, "rb") as stream:
                    given[name] = stream.read()
        data = b""
        if before:
            with open(known, "rb") as stream:
                data = stream.read()
        place = os.path.join(work, str(round))
        files = run_shards(
            f"train {round}.",
            functools.partial(episodes, scenario, options, given, data),
            {"train": scenario, "round": round},
            shards=min(shards, told["runs_of_round"]),
            work=place,
            ending=".rollouts",
            resources=resources,
            retries=retries,
            stragglers=None,
            progress=None,
            address=address,
        )
        run_command("merge", *before, *files, output=known)
        shutil.rmtree(place)
