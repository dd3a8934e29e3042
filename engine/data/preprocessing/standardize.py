"""Standardization. Guarded by tests/engine/test_data_preprocessing.py."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from engine.data.dataset import Floats, Step
from engine.data.preprocessing.scaling import Scale, axes, together_field, usable
from engine.text import Text


class Standardize(Step):
    """Mean 0, standard deviation 1."""

    kind: Literal["standardize"] = "standardize"
    title: ClassVar[Text] = Text("Standardize", "标准化")
    help: ClassVar[Text] = Text(
        "Shifts and scales each feature to mean 0 and standard deviation 1, so that none drowns "
        "the others. Both are measured on the training part only.",
        "把每个特征平移并缩放到均值 0、标准差 1，免得有的特征淹没其他特征。"
        "均值和标准差只在训练集上测量。",
    )
    formula: ClassVar[str] = r"x \mapsto \frac{x - \mu}{\sigma}"

    together: bool = together_field()

    def fit(self, inputs: Floats) -> Scale:
        """Mean and standard deviation; a feature that never changes gets the deviation 1."""
        axis = axes(self.together)
        mean = np.asarray(inputs.mean(axis=axis, dtype=np.float64))
        return Scale(mean, usable(inputs.std(axis=axis, dtype=np.float64)))

    def apply(self, inputs: Floats, fitted: Any) -> Floats:
        """Same shape, scaled."""
        scale: Scale = fitted
        return scale.apply(inputs)

    def names(self, features: tuple[Text, ...]) -> tuple[Text, ...]:
        """Unchanged: a scaled feature is still that feature."""
        return features
