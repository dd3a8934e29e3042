"""Which number of a network is meant, and one line of the arithmetic behind it.

Guarded by tests/engine/test_explanation.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.text import Text

Kind = Literal[
    "output",
    "sum",
    "output_gradient",
    "sum_gradient",
    "parameter",
    "parameter_gradient",
    "loss",
]


NAMELESS = Text("", "")


@dataclass(frozen=True)
class Quantity:
    """Which number: what a page sends and what links carry.

    Attributes:
        kind: what it is.
        layer: empty for the loss.
        parameter: `weights` or `bias` for the two parameter kinds, else empty.
        index: within one sample's shape, or within the parameter.
        sample: place in the batch; `None` for parameters and for the mean loss.
    """

    kind: Kind
    layer: str = ""
    parameter: str = ""
    index: tuple[int, ...] = ()
    sample: int | None = None


@dataclass(frozen=True)
class Term:
    """One addend of a sum.

    Attributes:
        label: in words, such as “from x₂”.
        filled: TeX with numbers.
        value: what it adds.
        links: the numbers it is made of.
    """

    label: Text
    filled: str
    value: float
    links: tuple[Quantity, ...] = ()


@dataclass(frozen=True)
class Line:
    """One line of arithmetic: `symbol = formula = filled = value`.

    Attributes:
        symbol: TeX of the left side.
        formula: TeX in symbols.
        filled: TeX with the live numbers.
        value: the result.
        links: the numbers that stand in `filled` and can be explained in turn.
        name: what the symbol stands for, in words.
    """

    symbol: str
    formula: str
    filled: str
    value: float
    links: tuple[Quantity, ...] = ()
    name: Text = NAMELESS
