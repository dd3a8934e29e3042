"""Preprocessing steps, one file each. A new file here is found by itself."""

from __future__ import annotations

import sys

from engine.catalog import discover
from engine.data.preprocessing.features import Features
from engine.data.preprocessing.minmax import MinMax
from engine.data.preprocessing.standardize import Standardize

__all__ = ["Features", "MinMax", "Standardize"]

discover(sys.modules[__name__])
