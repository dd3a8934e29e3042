"""Blocks of the arena and rows of the table."""

from __future__ import annotations

import numpy as np
import pytest

from engine.instructions import Block, Emitter, Plan
from engine.instructions.arena import ALIGNMENT, CONSTANTS
from engine.instructions.emitter import accumulate, copy, spaced
from tests.engine.harness import Bench


def test_blocks_never_overlap_and_start_on_a_cache_line() -> None:
    plan = Plan()
    shapes = [(3,), (16,), (17,), (2, 5), (1,), (4, 4, 4), (0,), (5,)]
    blocks = [plan.allocate(f"block{number}", shape) for number, shape in enumerate(shapes)]
    end = CONSTANTS
    for block in blocks:
        assert block.offset % ALIGNMENT == 0
        assert block.offset >= end
        end = block.offset + block.size
    assert plan.size >= end
    assert plan.size % ALIGNMENT == 0


def test_a_name_is_given_once() -> None:
    plan = Plan()
    plan.allocate("a.weights", (3, 4))
    with pytest.raises(ValueError, match=r"block a\.weights exists already"):
        plan.allocate("a.weights", (3, 4))


def test_a_block_knows_its_sizes() -> None:
    block = Block("picture", 64, (28, 27, 10))
    assert (block.size, block.batch, block.features) == (7560, 10, 756)
    flat = block.viewed("flat", (756, 10))
    assert (flat.offset, flat.name, flat.shape) == (64, "flat", (756, 10))


def test_constants_lie_side_by_side_behind_the_zero() -> None:
    plan = Plan()
    first, second = plan.constant(0.5, 0.25), plan.constant(3.0)
    assert plan.constants[0] == 0
    assert plan.constants[first : first + 2] == [0.5, 0.25]
    assert plan.constants[second] == 3.0
    with pytest.raises(ValueError, match=f"more than {CONSTANTS} constants"):
        plan.constant(*range(CONSTANTS))


def test_rows_carry_their_phase_layer_and_offsets() -> None:
    emitter = Emitter(Plan())
    source, target = emitter.plan.allocate("a", (4,)), emitter.plan.allocate("b", (4,))
    with emitter.during("forward", "hidden"):
        inner = emitter.block("sums", (4,))
        with emitter.during("backward", "other"):
            emitter.emit(copy, source, inner, 4, writes=(inner,))
        emitter.emit(accumulate, inner, target, 4, writes=(target,))
    emitter.emit(copy, source, target, 4)
    assert inner.name == "hidden.sums"
    places = [(row.op.name, row.phase, row.layer) for row in emitter.rows]
    assert places == [
        ("copy", "backward", "other"),
        ("accumulate", "forward", "hidden"),
        ("copy", "", ""),
    ]
    assert emitter.rows[0].operands == (source.offset, inner.offset, 4)
    assert emitter.rows[0].writes == (inner,)


def test_a_row_needs_all_its_operands() -> None:
    emitter = Emitter(Plan())
    block = emitter.plan.allocate("a", (4,))
    with pytest.raises(ValueError, match="copy takes 3 operands, not 2"):
        emitter.emit(copy, block, block)
    assert emitter.rows == []


def test_every_layer_has_chance_of_its_own() -> None:
    emitter = Emitter(Plan())
    salts = []
    for name in ("dropout1", "dropout2"):
        with emitter.during("forward", name):
            salts.append(emitter.salt())
    assert len(set(salts)) == 2
    assert all(0 < salt < 2**32 for salt in salts)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("features", [1, 3, 17, 256])
def test_a_transposed_block_is_made_once_with_lines_apart(dtype: str, features: int) -> None:
    bench = Bench(dtype)
    values = np.random.default_rng(2).normal(size=(features, 10))
    block = bench.place("inputs", values)
    transposed = bench.emitter.transposed(block)
    assert bench.emitter.transposed(block) is transposed
    assert len(bench.emitter.rows) == 1
    bench.load()
    bench.run()
    expected = bench.read(block).T
    assert np.array_equal(bench.read(transposed)[:, :features], expected)


@pytest.mark.parametrize("features", [3, 17, 256])
def test_samples_that_came_one_a_line_are_not_transposed_twice(features: int) -> None:
    bench = Bench("float32")
    values = np.random.default_rng(5).normal(size=(10, spaced(features)))
    by_sample = bench.place("by_sample", values)
    block = bench.room("inputs", (features, 10))
    bench.emitter.transpose_back(by_sample, block)
    assert bench.emitter.transposed(block) is by_sample
    assert bench.emitter.transposed(block.viewed("view", (features, 10))) is by_sample
    assert len(bench.emitter.rows) == 1
    bench.load()
    bench.run()
    assert np.array_equal(bench.read(block), bench.read(by_sample)[:, :features].T)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", [(1, 1, 1), (8, 10, 2), (5, 33, 17), (10, 32, 128)])
def test_products_of_blocks(dtype: str, sizes: tuple[int, int, int]) -> None:
    """With and without a start value a row, of a transposed left side, with longer lines right."""
    rows, columns, depth = sizes
    generator = np.random.default_rng(6)
    left, start = generator.integers(-9, 9, (rows, depth)), generator.integers(-9, 9, (rows,))
    right = generator.integers(-9, 9, (depth, columns + 5))
    bench = Bench(dtype)
    a, b, s = bench.place("a", left), bench.place("b", right[:, :columns]), bench.place("s", start)
    turned, long = bench.place("turned", left.T), bench.place("long", right)
    results = [bench.room(f"result{number}", (rows, columns)) for number in range(3)]
    bench.emitter.product(a, b, results[0])
    bench.emitter.product(a, b, results[1], start=s)
    bench.emitter.product(turned, long, results[2], transposed=True)
    bench.load()
    bench.run()
    expected = left @ right[:, :columns]
    for block, values in zip(results, (expected, expected + start[:, None], expected), strict=True):
        np.testing.assert_array_equal(bench.read(block), values)


def test_lines_avoid_distances_that_fall_into_one_cache_set() -> None:
    assert [spaced(features) for features in (1, 255, 256, 257, 784, 1024)] == [
        1,
        255,
        272,
        257,
        784,
        1040,
    ]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_copying_and_adding_up(dtype: str) -> None:
    bench = Bench(dtype)
    values = np.random.default_rng(3).normal(size=(7, 5))
    source, target = bench.place("source", values), bench.place("target", values * 2)
    fresh = bench.room("fresh", (7, 5))
    bench.emitter.emit(copy, source, fresh, source.size)
    bench.emitter.emit(accumulate, source, target, source.size)
    bench.load()
    bench.run()
    assert np.array_equal(bench.read(fresh), values.astype(dtype))
    np.testing.assert_allclose(bench.read(target), 3 * values, rtol=1e-6)
