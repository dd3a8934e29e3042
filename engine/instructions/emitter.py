"""Writes rows of the instruction table. Guarded by tests/engine/test_instructions.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from zlib import crc32

from engine.instructions.arena import Block, Plan
from engine.kernels.abi import COLUMNS, Op, Pointer, op, pointer_to, vector
from engine.kernels.simd import transpose


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


@op("inputs", "outputs", "size:size")
def copy(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """outputs = inputs"""
    inputs, outputs = vector(arena, row[1], row[3]), vector(arena, row[2], row[3])
    for i in range(row[3]):
        outputs[i] = inputs[i]


@op("addend", "sum", "size:size")
def accumulate(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """sum += addend"""
    addend, total = vector(arena, row[1], row[3]), vector(arena, row[2], row[3])
    for i in range(row[3]):
        total[i] += addend[i]


@op("inputs", "outputs", "rows:size", "columns:size", "output_row:size")
def transposition(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """outputs[j, i] = inputs[i, j]; lines of outputs are `output_row` apart"""
    transpose(pointer_to(arena, row[1]), row[4], pointer_to(arena, row[2]), row[5], row[3], row[4])


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

    def emit(self, op: Op, *operands: Block | int, writes: tuple[Block, ...] = ()) -> None:
        """One row; blocks become their offsets."""
        if len(operands) != len(op.operands) or len(operands) >= COLUMNS:
            raise ValueError(f"{op.name} takes {len(op.operands)} operands, not {len(operands)}")
        numbers = tuple(item.offset if isinstance(item, Block) else int(item) for item in operands)
        self.rows.append(Row(op, numbers, self._layer, self._phase, writes))

    def block(self, name: str, shape: tuple[int, ...]) -> Block:
        """A new block named after the present layer."""
        return self.plan.allocate(f"{self._layer}.{name}" if self._layer else name, shape)

    def constant(self, *values: float) -> int:
        """Offset of constants in the arena."""
        return self.plan.constant(*values)

    def salt(self) -> int:
        """A number that tells the present layer's random choices from those of other layers."""
        return crc32(self._layer.encode())

    def know_transposed(self, block: Block, transposed: Block) -> None:
        """Remember that `transposed` already holds `block` sample by sample."""
        self._transposed[block.offset] = transposed

    def transposed(self, block: Block) -> Block:
        """`block` as `(batch, spaced(features))`, one sample a line; made by a row at the first request."""
        if block.offset not in self._transposed:
            width = spaced(block.features)
            result = self.plan.allocate(f"{block.name}.transposed", (block.batch, width))
            self.emit(transposition, block, result, block.features, block.batch, width, writes=(result,))
            self._transposed[block.offset] = result
        return self._transposed[block.offset]
