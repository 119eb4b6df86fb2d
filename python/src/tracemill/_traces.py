"""Traces on disk."""

from __future__ import annotations

import json
import os
from typing import Any

from . import _core
from ._arrow import Table
from ._describe import Progress, keys, preformatted, text, watcher
from ._files import Files, files_for


class Records(Table):
    """A trace's task records in order of submission; read anew at each use."""

    def __init__(self, trace: Trace, selection: dict[str, Any]) -> None:
        self.trace = trace
        self._selection = selection
        super().__init__(lambda: _core.records(text(self._description), None, trace._files))

    @property
    def _description(self) -> dict[str, Any]:
        return {**self.trace._description, "selection": self._selection}


class Trace:
    """A trace: a folder, a file or an archive. Nothing is read before it is needed.

    Its repr is what ``tracemill inspect`` says, which reads all of it once.
    """

    def __init__(self, path: str, reading: dict[str, Any], files: Files | None = None) -> None:
        self.path = path
        self._files = files
        self._description: dict[str, Any] = {"path": path, "reading": reading}
        self._summary: dict[str, Any] | None = None

    def inspect(self, *, progress: Progress = None) -> dict[str, Any]:
        """What is in it: ``tracemill inspect --json``, with the text for people under ``"text"``."""
        if self._summary is None:
            summary = _core.inspect(
                text(self._description), watcher(progress, "inspect"), self._files
            )
            self._summary = json.loads(summary)
        assert self._summary is not None
        return self._summary

    def records(
        self,
        *,
        from_: float | str | None = None,
        to: float | str | None = None,
        priority: str | None = None,
        select: str | list[str] | None = None,
        sample: float | None = None,
        sample_seed: int | None = None,
    ) -> Records:
        """Its task records, or some of them.

        ``from_`` and ``to`` are trace times in seconds, or with a unit (``"2h"``); ``priority`` is numbers,
        ranges and classes, such as ``"0-1,production"``; ``select`` is values of a column, such as
        ``"qos=LS,BE"``, or a list of such that must all hold; ``sample`` is a share of the jobs (0 to 1). Columns
        are those of ``docs/record-files.md``: times in µs (``submit_us``), ``cpu_cores``, ``memory_bytes``, and
        after them what the trace says besides (``gpu_spec``, ``qos``).
        """
        selection = keys(
            {
                "from": from_,
                "to": to,
                "priority": priority,
                "select": [select] if isinstance(select, str) else select,
                "sample": sample,
                "sample_seed": sample_seed,
            }
        )
        return Records(self, selection)

    def machines(self) -> Table:
        """Its machines' comings and goings: ``time_us``, ``machine_id``, ``event``, ``cpu_cores``, …"""
        return Table(lambda: _core.machines(text(self._description), None, self._files))

    def split(
        self, shard: str, output: str | os.PathLike[str], *, progress: Progress = None
    ) -> dict[str, Any]:
        """Reads a share of its parts, such as ``"3/64"``, into a ``.parts`` file for ``merge``.

        What ``tracemill convert --shard`` does, of a trace at a URL too: parts are read once, one after the other.
        """
        described = {**self._description, "shard": shard, "output": os.fspath(output)}
        told = _core.split(text(described), watcher(progress, f"split {shard}"), self._files)
        summary: dict[str, Any] = json.loads(told)
        return summary

    def __repr__(self) -> str:
        return str(self.inspect()["text"]).rstrip("\n")

    def _repr_html_(self) -> str:
        return preformatted(repr(self))


def open(
    path: str | os.PathLike[str], *, storage_options: dict[str, Any] | None = None, **reading: Any
) -> Trace:
    """The trace at ``path``: a folder, a file or an archive, on the disk or at any URL that fsspec reads.

    A URL (``s3://``, ``gs://``, ``https://``, …; ``storage_options`` go to fsspec) is read in parts of at most
    4 MiB, as they are needed: of Parquet the columns that count, of text a part after the other. Only what
    has to be read twice, Parquet inside an archive, is kept in a temporary file. Files beside a record file
    (dependencies, run times) are not looked for there.

    ``reading`` says how it is read, as the options of ``tracemill inspect`` do: ``format=``, ``table=``,
    ``columns=`` (a file), ``scale_cpu=``, ``scale_memory=`` (GiB), ``lenient=``, ``threads=``, …
    """
    found = os.fspath(path)
    return Trace(found, keys(reading), files_for(found, options=storage_options))
