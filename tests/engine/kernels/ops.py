"""Ops that put one helper each on a bench, so that compiled helpers can be measured."""

from __future__ import annotations

from engine.kernels.abi import Pointer, matrix, op, pointer_to, shared, typed, vector
from engine.kernels.maths import exponential, hyperbolic_tangent, is_finite, logarithm
from engine.kernels.random import random_bits, random_key, shuffle
from engine.kernels.simd import multiply, transpose


@op(
    "a",
    "b",
    "c",
    "start",
    "a_row:size",
    "a_column:size",
    "b_row:size",
    "c_row:size",
    "rows:size",
    "columns:size",
    "depth:size",
    "start_step:size",
)
def tested_multiply(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """C = start + a @ b"""
    layout = (row[5], row[6], row[7], row[8], row[9], row[10], row[11], row[12])
    a, b = pointer_to(arena, row[1]), pointer_to(arena, row[2])
    c, start = pointer_to(arena, row[3]), pointer_to(arena, row[4])
    multiply(a, b, c, start, layout)


@op("a", "c", "a_row:size", "c_row:size", "rows:size", "columns:size")
def tested_transpose(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """c[j, i] = a[i, j]"""
    a, c = pointer_to(arena, row[1]), pointer_to(arena, row[2])
    transpose(a, row[3], c, row[4], row[5], row[6])


@op("inputs", "outputs", "size:size")
def tested_exponential(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """Y = eˣ"""
    x, y = vector(arena, row[1], row[3]), vector(arena, row[2], row[3])
    for i in range(row[3]):
        y[i] = exponential(x[i])


@op("inputs", "outputs", "size:size")
def tested_hyperbolic_tangent(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """Y = tanh x"""
    x, y = vector(arena, row[1], row[3]), vector(arena, row[2], row[3])
    for i in range(row[3]):
        y[i] = hyperbolic_tangent(x[i])


@op("inputs", "outputs", "size:size")
def tested_logarithm(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """Y = ln x"""
    x, y = vector(arena, row[1], row[3]), vector(arena, row[2], row[3])
    for i in range(row[3]):
        y[i] = logarithm(x[i])


@op("inputs", "outputs", "size:size")
def tested_is_finite(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """Y = 1 where x is finite, else 0"""
    x, y = vector(arena, row[1], row[3]), vector(arena, row[2], row[3])
    one, zero = typed(arena, 1.0), typed(arena, 0.0)
    for i in range(row[3]):
        y[i] = one if is_finite(x[i]) else zero


@op("bits", "size:size")
def tested_random(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """The key of the state's first three words goes to the fourth, its first bits to `bits`"""
    key = random_key(state[0], state[1], state[2])
    state[3] = key
    bits = vector(arena, row[1], row[2])
    for i in range(row[2]):
        bits[i] = random_bits(key, i)


@op("order", "size:size")
def tested_shuffle(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """The permutation of the state's first three words"""
    order = vector(arena, row[1], row[2])
    shuffle(order, row[2], random_key(state[0], state[1], state[2]))


@op("target", "rows:size", "columns:size", "address:size")
def tested_accessors(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """A shared vector of numbers, laid row by row into a matrix and halved"""
    rows, columns = row[2], row[3]
    source = shared(arena, row[4], rows * columns)
    target = matrix(arena, row[1], rows, columns)
    for i in range(rows):
        for j in range(columns):
            target[i, j] = source[i * columns + j] * typed(arena, 0.5)
