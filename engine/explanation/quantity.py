"""What an explanation is about and what it says. Guarded by tests/engine/test_explanation.py."""

from __future__ import annotations

from dataclasses import dataclass

from engine.arithmetic.quantity import Kind, Line, Quantity, Term
from engine.text import Text

__all__ = ["Explanation", "Kind", "Line", "Quantity", "Term"]


@dataclass(frozen=True)
class Explanation:
    """One number with the arithmetic behind it.

    Attributes:
        quantity: which number.
        title: in words.
        value: as the arena holds it.
        lines: recomputed in float64; the value of the last one is the number.
        terms: where the number is a sum: all its terms in order; beyond `MOST_TERMS` the smallest
            are one last term together.
        text: the same for a screen reader.
        row: the row of the program that computed it; −1 where no row did.
    """

    quantity: Quantity
    title: Text
    value: float
    lines: tuple[Line, ...]
    terms: tuple[Term, ...]
    text: Text
    row: int
