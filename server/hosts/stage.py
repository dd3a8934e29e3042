"""Everything one session of a host consists of, and what is due after a change.

Guarded by tests/server/test_local_host.py.
"""

from __future__ import annotations

import threading
from math import inf
from typing import NamedTuple

from engine import Experiment, NeurariumError, Session, Snapshot
from engine.breakpoints import Guard
from engine.observer import Observer
from server.hosts.base import Placement
from server.hosts.describing import divergence_of, layout_of, listing_message
from server.hosts.frames import Camera
from server.hosts.herald import Herald
from server.hosts.measuring import Meter
from server.hosts.recorder import SECONDS_AFTER_CHANGE, Recorder
from server.hosts.saving import Saver
from server.hosts.surroundings import Surroundings, limits_of
from server.protocol import Inspect

SOON = 0.3
"""Seconds after which a change made by hand is saved; several in a row are saved once."""


class Kept(NamedTuple):
    """What a session goes on from.

    Attributes:
        checkpoint: bytes of a snapshot; `None` begins anew.
        history: bytes of a timeline.
        revision: of its first layout.
    """

    checkpoint: bytes | None = None
    history: bytes | None = None
    revision: int = 1


class Stage:
    """One session with its seat, its eyes, its voice, its history and its saver.

    Args:
        placement: names it.
        experiment: what it trains.
        kept: what it goes on from.
        around: what it shares with others.

    Attributes:
        lock: held by whoever commands or looks.
        inspect: the sample that the watchers look at.
        is_unsaved: whether a command isn't complete until the session is saved.
        stop_due: when slow motion goes on, in seconds of `time.perf_counter`.

    Raises:
        NeurariumError: the experiment can't be built, or the checkpoint doesn't fit it.
    """

    def __init__(
        self,
        placement: Placement,
        experiment: Experiment,
        kept: Kept,
        around: Surroundings,
    ) -> None:
        self.placement = placement
        self.lock = threading.Lock()
        self.around, self.outlet = around, around.outlet
        with around.building:
            self.session = Session(experiment, limits=limits_of(around.options))
            if kept.checkpoint is not None:
                self.session.restore(Snapshot.from_bytes(kept.checkpoint))
            self.seat = around.scheduler.add(self.session)
            self.camera = Camera(Observer(self.session, self.seat), kept.revision)
            self.recorder = Recorder(self.session, self.seat, around, kept.history)
            self.guard = Guard(self.seat)
            self.recorder.walker.on_step = self.guard.has_stepped
        self.herald = Herald(placement, self.session, self.guard, around.outlet)
        self.meter = Meter(placement.session, around.load)
        self.saver = Saver(around.options)
        self.inspect = Inspect(request=0)
        self.is_unsaved = False
        self.stop_due = inf
        self._told_ends: dict[int, int] = {}

    def close(self) -> None:
        """Give the seat up."""
        self.camera.observer.close()
        self.seat.remove()
        self.around.load.forget(self.placement.session)

    def stand_still(self) -> None:
        """End training and slow motion, and keep the moment that this leads to."""
        self.seat.pause()
        self.guard.stopped = None
        self.herald.motion, self.stop_due = None, inf
        self.recorder.settle()

    # --- after a change ------------------------------------------------------------------------

    def look_anew(self, revision: int) -> None:
        """A new observer for what the session is now, at the sample that was looked at."""
        with self.around.building:
            self.camera.look_through(Observer(self.session, self.seat), revision)
        self.meter.restart()
        # What stopped the network before is no news of this one.
        self.guard.stopped = None
        self.watch_anew()
        try:
            self.show(self.inspect)
        except NeurariumError:
            # The new data have no such sample; their first one is shown.
            self.inspect = Inspect(request=0)

    def watch_anew(self) -> None:
        """The session has moved otherwise than by training, or isn't what it was."""
        before = self.guard.problems
        self.guard.refresh()
        if self.guard.problems != before:
            self.herald.tell_breakpoints()

    def show(self, command: Inspect) -> bool:
        """Have the observer look at a sample; false if the command names none."""
        observer = self.camera.observer
        if command.values is not None:
            observer.inspect_values(command.values)
        elif command.sample is not None:
            observer.inspect(command.part, command.sample)
        return command.values is not None or command.sample is not None

    def begin_anew(self, last_valid: int) -> None:
        """The session went back; points of the curves after step `last_valid` are void.

        The step is the caller's to say: a session that is training has moved on by now.
        """
        self.meter.restart()
        self.watch_anew()
        self.outlet.rewind(self.placement, last_valid)
        self.tell_timeline()
        self.tell_status(always=True)
        self.tell_inspected()
        self.save()

    def save(self) -> None:
        """Send a checkpoint of the present state."""
        self.is_unsaved = False
        revision = self.camera.revision
        checkpoint = self.saver.take(self.seat)
        if checkpoint is not None:
            # First, so that a crash in between leaves no branch that the history doesn't know.
            history = self.recorder.pack()
            if history is not None:
                self.outlet.history(self.placement, history)
            if self.recorder.is_behind:
                self.saver.change(SECONDS_AFTER_CHANGE)
            self.outlet.checkpoint(self.placement, revision, checkpoint)

    # --- saying what has become ----------------------------------------------------------------

    def tell_all(self) -> None:
        """Everything that an edit may have changed."""
        layout = layout_of(self.session, self.camera.observer, self.camera.revision)
        self.herald.tell_experiment(self.camera.revision)
        self.herald.tell_layout(layout)
        self.herald.tell_breakpoints()
        self.tell_timeline()
        self.tell_status(always=True)
        self.tell_inspected()
        # Whoever waits for an edit waits for the layout, not for this.
        self.around.run_later(self.placement, self._tell_listing)

    def _tell_listing(self) -> None:
        with self.lock:
            revision, program = self.camera.revision, self.session.program
        self.outlet.message(self.placement, listing_message(revision, program))

    def tell_inspected(self) -> None:
        """The sample that is looked at."""
        self.herald.tell_inspected(self.camera.observer.inspection)

    def tell_timeline(self) -> None:
        """The branches of the history."""
        self._told_ends = self._ends()
        self.herald.tell_timeline(self.recorder.timeline)

    def _ends(self) -> dict[int, int]:
        """How far each branch has come."""
        branches = self.recorder.timeline.branches
        return {number: branch.end for number, branch in branches.items()}

    def tell_status(self, *, always: bool = False) -> None:
        """What the session is doing, if that has changed."""
        told, doing = self.herald.told, self.herald.doing()
        if doing == told and not always:
            return
        if doing != told:
            self.saver.change(0.0)
            if doing == "diverged":
                self.around.run_later(self.placement, self._explain_divergence)
        walker = self.recorder.walker
        self.herald.tell_status(walker.timeline.branch.number, walker.sample)
        if doing != "running" and self._ends() != self._told_ends:
            self.tell_timeline()

    def _explain_divergence(self) -> None:
        """Find out where training left the finite numbers, which may take a while."""
        with self.lock, self.seat.exclusive() as session:
            found = session.divergence()
            if found is not None:
                branch = self.recorder.timeline.branch.number
                self.herald.tell_status(branch, None, divergence_of(found))
