"""Rows that show a network: they write numbers and pictures into buffers outside the arena.

Guarded by tests/engine/test_pictures.py.
"""

from __future__ import annotations

import numpy as np

from engine.kernels.abi import Pointer, bytes_at, floats_at, op, typed, vector
from engine.kernels.maths import is_finite

LEVELS = 255.0
MIDDLE = np.uint8(128)
SMALLEST, LARGEST = 1e-6, 1e30
"""Bounds of a measured scale."""


@op("values", "size:size", "measured:size", "range_address:size", "bytes_address:size")
def picture(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """bytes = 255 (v − low) / (high − low), rounded and clamped; NaN becomes the middle"""
    size, limits = row[2], floats_at(row[4], 2)
    values, levels = vector(arena, row[1], size), bytes_at(row[5], size)
    zero, top = typed(arena, 0.0), typed(arena, LEVELS)
    if row[3]:
        most = typed(arena, SMALLEST)
        for i in range(size):
            distance = abs(values[i])
            if distance > most and is_finite(distance):
                most = distance
        most = min(most, typed(arena, LARGEST))
        limits[0] = np.float32(-most)
        limits[1] = np.float32(most)
    low, half = typed(arena, limits[0]), typed(arena, 0.5)
    scale = top / (typed(arena, limits[1]) - low)
    for i in range(size):
        level = (values[i] - low) * scale + half
        level = zero if level < zero else level
        level = top if level > top else level
        levels[i] = np.uint8(level) if level == level else MIDDLE


@op("values", "rows:size", "columns:size", "address:size")
def to_float32(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """numbers[j, i] = values[i, j], in float32; with one row a plain copy"""
    rows, columns = row[2], row[3]
    values, numbers = vector(arena, row[1], rows * columns), floats_at(row[4], rows * columns)
    if rows == 1:
        for i in range(columns):
            numbers[i] = np.float32(values[i])
    else:
        for i in range(rows):
            for j in range(columns):
                numbers[j * rows + i] = np.float32(values[i * columns + j])


@op("values", "size:size", "address:size")
def root_mean_square(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """√(mean v²), in float32"""
    values, number = vector(arena, row[1], row[2]), floats_at(row[3], 1)
    total = typed(arena, 0.0)
    for i in range(row[2]):
        total += values[i] * values[i]
    number[0] = np.float32(np.sqrt(total / typed(arena, row[2])))
