"""Optimizers, one file each: formula, hyper-parameters, kernel and reference side by side."""

import sys

from engine.catalog import discover
from engine.optimizers.optimizer import Optimizer

discover(sys.modules[__name__])

from engine.optimizers.stochastic_gradient_descent import (  # noqa: E402  (registered by now)
    StochasticGradientDescent,
)

__all__ = ["Optimizer", "StochasticGradientDescent"]
