"""Fitting laws to values."""

from __future__ import annotations

import json
from array import array
from typing import Any, Sequence

from . import _core
from ._describe import Progress, keys, preformatted, text, watcher


class Fit:
    """The laws that were fitted to some values, the best first (AIC)."""

    def __init__(self, described: dict[str, Any], name: str = "") -> None:
        self.name = name
        self.unit = str(described.get("unit") or "")
        self._text = str(described.pop("text")).rstrip("\n")
        self._curves: dict[str, Any] = described.pop("curves", {})
        #: What ``tracemill fit --json`` prints of a quantity.
        self.summary: dict[str, Any] = described
        #: The laws, each with its parameters, their standard errors, distances and p-values.
        self.laws: list[dict[str, Any]] = described.get("fits", [])

    @property
    def best(self) -> dict[str, Any]:
        """The law of the least AIC."""
        return self.laws[0]

    def plot(self, ax: Any = None, laws: int = 3) -> Any:
        """Shares of the values above x, and those of the best ``laws``, on logarithmic axes; needs matplotlib.

        Returns the axes.
        """
        from ._figures import axes

        ax = axes(ax)
        x = self._curves["x"]
        ax.plot(x, [1 - share for share in self._curves["empirical"]], "k.", label="values")
        for law, below in list(zip(self.laws, self._curves["laws"]))[:laws]:
            ax.plot(x, [max(1 - share, 1e-9) for share in below], label=law["fit"]["family"])
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xlabel(" ".join(filter(None, [self.name, self.unit and f"({self.unit})"])))
        ax.set_ylabel("share above")
        ax.legend()
        return ax

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return preformatted(self._text)


def fit(
    values: Any,
    *,
    families: str | Sequence[str] = "all",
    tails: bool | None = None,
    replicates: int | None = None,
    intervals: int | None = None,
    seed: int = 1,
    threads: int | None = None,
    name: str | None = None,
    unit: str | None = None,
    drop_nonpositive: bool | None = None,
    progress: Progress = None,
) -> Fit:
    """Fits laws to a column of numbers.

    ``values`` is anything of floats: a list, an array, a series. ``families`` are ``"all"`` or names such as
    ``["lognormal", "weibull"]``; ``replicates`` is how many bootstrap samples a p-value takes (100 up to
    20,000 values, none beyond, where it is ``None``), ``intervals`` how many an interval takes.
    """
    described = keys(
        {
            "tails": tails,
            "replicates": replicates,
            "intervals": intervals,
            "seed": seed,
            "threads": threads,
            "name": name or getattr(values, "name", None),
            "unit": unit,
            "drop_nonpositive": drop_nonpositive,
            "families": None if families == "all" else list(families),
        }
    )
    address, count, owner = _floats(values)
    found = _core.fit(address, count, text(described), watcher(progress, "fit"))
    del owner
    return Fit(json.loads(found), str(described.get("name") or ""))


def _floats(values: Any) -> tuple[int, int, object]:
    """Where contiguous doubles stand, how many, and what keeps them there."""
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    if hasattr(values, "__array_interface__") or hasattr(values, "__array__"):
        import numpy

        column = numpy.ascontiguousarray(values, dtype=numpy.float64)
        if column.ndim != 1:
            raise ValueError(f"values have {column.ndim} dimensions: expected one")
        return int(column.ctypes.data), len(column), column
    doubles = array("d", values)
    address, count = doubles.buffer_info()
    return address, count, doubles
