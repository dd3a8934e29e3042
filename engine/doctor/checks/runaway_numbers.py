"""NaN and infinity. Guarded by tests/engine/test_doctor_network.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from engine.doctor.check import Check, Finding
from engine.doctor.evidence import Evidence
from engine.doctor.remedies import lower_rate
from engine.text import Text


class RunawayNumbers(Check):
    """A loss or a parameter that isn't a finite number any more."""

    kind: Literal["runaway_numbers"] = "runaway_numbers"
    title = Text("NaN or infinity", "NaN 或无穷大")
    help = Text(
        "Numbers have grown until the computer could not hold them. Everything computed from them "
        "is lost; go back to the last healthy moment.",
        "数值大到计算机存不下了，由它们算出的一切都失去了意义；请回到最后一个正常的时刻。",
    )
    needs_numbers = False

    def examine(self, evidence: Evidence) -> Iterator[Finding]:
        """At most one finding, with the step, the instruction and the layer where it began."""
        if evidence.finite:
            return
        where = evidence.divergence
        if where is not None:
            layer, message = where.layer or None, where.message
        else:
            key = next(
                key for key, values in evidence.parameters.items() if not np.isfinite(values).all()
            )
            layer, message = key.partition(".")[0], _message(key, evidence.step)
        remedy = lower_rate(evidence.experiment)
        yield Finding(self.kind, "serious", layer, "optimizer.learning_rate", message, remedy)


def _message(key: str, step: int) -> Text:
    return Text(
        f"After step {step} the parameter “{key}” holds NaN or infinity. The learning rate is "
        "probably too large.",
        f"第 {step} 步之后，参数“{key}”中出现了 NaN 或无穷大。学习率可能太大了。",
    )
