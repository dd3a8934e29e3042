"""Elementary functions that vectorise: own polynomials for float32, the C library for float64.

Numba no longer ships a vector mathematics library, so a loop over `np.tanh` would call the C
library once an element. The float32 versions are branch-free and are inlined into the loops that
use them. Sources: Cephes (exp, log), the rational tanh approximation common to Eigen and XLA.
Guarded by tests/engine/kernels/test_maths.py, which bounds their errors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from engine.kernels.abi import COMPILED, FAST_MATH, INNER

ORDERED: dict[str, Any] = {**INNER, "fastmath": FAST_MATH - {"reassoc"}}
"""For sums of large and small parts, whose order is what makes them accurate."""


def exponential(x: Any) -> Any:
    """`eˣ`; relative error ≤ 2e-7 in float32, clamped to the range of finite results."""
    return np.exp(x)


def hyperbolic_tangent(x: Any) -> Any:
    """`tanh x`; absolute error ≤ 3e-7 in float32; NaN stays NaN."""
    return np.tanh(x)


def logarithm(x: Any) -> Any:
    """`ln x` for finite x > 0; relative error ≤ 2e-7 in float32."""
    return np.log(x)


def is_finite(x: Any) -> Any:
    """False for NaN and infinity."""
    return np.isfinite(x)


@intrinsic
def _round(context: Any, x: Any) -> Any:
    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = target.get_value_type(signature.args[0])
        return builder.call(builder.module.declare_intrinsic("llvm.rint", [kind]), arguments)

    return x(x), generate


@intrinsic
def _two_to_the(context: Any, exponent: Any) -> Any:
    """`2ᵏ` for a whole float32 `k`, by writing the exponent bits."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(32)
        whole = builder.add(builder.fptosi(arguments[0], word), ir.Constant(word, 127))
        return builder.bitcast(builder.shl(whole, ir.Constant(word, 23)), ir.FloatType())

    return exponent(exponent), generate


@intrinsic
def _split(context: Any, x: Any) -> Any:
    """`(e, m)` with `x = m · 2ᵉ` and `√½ ≤ m < √2`, for a positive float32."""

    def generate(target: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(32)
        bits = builder.bitcast(arguments[0], word)
        shifted = builder.sub(bits, ir.Constant(word, 0x3F3504F3))
        exponent = builder.ashr(shifted, ir.Constant(word, 23))
        mantissa = builder.sub(bits, builder.shl(exponent, ir.Constant(word, 23)))
        parts = [
            builder.sitofp(exponent, ir.FloatType()),
            builder.bitcast(mantissa, ir.FloatType()),
        ]
        return target.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(x, 2)(x), generate


def _floats(*values: float) -> tuple[np.float32, ...]:
    return tuple(np.float32(value) for value in values)


if COMPILED:

    @overload(exponential, jit_options=ORDERED, strict=False)
    def _exponential(x: Any) -> Any:
        if x != types.float32:
            return lambda x: np.exp(x)
        log2_e, high_part, low_part, one = _floats(
            1.44269504088896341, 0.693359375, -2.12194440e-4, 1
        )
        p0, p1, p2 = _floats(1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3)
        p3, p4, p5 = _floats(4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
        highest, lowest = _floats(88.3762626647949, -87.3365447504)

        def exponential(x: Any) -> Any:
            x = highest if x > highest else x  # a NaN passes both tests
            x = lowest if x < lowest else x
            k = _round(x * log2_e)
            r = x - k * high_part
            r = r - k * low_part
            p = p0 * r + p1
            p = p * r + p2
            p = p * r + p3
            p = p * r + p4
            p = p * r + p5
            return (p * (r * r) + r + one) * _two_to_the(k)

        return exponential

    @overload(hyperbolic_tangent, jit_options=INNER, strict=False)
    def _hyperbolic_tangent(x: Any) -> Any:
        if x != types.float32:
            return lambda x: np.tanh(x)
        p0, p1, p2 = _floats(-2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11)
        p3, p4, p5 = _floats(5.12229709037114e-08, 1.48572235717979e-05, 6.37261928875436e-04)
        p6, q0, q1 = _floats(4.89352455891786e-03, 1.19825839466702e-06, 1.18534705686654e-04)
        q2, q3, highest = _floats(2.26843463243900e-03, 4.89352518554385e-03, 7.90531110763549805)

        def hyperbolic_tangent(x: Any) -> Any:
            z = highest if x > highest else x
            z = -highest if z < -highest else z
            s = z * z
            p = p0 * s + p1
            p = p * s + p2
            p = p * s + p3
            p = p * s + p4
            p = p * s + p5
            p = p * s + p6
            q = q0 * s + q1
            q = q * s + q2
            q = q * s + q3
            return z * p / q

        return hyperbolic_tangent

    @overload(logarithm, jit_options=ORDERED, strict=False)
    def _logarithm(x: Any) -> Any:
        if x != types.float32:
            return lambda x: np.log(x)
        c0, c1, c2 = _floats(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1)
        c3, c4, c5 = _floats(-1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1)
        c6, c7, c8 = _floats(2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
        half, one, low_part, high_part = _floats(0.5, 1, -2.12194440e-4, 0.693359375)

        def logarithm(x: Any) -> Any:
            exponent, mantissa = _split(x)
            r = mantissa - one
            z = r * r
            p = c0 * r + c1
            p = p * r + c2
            p = p * r + c3
            p = p * r + c4
            p = p * r + c5
            p = p * r + c6
            p = p * r + c7
            p = p * r + c8
            return r + (p * r * z + exponent * low_part - half * z) + exponent * high_part

        return logarithm

    @overload(is_finite, jit_options=INNER, strict=False)
    def _is_finite(x: Any) -> Any:
        # A difference with itself is 0 for finite numbers and NaN for the others.
        return lambda x: x - x == x - x
