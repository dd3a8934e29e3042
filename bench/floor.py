"""How fast one core can multiply and add at all: the floor under every training step's time.

A loop of fused multiply-adds on vectors, in as many independent chains as hide the instruction's
latency, without a single access to memory. No kernel can be faster; a matrix product that comes
from the first-level cache gets near, one that streams from memory does not.
"""

from __future__ import annotations

import time
from typing import Any

from engine.kernels import cache
from engine.kernels.tiers import detect

cache.activate()

# Numba must come after the processor tier that code is compiled for has been chosen.
from llvmlite import ir  # noqa: E402
from numba import njit, types  # noqa: E402
from numba.core import cgutils  # noqa: E402
from numba.extending import intrinsic  # noqa: E402

CHAINS = 12
"""Independent chains: two units of four cycles' latency need 8, and 16 registers hold 12."""
LANES = detect().vector_bytes // 4
REPEATS = 1_000_000
ROUNDS = 15


def _write_chains(context: Any, factor: Any, term: Any, repeats: Any) -> Any:
    """Set x ← factor · x + term in `CHAINS` vectors, `repeats` times; returns their sum."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.VectorType(ir.FloatType(), LANES)
        call = ir.FunctionType(kind, [kind] * 3)
        name = f"llvm.fmuladd.v{LANES}f32"
        multiply_add = cgutils.get_or_insert_function(builder.module, call, name)
        scale, shift = (_spread(builder, value, kind) for value in arguments[:2])
        chains = [cgutils.alloca_once(builder, kind) for _ in range(CHAINS)]
        for number, chain in enumerate(chains):
            builder.store(ir.Constant(kind, [float(number)] * LANES), chain)
        with cgutils.for_range(builder, arguments[2]):
            for chain in chains:
                words = [builder.load(chain), scale, shift]
                builder.store(builder.call(multiply_add, words), chain)
        return _total(builder, [builder.load(chain) for chain in chains])

    return types.float32(types.float32, types.float32, types.int64), generate


def _spread(builder: Any, scalar: Any, kind: Any) -> Any:
    """The same number in every lane."""
    result = ir.Constant(kind, ir.Undefined)
    for lane in range(LANES):
        result = builder.insert_element(result, scalar, ir.Constant(ir.IntType(32), lane))
    return result


def _total(builder: Any, vectors: list[Any]) -> Any:
    """The sum of all lanes, which keeps the compiler from leaving the work undone."""
    total = ir.Constant(ir.FloatType(), 0.0)
    for vector in vectors:
        for lane in range(LANES):
            value = builder.extract_element(vector, ir.Constant(ir.IntType(32), lane))
            total = builder.fadd(total, value)
    return total


_chain_multiply_adds = intrinsic(_write_chains)


def _work(factor: float, term: float, repeats: int) -> Any:
    return _chain_multiply_adds(factor, term, repeats)


def measure_peak() -> float:
    """Floating-point operations a second of one core; a multiply-add counts as two."""
    work = njit("float32(float32, float32, int64)", nogil=True)(_work)
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work(0.5, 0.25, REPEATS)
        times.append(time.perf_counter() - start)
    # A disturbance can only lengthen a turn, so the shortest one is nearest to the truth.
    return 2.0 * CHAINS * LANES * REPEATS / min(times)
