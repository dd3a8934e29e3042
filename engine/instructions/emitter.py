"""Writes rows of the instruction table. Guarded by tests/engine/test_instructions.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from zlib import crc32

from engine.instructions.arena import Block, Plan
from engine.kernels.abi import COLUMNS, Op, Pointer, op, pointer_to, vector
from engine.kernels.simd import multiply, transpose
from engine.text import Text


@dataclass(frozen=True)
class Row:
    """One instruction: an op with its operands, and what it is for."""

    op: Op
    operands: tuple[int, ...]
    layer: str
    phase: str
    """`data`, `forward`, `loss`, `backward` or `update`."""
    writes: tuple[Block, ...]
    """Blocks that the row fills; where a divergence is looked for."""
    title: Text | None = None
    """What it does, where this says more than the op's title."""


@op("inputs", "outputs", "size:size", title=Text("copy", "复制"))
def copy(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """outputs = inputs"""
    inputs, outputs = vector(arena, row[1], row[3]), vector(arena, row[2], row[3])
    for i in range(row[3]):
        outputs[i] = inputs[i]


@op("outputs", "value", "batch:size", title=Text("a unit held by hand", "手动固定的单元"))
def hold(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """outputs[unit] = value, for every sample"""
    outputs, value = vector(arena, row[1], row[3]), arena[row[2]]
    for sample in range(row[3]):
        outputs[sample] = value


@op(
    "addend",
    "sum",
    "size:size",
    title=Text("gradient of one more branch added", "加上另一条支路的梯度"),
)
def accumulate(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """sum += addend"""
    addend, total = vector(arena, row[1], row[3]), vector(arena, row[2], row[3])
    for i in range(row[3]):
        total[i] += addend[i]


@op(
    "inputs",
    "outputs",
    "rows:size",
    "columns:size",
    "input_line:size",
    "output_line:size",
    title=Text("transposition", "转置"),
)
def transposition(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """outputs[j, i] = inputs[i, j]; lines are `input_line` and `output_line` elements apart"""
    transpose(pointer_to(arena, row[1]), row[5], pointer_to(arena, row[2]), row[6], row[3], row[4])


@op(
    "left",
    "right",
    "product",
    "start",
    "left_row:size",
    "left_column:size",
    "right_row:size",
    "product_row:size",
    "rows:size",
    "columns:size",
    "depth:size",
    "start_step:size",
    title=Text("matrix product", "矩阵乘积"),
)
def matrix_product(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """product = start + left · right; the distances between rows and columns are in elements"""
    layout = (row[5], row[6], row[7], row[8], row[9], row[10], row[11], row[12])
    left, right = pointer_to(arena, row[1]), pointer_to(arena, row[2])
    multiply(left, right, pointer_to(arena, row[3]), pointer_to(arena, row[4]), layout)


def spaced(features: int) -> int:
    """Distance between lines of a transposed block.

    Lines a multiple of 1 KiB apart would all fall into the same few sets of the first-level cache.
    """
    return features + 16 if features % 256 == 0 else features


class Emitter:
    """Collects rows and allocates the blocks they need."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rows: list[Row] = []
        self._layer = ""
        self._phase = ""
        self._transposed: dict[int, Block] = {}

    @contextmanager
    def during(self, phase: str, layer: str = "") -> Iterator[None]:
        """Rows emitted inside belong to this phase and layer."""
        before = self._phase, self._layer
        self._phase, self._layer = phase, layer
        try:
            yield
        finally:
            self._phase, self._layer = before

    def emit(
        self,
        op: Op,
        *operands: Block | int,
        writes: tuple[Block, ...] = (),
        title: Text | None = None,
    ) -> None:
        """One row; blocks become their offsets."""
        if len(operands) != len(op.operands) or len(operands) >= COLUMNS:
            raise ValueError(f"{op.name} takes {len(op.operands)} operands, not {len(operands)}")
        numbers = tuple(item.offset if isinstance(item, Block) else int(item) for item in operands)
        self.rows.append(Row(op, numbers, self._layer, self._phase, writes, title))

    def block(self, name: str, shape: tuple[int, ...]) -> Block:
        """A new block named after the present layer."""
        return self.plan.allocate(f"{self._layer}.{name}" if self._layer else name, shape)

    def product(
        self,
        left: Block,
        right: Block,
        result: Block,
        *,
        start: Block | None = None,
        transposed: bool = False,
        title: Text | None = None,
    ) -> None:
        """The row for `result = start + left · right`.

        Args:
            left: `(rows, depth)`, or `(depth, rows)` with `transposed`.
            right: `(depth, columns)`; its lines may be longer than the columns that are used.
            result: `(rows, columns)`.
            start: one number a row, such as a bias; zero without it.
            transposed: whether `left` is stored the other way round.
            title: what the product is.
        """
        rows, columns = result.shape[0], result.size // result.shape[0]
        depth = left.size // rows
        steps = (1, rows) if transposed else (depth, 1)
        line = right.size // depth
        operands = (left, right, result, 0 if start is None else start, *steps, line, columns)
        sizes = (rows, columns, depth, int(start is not None))
        self.emit(matrix_product, *operands, *sizes, writes=(result,), title=title)

    def constant(self, *values: float) -> int:
        """Offset of constants in the arena."""
        return self.plan.constant(*values)

    def salt(self) -> int:
        """A number that tells the present layer's random choices from those of other layers."""
        return crc32(self._layer.encode())

    def transpose_back(self, by_sample: Block, block: Block) -> None:
        """The row that fills `block` from samples that lie one a line; both are remembered as a
        pair.
        """
        sizes = (block.batch, block.features, by_sample.shape[1], block.batch)
        self.emit(transposition, by_sample, block, *sizes, writes=(block,))
        self._transposed[block.offset] = by_sample

    def hold(self, block: Block, unit: int, value: float, title: Text | None = None) -> None:
        """The row that sets one unit of `block`, whose first axis is the units."""
        offset = block.offset + unit * block.batch
        operands = (offset, self.constant(value) if value else 0, block.batch)
        self.emit(hold, *operands, writes=(block,), title=title)
        # What was remembered as its transposed pair shows what it was.
        self._transposed.pop(block.offset, None)

    def transposed(self, block: Block) -> Block:
        """`block` as `(batch, spaced(features))`, one sample a line; made by a row at the first
        request.
        """
        if block.offset not in self._transposed:
            width = spaced(block.features)
            result = self.plan.allocate(f"{block.name}.transposed", (block.batch, width))
            sizes = (block.features, block.batch, block.batch, width)
            self.emit(transposition, block, result, *sizes, writes=(result,))
            self._transposed[block.offset] = result
        return self._transposed[block.offset]
