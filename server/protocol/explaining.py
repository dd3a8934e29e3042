"""Instructions, their numbers, and how a number came about.

Guarded by tests/server/test_protocol.py.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from server.protocol.words import Count, Message, Words


class Quantity(Message):
    """Which number of the step in progress."""

    kind: Literal[
        "output",
        "sum",
        "output_gradient",
        "sum_gradient",
        "parameter",
        "parameter_gradient",
        "loss",
    ]
    layer: str = Field(default="", max_length=100)
    """Empty for the loss."""
    parameter: str = Field(default="", max_length=40)
    """`weights` or `bias` where a parameter or its gradient is meant."""
    index: list[Count] = Field(default=[], max_length=4)
    """Within one sample's shape, or within the parameter."""
    sample: Count | None = None
    """Its place in the batch; `null` for parameters and for the mean loss."""


class Term(Message):
    """One part of a sum."""

    label: Words
    filled: str
    """TeX with the numbers."""
    value: float | None
    links: list[Quantity]
    """The numbers it is made of."""


class Line(Message):
    """One line of arithmetic."""

    symbol: str
    """TeX of the left side."""
    formula: str
    """TeX in symbols."""
    filled: str
    """TeX with the numbers."""
    value: float | None
    links: list[Quantity]


class Explanation(Message):
    """How one number came about."""

    quantity: Quantity
    title: Words
    value: float | None
    """`null` where it isn't finite."""
    lines: list[Line]
    """The value of the last one is the number."""
    terms: list[Term]
    """Of the sum, where it is one."""
    text: Words
    """The same for ears."""
    row: int
    """The instruction that computed it."""


class Operand(Message):
    """A block that an instruction reads or fills."""

    name: str
    block: str
    shape: list[int]


class Instruction(Message):
    """One line of the program that a training step consists of."""

    operation: str
    formula: str
    layer: str
    phase: Literal["data", "forward", "loss", "backward", "update"]
    title: Words
    inputs: list[Operand]
    outputs: list[Operand]


class OperandValues(Message):
    """The numbers of one operand as they are now."""

    name: str
    block: str
    shape: list[int]
    writes: bool
    """True for what the instruction fills."""
    rows: int
    columns: int
    """The part that is sent: the first rows and columns of the block as a matrix."""
    values: Annotated[list[float | None], Field(max_length=4096)]
    """Row by row; `null` where a number isn't finite."""
