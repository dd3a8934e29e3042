"""Vector micro-kernels: matrix product and transposition as explicit LLVM vector code.

This is the only file that emits vector instructions; every other kernel is a plain loop. One tile
of the product keeps `rows × 2` vector accumulators in registers, which reaches several times what
the automatic vectoriser makes of the same loops. Guarded by tests/engine/kernels/test_simd.py.
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


def _tile(rows: int, vectors: int, partial: bool) -> Any:
    """An intrinsic for one register tile of `multiply`: `rows` × `vectors` accumulators.

    A tile of two vectors has the second one `second` columns after the first, which may overlap it.
    With `partial` only the first `second` columns of a single vector exist.
    """

    @intrinsic
    def tile(context: Any, a: Any, b: Any, c: Any, start: Any, sizes: Any, more: Any) -> Any:
        signature = types.void(a, b, c, start, sizes, more)

        def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            vector = _Vectors(target, builder, signature.args[0])
            left, right, out, first, sizes, more = arguments
            strides = cgutils.unpack_tuple(builder, sizes, 7)
            second = strides[6]
            columns = [_integer(0), second][:vectors]
            mask = vector.first_lanes(second) if partial else None
            _write_tile(vector, (rows, columns, mask), (left, right, out, first), strides, more)
            return target.get_dummy_value()

        return signature, generate

    return tile


def _write_tile(
    vector: _Vectors, shape: tuple[int, list[Any], Any], pointers: Any, strides: Any, more: Any
) -> None:
    """Body of a tile: load the start values, add products along the depth, store."""
    rows, columns, mask = shape
    left, right, out, first = pointers
    a_row, a_column, b_row, c_row, depth, first_step, _ = strides
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
    with cgutils.for_range_slice(builder, _integer(0), depth, _integer(1), intp=_I64) as (k, _):
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


@intrinsic
def _lanes(context: Any, pointer: Any) -> Any:
    """Elements in one vector."""
    lanes = VECTOR_BYTES // (pointer.dtype.bitwidth // 8)

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _integer(lanes)

    return types.int64(pointer), generate


@intrinsic
def _transpose_tile(context: Any, a: Any, a_row: Any, c: Any, c_row: Any) -> Any:
    """`c[j, i] = a[i, j]` for one square of registers."""
    signature = types.void(a, a_row, c, c_row)

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = _Vectors(target, builder, signature.args[0])
        _write_transpose(vector, arguments)
        return target.get_dummy_value()

    return signature, generate


def _write_transpose(vector: _Vectors, arguments: Any) -> None:
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


_tall_pair, _one_pair = _tile(TILE_ROWS, 2, False), _tile(1, 2, False)
_tall_single, _one_single = _tile(TILE_ROWS, 1, False), _tile(1, 1, False)
_one_part = _tile(1, 1, True)
"""Few variants on purpose: each one adds to the time of the first start."""

BLOCK = 4096
"""Elements of `b` that are used for all rows before the next ones: half of a first-level cache."""
BLOCK_COLUMNS = 128


@device
def _row_of_tiles(
    a: Pointer, b: Pointer, c: Pointer, start: Pointer, layout: Any, part: Any, more: int
) -> None:
    """All tiles of a few rows in the columns `part` = (rows, first, end) of the result.

    What is left at the right end is done by a tile that overlaps its neighbour; masks are slow.
    """
    a_row, a_column, b_row, c_row, _, columns, depth, start_step = layout
    rows, column, end = part
    lanes = _lanes(a)
    while column < end:
        left = end - column
        if left >= 2 * lanes:
            second, here = lanes, column
        elif left > lanes:
            second, here = left - lanes, column
        else:
            second, here = left, max(0, end - lanes)
        right, out = pointer_to(b, here), pointer_to(c, here)
        sizes = (a_row, a_column, b_row, c_row, depth, start_step, second)
        if left > lanes:
            if rows == TILE_ROWS:
                _tall_pair(a, right, out, start, sizes, more)
            else:
                _one_pair(a, right, out, start, sizes, more)
        elif columns < lanes:
            for row in range(rows):
                line, first = pointer_to(a, row * a_row), pointer_to(start, row * start_step)
                _one_part(line, right, pointer_to(out, row * c_row), first, sizes, more)
        elif rows == TILE_ROWS:
            _tall_single(a, right, out, start, sizes, more)
        else:
            _one_single(a, right, out, start, sizes, more)
        column += 2 * lanes


@device
def _compiled_multiply(a: Pointer, b: Pointer, c: Pointer, start: Pointer, layout: Any) -> None:
    """See `multiply`.

    Blocks of `b` that fit the first-level cache are used for all rows. Cutting the depth needs
    whole vectors, because an overlapping tile would add its columns twice.
    """
    a_row, a_column, b_row, c_row, rows, columns, depth, start_step = layout
    lanes = _lanes(a)
    wide = min(columns, BLOCK_COLUMNS)
    deep = depth if columns % lanes else max(64, BLOCK // wide)
    k = 0
    while k < depth:
        inner = (a_row, a_column, b_row, c_row, rows, columns, min(deep, depth - k), start_step)
        first = 0
        while first < columns:
            end = min(columns, first + wide)
            row = 0
            while row < rows:
                height = TILE_ROWS if row + TILE_ROWS <= rows else 1
                _row_of_tiles(
                    pointer_to(a, row * a_row + k * a_column),
                    pointer_to(b, k * b_row),
                    pointer_to(c, row * c_row),
                    pointer_to(start, row * start_step),
                    inner,
                    (height, first, end),
                    k,
                )
                row += height
            first = end
        k += deep


@device
def _compiled_transpose(
    a: Pointer, a_row: int, c: Pointer, c_row: int, rows: int, columns: int
) -> None:
    """See `transpose`. What is left at the ends is done by squares that overlap others."""
    lanes = _lanes(a)
    if rows < lanes or columns < lanes:
        for row in range(rows):
            for column in range(columns):
                c[column * c_row + row] = a[row * a_row + column]
        return
    row = 0
    while row < rows:
        top = min(row, rows - lanes)
        column = 0
        while column < columns:
            left = min(column, columns - lanes)
            source, target = pointer_to(a, top * a_row + left), pointer_to(c, left * c_row + top)
            _transpose_tile(source, a_row, target, c_row)
            column += lanes
        row += lanes


@device
def _compiled_copy(target: Pointer, source: Pointer, count: int) -> None:
    """See `copy_elements`."""
    _copy(target, source, count)


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


multiply = _compiled_multiply if COMPILED else _plain_multiply
"""`multiply(a, b, c, start, layout)`: `c = start + a @ b`.

`layout` is `(a_row, a_column, b_row, c_row, rows, columns, depth, start_step)`: `a` is `(rows,
depth)` with steps `a_row` and `a_column`, so a transposed `a` costs nothing; `b` is `(depth,
columns)` and `c` is `(rows, columns)`, both contiguous along their columns; row `r` begins at
`start[r * start_step]` (a bias with step 1, the arena's zero with step 0)."""

transpose = _compiled_transpose if COMPILED else _plain_transpose
"""`c[j, i] = a[i, j]` for `rows × columns` elements; lines of `a` are `a_row` apart, those of `c`
`c_row`.
"""

copy_elements = _compiled_copy if COMPILED else _plain_copy
"""`copy_elements(target, source, count)`: `count` elements from one pointer to another, without
overlap.
"""
