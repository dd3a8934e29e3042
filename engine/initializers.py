"""How parameters begin: one class each. Guarded by tests/engine/test_initializers.py.

Chance comes from NumPy's generator, seeded by the weights seed and the parameter's name, so that
adding a layer leaves the others' beginnings as they were.
"""

from __future__ import annotations

from abc import abstractmethod
from math import sqrt
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine.catalog import Described, described
from engine.text import Text

Distribution = Literal["uniform", "normal"]
_DISTRIBUTIONS = {"uniform": Text("uniform", "均匀"), "normal": Text("normal", "正态")}
_DISTRIBUTION_TEXTS = (
    Text("Distribution", "分布"),
    Text("The shape of chance that the numbers are drawn from.", "随机数取自哪种分布。"),
)


class Initializer(Described):
    """A rule for the first values of a parameter."""

    family: ClassVar[str] = "initializer"

    @abstractmethod
    def spread(self, inputs: int, outputs: int) -> float:
        """Standard deviation of the values for a layer with this many inputs and outputs."""

    @abstractmethod
    def draw(
        self, shape: tuple[int, ...], fan: tuple[int, int], generator: np.random.Generator
    ) -> NDArray[np.float64]:
        """Values of `shape`; `fan` is (inputs, outputs) of one unit's connections."""


def _distributed(
    shape: tuple[int, ...],
    spread: float,
    distribution: Distribution,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    if distribution == "normal":
        return generator.normal(0.0, 1.0, shape) * spread
    return generator.uniform(-1.0, 1.0, shape) * (spread * sqrt(3.0))


class Zeros(Initializer):
    """All values are zero."""

    kind: Literal["zeros"] = "zeros"
    title = Text("Zeros", "全零")
    help = Text(
        "Every value starts at zero. Right for biases; "
        "weights that are all equal never become different.",
        "所有值从零开始。适合偏置；完全相同的权重永远无法变得不同。",
    )
    formula = r"w = 0"

    def spread(self, inputs: int, outputs: int) -> float:
        return 0.0

    def draw(
        self, shape: tuple[int, ...], fan: tuple[int, int], generator: np.random.Generator
    ) -> NDArray[np.float64]:
        return np.zeros(shape)


class Normal(Initializer):
    """Normally distributed with a chosen standard deviation."""

    kind: Literal["normal"] = "normal"
    title = Text("Normal", "正态分布")
    help = Text(
        "Bell-shaped around zero, whatever the layer's size.",
        "以零为中心的钟形分布，与层的大小无关。",
    )
    formula = r"w \sim \mathcal{N}(0, \sigma^2)"
    deviation: float = described(
        0.1,
        Text("Standard deviation", "标准差"),
        Text("How far the values spread around zero.", "数值偏离零的程度。"),
        minimum=0.0,
        maximum=10.0,
    )

    def spread(self, inputs: int, outputs: int) -> float:
        return self.deviation

    def draw(
        self, shape: tuple[int, ...], fan: tuple[int, int], generator: np.random.Generator
    ) -> NDArray[np.float64]:
        return _distributed(shape, self.deviation, "normal", generator)


class Uniform(Initializer):
    """Uniformly distributed between minus and plus a limit."""

    kind: Literal["uniform"] = "uniform"
    title = Text("Uniform", "均匀分布")
    help = Text(
        "Every value between −limit and +limit is as likely.", "在 −上限 与 +上限 之间等可能取值。"
    )
    formula = r"w \sim \mathcal{U}(-a, a)"
    limit: float = described(
        0.5,
        Text("Limit", "上限"),
        Text("The largest size a value can start with.", "初始值的最大绝对值。"),
        minimum=0.0,
        maximum=10.0,
    )

    def spread(self, inputs: int, outputs: int) -> float:
        return self.limit / sqrt(3.0)

    def draw(
        self, shape: tuple[int, ...], fan: tuple[int, int], generator: np.random.Generator
    ) -> NDArray[np.float64]:
        return _distributed(shape, self.spread(*fan), "uniform", generator)


class Xavier(Initializer):
    """Glorot and Bengio (2010): keeps the variance through tanh-like layers, both ways."""

    kind: Literal["xavier"] = "xavier"
    title = Text("Xavier (Glorot)", "Xavier（Glorot）")
    help = Text(
        "Scaled by the numbers of inputs and outputs, so that signals keep their size. "
        "Suits tanh and sigmoid.",
        "按输入和输出的数量缩放，使信号大小保持稳定。适合 tanh 和 sigmoid。",
    )
    formula = r"\sigma^2 = \frac{2}{n_\text{in} + n_\text{out}}"
    distribution: Distribution = described("uniform", *_DISTRIBUTION_TEXTS, choices=_DISTRIBUTIONS)

    def spread(self, inputs: int, outputs: int) -> float:
        return sqrt(2.0 / max(1, inputs + outputs))

    def draw(
        self, shape: tuple[int, ...], fan: tuple[int, int], generator: np.random.Generator
    ) -> NDArray[np.float64]:
        return _distributed(shape, self.spread(*fan), self.distribution, generator)


class He(Initializer):
    """He et al. (2015): keeps the variance through layers of rectified linear units."""

    kind: Literal["he"] = "he"
    title = Text("He (Kaiming)", "He（Kaiming）")
    help = Text(
        "Scaled by the number of inputs, with twice the variance that is needed without ReLU, "
        "which silences half of them.",
        "按输入数量缩放；因为 ReLU 会让约一半输出归零，所以方差加倍。适合 ReLU。",
    )
    formula = r"\sigma^2 = \frac{2}{n_\text{in}}"
    distribution: Distribution = described("normal", *_DISTRIBUTION_TEXTS, choices=_DISTRIBUTIONS)

    def spread(self, inputs: int, outputs: int) -> float:
        return sqrt(2.0 / max(1, inputs))

    def draw(
        self, shape: tuple[int, ...], fan: tuple[int, int], generator: np.random.Generator
    ) -> NDArray[np.float64]:
        return _distributed(shape, self.spread(*fan), self.distribution, generator)
