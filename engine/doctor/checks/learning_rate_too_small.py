"""Steps that lead nowhere. Guarded by tests/engine/test_doctor_curves.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from engine.doctor.check import Check, Finding
from engine.doctor.evidence import Evidence
from engine.doctor.remedies import higher_rate
from engine.doctor.trends import change, training_losses
from engine.text import Text

TINY = 1e-5
"""Share of the parameters' size that one update moves them: at this pace 10 % take 10,000 steps."""
NEAR = 0.05
"""Share of their size that the parameters are away from where they began, all in all."""
FLAT = 0.02
"""Relative change of the loss below which it hardly moves."""
HIGH = 0.3
"""Share of a constant answer's loss above which there is a lot left to learn."""
USUAL = 1e-3
"""Share of the parameters' size that one update usually moves them; the new rate aims there."""
LEAST, MOST = 10.0, 1e4
"""Factors by which a rate is raised at once."""
FEWEST_POINTS, FEWEST_STEPS = 4, 200
"""Before that nothing can be said."""


class LearningRateTooSmall(Check):
    """Updates so small that the network hardly leaves its beginning."""

    kind: Literal["learning_rate_too_small"] = "learning_rate_too_small"
    title = Text("Learning rate too small", "学习率太小")
    help = Text(
        "Each update moves the parameters by next to nothing, and the loss hardly moves: training "
        "would take for ever.",
        "每次更新几乎不移动参数，损失也几乎不变：这样训练下去没有尽头。",
    )

    def examine(self, evidence: Evidence) -> Iterator[Finding]:
        """At most one finding.

        A network that has come to rest moves little too; but it has left its beginning, or its
        loss is low.
        """
        losses = training_losses(evidence.points)
        moved = evidence.moved
        if moved is None or len(losses) < FEWEST_POINTS or evidence.step < FEWEST_STEPS:
            return
        resting = moved >= TINY or evidence.travelled >= NEAR
        if resting or losses[-1] < HIGH * evidence.constant_loss or change(losses) < -FLAT:
            return
        message = Text(
            f"After {evidence.step:,} steps the parameters are {evidence.travelled:.2%} away from "
            f"where they began, one update moves them by {moved:.1g} of their size, and the loss "
            f"is still {losses[-1]:.3g} ({losses[0]:.3g} before).",
            f"经过 {evidence.step} 步，参数只离开起点 {evidence.travelled:.2%}，每次更新只移动自身"
            f"大小的 {moved:.1g} 倍，损失仍是 {losses[-1]:.3g}（之前是 {losses[0]:.3g}）。",
        )
        remedy = higher_rate(evidence.experiment, min(MOST, max(LEAST, USUAL / max(moved, 1e-12))))
        yield Finding(self.kind, "warning", None, "optimizer.learning_rate", message, remedy)
