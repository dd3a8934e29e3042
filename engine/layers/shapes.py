"""Layers that only change the shape: same memory, same order, no rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Annotated, Literal

from pydantic import Field

from engine.arithmetic.live import Index, Live
from engine.arithmetic.sums import Account
from engine.catalog import described
from engine.layers.layer import Array, Layer, Shape, shown, wrong_shape
from engine.text import Text

Size = Annotated[int, Field(ge=1, le=16384)]
MOST_AXES = 8


class Flatten(Layer):
    """(height, width) → (height · width,)."""

    kind: Literal["flatten"] = "flatten"
    title = Text("Flatten", "展平")
    help = Text(
        "Lays the rows of a picture end to end, so that a dense layer can take them.",
        "把图像的各行首尾相接排成一列，供全连接层使用。",
    )
    is_view = True

    def infer(self, name: str, inputs: Sequence[Shape]) -> Shape:
        return (prod(inputs[0]),)

    def explain_output(self, live: Live, index: Index, sample: int) -> Account:
        return live.passed_on(index, sample)

    def reference(self, inputs: Sequence[Array], parameters: Mapping[str, Array]) -> Array:
        return inputs[0].reshape(-1, inputs[0].shape[-1])


class Reshape(Layer):
    """The same numbers in another shape, in row-major order."""

    kind: Literal["reshape"] = "reshape"
    title = Text("Reshape", "改变形状")
    help = Text(
        "Arranges the same numbers in another shape, row by row.",
        "按行优先把同样的数值排成另一种形状。",
    )
    is_view = True
    shape: Annotated[tuple[Size, ...], Field(min_length=1, max_length=MOST_AXES)] = described(
        (1,),
        Text("Shape", "形状"),
        Text(
            "The new shape of one sample; its sizes multiply to the same count.",
            "单个样本的新形状；各维相乘后元素总数不变。",
        ),
    )

    def infer(self, name: str, inputs: Sequence[Shape]) -> Shape:
        if prod(self.shape) != prod(inputs[0]):
            count = prod(inputs[0])
            raise wrong_shape(
                name,
                inputs,
                Text(
                    f"{prod(self.shape)} numbers for shape {shown(self.shape)}",
                    f"{prod(self.shape)} 个数，对应形状 {shown(self.shape)}",
                ),
                Text(f"Choose sizes that multiply to {count}.", f"请让各维相乘等于 {count}。"),
            )
        return self.shape

    def explain_output(self, live: Live, index: Index, sample: int) -> Account:
        return live.passed_on(index, sample)

    def reference(self, inputs: Sequence[Array], parameters: Mapping[str, Array]) -> Array:
        return inputs[0].reshape(*self.shape, inputs[0].shape[-1])
