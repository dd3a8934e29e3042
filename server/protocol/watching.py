"""Breakpoints and watched numbers on the wire. Guarded by tests/server/test_protocol.py."""

from __future__ import annotations

from typing import Literal

from server.protocol.words import Document, Message, Problem, Words


class BreakpointNote(Message):
    """A condition at which training stops."""

    condition: Document
    """Of the catalog's family `condition`."""
    problem: Problem | None
    """Why it is left out at present, as when its layer is gone."""


class Breakpoints(Message):
    """All conditions at which training stops; sent whenever that changes."""

    type: Literal["breakpoints"] = "breakpoints"
    breakpoints: list[BreakpointNote]


class WatchNote(Message):
    """A number that is watched."""

    watch: Document
    """Of the catalog's family `watch`."""
    label: Words
    problem: Problem | None
    """Why it can't be read at present, as when its layer is gone."""


class Watches(Message):
    """All numbers that are watched; sent whenever that changes. Their values begin anew then."""

    type: Literal["watches"] = "watches"
    watches: list[WatchNote]


class WatchValues(Message):
    """Values that were read since the last such message."""

    type: Literal["watch_values"] = "watch_values"
    restart: bool = False
    """True when all earlier values are void."""
    step: list[int]
    """When each row of `values` was read; a step that was read before is replaced."""
    values: list[list[float | None]]
    """A row for each step, a number for each of `Watches.watches`; `null` where there is none."""
