"""Inputs of very different sizes. Guarded by tests/engine/test_doctor_data.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from engine.doctor.check import Check, Finding
from engine.doctor.data_facts import DataFacts
from engine.doctor.evidence import Evidence
from engine.doctor.remedies import standardized
from engine.text import Text

SPREADS = 25.0
"""How many times one feature may spread as wide as another."""
SIZE = 30.0
"""How large inputs may be: weights of a usual size make sums of that size."""


class UnscaledInputs(Check):
    """Features whose spread or size differs hugely: one drowns the others."""

    kind: Literal["unscaled_inputs"] = "unscaled_inputs"
    title = Text("Unscaled inputs", "输入未缩放")
    help = Text(
        "A feature that is counted in thousands drowns one that is counted in ones, and no "
        "learning rate suits both. Preprocessing brings them to one scale.",
        "以千计的特征会淹没以一计的特征，没有哪个学习率同时适合两者。预处理可以把它们变到同一尺度。",
    )
    needs_numbers = False

    def examine(self, evidence: Evidence) -> Iterator[Finding]:
        """At most one finding."""
        message = _complaint(evidence.data)
        if message is not None:
            remedy = standardized(evidence.experiment)
            yield Finding(self.kind, "warning", None, "data.preprocessing", message, remedy)


def is_unscaled(evidence: Evidence) -> bool:
    """Whether the inputs are to blame for sums that are too large."""
    return _complaint(evidence.data) is not None


def _complaint(data: DataFacts) -> Text | None:
    sizes = np.sqrt(data.means**2 + data.spreads**2)
    largest = int(sizes.argmax())
    if sizes[largest] > SIZE:
        return _too_large(data, largest, float(sizes[largest]))
    varying = np.flatnonzero(data.spreads > 0)
    # Pixels at the edge of a picture hardly ever change; they are not features of their own.
    if not data.features or varying.size < 2:
        return None
    wide = int(varying[data.spreads[varying].argmax()])
    narrow = int(varying[data.spreads[varying].argmin()])
    ratio = data.spreads[wide] / data.spreads[narrow]
    return _uneven(data, wide, narrow, float(ratio)) if ratio > SPREADS else None


def _too_large(data: DataFacts, feature: int, size: float) -> Text:
    name = _name(data, feature)
    return Text(
        f"The input {name.en} has a typical size of {size:.3g}. Networks learn best from numbers "
        "around 1.",
        f"输入{name.zh}的典型大小是 {size:.3g}。大小在 1 左右的数最适合网络学习。",
    )


def _uneven(data: DataFacts, wide: int, narrow: int, ratio: float) -> Text:
    first, second = _name(data, wide), _name(data, narrow)
    return Text(
        f"The input {first.en} spreads {ratio:.0f} times as wide as {second.en} "
        f"({data.spreads[wide]:.3g} against {data.spreads[narrow]:.3g}) and drowns it.",
        f"输入{first.zh}的散布是{second.zh}的 {ratio:.0f} 倍"
        f"（{data.spreads[wide]:.3g} 对 {data.spreads[narrow]:.3g}），会把它淹没。",
    )


def _name(data: DataFacts, feature: int) -> Text:
    if feature < len(data.features):
        name = data.features[feature]
        return Text(f"“{name.en}”", f"“{name.zh}”")
    return Text(f"number {feature + 1}", f"第 {feature + 1} 个数")
