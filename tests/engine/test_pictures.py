"""Rows that show a network write what was there: bytes, numbers, sizes; and nothing beside it."""

from __future__ import annotations

import numpy as np
import pytest

from engine.kernels.abi import address_of
from engine.program.pictures import picture, root_mean_square, to_float32
from tests.engine.harness import Array, Bench

BOTH = pytest.mark.parametrize("dtype", ["float32", "float64"])
GUARD = 77


def developed(values: Array, dtype: str, limits: tuple[float, float] | None) -> tuple[Array, Array]:
    """(bytes, range) of a picture; guards stand behind both."""
    bench = Bench(dtype)
    block = bench.place("values", values)
    levels = np.full(values.size + 1, GUARD, np.uint8)
    scale = np.array([*(limits or (0, 0)), GUARD], np.float32)
    places = (address_of(scale), address_of(levels))
    bench.emitter.emit(picture, block, block.size, int(limits is None), *places)
    bench.load()
    bench.run()
    assert levels[-1] == GUARD and scale[-1] == GUARD
    return levels[:-1], scale[:-1]


@BOTH
def test_numbers_become_bytes_rounded_and_clamped(dtype: str) -> None:
    values = np.array([-2, -1, 0, 0.5, 1, 3, np.nan, np.inf, -np.inf])
    levels, scale = developed(values, dtype, (-1.0, 1.0))
    assert levels.tolist() == [0, 0, 128, 191, 255, 255, 128, 255, 0]
    assert scale.tolist() == [-1, 1]


@BOTH
def test_probabilities_use_the_whole_range(dtype: str) -> None:
    levels, _ = developed(np.array([0.0, 0.25, 0.5, 1.0]), dtype, (0.0, 1.0))
    assert levels.tolist() == [0, 64, 128, 255]


@BOTH
@pytest.mark.parametrize(
    ("values", "size"),
    [
        ([0.5, -3.0, 2.0], 3.0),
        ([0.5, np.nan, -np.inf, 4.0], 4.0),
        ([np.nan, np.inf], 1e-6),
        ([0.0, 0.0], 1e-6),
        ([1e35, 1.0], 1e30),
    ],
)
def test_a_measured_scale_is_that_of_the_largest_finite_number(
    values: list[float], size: float, dtype: str
) -> None:
    levels, scale = developed(np.array(values), dtype, None)
    assert scale == pytest.approx([-size, size], rel=1e-6)
    expected = np.nan_to_num(np.array(values) / size, nan=0.0, posinf=1, neginf=-1)
    np.testing.assert_allclose(levels, 127.5 + 127.5 * np.clip(expected, -1, 1), atol=0.51)


@BOTH
@pytest.mark.parametrize("shape", [(1, 7), (5, 1), (3, 17)])
def test_numbers_are_written_column_by_column(shape: tuple[int, int], dtype: str) -> None:
    values = np.random.default_rng(1).normal(size=shape)
    bench = Bench(dtype)
    block = bench.place("values", values)
    target = np.full(values.size + 1, GUARD, np.float32)
    bench.emitter.emit(to_float32, block, *shape, address_of(target))
    bench.load()
    bench.run()
    assert target[-1] == GUARD
    assert np.array_equal(target[:-1].reshape(shape[::-1]), values.T.astype(np.float32))


@BOTH
def test_the_size_of_a_block_is_its_root_mean_square(dtype: str) -> None:
    values = np.random.default_rng(2).normal(size=1000)
    bench = Bench(dtype)
    block = bench.place("values", values)
    target = np.full(2, GUARD, np.float32)
    bench.emitter.emit(root_mean_square, block, block.size, address_of(target))
    bench.load()
    bench.run()
    assert target[1] == GUARD
    assert target[0] == pytest.approx(np.sqrt((values**2).mean()), rel=1e-5)
