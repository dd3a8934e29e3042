"""Features of a point on the plane or the line, as in TensorFlow Playground.

Guarded by tests/engine/test_data_preprocessing.py.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from engine.catalog import described
from engine.data.dataset import Floats, Step
from engine.errors import DataError
from engine.text import Text

Feature = Literal["x1", "x2", "x1_squared", "x2_squared", "x1_x2", "sin_x1", "sin_x2"]

NAMES: dict[Feature, Text] = {
    "x1": Text("x₁", "x₁"),
    "x2": Text("x₂", "x₂"),
    "x1_squared": Text("x₁²", "x₁²"),
    "x2_squared": Text("x₂²", "x₂²"),
    "x1_x2": Text("x₁x₂", "x₁x₂"),
    "sin_x1": Text("sin x₁", "sin x₁"),
    "sin_x2": Text("sin x₂", "sin x₂"),
}
"""What each feature is called on the plane."""

LINE_NAMES: dict[Feature, Text] = {
    "x1": Text("x", "x"),
    "x1_squared": Text("x²", "x²"),
    "sin_x1": Text("sin x", "sin x"),
}
"""What the features that a single input has are called there."""


class Features(Step):
    """Computes features from the coordinates."""

    kind: Literal["features"] = "features"
    title: ClassVar[Text] = Text("Input features", "输入特征")
    help: ClassVar[Text] = Text(
        "What the network gets to see of a point: its coordinates, their squares, their product, "
        "their sines. The right feature can save whole layers.",
        "网络能看到点的哪些信息：坐标、坐标的平方、乘积或正弦。选对一个特征，可以省下好几层。",
    )
    formula: ClassVar[str] = (
        r"x \mapsto (x_1,\ x_2,\ x_1^2,\ x_2^2,\ x_1 x_2,\ \sin x_1,\ \sin x_2)"
    )

    features: Annotated[tuple[Feature, ...], Field(min_length=1, max_length=7)] = described(
        ("x1", "x2"),
        Text("Features", "特征"),
        Text(
            "Which features to feed into the network. "
            "A single input x has x₁, x₁² and sin x₁ only.",
            "把哪些特征送进网络。只有一个输入 x 时，只能用 x₁、x₁² 和 sin x₁。",
        ),
        choices={str(feature): name for feature, name in NAMES.items()},
    )

    @field_validator("features")
    @classmethod
    def _refuse_repeated(cls, features: tuple[Feature, ...]) -> tuple[Feature, ...]:
        if len(set(features)) < len(features):
            raise PydanticCustomError("repeated", "each feature at most once")
        return features

    def fit(self, inputs: Floats) -> Any:
        """Nothing to learn.

        Raises:
            DataError: unless `inputs` are points `(samples, 2)`, or numbers `(samples, 1)` and the
                features need no x₂.
        """
        where = "data.preprocessing.features"
        if inputs.ndim != 2 or inputs.shape[1] not in (1, 2):
            raise DataError(
                "wrong_inputs",
                where,
                Text(
                    "These features are made from a point on the plane, but a sample has the shape "
                    f"{inputs.shape[1:]}.",
                    f"这些特征要由平面上的点算出，但样本的形状是 {inputs.shape[1:]}。",
                ),
                Text(
                    "Remove this step or choose a data set on the plane.",
                    "请去掉这一步，或选择平面上的数据集。",
                ),
                value=str(inputs.shape[1:]),
                allowed="(2,), (1,)",
            )
        missing = [name for name in self.features if name not in LINE_NAMES]
        if inputs.shape[1] == 1 and missing:
            raise DataError(
                "wrong_inputs",
                where,
                Text(
                    f"There is only one input x, so “{NAMES[missing[0]].en}” cannot be made.",
                    f"这里只有一个输入 x，算不出“{NAMES[missing[0]].zh}”。",
                ),
                Text("Choose among x₁, x₁² and sin x₁.", "请在 x₁、x₁² 和 sin x₁ 中选择。"),
                value=missing[0],
                allowed=list(LINE_NAMES),
            )
        return None

    def apply(self, inputs: Floats, fitted: Any) -> Floats:
        """`(samples, 1 or 2)` → `(samples, len(features))`, in the order of the field."""
        first, second = inputs[:, 0], inputs[:, -1]
        columns: dict[Feature, Floats] = {
            "x1": first,
            "x2": second,
            "x1_squared": first * first,
            "x2_squared": second * second,
            "x1_x2": first * second,
            "sin_x1": np.sin(first),
            "sin_x2": np.sin(second),
        }
        return np.column_stack([columns[feature] for feature in self.features])

    def names(self, features: tuple[Text, ...]) -> tuple[Text, ...]:
        """x₁, x₁² … on the plane; x, x² … on the line."""
        names = LINE_NAMES if len(features) == 1 else NAMES
        return tuple(names[feature] for feature in self.features)
