"""Pictures from numbers: bytes for the wire, made in one pass.

Guarded by tests/engine/test_observer.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

LEVELS = 255
MIDDLE = np.uint8(128)


@njit(cache=True, nogil=True, error_model="numpy")
def largest(values: NDArray[Any]) -> float:
    """Largest size of a finite number in a flat array; 0 if there is none."""
    most = values.dtype.type(0)
    for i in range(values.size):
        size = abs(values[i])
        if size > most and size - size == 0:
            most = size
    return float(most)


@njit(cache=True, nogil=True, error_model="numpy")
def quantize(values: NDArray[Any], low: float, high: float, bytes_out: NDArray[np.uint8]) -> None:
    """Write `255 (v − low) / (high − low)`, rounded and clamped; NaN becomes the middle."""
    kind = values.dtype.type
    floor, scale, half = kind(low), kind(LEVELS / (high - low)), kind(0.5)
    top, zero = kind(LEVELS), kind(0)
    for i in range(values.size):
        level = (values[i] - floor) * scale + half
        level = zero if level < zero else level
        level = top if level > top else level
        bytes_out[i] = np.uint8(level) if level == level else MIDDLE


def prepare() -> None:
    """Compile both now."""
    empty = np.zeros(0, np.float32)
    largest(empty)
    quantize(empty, 0.0, 1.0, np.zeros(0, np.uint8))
