"""Regression over a line: one input, one output.

Guarded by tests/engine/test_data_sources.py.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.polynomial import chebyshev

from engine.catalog import described
from engine.data.generators import LIMIT, Doubles, FunctionValues
from engine.text import Text


class Sine(FunctionValues):
    """A sine wave."""

    kind: Literal["sine"] = "sine"
    title: ClassVar[Text] = Text("Sine", "正弦")
    help: ClassVar[Text] = Text(
        "A wave. Networks learn slow waves first: raise the frequency and watch how long it takes.",
        "一条波浪线。网络总是先学会缓慢的起伏：把频率调高，看看要花多久。",
    )
    formula: ClassVar[str] = r"y = \sin(\text{frequency} \cdot x)"
    shape: ClassVar[tuple[int, ...]] = (1,)

    frequency: float = described(
        1.0,
        Text("Frequency", "频率"),
        Text("How fast the wave goes up and down.", "波浪上下起伏的快慢。"),
        minimum=0.25,
        maximum=4.0,
        unit=Text("radians per unit of x", "弧度 / x 的单位"),
    )

    def evaluate(self, inputs: Doubles) -> Doubles:
        """The sine of `frequency · x`."""
        return np.sin(self.frequency * inputs[:, 0])


class Steps(FunctionValues):
    """A staircase."""

    kind: Literal["steps"] = "steps"
    title: ClassVar[Text] = Text("Steps", "阶梯")
    help: ClassVar[Text] = Text(
        "A staircase from −1 up to 1. A smooth network can only approach the jumps, "
        "with ever larger weights.",
        "从 −1 上到 1 的阶梯。光滑的网络只能用越来越大的权重去逼近那些跳跃。",
    )
    formula: ClassVar[str] = (
        r"y = \tfrac{2}{n}\lfloor (n+1)\,\tfrac{x+6}{12} \rfloor - 1,\quad n = \text{steps}"
    )
    shape: ClassVar[tuple[int, ...]] = (1,)

    steps: int = described(
        1,
        Text("Steps", "阶数"),
        Text("How many jumps there are.", "有多少次跳跃。"),
        minimum=1,
        maximum=6,
        unit=Text("steps", "阶"),
    )

    def evaluate(self, inputs: Doubles) -> Doubles:
        """`steps + 1` levels of equal width, from −1 to 1."""
        level = np.floor((self.steps + 1) * (inputs[:, 0] + LIMIT) / (2 * LIMIT))
        return 2 * np.clip(level, 0, self.steps) / self.steps - 1


class Polynomial(FunctionValues):
    """A polynomial that uses the whole height at every degree."""

    kind: Literal["polynomial"] = "polynomial"
    title: ClassVar[Text] = Text("Polynomial", "多项式")
    help: ClassVar[Text] = Text(
        "A Chebyshev polynomial: a straight line, a parabola, an S … "
        "With few samples and much noise, watch a large network overfit.",
        "切比雪夫多项式：直线、抛物线、S 形……样本少、噪声大时，可以观察大网络如何过拟合。",
    )
    formula: ClassVar[str] = r"y = T_{\text{degree}}\!\left(\tfrac{x}{6}\right)"
    shape: ClassVar[tuple[int, ...]] = (1,)

    degree: int = described(
        3,
        Text("Degree", "次数"),
        Text("1 is a straight line, 2 a parabola, 3 an S.", "1 是直线，2 是抛物线，3 是 S 形。"),
        minimum=1,
        maximum=6,
    )

    def evaluate(self, inputs: Doubles) -> Doubles:
        """The Chebyshev polynomial of the first kind, within −1 … 1."""
        coefficients = np.zeros(self.degree + 1)
        coefficients[self.degree] = 1
        return np.asarray(chebyshev.chebval(inputs[:, 0] / LIMIT, coefficients), dtype=np.float64)
