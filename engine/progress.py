"""A progress bar for long runs in a terminal or notebook."""

from __future__ import annotations

import sys
from types import TracebackType

WIDTH = 40


class Bar:
    """Shows `done` of `total` on standard error while used as a context manager; silent unless
    `visible`.
    """

    def __init__(self, total: int, visible: bool) -> None:
        self._total = max(1, total)
        self._visible = visible

    def __enter__(self) -> Bar:
        return self

    def show(self, done: int) -> None:
        """Draw the bar with `done` steps filled."""
        if self._visible:
            filled = WIDTH * done // self._total
            bar = "█" * filled + "·" * (WIDTH - filled)
            print(f"\r{bar} {done:,}/{self._total:,} steps", end="", file=sys.stderr, flush=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._visible:
            print(file=sys.stderr)
