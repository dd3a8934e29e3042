"""What of a session is sent as a frame. Guarded by tests/server/test_local_host.py."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

from engine.observer import Observation, Observer, Sheet
from server.hosts.base import Point
from server.protocol import DIVERGED, FRAME, RUNNING
from server.stream import Form, Head


@dataclass(frozen=True)
class Wish:
    """What the watchers of a session want to see; a rate of 0 means nothing."""

    revision: int = 0
    tensors: tuple[int, ...] = ()
    rate: float = 0.0


class Camera:
    """Makes the frames of one session.

    Args:
        observer: eyes on the session.
        revision: of the layout that the observer sees.
    """

    def __init__(self, observer: Observer, revision: int) -> None:
        self.observer, self.revision = observer, revision
        self.wish = Wish()
        self.is_granted = False
        self.is_dirty = True
        self._form: tuple[Sheet, Form] | None = None
        self._sequence = 0
        self._seen_step = -1
        self._shown = revision

    def look_through(self, observer: Observer, revision: int) -> None:
        """Use another observer; frames go on when the watchers' wish for its layout has come."""
        self.observer, self.revision = observer, revision
        self.is_dirty = True

    def has_news(self, step: int) -> bool:
        """Whether there is somebody to show something new to."""
        is_wanted = self.is_granted and self.wish.rate > 0 and self.wish.revision == self.revision
        return is_wanted and (self.is_dirty or step != self._seen_step)

    @property
    def owes_picture(self) -> bool:
        """Whether somebody waits for the first picture of a new network."""
        return self.wish.rate > 0 and self._shown != self.revision

    def can_show(self, step: int) -> bool:
        """Whether there is news, and a copy of it has arrived."""
        return self.has_news(step) and self.observer.is_ready

    def shoot(self, head: Head, point: Point | None) -> bytes:
        """The next frame.

        Args:
            head: flags and measured pace; the rest is filled in here.
            point: the newest point of the curves.
        """
        # Cleared first: what changes while this frame is made belongs to the next one.
        self.is_dirty = self.is_granted = False
        seen = self.observer.observe(self.wish.tensors)
        self._sequence += 1
        self._seen_step, self._shown = seen.step, self.revision
        head = head._replace(
            sequence=self._sequence,
            revision=self.revision,
            step=seen.step,
            epoch=seen.epoch,
            batch_loss=seen.batch_loss,
        )
        if point is not None:
            head = head._replace(
                metrics_step=point.step,
                training_loss=_number(point.training_loss),
                training_accuracy=_number(point.training_accuracy),
                validation_loss=_number(point.validation_loss),
                validation_accuracy=_number(point.validation_accuracy),
            )
        return self._print(head, seen)

    def _print(self, head: Head, seen: Observation) -> bytes:
        """The bytes of a frame; what all frames of a sheet have in common is made once."""
        sheet = seen.sheet
        if self._form is None or self._form[0] is not sheet:
            self._form = (sheet, form_of(sheet))
        return self._form[1].fill(head, sheet.buffer.data, sheet.measured())


def form_of(sheet: Sheet) -> Form:
    """The form of frames that carry a sheet's tensors."""
    described = zip(sheet.keys, sheet.specs, sheet.offsets, strict=True)
    tensors = [(key, spec.dtype, spec.shape, offset) for key, spec, offset in described]
    return Form(tensors, sheet.ranges.tolist())


def head_of(*, running: bool, diverged: bool, rate: float) -> Head:
    """The part of a frame's head that the session knows."""
    flags = RUNNING * running | DIVERGED * diverged
    return Head(FRAME, 0, 0, flags, steps_per_second=rate if running else 0.0)


def _number(value: float | None) -> float:
    return nan if value is None else value
