"""One session inside a host process: its commands, and what is made of it from moment to moment.

Commands come from the desk's threads, `tick` from the thread that makes frames; a lock keeps them
apart, and `tick` never waits for it. Guarded by tests/server/test_local_host.py.
"""

from __future__ import annotations

import random
import threading
import time
from math import inf

from engine import Experiment, NeurariumError, Session, Snapshot
from engine.experiment import LARGEST_SEED
from engine.observer import Observer
from server.errors import refuse
from server.hosts.base import Placement
from server.hosts.describing import divergence_of, inspected, layout_of
from server.hosts.frames import Camera, Wish, head_of
from server.hosts.measuring import SHORT_EVALUATION, Meter, steps_to_epoch
from server.hosts.saving import Saver
from server.hosts.surroundings import Surroundings, limits_of, read_experiment
from server.protocol import (
    Command,
    Divergence,
    Edit,
    ExperimentMessage,
    GoBack,
    Inspect,
    Pause,
    Play,
    Reseed,
    Reset,
    SetParameter,
    Status,
    Step,
)

RETRY = 0.004
"""Seconds until a session that is busy with a command, or whose copy is on its way, is looked at
again."""
SECONDS_FOR_STEPS = 0.05
"""A step command waits so long for its end: a single step is answered with its outcome."""
WATCHED_INTERVAL, UNWATCHED_INTERVAL = 0.03, 0.5
"""Seconds between two looks at a session that trains, at most."""
SOON = 0.3
"""Seconds after which a change made by hand is saved; several in a row are saved once."""


FROM_THE_START = -1
"""As the last valid step: no point of the curves is valid."""


class HostedSession:
    """One session of a host, paused at first.

    Args:
        placement: names it; every call has to carry the same.
        experiment: what it trains.
        checkpoint: bytes of a snapshot to start from.
        revision: of its first layout.
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
        checkpoint: bytes | None,
        revision: int,
        around: Surroundings,
    ) -> None:
        self.placement = placement
        self.due = 0.0
        self._around, self._outlet = around, around.outlet
        self._lock = threading.Lock()
        with around.building:
            self.session = Session(experiment, limits=limits_of(around.options))
            if checkpoint is not None:
                self.session.restore(Snapshot.from_bytes(checkpoint))
            self._seat = around.scheduler.add(self.session)
            self._camera = Camera(Observer(self.session, self._seat), revision)
        self._meter = Meter(placement.session, around.load)
        self._saver = Saver(around.options)
        self._inspect = Inspect(request=0)
        self._pace: float | None = None
        self._told = "paused"
        self._frame_due = 0.0
        self._is_measuring = False

    # --- commands, on the desk -----------------------------------------------------------------

    def carry_out(self, command: Command) -> None:
        """Do what a command says.

        Raises:
            NeurariumError: why it was refused; the session is as it was.
        """
        with self._lock:
            match command:
                case Play():
                    self._play(command.steps_per_second)
                case Pause():
                    self._pause()
                case Step():
                    self._step(command)
                case Reset():
                    self._reset()
                case Reseed():
                    self._reseed(command)
                case Edit():
                    self._edit(read_experiment(command.experiment))
                case SetParameter():
                    self._set_parameter(command)
                case Inspect():
                    self._choose_sample(command)
                case GoBack():
                    self._go_back()
                case _:
                    raise refuse("internal", type(command).__name__)
            self._camera.is_dirty = True
        self.hurry()

    def introduce(self) -> None:
        """Say everything about the session for the first time."""
        with self._lock:
            self._tell_all()

    def save(self) -> None:
        """Send a checkpoint of the present state."""
        with self._lock:
            self._save()

    def close(self) -> None:
        """Give the seat up."""
        with self._lock:
            self._camera.observer.close()
            self._seat.remove()
            self._around.load.forget(self.placement.session)

    def _play(self, pace: float | None, steps: int | None = None) -> None:
        if self.session.diverged:
            raise refuse("diverged", "session")
        self._pace = pace
        self._seat.play(steps_per_second=pace, steps=steps)
        self._meter.start_rate(self._seat)
        self._saver.change(self._around.options.checkpoint_seconds)
        self._tell_status(always=True)

    def _pause(self) -> None:
        self._seat.pause()
        self._tell_status(always=True)
        self._save()

    def _step(self, command: Step) -> None:
        self._seat.pause()
        steps = command.count
        if command.level == "epoch":
            material = self.session.material
            per_epoch = len(material.training) / material.plan.batch
            steps = steps_to_epoch(self.session.epoch, command.count, per_epoch)
        self._play(self._pace, steps)
        end = time.perf_counter() + SECONDS_FOR_STEPS
        while self._seat.running and time.perf_counter() < end:
            time.sleep(RETRY / 10)
        self._tell_status()

    def _reset(self) -> None:
        self._camera.observer.close()
        with self._seat.exclusive() as session:
            session.reset()
        self._look_anew(self._camera.revision)
        self._begin_anew(FROM_THE_START)

    def _reseed(self, command: Reseed) -> None:
        document = self.session.experiment.model_dump(mode="json")
        chance = random.SystemRandom()
        document["seeds"] |= {name: chance.randint(0, LARGEST_SEED) for name in command.seeds}
        self._change(read_experiment(document), restart=True)
        self._tell_all()
        self._begin_anew(FROM_THE_START)

    def _edit(self, experiment: Experiment) -> None:
        if experiment.runs_like(self.session.experiment):
            # The network stays as it is, and so does its layout.
            with self._seat.exclusive() as session:
                session.edit(experiment)
            self._tell_experiment()
            return
        before = self.session.step
        step = self._change(experiment, restart=False)
        if step < before:
            self._outlet.rewind(self.placement, step - 1)
        self._tell_all()
        self._save()

    def _change(self, experiment: Experiment, *, restart: bool) -> int:
        """Build another experiment; returns the step that the session stood at then."""
        self._camera.observer.close()
        with self._around.building, self._seat.exclusive() as session:
            session.edit(experiment)
            if restart:
                session.reset()
            step = session.step
        self._look_anew(self._camera.revision + 1)
        return step

    def _set_parameter(self, command: SetParameter) -> None:
        with self._seat.exclusive() as session:
            session.set_parameter(command.parameter, tuple(command.index), command.value)
        self._saver.change(SOON)
        self._meter.restart()
        self._tell_status()

    def _choose_sample(self, command: Inspect) -> None:
        if not self._show(command):
            raise refuse("nothing_to_inspect", "sample")
        self._inspect = command
        self._tell_inspected()

    def _go_back(self) -> None:
        with self._seat.exclusive() as session:
            self._seat.pause()
            session.go_back()
            step = session.step
        self._begin_anew(step - 1)

    # --- after a change ------------------------------------------------------------------------

    def _look_anew(self, revision: int) -> None:
        """A new observer for what the session is now, at the sample that was looked at."""
        with self._around.building:
            self._camera.look_through(Observer(self.session, self._seat), revision)
        self._meter.restart()
        try:
            self._show(self._inspect)
        except NeurariumError:
            # The new data have no such sample; their first one is shown.
            self._inspect = Inspect(request=0)

    def _show(self, command: Inspect) -> bool:
        """Have the observer look at a sample; false if the command names none."""
        observer = self._camera.observer
        if command.values is not None:
            observer.inspect_values(command.values)
        elif command.sample is not None:
            observer.inspect(command.part, command.sample)
        return command.values is not None or command.sample is not None

    def _begin_anew(self, last_valid: int) -> None:
        """The session went back; points of the curves after step `last_valid` are void.

        The step is the caller's to say: a session that is training has moved on by now.
        """
        self._meter.restart()
        self._outlet.rewind(self.placement, last_valid)
        self._tell_status(always=True)
        self._tell_inspected()
        self._save()

    def _save(self) -> None:
        revision = self._camera.revision
        checkpoint = self._saver.take(self._seat)
        if checkpoint is not None:
            self._outlet.checkpoint(self.placement, revision, checkpoint)

    # --- saying what has become ----------------------------------------------------------------

    def _tell_all(self) -> None:
        """Everything that an edit may have changed."""
        layout = layout_of(self.session, self._camera.observer, self._camera.revision)
        self._tell_experiment()
        self._outlet.message(self.placement, layout)
        self._tell_status(always=True)
        self._tell_inspected()

    def _tell_experiment(self) -> None:
        document = self.session.experiment.model_dump(mode="json")
        message = ExperimentMessage(revision=self._camera.revision, experiment=document)
        self._outlet.message(self.placement, message)

    def _tell_inspected(self) -> None:
        self._outlet.message(self.placement, inspected(self._camera.observer.inspection))

    def _tell_status(self, *, always: bool = False) -> None:
        """What the session is doing, if that has changed."""
        diverged = self.session.diverged
        status = "diverged" if diverged else "running" if self._seat.running else "paused"
        if status == self._told and not always:
            return
        if status != self._told:
            self._saver.change(0.0)
            if diverged:
                self._around.run_later(self.placement, self._explain_divergence)
        self._told = status
        self._outlet.message(self.placement, self._status_message(None))

    def _explain_divergence(self) -> None:
        """Find out where training left the finite numbers, which may take a while."""
        with self._lock, self._seat.exclusive() as session:
            found = session.divergence()
            if found is not None:
                message = self._status_message(divergence_of(found))
                self._outlet.message(self.placement, message)

    def _status_message(self, divergence: Divergence | None) -> Status:
        return Status.model_validate(
            {
                "status": self._told,
                "steps_per_second": self._pace,
                "step": self.session.step,
                "epoch": self.session.epoch,
                "divergence": divergence,
            }
        )

    # --- from moment to moment, on the thread that makes frames --------------------------------

    def watch(self, wish: Wish) -> None:
        """The watchers want to see something else."""
        self._camera.wish = wish
        self._camera.is_dirty = True
        self.hurry()

    def grant(self) -> None:
        """One more frame may be sent."""
        self._camera.is_granted = True
        self.hurry()

    def hurry(self) -> None:
        """Have `tick` called soon."""
        self.due = 0.0
        self._around.wake()

    def tick(self, now: float) -> None:
        """Make the frame, the measurement or the checkpoint that is due, and set `due`."""
        if not self._lock.acquire(blocking=False):
            self.due = now + RETRY
            return
        try:
            self.due = inf
            self._tell_status()
            running, step = self._seat.running, self._seat.step
            if self._meter.is_due(now, step, running) and not self._is_measuring:
                self._measure_or_have_measured()
            if now >= self._frame_due and self._camera.can_show(step):
                self._shoot(now)
            if self._saver.is_due(now):
                self._saver.postpone()
                self._around.run_later(self.placement, self.save)
            self.due = min(self.due, self._next_look(now, running))
        finally:
            self._lock.release()

    def _next_look(self, now: float, running: bool) -> float:
        frame = inf
        if self._camera.has_news(self._seat.step):
            frame = max(self._frame_due, now + RETRY)
        look = self._saver.due
        if running:
            watched = self._camera.wish.rate > 0
            look = min(look, now + (WATCHED_INTERVAL if watched else UNWATCHED_INTERVAL))
        return min(frame, look)

    def _shoot(self, now: float) -> None:
        """Send one frame."""
        busy = time.thread_time()
        head = head_of(
            running=self._seat.running,
            diverged=self.session.diverged,
            rate=self._meter.rate(self._seat),
        )
        frame = self._camera.shoot(head, self._meter.point)
        self._outlet.frame(self.placement, frame)
        load, session = self._around.load, self.placement.session
        load.add_frame(session, time.thread_time() - busy)
        interval = load.frame_interval(self._camera.wish.rate)
        self._frame_due = max(self._frame_due + interval, now + interval / 2)

    def _measure_or_have_measured(self) -> None:
        """Measure now if that is quick, and otherwise where it keeps nobody waiting."""
        if self._meter.seconds() <= SHORT_EVALUATION:
            self._measure()
        else:
            self._is_measuring = True
            self._around.run_later(self.placement, self._measure_on_desk)

    def _measure_on_desk(self) -> None:
        with self._lock:
            try:
                self._measure()
            finally:
                self._is_measuring = False
        self.hurry()

    def _measure(self) -> None:
        point = self._meter.measure(self._camera.observer)
        self._camera.is_dirty = True
        self._outlet.point(self.placement, point)
