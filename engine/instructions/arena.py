"""Where everything of a network lies in its one flat arena.

Guarded by tests/engine/test_instructions.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

ALIGNMENT = 16
"""Elements; 64 bytes in float32, a cache line and the widest vector register."""

CONSTANTS = 2048
"""Elements kept at the start for constants: the zero at offset 0, hyper-parameters, slopes, rates.
"""


@dataclass(frozen=True)
class Block:
    """A named, row-major piece of the arena.

    Attributes:
        name: unique, such as `hidden1.weights`.
        offset: first element.
        shape: activations end with the batch: `(features, batch)`, `(height, width, batch)`.
    """

    name: str
    offset: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def batch(self) -> int:
        """Length of the last axis."""
        return self.shape[-1]

    @property
    def features(self) -> int:
        """Elements of one sample."""
        return prod(self.shape[:-1])

    def viewed(self, name: str, shape: tuple[int, ...]) -> Block:
        """The same memory under another name and shape."""
        return replace(self, name=name, shape=shape)


class Plan:
    """Hands out blocks one after the other, each on a fresh cache line."""

    def __init__(self) -> None:
        self.blocks: dict[str, Block] = {}
        self.size = CONSTANTS
        self.constants: list[float] = [0.0]

    def allocate(self, name: str, shape: tuple[int, ...]) -> Block:
        """A new block; its name must be new."""
        if name in self.blocks:
            raise ValueError(f"block {name} exists already")
        block = Block(name, self.size, shape)
        self.blocks[name] = block
        self.size += -(-block.size // ALIGNMENT) * ALIGNMENT
        return block

    def constant(self, *values: float) -> int:
        """Offset of consecutive constants; they are written into the arena when it is made."""
        offset = len(self.constants)
        self.constants.extend(values)
        if len(self.constants) > CONSTANTS:
            raise ValueError(f"more than {CONSTANTS} constants")
        return offset
