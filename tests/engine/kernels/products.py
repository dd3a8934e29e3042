"""Checks the matrix product and the transposition over many sizes; see `test_simd.py`.

`python -m tests.engine.kernels.products` runs the same check in a process of its own, where another
CPU tier can be in force.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from engine.kernels.simd import TILE_ROWS, VECTOR_BYTES
from tests.engine.harness import Array, Bench
from tests.engine.kernels.ops import tested_multiply, tested_transpose


def edges(width: int) -> list[int]:
    """Lengths around one and two times a width."""
    near = {1, 2, width - 1, width, width + 1, 2 * width - 1, 2 * width, 2 * width + 1}
    return sorted(size for size in near if size > 0)


def whole_numbers(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Small whole numbers: their products and sums are exact, in whatever order."""
    return generator.integers(-9, 10, shape)


def check_multiply(dtype: str) -> int:
    """Every combination of sizes, with changing steps; returns how many were checked."""
    lanes = VECTOR_BYTES // np.dtype(dtype).itemsize
    sizes = list(product(edges(TILE_ROWS), edges(2 * lanes), (1, 5, 70)))
    for number, (rows, columns, depth) in enumerate(sizes):
        modes = (bool(number & 1), bool(number & 2))
        check_product(dtype, (rows, columns, depth), number, modes)
    return len(sizes)


def check_product(
    dtype: str, sizes: tuple[int, int, int], seed: int, modes: tuple[bool, bool]
) -> None:
    """One product; `modes` are transposed `a`, and gaps between the lines with a bias a row."""
    rows, columns, depth = sizes
    transposed, gaps = modes
    generator = np.random.default_rng(seed)
    a = whole_numbers(generator, (depth, rows) if transposed else (rows, depth))
    b = whole_numbers(generator, (depth, columns + 3 * gaps))
    c = whole_numbers(generator, (rows, columns + 2 * gaps))
    bias = whole_numbers(generator, (rows,))
    bench = Bench(dtype)
    blocks = [
        bench.place(name, values) for name, values in zip("abcs", (a, b, c, bias), strict=True)
    ]
    steps = (1, rows) if transposed else (depth, 1)
    layout = (*steps, b.shape[1], c.shape[1], rows, columns, depth, int(gaps))
    bench.emitter.emit(tested_multiply, *blocks, *layout)
    bench.load()
    bench.run()
    left = a.T if transposed else a
    start = bias[:, None] if gaps else bias[0]
    expected = c.copy()
    expected[:, :columns] = left @ b[:, :columns] + start
    for block, values in zip(blocks, (a, b, expected, bias), strict=True):
        np.testing.assert_array_equal(bench.read(block), values, err_msg=f"{block.name} {sizes}")


def check_transpose(dtype: str) -> int:
    """Every combination of sizes around one and two registers; returns how many were checked."""
    lanes = VECTOR_BYTES // np.dtype(dtype).itemsize
    checked = 0
    for rows, columns in product(edges(lanes), edges(lanes)):
        generator = np.random.default_rng(rows * columns)
        gap = (rows + columns) % 3
        a = whole_numbers(generator, (rows, columns + gap))
        c = whole_numbers(generator, (columns, rows + gap))
        bench = Bench(dtype)
        source, target = bench.place("a", a), bench.place("c", c)
        steps = (a.shape[1], c.shape[1])
        bench.emitter.emit(tested_transpose, source, target, *steps, rows, columns)
        bench.load()
        bench.run()
        expected = c.copy()
        expected[:, :rows] = a[:, :columns].T
        np.testing.assert_array_equal(bench.read(source), a)
        np.testing.assert_array_equal(bench.read(target), expected)
        checked += 1
    return checked


def check_all() -> int:
    """Both kernels in both types; returns how many cases were checked."""
    return sum(check_multiply(dtype) + check_transpose(dtype) for dtype in ("float32", "float64"))


if __name__ == "__main__":
    print(check_all())
