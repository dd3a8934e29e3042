"""Activation functions, one file each: function, derivative, kernels and reference side by side."""

import sys

from engine.activations.activation import Activation
from engine.catalog import discover

discover(sys.modules[__name__])

from engine.activations.linear import Linear  # noqa: E402  (after the siblings registered themselves)

__all__ = ["Activation", "Linear"]
