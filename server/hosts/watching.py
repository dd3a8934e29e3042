"""Reads the watched numbers of a session now and then, and takes new lists of what to look for.

Guarded by tests/server/test_watching.py.
"""

from __future__ import annotations

import time
from math import inf, isfinite
from typing import Any

from pydantic import TypeAdapter, ValidationError

from engine import NeurariumError
from engine.breakpoints import Condition, Watch, read
from engine.breakpoints.targets import problem_of
from engine.catalog import Described, union_of
from engine.errors import from_validation_error
from server.errors import as_problem
from server.hosts.describing import words
from server.hosts.stage import Stage
from server.protocol import Document, Watches, WatchNote, WatchValues

SECONDS_BETWEEN_READINGS = 0.1
SECONDS_UNWATCHED = 1.0
"""Between two readings while nobody looks: the charts are complete when somebody comes back."""
SHARE = 0.01
"""Share of a session's time that reading may take."""


class Watcher:
    """The watched numbers of one session. Whoever calls holds the stage's lock.

    Args:
        stage: the session with all that belongs to it.

    Attributes:
        is_looking: whether a look is under way on the desk.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._watches: tuple[Watch, ...] = ()
        self._problems: tuple[NeurariumError | None, ...] = ()
        self._read: tuple[object, object, int, int] | None = None
        self._told: Watches | None = None
        self._due = 0.0
        self.is_looking = False

    def arm(self, documents: list[Document], *, lenient: bool) -> None:
        """Watch these numbers from now on.

        Raises:
            NeurariumError: one of them is none, or isn't in the network; all stays as it was.
        """
        watches = tuple(dict.fromkeys(_read_all(Watch, documents, "watches")))
        if not lenient:
            for watch in watches:
                if watch not in self._watches:
                    watch.check_targets(self._stage.session)
        self._watches = watches
        self._read = None
        self._check()
        self._tell()

    def next_look(self, now: float, running: bool) -> float:
        """When `look` wants to be called; never while nothing is new."""
        if self.is_looking or not self._watches:
            return inf
        if not running and self._read == self._moment():
            return inf
        return max(now, self._due)

    def look(self) -> None:
        """Read all numbers, and tell them."""
        began = time.perf_counter()
        with self._stage.seat.exclusive() as session:
            moment = self._moment()
            is_other = self._read is None or self._read[:2] != moment[:2]
            if is_other:
                self._check()
            fitting = [
                watch
                for watch, problem in zip(self._watches, self._problems, strict=True)
                if problem is None
            ]
            found = iter(read(session, fitting))
        self._read = moment
        if is_other:
            self._tell()
        row = [_finite(next(found)) if problem is None else None for problem in self._problems]
        message = WatchValues(restart=is_other, step=[moment[2]], values=[row])
        self._stage.outlet.message(self._stage.placement, message)
        now = time.perf_counter()
        is_seen = self._stage.camera.wish.rate > 0
        pause = SECONDS_BETWEEN_READINGS if is_seen else SECONDS_UNWATCHED
        self._due = now + max(pause, (now - began) / SHARE)

    def _moment(self) -> tuple[object, object, int, int]:
        """Network, branch, step and row: values of another network or branch are void."""
        stage = self._stage
        session, branch = stage.session, stage.recorder.timeline.branch
        return session.program, branch, session.step, session.row

    def _check(self) -> None:
        self._problems = tuple(problem_of(watch, self._stage.session) for watch in self._watches)

    def _tell(self) -> None:
        """Say what is watched, if that has changed."""
        notes = [
            WatchNote(
                watch=watch.model_dump(mode="json"),
                label=words(watch.label()),
                problem=None if problem is None else as_problem(problem),
            )
            for watch, problem in zip(self._watches, self._problems, strict=True)
        ]
        message = Watches(watches=notes)
        if message != self._told:
            self._told = message
            self._stage.outlet.message(self._stage.placement, message)


def read_conditions(documents: list[Document]) -> list[Condition]:
    """The conditions in parsed documents.

    Raises:
        NeurariumError: naming the field, the value received and the values allowed.
    """
    return _read_all(Condition, documents, "breakpoints")


def _read_all(family: type[Described], documents: list[Document], where: str) -> list[Any]:
    adapter: TypeAdapter[Any] = TypeAdapter(union_of(family))
    try:
        return [adapter.validate_python(document) for document in documents]
    except ValidationError as error:
        raise from_validation_error(error, where) from None


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
