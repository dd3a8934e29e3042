"""What the scaling steps share: inputs become (inputs − offset) / size.

Guarded by tests/engine/test_data_preprocessing.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.catalog import described
from engine.data.dataset import Floats
from engine.text import Text


class Scale(NamedTuple):
    """Fitted numbers, in double precision, each of the shape of a sample (or a single number)."""

    offset: NDArray[np.float64]
    size: NDArray[np.float64]

    def apply(self, inputs: Floats) -> Floats:
        """`(inputs − offset) / size`, computed in double precision."""
        return ((inputs - self.offset) / self.size).astype(np.float32)


def together_field() -> Any:
    """Whether all features share one scale."""
    return described(
        False,
        Text("One scale for all", "共用一个尺度"),
        Text(
            "Off: each feature is scaled by itself. On: all features together, as suits the pixels "
            "of a picture.",
            "关闭：每个特征各自缩放。打开：所有特征一起缩放，适合图像的像素。",
        ),
    )


def axes(together: bool) -> int | None:
    """Over what a scale is measured: the samples of each feature, or everything."""
    return None if together else 0


def usable(size: Any) -> NDArray[np.float64]:
    """`size`, with 1 where a feature never changes: such a feature is shifted, not divided by zero.

    Of a constant the size is exactly 0: sums of equal float32 numbers are exact in float64.
    """
    sizes = np.asarray(size, dtype=np.float64)
    return np.where(sizes == 0, 1.0, sizes)
