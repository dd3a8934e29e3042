"""Stops a session that trains in a scheduler's seat. Guarded by tests/engine/test_guard.py."""

from __future__ import annotations

from collections.abc import Sequence

from engine.breakpoints.condition import Condition
from engine.breakpoints.lookout import NEVER, Lookout
from engine.breakpoints.targets import problem_of
from engine.errors import NeurariumError
from engine.scheduler import Extension, Place
from engine.text import Text


class Guard:
    """The breakpoints of a session in its seat.

    Workers walk the lookout's table and know nothing of conditions. Whoever takes the session with
    `Place.exclusive` finds it judged: with a reason to stop it stands still, otherwise it goes on
    by itself. `look` does that in time while nobody else takes it.

    Args:
        place: where the session trains.

    Attributes:
        conditions: where to stop, as they were set.
        problems: for each of them why it is left out at present, as when its layer is gone.
        stopped: why training ended last; `None` from the next `play` on.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lookout: Lookout | None = None
        self._is_judged = True
        self.conditions: tuple[Condition, ...] = ()
        self.problems: tuple[NeurariumError | None, ...] = ()
        self.stopped: Text | None = None

    def arm(self, conditions: Sequence[Condition], *, lenient: bool = False) -> None:
        """Stop at these from now on, and at no others.

        Args:
            conditions: those that were armed before may have become unfit.
            lenient: leave all others out that don't fit, too, until they do.

        Raises:
            NeurariumError: one of them names what the network doesn't have; all stays as it was.
        """
        with self._place.exclusive() as session:
            for condition in conditions:
                if not lenient and condition not in self.conditions:
                    condition.check_targets(session)
            self.conditions = tuple(dict.fromkeys(conditions))
            self._begin()

    def refresh(self) -> None:
        """The session was changed, or moved otherwise than by training: what was seen is void.

        Conditions that don't fit the network are left out until they do.
        """
        if not self.conditions:
            return
        with self._place.exclusive():
            self._begin()

    def _begin(self) -> None:
        session = self._place.session
        self.problems = tuple(problem_of(condition, session) for condition in self.conditions)
        fitting = [
            condition
            for condition, problem in zip(self.conditions, self.problems, strict=True)
            if problem is None
        ]
        self._lookout = Lookout(session, fitting) if fitting else None
        self._place.extend(
            None
            if self._lookout is None
            else Extension(session.program, self._lookout.table, self._judge)
        )

    # --- training ------------------------------------------------------------------------------

    def play(self, steps_per_second: float | None = None, steps: int | None = None) -> None:
        """Train as `Place.play` does, up to the first step at which a condition is met.

        A step that was begun row by row is finished first, and is looked at, too.

        Raises:
            ValueError: as `Place.play`.
        """
        self.stopped = None
        with self._place.exclusive() as session:
            if steps != 0 and session.finish_step():
                steps = None if steps is None else steps - 1
                if self.has_stepped():
                    return
            self._is_judged = False
            self._place.play(steps_per_second, steps)

    def has_stepped(self) -> bool:
        """A step was finished by hand; returns whether training stops here."""
        lookout = self._lookout
        if lookout is None:
            return False
        with self._place.exclusive():
            lookout.observe()
            self.stopped = lookout.reason()
        return self.stopped is not None

    @property
    def running(self) -> bool:
        """Whether it trains, as far as anybody can say."""
        return self._place.running or self.is_undecided

    @property
    def is_undecided(self) -> bool:
        """Whether a walk has ended and nobody has said yet whether training stops."""
        lookout = self._lookout
        is_open = lookout is not None and lookout.is_current and not self._is_judged
        return is_open and self._place.session.diverged

    def look(self) -> None:
        """Decide whether training stops, if a walk has ended."""
        if self.is_undecided:
            # Entering is enough: the place asks `_judge`.
            with self._place.exclusive():
                pass

    @property
    def seconds_to_look(self) -> float | None:
        """When a look will be due, at the present pace; `None` without such conditions."""
        lookout = self._lookout
        if lookout is None or lookout.due == NEVER or not self._place.running:
            return None
        return max(0, lookout.due - self._place.step) * self._place.seconds_a_step

    def _judge(self) -> None:
        if self._lookout is None or not self.is_undecided:
            return
        self.stopped = self._lookout.reason()
        self._is_judged = self.stopped is not None or self._place.session.diverged
        if self._is_judged:
            # The step may have been the last one of a worker's slice: it would come again.
            self._place.pause()
        else:
            self._place.resume()
