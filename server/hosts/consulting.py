"""The network doctor's rounds: now and then it looks at a session, and tells what is new.

Guarded by tests/server/test_consulting.py.
"""

from __future__ import annotations

import time
from collections import deque
from math import inf
from typing import Any

from numpy.typing import NDArray

from engine.doctor import CurvePoint, Finding, examine, gather_evidence, parameters_now
from engine.doctor.check import Check
from server.hosts.base import Point
from server.hosts.describing import words
from server.hosts.stage import Stage
from server.protocol import FindingNote, Findings, RemedyOffer

SECONDS_BETWEEN_LOOKS = 2.0
SHARE = 0.01
"""Share of a session's time that looking at it may take."""
MOST_POINTS = 400
"""Points of the curves that are looked at, the newest ones."""


class Consultation:
    """One session's visits to the doctor. Whoever calls holds the stage's lock.

    Args:
        stage: the session with all that belongs to it.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._points: deque[CurvePoint] = deque(maxlen=MOST_POINTS)
        self._program = stage.session.program
        self._branch = stage.recorder.timeline.branch
        self._before: tuple[NDArray[Any] | None, int] = (None, 0)
        self._looked_at: tuple[object, int] | None = None
        self._told: Findings | None = None
        self._due = 0.0
        self.is_looking = False

    def note(self, point: Point) -> None:
        """Loss and accuracy have been measured."""
        branch = self._stage.recorder.timeline.branch
        is_past = bool(self._points) and self._points[-1].step >= point.step
        if branch is not self._branch or is_past:
            # Another way, or the past once more: what came later there is no evidence here.
            self._branch = branch
            self._points.clear()
        if point.training_loss is not None:
            self._points.append(
                CurvePoint(
                    point.step,
                    point.training_loss,
                    point.validation_loss,
                    point.training_accuracy,
                    point.validation_accuracy,
                )
            )

    def next_look(self, now: float, running: bool) -> float:
        """When `look` wants to be called; never while nobody watches or nothing is new."""
        if self.is_looking or self._stage.camera.wish.rate <= 0:
            return inf
        session = self._stage.session
        if not running and self._looked_at == (session.program, session.step):
            return inf
        return max(now, self._due)

    def look(self) -> None:
        """Examine the session, and tell everyone if something has changed."""
        began = time.perf_counter()
        session = self._stage.session
        if session.program is not self._program:
            self._program, self._before = session.program, (None, 0)
            self._points.clear()
        with self._stage.seat.exclusive():
            before, step = self._before
            between = session.step - step
            evidence = gather_evidence(
                session, tuple(self._points), before if between > 0 else None, max(0, between)
            )
            self._before = parameters_now(session), session.step
        findings = examine(evidence)
        self._looked_at = session.program, evidence.step
        message = Findings(step=evidence.step, findings=[_note(one) for one in findings])
        if self._told is None or message.findings != self._told.findings:
            self._told = message
            self._stage.outlet.message(self._stage.placement, message)
        now = time.perf_counter()
        self._due = now + max(SECONDS_BETWEEN_LOOKS, (now - began) / SHARE)


def _note(finding: Finding) -> FindingNote:
    remedy = finding.remedy
    return FindingNote(
        check=finding.check,
        title=words(Check.registry[finding.check].title),
        help=words(Check.registry[finding.check].help),
        severity=finding.severity,
        layer=finding.layer,
        control=finding.control,
        message=words(finding.message),
        remedy=None
        if remedy is None
        else RemedyOffer(
            label=words(remedy.label), experiment=remedy.experiment.model_dump(mode="json")
        ),
    )
