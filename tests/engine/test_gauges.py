"""Gauges measure what NumPy does, and stop the walk exactly when the reading leaves the band."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from engine.breakpoints import Gauge
from engine.instructions import Block
from engine.kernels.abi import DIVERGED, FLAGS, STEP, Op
from engine.program.executor import run_rows
from engine.program.gauges import (
    LOWEST,
    OWN,
    WINDOW,
    due_gauge,
    finite_gauge,
    norm_gauge,
    rise_gauge,
    silence_gauge,
)
from engine.program.program import link
from tests.engine.harness import Array, Bench

DTYPES = ("float64", "float32")


class Watched:
    """One gauge over one block of an arena."""

    def __init__(
        self,
        op: Op,
        shape: tuple[int, ...],
        sizes: Sequence[int],
        band: tuple[float, float],
        own: Array,
        dtype: str,
    ) -> None:
        self.bench = Bench(dtype)
        self.block: Block = self.bench.place("values", np.zeros(shape))
        operands: tuple[Block | int, ...] = (self.block, *sizes)
        self.gauge = Gauge(op, operands, *band, own, "", np.dtype(dtype))
        self.bench.load()
        self.table = link((self.gauge.row(),), np.dtype(dtype))

    def show(self, values: Array) -> bool:
        """One step with these values; whether the walk would stop."""
        self.bench.read(self.block)[...] = values
        self.bench.state[FLAGS] = 0
        run_rows(self.bench.arena, self.table, self.bench.state, 0, 1)
        assert np.array_equal(
            self.bench.read(self.block), values.astype(self.bench.dtype), equal_nan=True
        )
        stopped = bool(self.bench.state[FLAGS] == DIVERGED)
        assert stopped == self.gauge.tripped
        self.gauge.rearm()
        return stopped


def nothing() -> Array:
    return np.zeros(0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1, 7, 64, 1001])
def test_the_norm_is_that_of_numpy_and_stops_outside_the_band(size: int, dtype: str) -> None:
    watched = Watched(norm_gauge, (size,), (size,), (0.5, 2.0), nothing(), dtype)
    values = np.random.default_rng(size).normal(size=size)
    for norm, stops in ((0.49, True), (0.51, False), (1.99, False), (2.01, True)):
        shown = values / np.linalg.norm(values) * norm
        assert watched.show(shown) == stops
        assert watched.gauge.reading == pytest.approx(norm, rel=1e-5)
    for lost in (np.nan, np.inf, -np.inf):
        values[-1] = lost
        assert watched.show(values), "NaN lies in no band"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [1, 7, 64, 1001])
def test_a_value_that_is_not_finite_is_found_wherever_it_stands(size: int, dtype: str) -> None:
    watched = Watched(finite_gauge, (size,), (size,), (0.0, 0.0), nothing(), dtype)
    values = np.random.default_rng(size).normal(size=size) * 1e38
    assert not watched.show(np.clip(values, -3e38, 3e38)), "large is not infinite"
    for place in {0, size // 2, size - 1}:
        for lost in (np.nan, np.inf, -np.inf):
            broken = np.ones(size)
            broken[place] = lost
            assert watched.show(broken)
    assert not watched.show(np.zeros(size))


def risen(losses: Sequence[float], window: int) -> list[float]:
    """For every step the mean of the last losses over the lowest such mean."""
    readings, lowest = [], np.inf
    for step in range(1, len(losses) + 1):
        if step < window:
            readings.append(1.0)
            continue
        mean = float(np.mean(losses[step - window : step]))
        lowest = min(lowest, mean)
        readings.append(mean / lowest)
    return readings


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("window", [1, 2, 7, 50])
def test_the_rise_is_that_of_the_mean_over_its_lowest_value(window: int, dtype: str) -> None:
    own = np.zeros(WINDOW - OWN + 2 * window)
    own[LOWEST - OWN] = np.inf
    watched = Watched(rise_gauge, (1,), (window,), (0.0, 1.5), own, dtype)
    generator = np.random.default_rng(window)
    falling = np.exp(-np.arange(300) / 80)
    losses = [1e6, *falling, *(falling[-1] * np.exp(np.arange(100) / 60))] * generator.uniform(
        0.8, 1.2, 401
    )
    for loss, expected in zip(losses, risen(list(losses), window), strict=True):
        stopped = watched.show(np.array([loss]))
        tolerance = 1e-9 if dtype == "float64" else 1e-4
        assert watched.gauge.reading == pytest.approx(expected, rel=tolerance)
        assert stopped == (expected > 1.5) or expected == pytest.approx(1.5, rel=1e-3)
    assert watched.gauge.reading > 1.5


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_rise_is_measured_with_a_clean_sum_after_a_spike(dtype: str) -> None:
    """A huge loss leaves no rounding behind when it has left the window, nor a false low."""
    own = np.zeros(WINDOW - OWN + 8)
    own[LOWEST - OWN] = np.inf
    watched = Watched(rise_gauge, (1,), (4,), (0.0, 1e30), own, dtype)
    for loss in [0.1] * 9 + [1e12] + [0.1] * 3:
        watched.show(np.array([loss]))
    assert watched.gauge.reading > 1e11
    for _ in range(10):
        watched.show(np.array([0.1]))
        assert watched.gauge.reading == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_counts_do_not_run_out_of_exact_numbers(dtype: str) -> None:
    own = np.zeros(WINDOW - OWN + 6)
    own[LOWEST - OWN] = np.inf
    watched = Watched(rise_gauge, (1,), (3,), (0.0, 2.0), own, dtype)
    for _ in range(100):
        watched.show(np.array([1.0]))
    assert watched.gauge.own[0] <= 6


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("units", "values"), [(1, 1), (3, 5), (8, 10), (17, 33)])
def test_silence_is_counted_a_unit(units: int, values: int, dtype: str) -> None:
    watched = Watched(
        silence_gauge, (units, values), (units, values), (0.0, 4.5), np.zeros(units), dtype
    )
    generator = np.random.default_rng(units)
    runs = np.zeros(units)
    stops = 0
    for _ in range(60):
        outputs = generator.normal(size=(units, values))
        outputs[generator.uniform(size=units) < 0.8] = 0.0
        runs = np.where(outputs.any(axis=1), 0, runs + 1)
        stopped = watched.show(outputs)
        assert np.array_equal(watched.gauge.own, runs)
        assert watched.gauge.reading == runs.max()
        assert stopped == (runs.max() >= 5)
        stops += stopped
    assert stops > 0


def test_one_sample_that_speaks_is_enough_and_nan_is_no_silence() -> None:
    watched = Watched(silence_gauge, (2, 9), (2, 9), (0.0, 0.5), np.zeros(2), "float32")
    outputs = np.zeros((2, 9))
    outputs[0, 8], outputs[1, 4] = 1e-30, np.nan
    assert not watched.show(outputs)


def test_a_gauge_forgets_and_rearms() -> None:
    watched = Watched(silence_gauge, (2, 3), (2, 3), (0.0, 1.5), np.zeros(2), "float64")
    assert not watched.show(np.zeros((2, 3)))
    assert watched.show(np.zeros((2, 3)))
    assert watched.gauge.own.tolist() == [2, 2]
    watched.gauge.forget()
    assert (watched.gauge.reading, watched.gauge.own.tolist()) == (0.0, [0, 0])
    assert not watched.show(np.zeros((2, 3)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("due", [1, 7, 2**24 + 1, 2**40])
def test_a_walk_ends_with_the_step_that_is_due(due: int, dtype: str) -> None:
    """Exact far beyond what the arena's type could count."""
    watched = Watched(due_gauge, (1,), (), (0.0, 0.0), nothing(), dtype)
    watched.table[0, 1] = due
    for finished, stops in ((due - 2, False), (due - 1, True), (due, True)):
        watched.bench.state[STEP] = max(0, finished)
        if finished >= 0:
            assert watched.show(np.ones(1)) == stops
