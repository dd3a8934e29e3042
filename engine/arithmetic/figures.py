"""Numbers as people read them, in TeX and in a sentence.

Guarded by tests/engine/test_explanation_figures.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

DIGITS = 4
"""Significant ones."""
SMALLEST, LARGEST = 1e-4, 1e6
"""Outside of these a number is written with a power of ten."""


def number(value: float) -> str:
    r"""`value` in TeX: `0.5234`, `-1.3`, `1.2\cdot 10^{-5}`; never `-0`."""
    if not math.isfinite(value):
        return r"\text{NaN}" if math.isnan(value) else r"\infty" if value > 0 else r"-\infty"
    mantissa, exponent = _rounded(value)
    return mantissa if exponent is None else rf"{mantissa}\cdot 10^{{{exponent}}}"


def spoken(value: float) -> str:
    """`value` in a sentence, with a minus sign that screen readers say: `−1.3`, `1.2e−5`."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"
    mantissa, exponent = _rounded(value)
    return (mantissa if exponent is None else f"{mantissa}e{exponent}").replace("-", "−")


def _rounded(value: float) -> tuple[str, int | None]:
    """A mantissa and a power of ten, which is `None` where none is needed."""
    if value == 0:
        return "0", None
    if SMALLEST <= abs(value) < 10**DIGITS:
        text = f"{value:.{DIGITS}g}"
        # Rounding up may have brought one more digit, which the format writes as a power.
        return (text, None) if "e" not in text else (f"{value:.0f}", None)
    if 1 < abs(value) < LARGEST:
        return f"{value:.0f}", None
    mantissa, _, exponent = f"{value:.{DIGITS - 1}e}".partition("e")
    return mantissa.rstrip("0").rstrip("."), int(exponent)


def enclosed(tex: str) -> str:
    """`tex` as it stands behind an operator: in parentheses if it begins with a minus."""
    return f"({tex})" if tex.startswith("-") else tex


def operand(value: float) -> str:
    """A number as it stands behind an operator: `0.5`, `(-1.3)`."""
    return enclosed(number(value))


def product(*values: float) -> str:
    r"""`0.52 \cdot (-1.3)`."""
    return r" \cdot ".join(operand(value) for value in values)


def share(value: float) -> str:
    r"""A part of one whole; where it would be rounded to 1: `(1 - 2\cdot 10^{-5})`."""
    return f"(1 - {number(1 - value)})" if value < 1 and number(value) == "1" else number(value)


def fraction(above: str, below: str) -> str:
    r"""`\frac{above}{below}`."""
    return rf"\frac{{{above}}}{{{below}}}"


def added(parts: Iterable[str], more: bool = False) -> str:
    r"""`a + (-b)`, with `+ \dots` where there are more."""
    first, *rest = list(parts) or ["0"]
    text = " + ".join([first, *(enclosed(part) for part in rest)])
    return rf"{text} + \dots" if more else text


@dataclass(frozen=True)
class Figures:
    """A formula, the same with live values, and the result.

    Attributes:
        formula: TeX in symbols.
        filled: TeX with numbers.
        value: in float64.
        places: which of the values that it was made from stand in `filled`.
    """

    formula: str
    filled: str
    value: float
    places: tuple[int, ...] = ()
