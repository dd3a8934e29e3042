"""Layers, one file a family: fields, shapes, parameters, rows, kernels and reference."""

import sys

from engine.catalog import discover
from engine.layers.layer import Layer, Parameter, Shape, Site

discover(sys.modules[__name__])

__all__ = ["Layer", "Parameter", "Shape", "Site"]
