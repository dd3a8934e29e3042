"""The calling convention: accessors, registration, addresses."""

from __future__ import annotations

import numpy as np
import pytest

from engine.kernels import abi, cache
from engine.kernels.abi import OPS, address_of, addresses, aligned, compile_elsewhere, op
from tests.engine.harness import Bench
from tests.engine.kernels.ops import tested_accessors, tested_is_finite


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_accessors_reach_the_arena_and_shared_buffers(dtype: str) -> None:
    buffer = np.arange(15, dtype=dtype)
    bench = Bench(dtype)
    target = bench.room("target", (3, 5))
    bench.emitter.emit(tested_accessors, target, 3, 5, address_of(buffer))
    bench.load()
    bench.run()
    assert np.array_equal(bench.read(target), buffer.reshape(3, 5) / 2)


def test_every_op_is_listed_under_its_own_name_and_says_what_it_does() -> None:
    for name, one in OPS.items():
        assert one.name == name == one.function.__name__
        assert one.function.__doc__, f"{name} has no description for the listing"
        assert len(set(one.operands)) == len(one.operands)


def test_an_op_is_refused_when_its_name_is_taken_or_its_row_too_long() -> None:
    def fresh(arena: abi.Pointer, row: abi.Pointer, state: abi.Pointer) -> None: ...

    with pytest.raises(ValueError, match="15 operands"):
        op(*(f"operand{number}" for number in range(16)))(fresh)
    fresh.__name__ = "copy"
    with pytest.raises(ValueError, match="copy: taken"):
        op("inputs")(fresh)
    assert "fresh" not in OPS


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_arenas_begin_on_a_cache_line(dtype: type) -> None:
    for size in (1, 7, 64, 1001):
        array = aligned(size, np.dtype(dtype))
        assert len(array) == size
        assert address_of(array) % 64 == 0
        assert not array.any()


def test_an_op_has_one_address_a_type_and_says_so_in_the_cache() -> None:
    single, double = np.dtype(np.float32), np.dtype(np.float64)
    first = addresses([tested_is_finite], single)[tested_is_finite.name]
    assert addresses([tested_is_finite], single)[tested_is_finite.name] == first
    assert addresses([tested_is_finite], double)[tested_is_finite.name] != first
    assert cache.is_ready(tested_is_finite.name, "float32")
    assert not cache.is_ready("no_such_op", "float32")


def test_missing_ops_are_compiled_elsewhere_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A serving process hands them to another one, and only those that aren't there yet."""
    handed: list[list[tuple[str, str]]] = []
    ready = OPS["copy"].compile(np.dtype(np.float32))
    monkeypatch.setattr(cache, "is_ready", lambda name, dtype: False)
    monkeypatch.setattr(abi, "_before_compiling", [])
    compile_elsewhere(handed.append)
    fresh = abi.Op("fresh_copy", OPS["copy"].function, OPS["copy"].operands)
    found = addresses([OPS["copy"], fresh], np.dtype(np.float32))
    assert handed == [[("fresh_copy", "float32")]]
    assert found["copy"] == ready
    compile_elsewhere(None)
    addresses([abi.Op("other_copy", OPS["copy"].function, ())], np.dtype(np.float32))
    assert len(handed) == 1
