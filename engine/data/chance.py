"""Random generators of the data seed: one stream a purpose, none shared with weights or batches.

Guarded by tests/engine/test_data.py.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

Purpose = Literal["samples", "split"]

_STREAMS: dict[Purpose, int] = {"samples": 0, "split": 1}


def generator(seed: int, purpose: Purpose) -> np.random.Generator:
    """A fresh generator; equal arguments give equal numbers.

    Args:
        seed: the data seed, 0 … 2³² − 1.
        purpose: independent streams keep the split apart from the samples, so that a set whose
            samples don't depend on chance is still split by the seed.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(_STREAMS[purpose],))
    return np.random.default_rng(sequence)
