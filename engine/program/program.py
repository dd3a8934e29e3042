"""A finished program: the instruction table, where everything lies, and how an arena begins.

Guarded by tests/engine/test_program.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.instructions import Block, Plan, Row
from engine.kernels.abi import COLUMNS, STATE_WORDS, address_of, addresses, aligned

Words = NDArray[np.int64]


@dataclass(frozen=True)
class Network:
    """Where a program keeps what it learns and what flows through it.

    Attributes:
        parameters, gradients: by key, such as `hidden1.weights`.
        parameter_region, gradient_region: all of them at a stretch.
        outputs: every layer's output by layer name.
        report: one element, the last batch's loss.
        published: first element and end of the range that observers copy.
        prediction: what a person sees of the output, values or probabilities; in forward-only
        programs.
    """

    parameters: Mapping[str, Block]
    gradients: Mapping[str, Block]
    parameter_region: Block
    gradient_region: Block
    outputs: Mapping[str, Block]
    report: Block
    published: tuple[int, int]
    prediction: Block | None = None


@dataclass(frozen=True, eq=False)
class Program:
    """What the executor walks.

    Attributes:
        rows: readable instructions, one a table line.
        table: int64 `(rows, 16)`; column 0 is the op's address.
        plan: sizes, blocks and constants.
        network: where to find things.
        dtype: float32 or float64.
        keep: buffers whose addresses stand in the table.
    """

    rows: tuple[Row, ...]
    table: Words
    plan: Plan
    network: Network
    dtype: np.dtype[Any]
    keep: tuple[NDArray[Any], ...]

    def new_arena(self) -> NDArray[Any]:
        """Zeros, with the constants in their places."""
        arena = aligned(self.plan.size, self.dtype)
        self.write_constants(arena)
        return arena

    def write_constants(self, arena: NDArray[Any]) -> None:
        """Put hyper-parameters, slopes and rates into their places."""
        arena[: len(self.plan.constants)] = self.plan.constants

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the rows (without addresses), the layout and the element type."""
        digest = hashlib.sha256(f"{self.dtype.name} {self.plan.size}".encode())
        for row in self.rows:
            numbers = [
                number
                for name, number in zip(row.op.operands, row.operands, strict=True)
                if "_address" not in name
            ]
            digest.update(f"{row.op.name} {numbers}\n".encode())
        return digest.hexdigest()

    def view(self, arena: NDArray[Any], block: Block) -> NDArray[Any]:
        """A block of an arena as an array."""
        return arena[block.offset : block.offset + block.size].reshape(block.shape)


def new_state() -> NDArray[np.uint64]:
    """A state block of zeros."""
    return np.zeros(STATE_WORDS, np.uint64)


def link(rows: tuple[Row, ...], dtype: np.dtype[Any]) -> Words:
    """The instruction table: operands as they are, ops as addresses."""
    places = addresses((row.op for row in rows), dtype)
    table = aligned(max(1, len(rows)) * COLUMNS, np.dtype(np.int64)).reshape(-1, COLUMNS)
    for line, row in zip(table, rows, strict=False):
        line[0] = places[row.op.name]
        line[1 : 1 + len(row.operands)] = row.operands
    return table[: len(rows)]


def buffer(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """`array` as a C-contiguous read-only buffer of `dtype`; itself if it is one already."""
    ready = np.ascontiguousarray(array, dtype)
    if ready is not array:
        ready.setflags(write=False)
    return ready


def address(array: NDArray[Any]) -> int:
    """Address for the table; the program must keep the array."""
    return address_of(array)
