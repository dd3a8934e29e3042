"""Learning by heart. Guarded by tests/engine/test_doctor_curves.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from engine.doctor.check import Check, Finding, Remedy
from engine.doctor.evidence import Evidence
from engine.doctor.remedies import rounded, valid
from engine.doctor.trends import smoothed, training_losses, validation_losses
from engine.text import Text

FEWEST = 6
"""Points of a curve below which it has no trend."""
RISEN, FAR_RISEN = 1.25, 2.0
"""How many times its lowest value the validation loss is: a notice, a warning."""
FALLEN = 0.95
"""The training loss, relative to when validation was best, has gone on falling to this or less."""
GAP = 0.1
"""Share of a constant answer's loss by which validation must be worse than training."""
FIRST_L2, MOST_L2, STRONGER = 0.003, 10.0, 3.0


class OverFitting(Check):
    """The validation loss rises while the training loss goes on falling."""

    kind: Literal["over_fitting"] = "over_fitting"
    title = Text("Over-fitting", "过拟合")
    help = Text(
        "The network learns the training samples by heart, noise and all, and gets worse at "
        "samples that it hasn't seen.",
        "网络把训练样本连同噪声一起背了下来，对没见过的样本反而越来越差。",
    )

    def examine(self, evidence: Evidence) -> Iterator[Finding]:
        """At most one finding."""
        training = smoothed(training_losses(evidence.points))
        validation = smoothed(validation_losses(evidence.points))
        if len(validation) < FEWEST:
            return
        best = int(validation.argmin())
        lowest, now = float(validation[best]), float(np.median(validation[-3:]))
        learned = float(np.median(training[-3:]))
        by_heart = learned <= FALLEN * training[best]
        apart = now - learned > GAP * evidence.constant_loss
        if best >= len(validation) - 2 or now < RISEN * lowest or not by_heart or not apart:
            return
        message = Text(
            f"The validation loss has risen from {lowest:.3g} to {now:.3g} since step "
            f"{self._step(evidence, best, len(validation)):,}, while the training loss fell from "
            f"{training[best]:.3g} to {learned:.3g}.",
            f"从第 {self._step(evidence, best, len(validation))} 步起，验证损失从 {lowest:.3g} 升到"
            f" {now:.3g}，训练损失却从 {training[best]:.3g} 降到 {learned:.3g}。",
        )
        severity: Literal["warning", "notice"] = (
            "warning" if now >= FAR_RISEN * lowest else "notice"
        )
        yield Finding(self.kind, severity, None, "regularization.l2", message, _remedy(evidence))

    @staticmethod
    def _step(evidence: Evidence, best: int, looked_at: int) -> int:
        return evidence.points[len(evidence.points) - looked_at + best].step


def _remedy(evidence: Evidence) -> Remedy | None:
    """A penalty on large weights, or a stronger one."""
    present = evidence.experiment.regularization
    l2 = min(MOST_L2, rounded(STRONGER * present.l2) if present.l2 else FIRST_L2)
    if l2 == present.l2:
        return None
    penalties = present.model_copy(update={"l2": l2})
    experiment = valid(evidence.experiment.model_copy(update={"regularization": penalties}))
    return Remedy(Text(f"Try an L2 penalty of {l2:g}", f"试试 {l2:g} 的 L2 正则"), experiment)
