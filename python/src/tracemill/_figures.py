"""Figures, where matplotlib is."""

from __future__ import annotations

from typing import Any


def axes(ax: Any) -> Any:
    """The axes to draw on: those given, or new ones.

    :raises ImportError: without matplotlib.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("figures are drawn by matplotlib: pip install 'tracemill[figures]'") from error
    return pyplot.subplots()[1]
