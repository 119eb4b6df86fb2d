"""The command ``tracemill``: by itself, so that it starts without the package."""

from __future__ import annotations

import os
import sys

#: The program that comes with the package.
PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tracemill", "_bin", "tracemill")


def main() -> None:
    """Becomes the program, with this process's arguments."""
    os.execv(PROGRAM, ["tracemill", *sys.argv[1:]])


if __name__ == "__main__":
    main()
