"""Vector micro-kernels: matrix product and transposition as explicit LLVM vector code.

This is the only file that emits vector instructions; every other kernel is a plain loop. One tile of the
product keeps `rows × 2` vector accumulators in registers, which reaches several times what the automatic
vectoriser makes of the same loops. Guarded by tests/engine/kernels/test_simd.py.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.lib.stride_tricks import as_strided

from engine.kernels.abi import COMPILED, Pointer, device, pointer_to
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

    def _spread(self, scalar: Any, kind: Any) -> Any:
        undefined = ir.Constant(kind, ir.Undefined)
        single = self.builder.insert_element(undefined, scalar, ir.Constant(_I32, 0))
        zeros = ir.Constant(ir.VectorType(_I32, self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(single, undefined, zeros)


def _tile(rows: int, vectors: int, masked: bool) -> Any:
    """An intrinsic for one register tile of `multiply`: `rows` × `vectors` accumulators.

    With `masked`, only `columns` of the tile's columns exist; the last vector is partial.
    """

    @intrinsic
    def tile(context: Any, a: Any, b: Any, c: Any, start: Any, sizes: Any, accumulate: Any) -> Any:
        signature = types.void(a, b, c, start, sizes, accumulate)

        def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            vector = _Vectors(target, builder, signature.args[0])
            left, right, out, first, sizes, add = arguments
            strides = cgutils.unpack_tuple(builder, sizes, 7)
            _write_tile(vector, (rows, vectors, masked), (left, right, out, first), strides, add)
            return target.get_dummy_value()

        return signature, generate

    return tile


def _write_tile(
    vector: _Vectors, shape: tuple[int, int, bool], pointers: Any, strides: Any, add: Any
) -> None:
    """Body of a tile: load the start values, add products along the depth, store."""
    rows, vectors, masked = shape
    left, right, out, first = pointers
    a_row, a_column, b_row, c_row, depth, first_step, columns = strides
    builder = vector.builder
    last = vectors - 1
    mask = None
    if masked:
        mask = vector.first_lanes(builder.sub(columns, _integer(last * vector.lanes)))
    masks = [mask if index == last else None for index in range(vectors)]
    lefts = [vector.at(left, builder.mul(a_row, _integer(row))) for row in range(rows)]
    outs = [vector.at(out, builder.mul(c_row, _integer(row))) for row in range(rows)]
    totals = [[vector.variable() for _ in range(vectors)] for _ in range(rows)]
    for row in range(rows):
        value = builder.load(vector.at(first, builder.mul(first_step, _integer(row))))
        for index in range(vectors):
            builder.store(vector.spread(value), totals[row][index])
    with cgutils.for_range_slice(builder, _integer(0), depth, _integer(1), intp=_I64) as (k, _):
        line = vector.at(right, builder.mul(k, b_row))
        values = [
            vector.load(vector.at(line, _integer(index * vector.lanes)), masks[index])
            for index in range(vectors)
        ]
        step = builder.mul(k, a_column)
        for row in range(rows):
            factor = vector.spread(builder.load(vector.at(lefts[row], step)))
            for index in range(vectors):
                total = totals[row][index]
                builder.store(
                    vector.multiply_add(factor, values[index], builder.load(total)), total
                )
    _store_tile(vector, outs, totals, masks, add)


def _store_tile(vector: _Vectors, outs: Any, totals: Any, masks: Any, add: Any) -> None:
    """Write the accumulators; with `add` on top of what is there."""
    builder = vector.builder
    with builder.if_then(builder.icmp_signed("!=", add, _integer(0))):
        for row, out in enumerate(outs):
            for index, mask in enumerate(masks):
                old = vector.load(vector.at(out, _integer(index * vector.lanes)), mask)
                total = totals[row][index]
                builder.store(builder.fadd(old, builder.load(total)), total)
    for row, out in enumerate(outs):
        for index, mask in enumerate(masks):
            place = vector.at(out, _integer(index * vector.lanes))
            vector.store(builder.load(totals[row][index]), place, mask)


@intrinsic
def _lanes(context: Any, pointer: Any) -> Any:
    """Elements in one vector."""
    lanes = VECTOR_BYTES // (pointer.dtype.bitwidth // 8)

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _integer(lanes)

    return types.int64(pointer), generate


@intrinsic
def _transpose_tile(context: Any, a: Any, a_row: Any, c: Any, c_row: Any, rows: Any, columns: Any) -> Any:
    """`c[j, i] = a[i, j]` for one square of registers, of which `rows × columns` exist."""
    signature = types.void(a, a_row, c, c_row, rows, columns)

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = _Vectors(target, builder, signature.args[0])
        _write_transpose(vector, arguments)
        return target.get_dummy_value()

    return signature, generate


def _write_transpose(vector: _Vectors, arguments: Any) -> None:
    """Load the rows, exchange halves, quarters, … of neighbouring registers, store the columns."""
    source, a_row, out, c_row, rows, columns = arguments
    builder, lanes = vector.builder, vector.lanes
    row_mask, column_mask = vector.first_lanes(rows), vector.first_lanes(columns)
    loaded = [vector.variable() for _ in range(lanes)]
    for index in range(lanes):
        builder.store(vector.zero(), loaded[index])
        with builder.if_then(builder.icmp_signed(">", rows, _integer(index))):
            line = vector.at(source, builder.mul(a_row, _integer(index)))
            builder.store(vector.load(line, column_mask), loaded[index])
    lines = [builder.load(item) for item in loaded]
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
        with builder.if_then(builder.icmp_signed(">", columns, _integer(index))):
            vector.store(lines[index], vector.at(out, builder.mul(c_row, _integer(index))), row_mask)


_whole = _tile(TILE_ROWS, 2, False)
_pair_whole = _tile(2, 2, False)
_row_whole = _tile(1, 2, False)
_wide_rest = _tile(TILE_ROWS, 2, True)
_pair_wide_rest = _tile(2, 2, True)
_row_wide_rest = _tile(1, 2, True)
_rest = _tile(TILE_ROWS, 1, True)
_pair_rest = _tile(2, 1, True)
_row_rest = _tile(1, 1, True)


@device
def _compiled_multiply(a: Pointer, b: Pointer, c: Pointer, start: Pointer, layout: Any, accumulate: int) -> None:
    """See `multiply`."""
    a_row, a_column, b_row, c_row, rows, columns, depth, start_step = layout
    lanes = _lanes(a)
    row = 0
    while row < rows:
        height = TILE_ROWS if row + TILE_ROWS <= rows else (2 if row + 2 <= rows else 1)
        left = pointer_to(a, row * a_row)
        first = pointer_to(start, row * start_step)
        column = 0
        while column < columns:
            width = columns - column
            right = pointer_to(b, column)
            out = pointer_to(c, row * c_row + column)
            sizes = (a_row, a_column, b_row, c_row, depth, start_step, width)
            if width >= 2 * lanes:
                if height == TILE_ROWS:
                    _whole(left, right, out, first, sizes, accumulate)
                elif height == 2:
                    _pair_whole(left, right, out, first, sizes, accumulate)
                else:
                    _row_whole(left, right, out, first, sizes, accumulate)
            elif width > lanes:
                if height == TILE_ROWS:
                    _wide_rest(left, right, out, first, sizes, accumulate)
                elif height == 2:
                    _pair_wide_rest(left, right, out, first, sizes, accumulate)
                else:
                    _row_wide_rest(left, right, out, first, sizes, accumulate)
            elif height == TILE_ROWS:
                _rest(left, right, out, first, sizes, accumulate)
            elif height == 2:
                _pair_rest(left, right, out, first, sizes, accumulate)
            else:
                _row_rest(left, right, out, first, sizes, accumulate)
            column += 2 * lanes
        row += height


@device
def _compiled_transpose(a: Pointer, a_row: int, c: Pointer, c_row: int, rows: int, columns: int) -> None:
    """See `transpose`."""
    lanes = _lanes(a)
    row = 0
    while row < rows:
        column = 0
        while column < columns:
            _transpose_tile(
                pointer_to(a, row * a_row + column),
                a_row,
                pointer_to(c, column * c_row + row),
                c_row,
                min(lanes, rows - row),
                min(lanes, columns - column),
            )
            column += lanes
        row += lanes


def _plain_multiply(a: Any, b: Any, c: Any, start: Any, layout: Any, accumulate: int) -> None:
    """`multiply` in NumPy, for runs without the JIT."""
    a_row, a_column, b_row, c_row, rows, columns, depth, start_step = layout
    left = strided(a, (rows, depth), (a_row, a_column))
    right = strided(b, (depth, columns), (b_row, 1))
    out = strided(c, (rows, columns), (c_row, 1))
    result = left @ right + strided(start, (rows, 1), (start_step, 0))
    out[:] = out + result if accumulate else result


def _plain_transpose(a: Any, a_row: int, c: Any, c_row: int, rows: int, columns: int) -> None:
    """`transpose` in NumPy, for runs without the JIT."""
    strided(c, (columns, rows), (c_row, 1))[:] = strided(a, (rows, columns), (a_row, 1)).T


def strided(array: Any, shape: tuple[int, int], steps: tuple[int, int]) -> Any:
    """A writable two-dimensional view with steps counted in elements."""
    return as_strided(array, shape, (steps[0] * array.itemsize, steps[1] * array.itemsize))


multiply = _compiled_multiply if COMPILED else _plain_multiply
"""`c = start + a @ b`, or `c += start + a @ b` with `accumulate`.

`layout` is `(a_row, a_column, b_row, c_row, rows, columns, depth, start_step)`: `a` is `(rows, depth)` with
steps `a_row` and `a_column`, so a transposed `a` costs nothing; `b` is `(depth, columns)` and `c` is
`(rows, columns)`, both contiguous along their columns; row `r` begins at `start[r * start_step]`
(a bias with step 1, the arena's zero with step 0)."""

transpose = _compiled_transpose if COMPILED else _plain_transpose
"""`c[j, i] = a[i, j]` for `rows × columns` elements; lines of `a` are `a_row` apart, those of `c` `c_row`."""
