"""Python's values as the descriptions that the library takes."""

from __future__ import annotations

import html
import json
import os
from typing import Any, Callable, Mapping, Union

Progress = Union[bool, Callable[[int, int, int], object], None]


def camel(name: str) -> str:
    """``warm_up`` as ``warmUp``; names in camel case stay."""
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def keys(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options without those that are ``None``, their names as descriptions have them."""
    return {camel(name): plain(value) for name, value in options.items() if value is not None}


def plain(value: Any) -> Any:
    """Paths as texts, tuples as lists, NumPy's numbers as Python's."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        return value.item()
    return value


def text(description: Mapping[str, Any]) -> str:
    """A description as JSON."""
    return json.dumps(description, ensure_ascii=False, allow_nan=True)


def watcher(progress: Progress, what: str) -> Callable[[int, int, int], object] | None:
    """What is called with bytes read, bytes there are and tasks, a few times a second."""
    if not progress:
        return None
    if callable(progress):
        return progress
    from tqdm.auto import tqdm

    bar = tqdm(desc=what, unit="tasks", unit_scale=True)

    def update(done: int, total: int, tasks: int) -> None:
        bar.update(tasks - bar.n)
        if total:
            bar.set_postfix_str(f"{100 * done / total:.0f} % read", refresh=False)

    return update


def preformatted(text: str) -> str:
    """A text as HTML that keeps its columns."""
    return f"<pre>{html.escape(text)}</pre>"
