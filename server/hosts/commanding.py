"""What the commands of a page do to a session. Guarded by tests/server/test_local_host.py."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from engine import Experiment, Session, Text
from engine.experiment import LARGEST_SEED
from engine.timeline import Walker, describe_change
from server.errors import refuse
from server.hosts.analysing import comparison_of, cost_message, gradients_of, units_of
from server.hosts.explaining import Explainer
from server.hosts.measuring import steps_to_epoch
from server.hosts.stage import SOON, Stage
from server.hosts.surroundings import read_experiment
from server.hosts.twinning import Twinning
from server.hosts.watching import Watcher, read_conditions
from server.protocol import (
    CheckGradients,
    Command,
    CompareInputs,
    CompareLayer,
    Edit,
    EndTwin,
    Explain,
    Fork,
    GoBack,
    Inspect,
    Look,
    MeasureCost,
    Pause,
    Play,
    RankUnits,
    RemoveBranch,
    Reseed,
    Reset,
    SetBreakpoints,
    SetParameter,
    SetWatches,
    SlowMotion,
    StartTwin,
    Step,
    Visit,
)

GLANCE = 0.0004
"""Seconds between two looks at whether a step has ended."""
SECONDS_FOR_STEPS = 0.05
"""A step command waits so long for its end: a single step is answered with its outcome."""
LONGEST_REPLAY = 10.0
"""Seconds that a visit may take; it ends on an earlier step then."""
FROM_THE_START = -1
"""As the last valid step: no point of the curves is valid."""
COPY = Text("a copy", "副本")
RESET = Text("the same run again", "同样的运行再来一次")
RESEEDED = Text("new seeds", "新的随机种子")


class Commander:
    """Carries out commands, one after the other; whoever calls keeps others away meanwhile.

    Args:
        stage: the session with all that belongs to it.
        watcher: reads its watched numbers.
        twinning: the run beside it, if there is one.
    """

    def __init__(self, stage: Stage, watcher: Watcher, twinning: Twinning) -> None:
        self._stage, self._watcher, self._twinning = stage, watcher, twinning
        self._session, self._seat, self._herald = stage.session, stage.seat, stage.herald
        self._recorder, self._timeline = stage.recorder, stage.recorder.timeline
        self._explainer = Explainer(stage)

    def carry_out(self, command: Command) -> dict[str, Any]:
        """Do what a command says; returns what its reply carries beside the outcome.

        Raises:
            NeurariumError: why it was refused; the session is as it was.
        """
        match command:
            case Explain():
                return {"explanation": self._explainer.explain(command).model_dump()}
            case CheckGradients() | MeasureCost() | RankUnits():
                return self._analyse(command)
            case CompareInputs():
                with self._seat.exclusive() as session:
                    return {"comparison": comparison_of(session, command).model_dump()}
            case Look():
                operands = self._explainer.look(command)
                return {"operands": [operand.model_dump() for operand in operands]}
            case StartTwin() | EndTwin() | CompareLayer():
                return self._twinning.carry_out(command)
            case Play():
                self._play(command.steps_per_second)
            case SlowMotion():
                self._begin_slow_motion(command)
            case Pause():
                self._pause()
            case Step():
                self._step(command)
            case Visit():
                self._visit(command)
            case Fork():
                self._fork()
            case RemoveBranch():
                self._timeline.remove(command.branch)
                self._stage.tell_timeline()
                self._stage.save()
            case SetBreakpoints():
                conditions = read_conditions(command.breakpoints)
                self._stage.guard.arm(conditions, lenient=command.lenient)
                self._herald.tell_breakpoints()
            case SetWatches():
                self._watcher.arm(command.watches, lenient=command.lenient)
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
        return {}

    def _analyse(self, command: CheckGradients | MeasureCost | RankUnits) -> dict[str, Any]:
        """Look into the network; training waits meanwhile and goes on afterwards."""
        with self._stage.around.building, self._seat.exclusive() as session:
            match command:
                case CheckGradients():
                    return {"gradients": [one.model_dump() for one in gradients_of(session)]}
                case MeasureCost():
                    return {"cost": cost_message(session).model_dump()}
                case _:
                    return {"units": [one.model_dump() for one in units_of(session)]}

    # --- training ------------------------------------------------------------------------------

    def _play(self, pace: float | None, steps: int | None = None) -> None:
        stage = self._stage
        if self._herald.doing() == "diverged":
            raise refuse("diverged", "session")
        stage.stand_still()
        if self._timeline.train_on(self._session):
            stage.tell_timeline()
        self._recorder.walker.sample = None
        self._herald.pace = pace
        stage.guard.play(pace, steps)
        stage.meter.start_rate(self._seat)
        stage.saver.change(stage.around.options.checkpoint_seconds)
        stage.tell_status(always=True)

    def _pause(self) -> None:
        self._stage.stand_still()
        self._stage.tell_status(always=True)
        self._stage.tell_timeline()
        self._stage.save()

    def _begin_slow_motion(self, command: SlowMotion) -> None:
        if self._herald.doing() == "diverged":
            raise refuse("diverged", "session")
        self._stage.stand_still()
        self._herald.motion, self._stage.stop_due = command, time.perf_counter()
        self._stage.tell_status(always=True)

    def move_slowly(self, now: float) -> None:
        """One stop of slow motion, if that goes on and the stop is due."""
        motion = self._herald.motion
        if motion is None or now < self._stage.stop_due:
            return
        self._stage.stop_due = max(self._stage.stop_due + 1 / motion.stops_per_second, now)
        with self._walking() as walker:
            walker.forward(motion.level)
            has_diverged = self._session.diverged and self._session.row == 0
            if has_diverged or self._stage.guard.stopped is not None:
                self._herald.motion = None

    # --- stepping, and moving through the history ------------------------------------------------

    def _step(self, command: Step) -> None:
        level, count = command.level, command.count
        self._stage.stand_still()
        if command.back:
            with self._stage.around.building, self._walking() as walker:
                walker.back(level, count)
            self._stage.watch_anew()
        elif level == "batch" or level == "epoch":
            self._train(level, count)
        else:
            with self._walking() as walker:
                walker.forward(level, count)

    def _train(self, level: str, count: int) -> None:
        """Go on by some batches or epochs; a short way is over when this returns."""
        steps = count
        if level == "epoch":
            material = self._session.material
            per_epoch = len(material.training) / material.plan.batch
            steps = steps_to_epoch(self._session.epoch, count, per_epoch)
        self._play(self._herald.pace, steps)
        end = time.perf_counter() + SECONDS_FOR_STEPS
        while self._stage.guard.running and time.perf_counter() < end:
            time.sleep(GLANCE)
            self._stage.guard.look()
        self._stage.tell_status()

    def _visit(self, command: Visit) -> None:
        self._stage.stand_still()
        step, branch = command.step, command.branch
        is_elsewhere = self._timeline.leads_elsewhere(self._session, step, branch)
        # Replaying keeps nobody else from building.
        building = self._stage.around.building if is_elsewhere else nullcontext()
        with building, self._walking() as walker:
            walker.visit(step, command.row, branch, LONGEST_REPLAY)
            if self._session.step < step:
                # The next try goes on from here.
                self._recorder.settle()
        self._stage.watch_anew()

    def _fork(self) -> None:
        self._stage.stand_still()
        with self._stage.around.building, self._walking():
            self._timeline.fork(self._session, COPY)

    @contextmanager
    def _walking(self) -> Iterator[Walker]:
        """Move the session by hand, perhaps to another experiment or branch; then tell."""
        stage, session = self._stage, self._session
        branch, program, experiment = self._timeline.branch, session.program, session.experiment
        with self._seat.exclusive():
            stage.camera.observer.close()
            yield self._recorder.walker
        is_other = session.program is not program or self._timeline.branch is not branch
        if session.program is not program:
            stage.look_anew(stage.camera.revision + 1)
            stage.tell_all()
        elif session.experiment != experiment:
            self._herald.tell_experiment(stage.camera.revision)
        if self._timeline.branch is not branch:
            stage.tell_timeline()
            stage.meter.restart()
        stage.tell_status(always=True)
        if is_other:
            # A network without a checkpoint of its own would begin anew after a crash.
            stage.save()
        else:
            stage.saver.change(SOON)

    # --- changing ------------------------------------------------------------------------------

    def _reset(self) -> None:
        self._stage.camera.observer.close()
        with self._changing(restart=True) as session:
            session.reset()
            self._timeline.restarted(session, RESET)
        self._stage.look_anew(self._stage.camera.revision)
        self._stage.begin_anew(FROM_THE_START)

    def _reseed(self, command: Reseed) -> None:
        document = self._session.experiment.model_dump(mode="json")
        chance = random.SystemRandom()
        document["seeds"] |= {name: chance.randint(0, LARGEST_SEED) for name in command.seeds}
        self._change(read_experiment(document), restart=True)
        self._stage.tell_all()
        self._stage.begin_anew(FROM_THE_START)

    def _edit(self, experiment: Experiment) -> None:
        if experiment.runs_like(self._session.experiment):
            # The network stays as it is, and so does its layout.
            with self._seat.exclusive() as session:
                session.edit(experiment)
            self._herald.tell_experiment(self._stage.camera.revision)
            return
        self._change(experiment, restart=False)
        self._stage.tell_all()
        self._stage.is_unsaved = True

    def _change(self, experiment: Experiment, *, restart: bool) -> None:
        """Build another experiment."""
        stage = self._stage
        stage.camera.observer.close()
        before = self._session.experiment
        with stage.around.building, self._changing(restart) as session:
            reached = session.step
            session.edit(experiment)
            if restart:
                session.reset()
                self._timeline.restarted(session, RESEEDED)
            else:
                self._timeline.changed(session, describe_change(before, experiment), reached)
        stage.look_anew(stage.camera.revision + 1)

    @contextmanager
    def _changing(self, restart: bool = False) -> Iterator[Session]:
        """Change the session by hand; where that begins a branch in the past, everyone is told."""
        branch = self._timeline.branch
        with self._seat.exclusive() as session:
            self._recorder.settle()
            yield session
        if not restart and self._timeline.branch is not branch:
            self._stage.tell_timeline()

    def _set_parameter(self, command: SetParameter) -> None:
        shown = f"{command.parameter}{command.index} = {command.value:g}"
        with self._changing() as session:
            session.set_parameter(command.parameter, tuple(command.index), command.value)
            self._timeline.changed(session, Text(shown, shown))
        self._stage.saver.change(SOON)
        self._stage.meter.restart()
        self._stage.tell_timeline()
        self._stage.tell_status(always=True)

    def _choose_sample(self, command: Inspect) -> None:
        if not self._stage.show(command):
            raise refuse("nothing_to_inspect", "sample")
        self._stage.inspect = command
        self._stage.tell_inspected()

    def _go_back(self) -> None:
        with self._seat.exclusive() as session:
            self._stage.stand_still()
            session.go_back()
            step = session.step
        self._stage.begin_anew(step - 1)
