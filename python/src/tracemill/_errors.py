"""What can go wrong, as exceptions."""

from __future__ import annotations

from typing import NamedTuple, NoReturn, Sequence


class Issue(NamedTuple):
    """One thing that is wrong, and where."""

    message: str
    #: The file, or "" where it is none.
    file: str
    #: Dotted path in a description, such as ``cluster.groups[2].cores``; "" where it is none.
    path: str
    #: Line, counting from 1; 0 where there is none.
    line: int
    #: Column of the line or of the table, counting from 1; 0 where there is none.
    column: int


class TracemillError(Exception):
    """What Tracemill refuses or cannot do.

    ``issues`` has everything that is wrong; ``path``, ``line`` and ``column`` are the first one's. The
    path is the dotted one in a description that is wrong, else the file, else ``None``.
    """

    issues: tuple[Issue, ...]

    def __init__(self, message: str, issues: Sequence[Issue] = ()) -> None:
        super().__init__(message)
        self.issues = tuple(issues)

    def _first(self) -> Issue:
        return self.issues[0] if self.issues else Issue(str(self), "", "", 0, 0)

    @property
    def path(self) -> str | None:
        issue = self._first()
        return issue.path or issue.file or None

    @property
    def line(self) -> int | None:
        return self._first().line or None

    @property
    def column(self) -> int | None:
        return self._first().column or None


class InputError(TracemillError):
    """A file or a table cannot be read: it is not there, damaged, or a row does not fit."""


class DescriptionError(TracemillError, ValueError):
    """A dict, or a file that stands for one, is wrong; every mistake is in ``issues``."""


class RequestError(TracemillError, ValueError):
    """What was asked for cannot be done: no such name, impossible together."""


class SchedulerError(TracemillError, RuntimeError):
    """A scheduler from outside failed."""


class CommandError(TracemillError, RuntimeError):
    """A command of the program failed; ``returncode`` is its exit code."""

    def __init__(self, message: str, returncode: int) -> None:
        super().__init__(message)
        self.returncode = returncode

    def __reduce__(self) -> tuple[type[CommandError], tuple[str, int]]:
        return CommandError, (str(self), self.returncode)


class Closed(TracemillError, ValueError):
    """Something was used after its ``close()``."""


class Cancelled(TracemillError):
    """The call was cancelled."""


def _raise(code: int, message: str, issues: Sequence[tuple[str, str, str, int, int]]) -> NoReturn:
    kinds: dict[int, type[TracemillError]] = {
        7: DescriptionError,
        8: RequestError,
        9: SchedulerError,
        10: Cancelled,
    }
    raise kinds.get(code, InputError)(message, [Issue(*issue) for issue in issues])
