"""Walking the table: counting steps, stopping, flushing denormals, leaving Python free."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from engine.instructions.emitter import copy
from engine.kernels.abi import DIVERGED, FLAGS, STEP
from engine.layers.dense import Dense
from engine.optimizers import StochasticGradientDescent
from engine.presets.preset import chain
from engine.program.executor import run, run_rows
from tests.engine.harness import Bench, Trainer, random_samples
from tests.engine.kernels.ops import tested_exponential


def trainer(dtype: str = "float32", rate: float = 0.01) -> Trainer:
    graph = chain(("answer", Dense(units=1)))
    slow = StochasticGradientDescent(learning_rate=rate)
    return Trainer(graph, random_samples((2,), 1, 12), optimizer=slow, dtype=dtype, batch=5)


def test_steps_are_counted() -> None:
    one = trainer()
    assert run(one.arena, one.program.table, one.state, 0) == 0
    assert run(one.arena, one.program.table, one.state, 7) == 7
    assert run(one.arena, one.program.table, one.state, 5) == 5
    assert one.state[STEP] == 12


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_row_by_row_is_the_same_as_whole_steps(dtype: str) -> None:
    whole, rows = trainer(dtype), trainer(dtype)
    run(whole.arena, whole.program.table, whole.state, 10)
    for _ in range(10):
        for row in range(len(rows.program.table)):
            run_rows(rows.arena, rows.program.table, rows.state, row, row + 1)
        assert rows.state[STEP] == 0, "stepping by rows leaves the counter alone"
    assert np.array_equal(whole.arena, rows.arena)
    assert np.array_equal(np.delete(whole.state, STEP), np.delete(rows.state, STEP))


def test_training_stops_in_the_step_in_which_the_loss_is_lost() -> None:
    wild = trainer(rate=100.0)
    done = run(wild.arena, wild.program.table, wild.state, 10_000)
    assert done < 200
    assert wild.state[STEP] == done
    assert wild.state[FLAGS] == DIVERGED
    assert run(wild.arena, wild.program.table, wild.state, 10) == 0


@pytest.mark.parametrize(("dtype", "tiny"), [("float32", 1e-40), ("float64", 1e-310)])
def test_denormal_numbers_count_as_zero_inside_and_are_left_alone_outside(
    dtype: str, tiny: float
) -> None:
    """A product with a denormal number would otherwise take ten times as long."""
    real = np.dtype(dtype).type
    bench = Bench(dtype)
    a = bench.place("a", np.full((1, 1), tiny))
    b = bench.place("b", np.full((1, 1), 1.0))
    product = bench.room("product", (1, 1))
    bench.emitter.product(a, b, product)
    bench.load()
    assert bench.read(a)[0, 0] > 0
    bench.run()
    assert bench.read(product)[0, 0] == 0
    outside = real(tiny) * real(1.0)
    assert outside > 0, "Python's arithmetic must not be changed"


def test_training_leaves_python_free() -> None:
    """The main thread can stop a run that has no end in sight."""
    one = trainer()
    steps = 50_000_000
    done: list[int] = []
    thread = threading.Thread(
        target=lambda: done.append(run(one.arena, one.program.table, one.state, steps))
    )
    thread.start()
    while one.state[STEP] == 0 and thread.is_alive():
        pass
    one.state[FLAGS] = DIVERGED
    thread.join()
    assert 0 < done[0] < steps


def test_rows_run_in_the_order_asked_for() -> None:
    bench = Bench("float64")
    a, b, c = (bench.place(name, np.full(3, float(at))) for at, name in enumerate("abc"))
    bench.emitter.emit(copy, a, b, 3)
    bench.emitter.emit(tested_exponential, b, c, 3)
    bench.load()
    bench.run(1, 2)
    assert np.allclose(bench.read(c), np.e)
    bench.run(0, 1)
    assert np.array_equal(bench.read(b), np.zeros(3))
    bench.run(2, 2)
    assert np.allclose(bench.read(c), np.e)
