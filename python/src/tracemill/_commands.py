"""The program's commands that go from files to files, each as a function.

Each runs the program that comes with the package in a process of its own: it needs no memory of this one,
and Ctrl-C ends it and leaves nothing half-written.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

from tracemill_command import PROGRAM

from ._errors import CommandError


def run_command(command: str, *words: Any, json_output: bool = False, **options: Any) -> Any:
    """Runs ``tracemill COMMAND``.

    ``options`` become its options: ``to_format="swf"`` is ``--to-format swf``, ``lenient=True`` a flag, a list
    one option each. Returns what it prints, read as JSON with ``json_output``.

    :raises CommandError: with what it says on standard error.
    """
    arguments = [PROGRAM, command, *[os.fspath(word) if hasattr(word, "__fspath__") else str(word) for word in words]]
    quiet = not options.pop("progress", False)
    for name, value in options.items():
        option = "--" + name.rstrip("_").replace("_", "-")
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if item is True:
                arguments.append(option)
            elif item is not None and item is not False:
                arguments += [option, os.fspath(item) if hasattr(item, "__fspath__") else str(item)]
    if json_output:
        arguments.append("--json")
    process = subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if quiet else None,
        text=True,
    )
    try:
        out, err = process.communicate()
    except BaseException:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
    if process.returncode:
        lines = (err or "").strip().removeprefix("tracemill: ").removeprefix("Error: ")
        raise CommandError(lines or f"tracemill {command} failed", process.returncode)
    if quiet and err and "warning:" in err:
        sys.stderr.write(err)
    return json.loads(out) if json_output else out


def convert(input: Any, output: Any, **options: Any) -> Any:
    """Converts a trace; as ``tracemill convert INPUT -o OUTPUT``."""
    return run_command("convert", input, output=output, **options)


def inspect(path: Any, **options: Any) -> Any:
    """What is in a trace; as ``tracemill inspect PATH --json``. ``open(path).inspect()`` runs in-process."""
    return run_command("inspect", path, json_output=True, **options)


def verify(*paths: Any, **options: Any) -> Any:
    """Checks a trace against its published sums; as ``tracemill verify``."""
    return run_command("verify", *paths, **options)


def fit_trace(path: Any, **options: Any) -> Any:
    """Fits a profile to a trace; as ``tracemill fit PATH --json``."""
    return run_command("fit", path, json_output=True, **options)


def report(*paths: Any, **options: Any) -> Any:
    """Makes the report of an experiment's results; as ``tracemill report``."""
    return run_command("report", *paths, **options)


def train(**options: Any) -> Any:
    """Trains a policy; as ``tracemill train``."""
    return run_command("train", **options)


def tune(**options: Any) -> Any:
    """Tunes a rule; as ``tracemill tune``."""
    return run_command("tune", **options)


def federate(**options: Any) -> Any:
    """Trains policies on several clusters; as ``tracemill federate``."""
    return run_command("federate", **options)


def evaluate(*words: Any, **options: Any) -> Any:
    """Evaluates a policy; as ``tracemill evaluate``."""
    return run_command("evaluate", *words, **options)


def combine(*words: Any, **options: Any) -> Any:
    """Combines policies; as ``tracemill combine``."""
    return run_command("combine", *words, **options)
