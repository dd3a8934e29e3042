"""What curves of measured loss do. Guarded by tests/engine/test_doctor_curves.py."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.doctor.evidence import CurvePoint

Doubles = NDArray[np.float64]

LONGEST = 60
"""Points that are looked at: the newest ones."""


def training_losses(points: Sequence[CurvePoint]) -> Doubles:
    """The newest training losses, oldest first."""
    return np.array([point.training_loss for point in points[-LONGEST:]], np.float64)


def validation_losses(points: Sequence[CurvePoint]) -> Doubles:
    """The newest validation losses, oldest first; empty if any of them is missing."""
    losses = [point.validation_loss for point in points[-LONGEST:]]
    return np.array([] if None in losses else losses, np.float64)


def smoothed(losses: Doubles) -> Doubles:
    """The median of each value and its two neighbours: one outlier moves nothing."""
    if len(losses) < 3:
        return losses
    padded = np.concatenate([losses[:1], losses, losses[-1:]])
    neighbours = np.lib.stride_tricks.sliding_window_view(padded, 3)
    return np.asarray(np.median(neighbours, axis=1))


def hops(losses: Doubles, least: float) -> float:
    """Share of neighbouring moves that go back and forth, each by at least `least` of the mean."""
    moves = np.diff(losses)
    if len(moves) < 2:
        return 0.0
    large = np.abs(moves) > least * losses.mean()
    turns = (moves[1:] * moves[:-1] < 0) & large[1:] & large[:-1]
    return float(turns.mean())


def change(losses: Doubles) -> float:
    """How far the second half of the losses lies from the first, relative to the first."""
    middle = len(losses) // 2
    first, second = float(np.median(losses[:middle])), float(np.median(losses[middle:]))
    return (second - first) / max(abs(first), 1e-12)
