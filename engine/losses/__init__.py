"""Losses, one file each: formula, gradient, kernel, link function and reference side by side."""

import sys

from engine.catalog import discover
from engine.losses.loss import Loss

discover(sys.modules[__name__])

from engine.losses.binary_cross_entropy import BinaryCrossEntropy  # noqa: E402  (registered by now)

__all__ = ["BinaryCrossEntropy", "Loss"]
