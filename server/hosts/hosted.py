"""One session inside a host process: its commands, and what is made of it from moment to moment.

Commands come from the desk's threads, `tick` from the thread that makes frames; a lock keeps them
apart, and `tick` never waits for it. Guarded by tests/server/test_local_host.py.
"""

from __future__ import annotations

import time
from math import inf
from typing import Any, Protocol

from engine import Experiment, Session
from server.hosts.base import Placement
from server.hosts.commanding import Commander
from server.hosts.consulting import Consultation
from server.hosts.frames import Wish, head_of
from server.hosts.measuring import SHORT_EVALUATION
from server.hosts.stage import Kept, Stage
from server.hosts.surroundings import Surroundings
from server.hosts.twinning import Twinning
from server.hosts.watching import Watcher
from server.protocol import Command

RETRY = 0.004
"""Seconds until a session that is busy with a command, or whose copy is on its way, is looked at
again."""
WATCHED_INTERVAL, UNWATCHED_INTERVAL = 0.03, 0.5
"""Seconds between two looks at a session that trains, at most."""
SOONEST_LOOK = 0.0005
"""Seconds until a look at a breakpoint that is due any moment."""


LONGEST_WAIT_FOR_PICTURE = 0.05
"""Seconds that a new network waits to be saved while its first picture is made."""
GLANCE = 0.001
"""Seconds between two looks at whether that is done."""


class Round(Protocol):
    """Somebody who looks at a session now and then, on the desk and with the stage's lock held."""

    is_looking: bool

    def next_look(self, now: float, running: bool) -> float:
        """When `look` wants to be called."""

    def look(self) -> None:
        """Look, and tell."""


class HostedSession:
    """One session of a host, paused at first.

    Args:
        placement: names it; every call has to carry the same.
        experiment: what it trains.
        kept: what it goes on from.
        around: what it shares with others.

    Attributes:
        due: when `tick` wants to be called next, in seconds of `time.perf_counter`.

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
        self.due = 0.0
        self._stage = Stage(placement, experiment, kept, around)
        self._consultation = Consultation(self._stage)
        self._watcher = Watcher(self._stage)
        self._twinning = Twinning(self._stage)
        self._rounds: tuple[Round, ...] = (self._consultation, self._watcher, self._twinning)
        self._commander = Commander(self._stage, self._watcher, self._twinning)
        self._is_measuring = self._is_judging = False
        self._frame_due = 0.0

    @property
    def session(self) -> Session:
        """The session itself."""
        return self._stage.session

    # --- on the desk ---------------------------------------------------------------------------

    def carry_out(self, command: Command) -> dict[str, Any]:
        """Do what a command says; returns what its reply carries beside the outcome.

        Raises:
            NeurariumError: why it was refused; the session is as it was.
        """
        with self._stage.lock:
            answer = self._commander.carry_out(command)
            self._stage.camera.is_dirty = True
            self._twinning.note(command)
        self.hurry()
        if self._stage.is_unsaved:
            self._wait_for_picture()
            self.save()
        return answer

    def _wait_for_picture(self) -> None:
        """Let those who watch see a new network first; that it is saved, they need not see."""
        end = time.perf_counter() + LONGEST_WAIT_FOR_PICTURE
        while self._stage.camera.owes_picture and time.perf_counter() < end:
            time.sleep(GLANCE)

    def introduce(self) -> None:
        """Say everything about the session for the first time."""
        with self._stage.lock:
            self._stage.tell_all()

    def save(self) -> None:
        """Send a checkpoint of the present state."""
        with self._stage.lock:
            self._stage.save()

    def close(self) -> None:
        """Give the seat up."""
        with self._stage.lock:
            self._stage.close()

    # --- from moment to moment, on the thread that makes frames --------------------------------

    def watch(self, wish: Wish) -> None:
        """The watchers want to see something else."""
        self._stage.camera.wish = wish
        self._stage.camera.is_dirty = True
        self.hurry()

    def grant(self) -> None:
        """One more frame may be sent."""
        self._stage.camera.is_granted = True
        self.hurry()

    def hurry(self) -> None:
        """Have `tick` called soon."""
        self.due = 0.0
        self._stage.around.wake()

    def tick(self, now: float) -> None:
        """Make the frame, the measurement or the checkpoint that is due, and set `due`."""
        if not self._stage.lock.acquire(blocking=False):
            self.due = now + RETRY
            return
        try:
            self.due = inf
            self._judge(now)
            self._commander.move_slowly(now)
            self._stage.tell_status()
            running, step = self._stage.guard.running, self._stage.seat.step
            self._stage.recorder.look(now, running)
            for one in self._rounds:
                self._go_round(one, now, running)
            if self._stage.meter.is_due(now, step, running) and not self._is_measuring:
                self._measure_or_have_measured()
            if now >= self._frame_due and self._stage.camera.can_show(step):
                self._shoot(now)
            if self._stage.saver.is_due(now):
                self._stage.saver.postpone()
                self._stage.around.run_later(self.placement, self.save)
            self.due = min(self.due, self._next_look(now, running))
        finally:
            self._stage.lock.release()

    def _judge(self, now: float) -> None:
        """Have a breakpoint decided at which training stands, or foresee when it will."""
        guard = self._stage.guard
        if guard.is_undecided and not self._is_judging:
            # It may measure a whole part of the data.
            self._is_judging = True
            self._stage.around.run_later(self.placement, self._judge_on_desk)
        elif (seconds := guard.seconds_to_look) is not None:
            self.due = min(self.due, now + max(SOONEST_LOOK, seconds))

    def _judge_on_desk(self) -> None:
        with self._stage.lock:
            try:
                self._stage.guard.look()
            finally:
                self._is_judging = False
        self.hurry()

    def _go_round(self, one: Round, now: float, running: bool) -> None:
        """Have somebody look at the session, if it is time."""
        when = one.next_look(now, running)
        if when <= now:
            one.is_looking = True
            self._stage.around.run_later(self.placement, lambda: self._have_looked(one))
        else:
            self.due = min(self.due, when)

    def _have_looked(self, one: Round) -> None:
        with self._stage.lock:
            try:
                one.look()
            finally:
                one.is_looking = False
        self.hurry()

    def _next_look(self, now: float, running: bool) -> float:
        frame = inf
        if self._stage.camera.has_news(self._stage.seat.step):
            frame = max(self._frame_due, now + RETRY)
        look = self._stage.saver.due
        if self._stage.herald.motion is not None:
            look = min(look, self._stage.stop_due)
        if running:
            watched = self._stage.camera.wish.rate > 0
            look = min(look, now + (WATCHED_INTERVAL if watched else UNWATCHED_INTERVAL))
        return min(frame, look)

    def _shoot(self, now: float) -> None:
        """Send one frame."""
        busy = time.thread_time()
        head = head_of(
            running=self._stage.guard.running,
            diverged=self._stage.herald.doing() == "diverged",
            rate=self._stage.meter.rate(self._stage.seat),
        )
        frame = self._stage.camera.shoot(head, self._stage.meter.point)
        self._stage.outlet.frame(self.placement, frame)
        load, session = self._stage.around.load, self.placement.session
        load.add_frame(session, time.thread_time() - busy)
        interval = load.frame_interval(self._stage.camera.wish.rate)
        self._frame_due = max(self._frame_due + interval, now + interval / 2)

    def _measure_or_have_measured(self) -> None:
        """Measure now if that is quick, and otherwise where it keeps nobody waiting."""
        if self._stage.meter.seconds() <= SHORT_EVALUATION:
            self._measure()
        else:
            self._is_measuring = True
            self._stage.around.run_later(self.placement, self._measure_on_desk)

    def _measure_on_desk(self) -> None:
        with self._stage.lock:
            try:
                self._measure()
            finally:
                self._is_measuring = False
        self.hurry()

    def _measure(self) -> None:
        point = self._stage.meter.measure(self._stage.camera.observer)
        self._consultation.note(point)
        self._stage.camera.is_dirty = True
        self._stage.outlet.point(self.placement, point)
