"""Regression over the plane: two inputs, one output.

Both are the surfaces of TensorFlow Playground (Smilkov et al., 2017), the bumps made smooth.
Guarded by tests/engine/test_data_sources.py.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from engine.data.generators import LIMIT, Doubles, FunctionValues
from engine.text import Text

CENTRES = np.array([(-4, 2.5), (0, 2.5), (4, 2.5), (-4, -2.5), (0, -2.5), (4, -2.5)])
HEIGHTS = np.array([1, -1, 1, -1, 1, -1])


class Plane(FunctionValues):
    """A slope."""

    kind: Literal["plane"] = "plane"
    title: ClassVar[Text] = Text("Plane", "平面")
    help: ClassVar[Text] = Text(
        "A slope from one corner up to the other: linear regression, one neuron is enough.",
        "从一角升向对角的斜面：线性回归，一个神经元就够了。",
    )
    formula: ClassVar[str] = r"y = \frac{x_1 + x_2}{12}"
    shape: ClassVar[tuple[int, ...]] = (2,)

    def evaluate(self, inputs: Doubles) -> Doubles:
        """−1 in the lower left corner, 1 in the upper right one."""
        return np.asarray(inputs.sum(axis=1) / (2 * LIMIT), dtype=np.float64)


class MultiGaussian(FunctionValues):
    """Bumps and hollows."""

    kind: Literal["multi_gaussian"] = "multi_gaussian"
    title: ClassVar[Text] = Text("Multiple Gaussians", "多峰高斯")
    help: ClassVar[Text] = Text(
        "Three bumps and three hollows in turn. "
        "A network has to find six places, so it needs hidden neurons.",
        "三座小丘和三个凹坑交替排列。网络要找到六个地方，所以需要隐藏神经元。",
    )
    formula: ClassVar[str] = (
        r"y = \sum_{k=1}^{6} \pm\exp\!\left(-\tfrac12\lVert x - c_k\rVert^2\right)"
    )
    shape: ClassVar[tuple[int, ...]] = (2,)

    def evaluate(self, inputs: Doubles) -> Doubles:
        """The sum of six Gaussian bumps of width 1 and height ±1."""
        squared = ((inputs[:, np.newaxis, :] - CENTRES) ** 2).sum(axis=2)
        return np.asarray((HEIGHTS * np.exp(-squared / 2)).sum(axis=1), dtype=np.float64)
