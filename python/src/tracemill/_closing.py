"""What holds memory of the library's and can give it back before it is collected."""

from __future__ import annotations

from typing import Any, TypeVar

from ._errors import Closed

_Self = TypeVar("_Self", bound="Closing")


class Closing:
    """Has a handle until :meth:`close`; a context manager."""

    _held: object | None

    def _hold(self, handle: object) -> None:
        self._held = handle

    @property
    def _handle(self) -> object:
        if self._held is None:
            raise Closed(f"the {type(self).__name__} has been closed")
        return self._held

    def close(self) -> None:
        """Gives its memory back; using it from then on raises :class:`tracemill.Closed`."""
        self._held = None

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()
