"""Scaling to a fixed range. Guarded by tests/engine/test_data_preprocessing.py."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from engine.catalog import described
from engine.data.dataset import Floats, Step
from engine.data.preprocessing.scaling import Scale, axes, together_field, usable
from engine.text import Text


class MinMax(Step):
    """Lowest and highest value to the ends of a range."""

    kind: Literal["minmax"] = "minmax"
    title: ClassVar[Text] = Text("Scale to a range", "缩放到区间")
    help: ClassVar[Text] = Text(
        "Shifts and scales each feature so that its lowest and highest value in the training part "
        "become the ends of the range. Validation samples may lie outside.",
        "平移并缩放每个特征，使它在训练集中的最小值和最大值成为区间的两端。验证集的样本可能落在区间之外。",
    )
    formula: ClassVar[str] = r"x \mapsto a + (b - a)\,\frac{x - \min}{\max - \min}"

    range: Literal["zero_to_one", "minus_one_to_one"] = described(
        "zero_to_one",
        Text("Range", "区间"),
        Text("Where the scaled values lie.", "缩放后的值所在的区间。"),
        choices={
            "zero_to_one": Text("0 to 1", "0 到 1"),
            "minus_one_to_one": Text("−1 to 1", "−1 到 1"),
        },
    )
    together: bool = together_field()

    def fit(self, inputs: Floats) -> Scale:
        """Where the range's zero lies and how long its unit is (1 for a constant feature)."""
        axis = axes(self.together)
        low = np.asarray(inputs.min(axis=axis), dtype=np.float64)
        high = np.asarray(inputs.max(axis=axis), dtype=np.float64)
        if self.range == "zero_to_one":
            return Scale(low, usable(high - low))
        return Scale((low + high) / 2, usable((high - low) / 2))

    def apply(self, inputs: Floats, fitted: Any) -> Floats:
        """Same shape, scaled."""
        scale: Scale = fitted
        return scale.apply(inputs)

    def names(self, features: tuple[Text, ...]) -> tuple[Text, ...]:
        """Unchanged: a scaled feature is still that feature."""
        return features
