"""Steps that overshoot. Guarded by tests/engine/test_doctor_curves.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from engine.doctor.check import Check, Finding, Severity
from engine.doctor.evidence import Evidence
from engine.doctor.remedies import lower_rate
from engine.doctor.trends import hops, smoothed, training_losses
from engine.text import Text

FAR, VERY_FAR = 0.1, 0.5
"""Share of the parameters' size that one update may move them: a warning, serious."""
FEWEST = 6
"""Points of a curve below which it has no trend."""
RISEN, FAR_RISEN = 1.5, 3.0
"""How many times the lowest loss the present one is: a warning, serious."""
HOP, OFTEN = 0.25, 0.5
"""A hop is a move by this share of the mean loss, back and forth; so often they are a warning."""
LOW = 0.1
"""Share of a constant answer's loss below which the loss may hop: little is left to learn."""


class LearningRateTooLarge(Check):
    """Updates so large that they jump over the valley instead of going down into it."""

    kind: Literal["learning_rate_too_large"] = "learning_rate_too_large"
    title = Text("Learning rate too large", "学习率太大")
    help = Text(
        "Each update moves the parameters further than the slope holds: the loss rises or jumps "
        "back and forth instead of falling.",
        "每次更新都超出了梯度有效的范围：损失不降反升，或来回跳动。",
    )

    def examine(self, evidence: Evidence) -> Iterator[Finding]:
        """At most one finding: the most direct sign of it."""
        for sign in (_updates, _rising, _hopping):
            found = sign(evidence)
            if found is not None:
                severity, message = found
                remedy = lower_rate(evidence.experiment, 0.1 if severity == "serious" else 0.3)
                yield Finding(self.kind, severity, None, "optimizer.learning_rate", message, remedy)
                return


def _updates(evidence: Evidence) -> tuple[Severity, Text] | None:
    moved = evidence.moved
    if moved is None or moved < FAR:
        return None
    message = Text(
        f"One update moves the parameters by {moved:.0%} of their own size or more; about 0.1% is "
        "usual.",
        f"一次更新使参数移动了自身大小的 {moved:.0%} 或更多；通常约为 0.1%。",
    )
    return "serious" if moved >= VERY_FAR else "warning", message


def _rising(evidence: Evidence) -> tuple[Severity, Text] | None:
    losses = smoothed(training_losses(evidence.points))
    if len(losses) < FEWEST:
        return None
    lowest, now = float(losses[:-2].min()), float(np.median(losses[-3:]))
    worse_than_guessing = now > LOW * evidence.constant_loss
    if now < RISEN * lowest or not worse_than_guessing:
        return None
    message = Text(
        f"The training loss was down at {lowest:.3g} and is back up at {now:.3g}.",
        f"训练损失曾降到 {lowest:.3g}，现在又升到了 {now:.3g}。",
    )
    lost = now >= FAR_RISEN * lowest and now > evidence.constant_loss
    return "serious" if lost else "warning", message


def _hopping(evidence: Evidence) -> tuple[Severity, Text] | None:
    losses = training_losses(evidence.points)[-2 * FEWEST :]
    if len(losses) < FEWEST or losses.mean() < LOW * evidence.constant_loss:
        return None
    if hops(losses, HOP) < OFTEN:
        return None
    message = Text(
        f"The training loss jumps back and forth between {losses.min():.3g} and "
        f"{losses.max():.3g} from one measurement to the next.",
        f"训练损失在相邻的测量之间来回跳动，从 {losses.min():.3g} 到 {losses.max():.3g}。",
    )
    return "warning", message
