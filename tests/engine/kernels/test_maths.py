"""The errors that the docstrings promise, and what becomes of NaN, infinity and extremes."""

from __future__ import annotations

import numpy as np
import pytest

from engine.kernels.abi import Op
from tests.engine.harness import Array, Bench, Doubles
from tests.engine.kernels.ops import (
    tested_exponential,
    tested_hyperbolic_tangent,
    tested_is_finite,
    tested_logarithm,
)

EDGES = [0.0, -0.0, 1e-30, -1e-30, 1e-8, 0.5, 1.0, -1.0, 10.0, -10.0]


def computed(op: Op, inputs: Array, dtype: str) -> tuple[Doubles, Doubles]:
    """(the inputs as the kernel saw them, its outputs), both in float64."""
    bench = Bench(dtype)
    x, y = bench.place("x", inputs), bench.room("y", inputs.shape)
    bench.emitter.emit(op, x, y, x.size)
    bench.load()
    bench.run()
    return bench.read(x).astype(np.float64), bench.read(y).astype(np.float64)


def spread(low: float, high: float) -> Doubles:
    """Many numbers of a range, evenly and at random."""
    random = np.random.default_rng(1).uniform(low, high, 200_000)
    return np.concatenate([np.linspace(low, high, 200_001), random])


def test_the_exponential_keeps_its_relative_error() -> None:
    x, y = computed(tested_exponential, spread(-87.3, 88.3), "float32")
    assert np.abs(y / np.exp(x) - 1).max() <= 2e-7


def test_the_exponential_is_clamped_to_finite_results() -> None:
    inputs = np.array([88.37, 88.4, 89.0, 200.0, 3e38, np.inf, -87.4, -1000.0, -np.inf, np.nan])
    y = computed(tested_exponential, inputs, "float32")[1]
    assert np.isfinite(y[:9]).all()
    assert (y[:6] > 2e38).all()
    assert ((y[6:9] >= 0) & (y[6:9] < 2e-38)).all()
    assert np.isnan(y[9])
    ascending = np.sort(spread(80.0, 95.0))
    assert (np.diff(computed(tested_exponential, ascending, "float32")[1]) >= 0).all()


def test_the_hyperbolic_tangent_keeps_its_absolute_error() -> None:
    for low, high in ((-10.0, 10.0), (-0.5, 0.5), (-1e-3, 1e-3)):
        x, y = computed(tested_hyperbolic_tangent, spread(low, high), "float32")
        assert np.abs(y - np.tanh(x)).max() <= 3e-7
        assert np.abs(y).max() <= 1


def test_the_hyperbolic_tangent_at_the_ends() -> None:
    inputs = np.array([1e4, -1e4, 3e38, np.inf, -np.inf, 0.0, np.nan])
    y = computed(tested_hyperbolic_tangent, inputs, "float32")[1]
    np.testing.assert_allclose(y[:6], [1, -1, 1, 1, -1, 0], atol=3e-7)
    assert np.isnan(y[6])


def test_the_logarithm_keeps_its_relative_error() -> None:
    for low, high in ((1e-30, 1e-20), (1e-3, 1.0), (0.9, 1.1), (0.999, 1.001), (1.0, 1e30)):
        x, y = computed(tested_logarithm, spread(low, high), "float32")
        exact = np.log(x)
        other = exact != 0
        assert np.abs(y[other] / exact[other] - 1).max() <= 2e-7, (low, high)
        assert (y[~other] == 0).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_finite_is_what_numpy_calls_finite(dtype: str) -> None:
    """Optimized code must not assume NaN away."""
    top = float(np.finfo(dtype).max)
    inputs = np.array([*EDGES, top, -top, np.nan, np.inf, -np.inf] * 9)
    x, y = computed(tested_is_finite, inputs, dtype)
    assert np.array_equal(y, np.isfinite(x).astype(float))


@pytest.mark.parametrize(
    ("op", "exact"),
    [
        (tested_exponential, np.exp),
        (tested_hyperbolic_tangent, np.tanh),
        (tested_logarithm, np.log),
    ],
)
def test_double_precision_is_that_of_the_c_library(op: Op, exact: np.ufunc) -> None:
    x, y = computed(op, spread(1e-6, 80.0), "float64")
    np.testing.assert_allclose(y, exact(x), rtol=1e-14)
