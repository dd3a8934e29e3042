"""A program's instructions as people read them: what each does, with what, and what comes out.

Guarded by tests/engine/test_explanation_listing.py.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from math import prod
from typing import Any

from numpy.typing import NDArray

from engine.instructions import Block, Row
from engine.instructions.arena import CONSTANTS
from engine.program.program import Program
from engine.text import Text

PHASES = {"data": Text("the next batch of samples", "取下一批样本")}
"""What the rows of a phase do whose ops don't say it themselves."""


@dataclass(frozen=True)
class Operand:
    """Numbers that an instruction reads or writes.

    Attributes:
        name: in the op's own words, such as `grad_outputs`.
        block: whose numbers; `parameters` and `gradients` are all of them, `constants` are
            hyper-parameters, slopes and rates.
        shape: as the block lies in the arena.
        writes: whether the instruction fills it.
        offset: in the arena.
    """

    name: str
    block: str
    shape: tuple[int, ...]
    writes: bool
    offset: int


@dataclass(frozen=True)
class Instruction:
    """One row of a program.

    Attributes:
        row: its number, from 0.
        operation: the op's name.
        formula: what it computes.
        layer, phase: what it belongs to; some rows belong to no layer.
        title: in words.
        inputs, outputs: blocks it reads and fills.
    """

    row: int
    operation: str
    formula: str
    layer: str
    phase: str
    title: Text
    inputs: tuple[Operand, ...]
    outputs: tuple[Operand, ...]


def listing(program: Program) -> tuple[Instruction, ...]:
    """All instructions of a program, in order."""
    places = _Places(program)
    return tuple(_instruction(number, row, places) for number, row in enumerate(program.rows))


def operand_values(program: Program, arena: NDArray[Any], operand: Operand) -> NDArray[Any]:
    """A copy of an operand's present numbers."""
    end = operand.offset + prod(operand.shape)
    return arena[operand.offset : end].reshape(operand.shape).copy()


def title_of(row: Row) -> Text:
    """`hidden1: weighted sums`."""
    title = row.title or row.op.title or PHASES[row.phase]
    if not row.layer:
        return title
    return Text(f"{row.layer}: {title.en}", f"{row.layer}：{title.zh}")


def formula_of(row: Row) -> str:
    """The first paragraph of the op's docstring, on one line."""
    paragraph = (row.op.function.__doc__ or "").strip().partition("\n\n")[0]
    return " ".join(paragraph.split())


def _instruction(number: int, row: Row, places: _Places) -> Instruction:
    operands = places.operands(row)
    return Instruction(
        number,
        row.op.name,
        formula_of(row),
        row.layer,
        row.phase,
        title_of(row),
        tuple(operand for operand in operands if not operand.writes),
        tuple(operand for operand in operands if operand.writes),
    )


class _Places:
    """From offsets back to blocks."""

    def __init__(self, program: Program) -> None:
        network = program.network
        self._blocks = sorted(program.plan.blocks.values(), key=lambda block: block.offset)
        self._starts = [block.offset for block in self._blocks]
        self._regions = (
            network.parameter_region.viewed("parameters", network.parameter_region.shape),
            network.gradient_region.viewed("gradients", network.gradient_region.shape),
        )
        # Constants are used in the groups in which they were put down.
        offsets = {
            offset for row in program.rows for _, offset in _offsets(row) if offset < CONSTANTS
        }
        self._groups = sorted({*offsets, len(program.plan.constants)})

    def operands(self, row: Row) -> list[Operand]:
        """Blocks that a row reads and writes, in the order of its operands."""
        sizes = dict(zip(row.op.operands, row.operands, strict=True))
        found = []
        for name, offset in _offsets(row):
            block = self._block(offset, sizes.get("size:size"))
            writes = any(
                one.offset < block.offset + block.size and block.offset < one.offset + one.size
                for one in row.writes
            )
            found.append(Operand(name, block.name, block.shape, writes, offset))
        return found

    def _block(self, offset: int, size: int | None) -> Block:
        """What an operand covers, given the number of elements that its row works on."""
        if offset < CONSTANTS:
            end = self._groups[bisect_right(self._groups, offset)]
            return Block("constants", offset, (end - offset,))
        block = self._blocks[bisect_right(self._starts, offset) - 1]
        if size is not None and size > block.size:
            for region in self._regions:
                if region.offset <= offset < region.offset + region.size:
                    # Where some layers are frozen, a part of it.
                    return Block(region.name, offset, (size,))
        if offset == block.offset or size is None:
            return block
        # One of several inputs that stand one behind the other in a block.
        return Block(block.name, offset, (size // prod(block.shape[1:]), *block.shape[1:]))


def _offsets(row: Row) -> list[tuple[str, int]]:
    """Operands that are blocks, by name; offset 0 stands for one that is absent."""
    return [
        (name, value)
        for name, value in zip(row.op.operands, row.operands, strict=True)
        if not name.endswith(":size") and value
    ]
