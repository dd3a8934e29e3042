"""The watched numbers of one session as those see them who come later.

Guarded by tests/server/test_watched.py.
"""

from __future__ import annotations

from typing import NamedTuple

from server.history import Line
from server.protocol import WatchValues

MOST_READINGS = 600
"""Kept for each session; when there are more, every second one of the older half is dropped."""


class Reading(NamedTuple):
    """What all watches read at one step."""

    step: int
    values: list[float | None]


class Watched:
    """Values since the watches were chosen, by step."""

    def __init__(self) -> None:
        self._line: Line[Reading] = Line((), MOST_READINGS)

    def clear(self) -> None:
        """Other numbers are watched from now on."""
        self._line = Line((), MOST_READINGS)

    def hear(self, text: str) -> None:
        """Take in a `WatchValues`."""
        told = WatchValues.model_validate_json(text)
        if told.restart:
            self.clear()
        for step, values in zip(told.step, told.values, strict=True):
            self._line.add(Reading(step, values))

    def message(self) -> str | None:
        """All that is kept, as a `WatchValues`; `None` if that is nothing."""
        kept = self._line.all()
        if not kept:
            return None
        return WatchValues(
            restart=True,
            step=[reading.step for reading in kept],
            values=[reading.values for reading in kept],
        ).model_dump_json()
