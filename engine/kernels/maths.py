"""Elementary functions that vectorise: own polynomials for float32, the C library for float64.

Numba no longer ships a vector mathematics library, so a loop over `np.tanh` would call the C
library once an element. The float32 versions are branch-free and are inlined into the loops that
use them. Sources: Cephes (exp, log), the rational tanh approximation common to Eigen and XLA.
Guarded by tests/engine/kernels/test_maths.py, which bounds their errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from engine.kernels.abi import COMPILED, FAST_MATH

ORDERED = FAST_MATH - {"reassoc"}
"""For sums of large and small parts, whose order is what makes them accurate."""

_FLOAT, _WORD = ir.FloatType(), ir.IntType(32)

EXP_HIGHEST, EXP_LOWEST = 88.3762626647949, -87.3365447504
LOG2_E = 1.44269504088896341
LN2_HIGH, LN2_LOW = 0.693359375, -2.12194440e-4
"""`ln 2` in two parts, the first of which has few digits."""
EXP_TERMS = (
    1.9875691500e-4,
    1.3981999507e-3,
    8.3334519073e-3,
    4.1665795894e-2,
    1.6666665459e-1,
    5.0000001201e-1,
)
TANH_HIGHEST = 7.90531110763549805
TANH_ABOVE = (
    -2.76076847742355e-16,
    2.00018790482477e-13,
    -8.60467152213735e-11,
    5.12229709037114e-08,
    1.48572235717979e-05,
    6.37261928875436e-04,
    4.89352455891786e-03,
)
TANH_BELOW = (
    1.19825839466702e-06,
    1.18534705686654e-04,
    2.26843463243900e-03,
    4.89352518554385e-03,
)
LOG_TERMS = (
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)
SQRT_HALF_BITS = 0x3F3504F3
"""The bits of `√½` in float32."""


class _Single:
    """Writes float32 arithmetic into an LLVM builder; a number stands for a constant."""

    def __init__(self, builder: Any, flags: set[str]) -> None:
        self.builder = builder
        self._flags = sorted(flags)

    def value(self, number: Any) -> Any:
        # Rounded here: LLVM refuses a constant that float32 can't hold.
        return ir.Constant(_FLOAT, float(np.float32(number))) if _is_number(number) else number

    def add(self, left: Any, right: Any) -> Any:
        return self.builder.fadd(self.value(left), self.value(right), flags=self._flags)

    def subtract(self, left: Any, right: Any) -> Any:
        return self.builder.fsub(self.value(left), self.value(right), flags=self._flags)

    def multiply(self, left: Any, right: Any) -> Any:
        return self.builder.fmul(self.value(left), self.value(right), flags=self._flags)

    def divide(self, left: Any, right: Any) -> Any:
        return self.builder.fdiv(self.value(left), self.value(right), flags=self._flags)

    def polynomial(self, x: Any, terms: Sequence[float]) -> Any:
        """Horner's scheme, from the highest power down."""
        total: Any = terms[0]
        for term in terms[1:]:
            total = self.add(self.multiply(total, x), term)
        return total

    def clamp(self, x: Any, lowest: float, highest: float) -> Any:
        """`x` within the bounds; a NaN passes."""
        for sign, bound in ((">", self.value(highest)), ("<", self.value(lowest))):
            is_outside = self.builder.fcmp_ordered(sign, x, bound)
            x = self.builder.select(is_outside, bound, x)
        return x

    def round(self, x: Any) -> Any:
        """The nearest whole number."""
        return self.builder.call(self.builder.module.declare_intrinsic("llvm.rint", [_FLOAT]), [x])

    def two_to_the(self, exponent: Any) -> Any:
        """`2ᵏ` for a whole `k`, by writing the exponent bits."""
        bits = self.builder.add(self.builder.fptosi(exponent, _WORD), ir.Constant(_WORD, 127))
        return self.builder.bitcast(self.builder.shl(bits, ir.Constant(_WORD, 23)), _FLOAT)

    def split(self, x: Any) -> tuple[Any, Any]:
        """`(e, m)` with `x = m · 2ᵉ` and `√½ ≤ m < √2`, for a positive `x`."""
        bits = self.builder.bitcast(x, _WORD)
        shifted = self.builder.sub(bits, ir.Constant(_WORD, SQRT_HALF_BITS))
        exponent = self.builder.ashr(shifted, ir.Constant(_WORD, 23))
        mantissa = self.builder.sub(bits, self.builder.shl(exponent, ir.Constant(_WORD, 23)))
        return self.builder.sitofp(exponent, _FLOAT), self.builder.bitcast(mantissa, _FLOAT)


def _is_number(value: Any) -> bool:
    return isinstance(value, float | int)


def _write_exponential(builder: Any, x: Any) -> Any:
    to = _Single(builder, ORDERED)
    x = to.clamp(x, EXP_LOWEST, EXP_HIGHEST)
    k = to.round(to.multiply(x, LOG2_E))
    r = to.subtract(x, to.multiply(k, LN2_HIGH))
    r = to.subtract(r, to.multiply(k, LN2_LOW))
    p = to.polynomial(r, EXP_TERMS)
    total = to.add(to.add(to.multiply(p, to.multiply(r, r)), r), 1)
    return to.multiply(total, to.two_to_the(k))


def _write_tangent(builder: Any, x: Any) -> Any:
    to = _Single(builder, FAST_MATH)
    z = to.clamp(x, -TANH_HIGHEST, TANH_HIGHEST)
    s = to.multiply(z, z)
    above, below = to.polynomial(s, TANH_ABOVE), to.polynomial(s, TANH_BELOW)
    return to.divide(to.multiply(z, above), below)


def _write_logarithm(builder: Any, x: Any) -> Any:
    to = _Single(builder, ORDERED)
    exponent, mantissa = to.split(x)
    r = to.subtract(mantissa, 1)
    z = to.multiply(r, r)
    p = to.polynomial(r, LOG_TERMS)
    small = to.multiply(to.multiply(p, r), z)
    small = to.add(small, to.multiply(exponent, LN2_LOW))
    small = to.subtract(small, to.multiply(z, 0.5))
    return to.add(to.add(r, small), to.multiply(exponent, LN2_HIGH))


def _elementary(write: Callable[[Any, Any], Any], name: str) -> Any:
    """An intrinsic: `write` for float32, the C library's function for float64.

    An intrinsic rather than a function: it costs no compile of its own in every op that uses it.
    """

    @intrinsic
    def function(context: Any, x: Any) -> Any:
        real = x if x == types.float32 else types.float64

        def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            (value,) = arguments
            if real == types.float32:
                return write(builder, value)
            double = ir.DoubleType()
            library = ir.FunctionType(double, [double])
            callee = cgutils.get_or_insert_function(builder.module, library, name)
            return builder.call(callee, [value])

        return real(real), generate

    return function


@intrinsic
def _is_finite(context: Any, x: Any) -> Any:
    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # A difference with itself is 0 for finite numbers and NaN for the others.
        (value,) = arguments
        difference = builder.fsub(value, value)
        return builder.fcmp_ordered("==", difference, difference)

    return types.boolean(x), generate


exponential = _elementary(_write_exponential, "exp") if COMPILED else np.exp
"""`eˣ`; relative error ≤ 2e-7 in float32, clamped to the range of finite results."""

hyperbolic_tangent = _elementary(_write_tangent, "tanh") if COMPILED else np.tanh
"""`tanh x`; absolute error ≤ 3e-7 in float32; NaN stays NaN."""

logarithm = _elementary(_write_logarithm, "log") if COMPILED else np.log
"""`ln x` for finite x > 0; relative error ≤ 2e-7 in float32."""

is_finite = _is_finite if COMPILED else np.isfinite
"""False for NaN and infinity."""
