"""Counter-based random numbers: a hash of (seed, step, op, element).

The same number comes out in any order, on any thread and when a run is stepped row by row, because
there is no generator state. The hash is the 32-bit "lowbias32" permutation (C. Wellons,
hash-prospector) applied twice, with the seed's halves mixed in before each round.
Guarded by tests/engine/kernels/test_random.py.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from engine.kernels.abi import COMPILED, Pointer, device

_MASK = 0xFFFFFFFF
_FIRST, _SECOND = 0x21F0AAAD, 0xD35A2D97
_FACTORS = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_LAST_FACTOR = 0xD6E8FEB86659FD93


def _scramble(value: int) -> int:
    value ^= value >> 16
    value = value * _FIRST & _MASK
    value ^= value >> 15
    value = value * _SECOND & _MASK
    return value ^ value >> 15


def _plain_hash(key: int, counter: int) -> int:
    """32 random bits for a 64-bit key and a counter, in Python integers."""
    key = int(key)
    low, high = key & _MASK, key >> 32 & _MASK
    return _scramble((_scramble((int(counter) & _MASK) ^ low) + high) & _MASK)


@intrinsic
def _hash(context: Any, key: Any, counter: Any) -> Any:
    """32 random bits in an int64, computed with 32-bit vector-friendly instructions."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(32)

        def scramble(value: Any) -> Any:
            for shift, factor in ((16, _FIRST), (15, _SECOND)):
                value = builder.xor(value, builder.lshr(value, ir.Constant(word, shift)))
                value = builder.mul(value, ir.Constant(word, factor))
            return builder.xor(value, builder.lshr(value, ir.Constant(word, 15)))

        low = builder.trunc(arguments[0], word)
        high = builder.trunc(builder.lshr(arguments[0], ir.Constant(arguments[0].type, 32)), word)
        value = scramble(builder.xor(builder.trunc(arguments[1], word), low))
        value = scramble(builder.add(value, high))
        return builder.zext(value, ir.IntType(64))

    return types.int64(key, counter), generate


random_bits = _hash if COMPILED else _plain_hash
"""`random_bits(key, counter)`: 32 random bits as an integer in [0, 2³²)."""


def _plain_mix(seed: int, step: int, salt: int) -> int:
    """The key of one op at one step."""
    parts = zip((seed, step, salt), _FACTORS, strict=True)
    value = sum(int(part) * factor for part, factor in parts) & 0xFFFFFFFFFFFFFFFF
    value ^= value >> 31
    value = value * _LAST_FACTOR & 0xFFFFFFFFFFFFFFFF
    return value ^ value >> 32


@intrinsic
def _mix(context: Any, seed: Any, step: Any, salt: Any) -> Any:
    """See `_plain_mix`."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        value = ir.Constant(word, 0)
        for argument, factor in zip(arguments, _FACTORS, strict=True):
            value = builder.add(value, builder.mul(argument, ir.Constant(word, factor)))
        value = builder.xor(value, builder.lshr(value, ir.Constant(word, 31)))
        value = builder.mul(value, ir.Constant(word, _LAST_FACTOR))
        return builder.xor(value, builder.lshr(value, ir.Constant(word, 32)))

    return types.uint64(types.uint64, types.uint64, types.uint64), generate


random_key = _mix if COMPILED else _plain_mix
"""`random_key(seed, step, salt)`: the 64-bit key of one op at one step; `salt` tells ops apart."""


@device
def _compiled_shuffle(order: Pointer, size: int, key: int) -> None:
    """See `shuffle`."""
    for index in range(size):
        order[index] = index
    for index in range(size - 1, 0, -1):
        # The high word of a product maps 32 bits onto [0, index] without a division.
        other = (random_bits(key, index) * (index + 1)) >> 32
        order[index], order[other] = order[other], order[index]


shuffle = _compiled_shuffle
"""`shuffle(order, size, key)`: the permutation of `0 … size - 1` that belongs to `key`
(Fisher–Yates).
"""
