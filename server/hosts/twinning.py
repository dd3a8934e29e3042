"""The twin of one session: it follows wherever that goes, and what sets both apart is told.

While both are compared the session is held, so that they stand at the same step. A twin that has a
long way to go goes it in slices; the session waits in between, and commands come first.
Guarded by tests/server/test_twinning.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from math import inf, prod
from typing import Any

from engine import NeurariumError
from engine.observer.observer import grid
from engine.twin import (
    BUDGET,
    Onlooker,
    Stand,
    Twin,
    begin_twin,
    compare,
    match_layers,
    parameters_of,
    sees_the_same,
    twin_along,
)
from server.errors import refuse
from server.hosts.contrasting import comparison_message, pair
from server.hosts.describing import words
from server.hosts.stage import Stage
from server.hosts.surroundings import read_experiment
from server.protocol import (
    MOST_COMPARED,
    CheckGradients,
    Command,
    CompareInputs,
    CompareLayer,
    EndTwin,
    Explain,
    Look,
    MeasureCost,
    Pair,
    RankUnits,
    StartTwin,
    TwinComparison,
    TwinInfo,
    TwinLayer,
    TwinState,
)

SLICE = 0.1
"""Seconds that the twin trains at a time; whoever commands waits no longer."""
GAP = 0.005
"""Seconds between two slices, in which commands and frames have their turn."""
SECONDS_BETWEEN_NEWS = 0.2
LEAST_TRAINING = 0.1
"""Seconds that the session trains before it waits for its twin again."""
SHARE = 0.04
"""Share of the time that comparing both may take while they train."""
SHARE_OF_MOMENTS = 0.25
"""The twin's moments to those of its session, in bytes, at most."""
QUESTIONS = Explain | Look | CheckGradients | MeasureCost | RankUnits | CompareInputs | CompareLayer
OWN = StartTwin | EndTwin
"""What a beginning or ending twin is told with anyway."""


class Twinning:
    """One session's twin. Whoever calls holds the stage's lock.

    Args:
        stage: the session with all that belongs to it.

    Attributes:
        is_looking: whether `look` is on its way.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._twin: Twin | None = None
        self._eyes: tuple[Onlooker, Onlooker] | None = None
        self._told: tuple[object, ...] | None = None
        self._told_at = -inf
        self._due = self._cost = 0.0
        self._is_behind = False
        self.is_looking = False

    # --- commands ------------------------------------------------------------------------------

    def carry_out(self, command: StartTwin | EndTwin | CompareLayer) -> dict[str, Any]:
        """Do what a command says; returns what its reply carries beside the outcome.

        Raises:
            NeurariumError: why it was refused; everything is as it was.
        """
        match command:
            case StartTwin():
                self._start(command)
            case EndTwin():
                self._end()
            case CompareLayer():
                return {"twin_layer": self._compare_layer(command.layer).model_dump()}
        return {}

    def _start(self, command: StartTwin) -> None:
        stage = self._stage
        history = stage.recorder.timeline
        budget = min(BUDGET, int(SHARE_OF_MOMENTS * history.budget))
        with stage.around.building, stage.seat.exclusive() as session:
            stage.recorder.settle()
            if command.experiment is not None:
                experiment = read_experiment(command.experiment)
                twin = begin_twin(
                    session, history, experiment, command.from_step, command.branch, budget
                )
            elif command.branch is not None:
                twin = twin_along(session, history, command.branch, budget)
            else:
                raise refuse("twin_undecided", "experiment", allowed="experiment, branch")
        self._take(twin)
        self.look()

    def _end(self) -> None:
        self._take(None)
        self._tell(None)

    def _take(self, twin: Twin | None) -> None:
        """Have another twin, or none."""
        self._twin, self._eyes, self._told = twin, None, None
        self._told_at = -inf
        self._let_go()

    def note(self, command: Command) -> None:
        """A command was carried out: both are to be compared anew unless it was only a question."""
        if not isinstance(command, QUESTIONS | OWN):
            self._told = None

    # --- from moment to moment -----------------------------------------------------------------

    def next_look(self, now: float, running: bool) -> float:
        """When `look` wants to be called; never while nobody watches or nothing is new."""
        if self._twin is None or self.is_looking:
            return inf
        if self._stage.camera.wish.rate <= 0:
            # Nobody waits for the twin, so the session doesn't wait for it either.
            self._let_go()
            return inf
        if self._told == self._place():
            return inf
        is_moving = running or self._stage.herald.motion is not None
        return max(now, self._due) if is_moving or self._is_behind else now

    def look(self) -> None:
        """Bring the twin to the session's side, or nearer, and tell how far apart both are."""
        twin, seat = self._twin, self._stage.seat
        if twin is None:
            return
        began = time.perf_counter()
        seat.hold()
        try:
            with self._side_by_side(twin) as stand:
                info = self._info(twin, stand)
        except NeurariumError:
            # What was to become of it can't be built any more.
            self._end()
            raise
        now = time.perf_counter()
        self._is_behind = stand == "catching_up"
        if self._is_behind:
            self._due = now + GAP
            if now - self._told_at >= SECONDS_BETWEEN_NEWS:
                self._tell(info)
            return
        self._told = self._place()
        self._tell(info)
        self._due = max(began + SECONDS_BETWEEN_NEWS, now + max(LEAST_TRAINING, self._cost / SHARE))
        self._let_go()

    def _let_go(self) -> None:
        """The session needn't wait for its twin any more."""
        self._is_behind = False
        self._stage.seat.release()

    def _place(self) -> tuple[object, ...]:
        """What a comparison depends on, as far as it can change without a command."""
        session, stage = self._stage.session, self._stage
        return (session.program, session.step, session.row, stage.camera.observer.inspection)

    @contextmanager
    def _side_by_side(self, twin: Twin) -> Iterator[Stand]:
        """The session held, the twin beside it or nearer than it was."""
        session = self._stage.session
        with ExitStack() as stack:
            if twin.leads_elsewhere(session.step) or not self._has_eyes(twin):
                stack.enter_context(self._stage.around.building)
            stack.enter_context(self._stage.seat.exclusive())
            yield twin.follow(session.step, session.row, SLICE)

    # --- comparing -----------------------------------------------------------------------------

    def _has_eyes(self, twin: Twin) -> bool:
        eyes = self._eyes
        return (
            eyes is not None
            and eyes[1].session is twin.session
            and all(one.is_valid for one in eyes)
        )

    def _look_through(self, twin: Twin) -> tuple[Onlooker, Onlooker]:
        if self._eyes is None or not self._has_eyes(twin):
            self._eyes = Onlooker(self._stage.session), Onlooker(twin.session)
        return self._eyes

    def _info(self, twin: Twin, stand: Stand) -> TwinInfo:
        session = self._stage.session
        return TwinInfo(
            difference=words(twin.difference()),
            branch=None if twin.along is None else twin.along[0],
            from_step=twin.from_step,
            stand=stand,
            step=twin.session.step,
            row=twin.session.row,
            target=session.step,
            first_step=twin.first_step(session.step),
            comparison=self._compare(twin) if stand == "together" else None,
        )

    def _compare(self, twin: Twin) -> TwinComparison:
        began = time.perf_counter()
        found = compare(*self._look_through(twin), self._stage.camera.observer.inputs)
        message = comparison_message(found)
        self._cost = time.perf_counter() - began
        return message

    def _compare_layer(self, layer: str) -> TwinLayer:
        twin = self._twin
        if twin is None:
            raise refuse("no_twin", "twin")
        with self._side_by_side(twin) as stand:
            session = self._stage.session
            if stand != "together":
                raise refuse(
                    "twin_elsewhere", "step", value=twin.session.step, allowed=session.step
                )
            alike, _ = match_layers(session, twin.session)
            if layer not in alike:
                raise refuse("twin_layer_unlike", "layer", value=layer, allowed=alike)
            return self._pairs(twin, layer)

    def _pairs(self, twin: Twin, layer: str) -> TwinLayer:
        a, b = self._stage.session, twin.session
        mine, other = self._look_through(twin)
        here, there = parameters_of(a, layer), parameters_of(b, layer)
        shape = a.material.plan.graph.shapes[layer]
        size = max(prod(shape), *(block.size for block in here.values()), 0)
        if size > MOST_COMPARED:
            raise refuse("twin_layer_too_large", "layer", value=size, allowed=f"≤ {MOST_COMPARED}")
        activation = None
        if sees_the_same(a, b):
            inputs = self._stage.camera.observer.inputs
            one, two = mine.activations(inputs)[layer], other.activations(inputs)[layer]
            activation = pair("output", one, two)
        return TwinLayer(
            layer=layer,
            step=a.step,
            row=a.row,
            parameters=[
                pair(name, a.program.view(a.arena, block), b.program.view(b.arena, there[name]))
                for name, block in here.items()
            ],
            activation=activation,
            plane=self._plane(twin) if layer == a.material.plan.graph.output_name else None,
        )

    def _plane(self, twin: Twin) -> Pair | None:
        """Which class both choose in every cell of the input plane; for classes in a plane only."""
        session, observer = self._stage.session, self._stage.camera.observer
        mine, other = self._look_through(twin)
        domain = observer.domain
        is_same = mine.classifies and sees_the_same(session, twin.session)
        if domain is None or len(domain) != 2 or not is_same:
            return None
        inputs = session.prepared.transform(grid(domain, observer.resolution))
        shape = (observer.resolution, observer.resolution)
        chosen = [eyes.chosen(eyes.answers(inputs)).reshape(shape) for eyes in (mine, other)]
        return pair("plane", *chosen)

    # --- telling -------------------------------------------------------------------------------

    def _tell(self, info: TwinInfo | None) -> None:
        self._told_at = time.perf_counter()
        self._stage.outlet.message(self._stage.placement, TwinState(twin=info))
