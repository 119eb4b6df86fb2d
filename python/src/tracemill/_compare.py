"""Schedulers against each other."""

from __future__ import annotations

import math
from typing import Any, Iterable, Sequence

from ._describe import preformatted
from ._runs import simulate



class Comparison:
    """A row a cell: workload, cluster, scheduler, seed, and what the run came to."""

    def __init__(self, cells: list[dict[str, Any]], figure: str) -> None:
        self.cells = cells
        self.figure = figure

    def mean(self, scheduler: str, figure: str | None = None) -> float:
        """The mean of a figure over a scheduler's cells."""
        values = [cell[figure or self.figure] for cell in self.cells if cell["scheduler"] == scheduler]
        return math.fsum(values) / len(values)

    def to_dict(self) -> dict[str, list[Any]]:
        """The cells as columns: for ``pandas.DataFrame`` or ``polars.DataFrame``."""
        names = self.cells[0].keys() if self.cells else []
        return {name: [cell[name] for cell in self.cells] for name in names}

    def __repr__(self) -> str:
        names = list(dict.fromkeys(cell["scheduler"] for cell in self.cells))
        width = max([len(name) for name in names], default=0)
        lines = [f"{'scheduler':<{width}}  {self.figure}"]
        lines += [f"{name:<{width}}  {self.mean(name):.6g}" for name in names]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return preformatted(repr(self))


def compare(
    workloads: Sequence[Any],
    clusters: Sequence[Any],
    schedulers: Sequence[Any],
    seeds: int | Iterable[int] = 1,
    *,
    figure: str = "wait_s_mean",
    **engine: Any,
) -> Comparison:
    """Runs every scheduler on every workload and cluster, under the same seeds.

    Workloads, clusters and schedulers are whatever ``simulate()`` takes, objects of your own among them;
    ``seeds`` is how many, from 1 on, or which. For experiments of names only, with paired statistics, a
    report and a results store, use ``tracemill compare`` with an experiment's file.
    """
    numbers = range(1, seeds + 1) if isinstance(seeds, int) else list(seeds)
    cells = []
    for place, workload in enumerate(workloads):
        for cluster in clusters:
            for scheduler in schedulers:
                for seed in numbers:
                    run = simulate(workload, cluster, scheduler, seed, tasks=False, **engine)
                    cells.append(
                        {
                            "workload": getattr(workload, "name", None) or str(workload),
                            "cluster": cluster if isinstance(cluster, str) else f"cluster {place + 1}",
                            "scheduler": _name(scheduler),
                            "seed": seed,
                            **_flat(run.summary),
                        }
                    )
    return Comparison(cells, figure)


def _name(scheduler: Any) -> str:
    return scheduler if isinstance(scheduler, str) else str(getattr(scheduler, "name", type(scheduler).__name__))


def _flat(summary: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Every number of a summary under one name."""
    figures: dict[str, Any] = {}
    for name, value in summary.items():
        if isinstance(value, dict):
            figures.update(_flat(value, f"{prefix}{name}_"))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            figures[prefix + name] = value
    return figures
