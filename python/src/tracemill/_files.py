"""Inputs at URLs, by way of fsspec: read in parts, as they are needed, and kept nowhere."""

from __future__ import annotations

import os
from typing import Any


class Files:
    """What the library asks for files whose paths are URLs; may be called from several threads."""

    def __init__(self, options: dict[str, Any] | None = None) -> None:
        self._options = options or {}

    def _find(self, url: str) -> tuple[Any, str]:
        import fsspec

        found: tuple[Any, str] = fsspec.core.url_to_fs(url, **self._options)
        return found

    def kind(self, url: str) -> tuple[int, int]:
        """What stands there: 0 nothing, 1 a file, 2 a folder; and its size in bytes."""
        system, path = self._find(url)
        try:
            found = system.info(path)
        except FileNotFoundError as error:
            # A web server's refusal comes as such, too.
            status = getattr(error.__cause__, "status", 404)
            if status not in (404, 410):
                raise PermissionError(f"the server answers {status}") from error
            return 0, 0
        if found["type"] == "directory":
            return 2, 0
        if found.get("size") is None:
            raise OSError("the server does not say how large it is, so it cannot be read in parts")
        return 1, int(found["size"])

    def names(self, url: str) -> list[str]:
        """The names in a folder."""
        system, path = self._find(url)
        listed = [item["name"].rstrip("/") for item in system.ls(path, detail=True)]
        return [name.rsplit("/", 1)[-1] for name in listed if name.strip("/") != path.strip("/")]

    def read(self, url: str, offset: int, count: int) -> bytes:
        """At most ``count`` bytes from ``offset`` on."""
        system, path = self._find(url)
        part: bytes = system.cat_file(path, start=offset, end=offset + count)
        return part[:count]


def is_url(path: Any) -> bool:
    """Whether fsspec is to read it."""
    return isinstance(path, str) and "://" in path


def files_for(*paths: Any, options: dict[str, Any] | None = None) -> Files | None:
    """What reads the URLs among these paths; ``None`` where there is none.

    :raises ImportError: without fsspec.
    """
    if not any(is_url(os.fspath(path) if hasattr(path, "__fspath__") else path) for path in paths):
        return None
    try:
        import fsspec  # noqa: F401
    except ImportError as error:
        raise ImportError("URLs are read by fsspec: pip install 'tracemill[urls]'") from error
    return Files(options)
