"""Vector micro-kernels: matrix product and transposition as explicit LLVM vector code.

This is the only file that emits vector instructions; every other kernel is a plain loop. One tile
of the product keeps `rows × 2` vector accumulators in registers, which reaches several times what
the automatic vectoriser makes of the same loops. Guarded by tests/engine/kernels/test_simd.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.lib.stride_tricks import as_strided

from engine.kernels.abi import COMPILED
from engine.kernels.tiers import detect

VECTOR_BYTES = detect().vector_bytes
TILE_ROWS = detect().tile_rows

_I1, _I32, _I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)
_FAST = ("contract", "reassoc", "nsz")


def _integer(value: int) -> ir.Constant:
    return ir.Constant(_I64, value)


class _Vectors:
    """Writes vector instructions for one element type into an LLVM builder."""

    def __init__(self, target: Any, builder: Any, pointer: Any) -> None:
        self.builder = builder
        self.element = target.get_value_type(pointer.dtype)
        self.bytes = 4 if isinstance(self.element, ir.FloatType) else 8
        self.lanes = VECTOR_BYTES // self.bytes
        self.type = ir.VectorType(self.element, self.lanes)
        self.mask_type = ir.VectorType(_I1, self.lanes)
        self.suffix = f"v{self.lanes}f{self.bytes * 8}"

    def at(self, pointer: Any, offset: Any) -> Any:
        return self.builder.gep(pointer, [offset])

    def variable(self) -> Any:
        return cgutils.alloca_once(self.builder, self.type)

    def zero(self) -> Any:
        return ir.Constant(self.type, [0.0] * self.lanes)

    def load(self, pointer: Any, mask: Any = None) -> Any:
        """One vector from memory; lanes outside `mask` are zero and are not read."""
        wide = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            value = self.builder.load(wide)
            value.align = self.bytes
            return value
        kind = ir.FunctionType(self.type, [wide.type, _I32, self.mask_type, self.type])
        function = cgutils.get_or_insert_function(
            self.builder.module, kind, f"llvm.masked.load.{self.suffix}.p0"
        )
        return self.builder.call(function, [wide, ir.Constant(_I32, self.bytes), mask, self.zero()])

    def store(self, value: Any, pointer: Any, mask: Any = None) -> None:
        """One vector to memory; lanes outside `mask` are not written."""
        wide = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            self.builder.store(value, wide).align = self.bytes
            return
        kind = ir.FunctionType(ir.VoidType(), [self.type, wide.type, _I32, self.mask_type])
        function = cgutils.get_or_insert_function(
            self.builder.module, kind, f"llvm.masked.store.{self.suffix}.p0"
        )
        self.builder.call(function, [value, wide, ir.Constant(_I32, self.bytes), mask])

    def spread(self, scalar: Any) -> Any:
        """The same number in every lane."""
        return self._spread(scalar, self.type)

    def first_lanes(self, count: Any) -> Any:
        """The mask of lanes below `count`."""
        numbers = ir.VectorType(_I64, self.lanes)
        limit = self._spread(count, numbers)
        return self.builder.icmp_signed("<", ir.Constant(numbers, list(range(self.lanes))), limit)

    def multiply_add(self, left: Any, right: Any, total: Any) -> Any:
        kind = ir.FunctionType(self.type, [self.type] * 3)
        function = cgutils.get_or_insert_function(
            self.builder.module, kind, f"llvm.fmuladd.{self.suffix}"
        )
        return self.builder.call(function, [left, right, total], fastmath=_FAST)

    def shuffle(self, left: Any, right: Any, lanes: list[int]) -> Any:
        order = ir.Constant(ir.VectorType(_I32, self.lanes), lanes)
        return self.builder.shuffle_vector(left, right, order)

    def smaller(self, left: Any, right: Any) -> Any:
        """The smaller of two integers."""
        return self.builder.select(self.builder.icmp_signed("<", left, right), left, right)

    def larger(self, left: Any, right: Any) -> Any:
        """The larger of two integers."""
        return self.builder.select(self.builder.icmp_signed(">", left, right), left, right)

    @contextmanager
    def loop(self, start: Any, end: Any, step: Any) -> Iterator[Any]:
        """What is written inside is done for `start`, `start + step`, … below `end`."""
        with cgutils.for_range_slice(self.builder, start, end, step, intp=_I64) as (index, _):
            yield index

    def _spread(self, scalar: Any, kind: Any) -> Any:
        undefined = ir.Constant(kind, ir.Undefined)
        single = self.builder.insert_element(undefined, scalar, ir.Constant(_I32, 0))
        zeros = ir.Constant(ir.VectorType(_I32, self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(single, undefined, zeros)


def _write_tile(
    vector: _Vectors, shape: tuple[int, list[Any], Any], pointers: Any, strides: Any, more: Any
) -> None:
    """Body of a tile: load the start values, add products along the depth, store."""
    rows, columns, mask = shape
    left, right, out, first = pointers
    a_row, a_column, b_row, c_row, depth, first_step = strides
    builder = vector.builder
    lefts = [vector.at(left, builder.mul(a_row, _integer(row))) for row in range(rows)]
    lines = [vector.at(out, builder.mul(c_row, _integer(row))) for row in range(rows)]
    places = [[vector.at(line, column) for column in columns] for line in lines]
    totals = [[vector.variable() for _ in columns] for _ in range(rows)]
    goes_on = builder.icmp_signed("!=", more, _integer(0))
    with builder.if_else(goes_on) as (then, otherwise):
        with then:
            for row in range(rows):
                for total, place in zip(totals[row], places[row], strict=True):
                    builder.store(vector.load(place, mask), total)
        with otherwise:
            for row in range(rows):
                value = builder.load(vector.at(first, builder.mul(first_step, _integer(row))))
                for total in totals[row]:
                    builder.store(vector.spread(value), total)
    with vector.loop(_integer(0), depth, _integer(1)) as k:
        line = vector.at(right, builder.mul(k, b_row))
        values = [vector.load(vector.at(line, column), mask) for column in columns]
        step = builder.mul(k, a_column)
        for row in range(rows):
            factor = vector.spread(builder.load(vector.at(lefts[row], step)))
            for total, value in zip(totals[row], values, strict=True):
                builder.store(vector.multiply_add(factor, value, builder.load(total)), total)
    for row in range(rows):
        for total, place in zip(totals[row], places[row], strict=True):
            vector.store(builder.load(total), place, mask)


@intrinsic
def _copy(context: Any, target: Any, source: Any, count: Any) -> Any:
    """Copy `count` elements that don't overlap."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        size = target.get_abi_sizeof(target.get_data_type(signature.args[0].dtype))
        cgutils.raw_memcpy(builder, arguments[0], arguments[1], arguments[2], _integer(size))
        return target.get_dummy_value()

    return types.void(target, source, count), generate


def _write_square(vector: _Vectors, arguments: Any) -> None:
    """Load the rows, exchange halves, quarters, … of neighbouring registers, store the columns."""
    source, a_row, out, c_row = arguments
    builder, lanes = vector.builder, vector.lanes
    lines = [
        vector.load(vector.at(source, builder.mul(a_row, _integer(index))))
        for index in range(lanes)
    ]
    half = lanes // 2
    while half:
        low = [k if (k // half) % 2 == 0 else lanes + k - half for k in range(lanes)]
        high = [k + half if (k // half) % 2 == 0 else lanes + k for k in range(lanes)]
        exchanged = list(lines)
        for index in range(lanes):
            if (index // half) % 2 == 0:
                upper, lower = lines[index], lines[index + half]
                exchanged[index] = vector.shuffle(upper, lower, low)
                exchanged[index + half] = vector.shuffle(upper, lower, high)
        lines, half = exchanged, half // 2
    for index in range(lanes):
        vector.store(lines[index], vector.at(out, builder.mul(c_row, _integer(index))))


BLOCK = 4096
"""Elements of `b` that are used for all rows before the next ones: half of a first-level cache."""
BLOCK_COLUMNS = 128
LEAST_DEPTH = 64


def _write_product(vector: _Vectors, pointers: Any, layout: Any) -> None:
    """The loops around the tiles; see `multiply`.

    Blocks of `b` that fit the first-level cache are used for all rows. Cutting the depth needs
    whole vectors, because an overlapping tile would add its columns twice.
    """
    a, b, c, start = pointers
    a_row, a_column, b_row, c_row, rows, columns, depth, start_step = layout
    builder, zero, lanes = vector.builder, _integer(0), _integer(vector.lanes)
    wide = vector.smaller(columns, _integer(BLOCK_COLUMNS))
    fitting = vector.larger(_integer(LEAST_DEPTH), builder.sdiv(_integer(BLOCK), wide))
    is_whole = builder.icmp_signed("==", builder.srem(columns, lanes), zero)
    deep = builder.select(is_whole, fitting, depth)
    is_narrow = builder.icmp_signed("<", columns, lanes)
    tall = builder.sub(rows, builder.srem(rows, _integer(TILE_ROWS)))
    tall = builder.select(is_narrow, zero, tall)
    with vector.loop(zero, depth, deep) as k, vector.loop(zero, columns, wide) as first:
        end = vector.smaller(columns, builder.add(first, wide))
        inner = vector.smaller(deep, builder.sub(depth, k))
        right = vector.at(b, builder.mul(k, b_row))
        for height, low, high in ((TILE_ROWS, zero, tall), (1, tall, rows)):
            with vector.loop(low, high, _integer(height)) as row:
                left = vector.at(a, builder.mul(row, a_row))
                places = (
                    vector.at(left, builder.mul(k, a_column)),
                    right,
                    vector.at(c, builder.mul(row, c_row)),
                    vector.at(start, builder.mul(row, start_step)),
                )
                strides = (a_row, a_column, b_row, c_row, inner, start_step)
                _write_row_of_tiles(vector, height, (first, end, is_narrow), places, strides, k)


def _write_row_of_tiles(
    vector: _Vectors, height: int, part: Any, pointers: Any, strides: Any, more: Any
) -> None:
    """All tiles of `height` rows in the columns `part` = (first, end, narrower than a vector).

    What is left at the right end is done by a tile that overlaps its neighbour; masks are slow.
    """
    left, right, out, start = pointers
    first, end, is_narrow = part
    builder, zero, lanes = vector.builder, _integer(0), _integer(vector.lanes)

    def tile(column: Any, columns: list[Any], mask: Any = None) -> None:
        places = (left, vector.at(right, column), vector.at(out, column), start)
        _write_tile(vector, (height, columns, mask), places, strides, more)

    with vector.loop(first, end, _integer(2 * vector.lanes)) as column:
        rest = builder.sub(end, column)
        is_pair = builder.icmp_signed(">", rest, lanes)
        with builder.if_else(is_pair) as (pair, single):
            with pair:
                second = vector.smaller(lanes, builder.sub(rest, lanes))
                tile(column, [zero, second])
            with single:
                whole = vector.larger(zero, builder.sub(end, lanes))
                if height > 1:
                    tile(whole, [zero])
                else:
                    with builder.if_else(is_narrow) as (narrow, wide):
                        with narrow:
                            tile(column, [zero], vector.first_lanes(rest))
                        with wide:
                            tile(whole, [zero])


@intrinsic
def _multiply(context: Any, a: Any, b: Any, c: Any, start: Any, layout: Any) -> Any:
    """See `multiply`.

    Loops and tiles are written in one go: with the loops as functions of Numba, the product took
    three times as long to compile.
    """
    signature = types.void(a, b, c, start, layout)

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = _Vectors(target, builder, signature.args[0])
        _write_product(vector, arguments[:4], cgutils.unpack_tuple(builder, arguments[4], 8))
        return target.get_dummy_value()

    return signature, generate


def _write_transposition(vector: _Vectors, arguments: Any) -> None:
    """See `transpose`. What is left at the ends is done by squares that overlap others."""
    a, a_row, c, c_row, rows, columns = arguments
    builder, zero, one, lanes = vector.builder, _integer(0), _integer(1), _integer(vector.lanes)
    is_small = builder.icmp_signed("<", vector.smaller(rows, columns), lanes)
    with builder.if_else(is_small) as (singly, squares):
        with singly, vector.loop(zero, rows, one) as row, vector.loop(zero, columns, one) as column:
            source = vector.at(a, builder.add(builder.mul(row, a_row), column))
            target = vector.at(c, builder.add(builder.mul(column, c_row), row))
            builder.store(builder.load(source), target)
        with squares, vector.loop(zero, rows, lanes) as row:
            top = vector.smaller(row, builder.sub(rows, lanes))
            with vector.loop(zero, columns, lanes) as column:
                left = vector.smaller(column, builder.sub(columns, lanes))
                source = vector.at(a, builder.add(builder.mul(top, a_row), left))
                target = vector.at(c, builder.add(builder.mul(left, c_row), top))
                _write_square(vector, (source, a_row, target, c_row))


@intrinsic
def _transpose(
    context: Any, a: Any, a_row: Any, c: Any, c_row: Any, rows: Any, columns: Any
) -> Any:
    """See `transpose`."""
    signature = types.void(a, types.int64, c, *[types.int64] * 3)

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        _write_transposition(_Vectors(target, builder, signature.args[0]), arguments)
        return target.get_dummy_value()

    return signature, generate


def _plain_copy(target: Any, source: Any, count: int) -> None:
    """`copy_elements` in NumPy, for runs without the JIT."""
    target[:count] = source[:count]


def _plain_multiply(a: Any, b: Any, c: Any, start: Any, layout: Any) -> None:
    """`multiply` in NumPy, for runs without the JIT."""
    a_row, a_column, b_row, c_row, rows, columns, depth, start_step = layout
    left = strided(a, (rows, depth), (a_row, a_column))
    right = strided(b, (depth, columns), (b_row, 1))
    out = strided(c, (rows, columns), (c_row, 1))
    out[:] = left @ right + strided(start, (rows, 1), (start_step, 0))


def _plain_transpose(a: Any, a_row: int, c: Any, c_row: int, rows: int, columns: int) -> None:
    """`transpose` in NumPy, for runs without the JIT."""
    strided(c, (columns, rows), (c_row, 1))[:] = strided(a, (rows, columns), (a_row, 1)).T


def strided(array: Any, shape: tuple[int, int], steps: tuple[int, int]) -> Any:
    """A writable two-dimensional view with steps counted in elements."""
    return as_strided(array, shape, (steps[0] * array.itemsize, steps[1] * array.itemsize))


multiply = _multiply if COMPILED else _plain_multiply
"""`multiply(a, b, c, start, layout)`: `c = start + a @ b`.

`layout` is `(a_row, a_column, b_row, c_row, rows, columns, depth, start_step)`: `a` is `(rows,
depth)` with steps `a_row` and `a_column`, so a transposed `a` costs nothing; `b` is `(depth,
columns)` and `c` is `(rows, columns)`, both contiguous along their columns; row `r` begins at
`start[r * start_step]` (a bias with step 1, the arena's zero with step 0)."""

transpose = _transpose if COMPILED else _plain_transpose
"""`c[j, i] = a[i, j]` for `rows × columns` elements; lines of `a` are `a_row` apart, those of `c`
`c_row`.
"""

copy_elements = _copy if COMPILED else _plain_copy
"""`copy_elements(target, source, count)`: `count` elements from one pointer to another, without
overlap.
"""
