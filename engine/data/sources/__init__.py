"""Data sources, one class each. A new file or class here is found by itself."""

from __future__ import annotations

import sys

from engine.catalog import discover
from engine.data.sources.plane import Spiral
from engine.data.sources.points import Points

__all__ = ["Points", "Spiral"]

discover(sys.modules[__name__])
