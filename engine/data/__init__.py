"""Data: sources → preprocessing steps → the training and validation parts an engine trains on.

`README.md` in this folder says what ships and why. Guarded by tests/engine/test_data*.py.
"""

from __future__ import annotations

from engine.data.dataset import Dataset, Floats, Problem, Source, Step
from engine.data.preparation import Prepared, prepare
from engine.data.preprocessing import Features, MinMax, Standardize
from engine.data.shipped import LicenceRecord, licence_records
from engine.data.sources import Points, Spiral

__all__ = [
    "Dataset",
    "Features",
    "Floats",
    "LicenceRecord",
    "MinMax",
    "Points",
    "Prepared",
    "Problem",
    "Source",
    "Spiral",
    "Standardize",
    "Step",
    "licence_records",
    "prepare",
]
