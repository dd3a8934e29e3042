"""Counter-based chance: equal to its plain twin, evenly spread, fairly shuffling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.kernels import random as plain
from tests.engine.harness import Array, Bench
from tests.engine.kernels.ops import tested_random, tested_shuffle

WORDS = st.integers(0, 2**64 - 1)


def bits(seed: int, step: int, salt: int, size: int) -> tuple[int, Array]:
    """(the key, its first bits) from compiled code."""
    bench = Bench("float64")
    target = bench.room("bits", (size,))
    bench.emitter.emit(tested_random, target, size)
    bench.load()
    bench.state[:3] = (seed, step, salt)
    bench.run()
    return int(bench.state[3]), bench.read(target)


def order(seed: int, step: int, salt: int, size: int, dtype: str = "float32") -> Array:
    bench = Bench(dtype)
    target = bench.room("order", (size,))
    bench.emitter.emit(tested_shuffle, target, size)
    bench.load()
    bench.state[:3] = (seed, step, salt)
    bench.run()
    return bench.read(target)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(WORDS, WORDS, st.integers(0, 2**32 - 1))
def test_compiled_numbers_equal_their_plain_twin(seed: int, step: int, salt: int) -> None:
    key, found = bits(seed, step, salt, 20)
    assert key == plain._plain_mix(seed, step, salt)
    assert found.tolist() == [plain._plain_hash(key, index) for index in range(20)]


@pytest.mark.parametrize("salt", [0, 1, 4_000_000_000])
def test_numbers_are_spread_evenly(salt: int) -> None:
    """Chi-square over 256 cells, of the high and of the low byte, and of neighbours in time."""
    count = 65_536
    first, second = bits(1, 0, salt, count)[1], bits(1, 1, salt, count)[1]
    for cells in (first // 2**24, first % 256, (first + second) % 2**32 // 2**24):
        expected = count / 256
        chi_square = ((np.bincount(cells.astype(int), minlength=256) - expected) ** 2).sum()
        chi_square /= expected
        assert 180 < chi_square < 350, "255 degrees of freedom: four standard deviations either way"


def test_one_bit_of_the_key_changes_half_of_the_bits() -> None:
    before = bits(1, 5, 9, 4096)[1].astype(np.uint64)
    for seed, step, salt in ((2, 5, 9), (1, 4, 9), (1, 5, 8), (2**32 + 1, 5, 9)):
        changed = before ^ bits(seed, step, salt, 4096)[1].astype(np.uint64)
        share = sum(int(word).bit_count() for word in changed) / (32 * 4096)
        assert 0.49 < share < 0.51


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(1, 300), WORDS)
def test_a_shuffle_is_a_permutation_and_can_be_repeated(size: int, seed: int) -> None:
    found = order(seed, 3, 0, size)
    assert np.array_equal(np.sort(found), np.arange(size))
    assert np.array_equal(found, order(seed, 3, 0, size))
    assert np.array_equal(found, order(seed, 3, 0, size, "float64"))


def test_every_key_shuffles_otherwise() -> None:
    orders = [order(seed, step, 0, 50) for seed in range(5) for step in range(5)]
    assert len({found.tobytes() for found in orders}) == 25


def test_every_permutation_comes_up_as_often() -> None:
    counts: dict[bytes, int] = {}
    for step in range(2400):
        found = order(8, step, 0, 4).tobytes()
        counts[found] = counts.get(found, 0) + 1
    assert len(counts) == 24
    chi_square = sum((count - 100) ** 2 / 100 for count in counts.values())
    assert chi_square < 50, "23 degrees of freedom: four standard deviations"
