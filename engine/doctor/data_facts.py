"""What the doctor knows of the samples; computed once for the same prepared data.

Guarded by tests/engine/test_doctor_data.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from engine.data.preparation import Prepared
from engine.losses import Loss
from engine.program.builder import Samples
from engine.text import Text

MOST_COMPARED = 512
"""Training samples from which the loss of a constant answer is estimated, spread over the part."""

AT_A_TIME = 256
"""Samples whose differences from the mean are held at once."""

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class DataFacts:
    """Facts of a data set's two parts.

    Attributes:
        classes: names; empty for regression.
        class_counts: training samples of each class; empty for regression.
        features: names of the inputs after preprocessing; empty for pictures.
        means, spreads: of each input over the training part, after preprocessing.
        training, validation: samples of each part.
        shared: validation samples whose inputs occur in the training part too.
    """

    classes: tuple[Text, ...]
    class_counts: NDArray[np.int64]
    features: tuple[Text, ...]
    means: Doubles
    spreads: Doubles
    training: int
    validation: int
    shared: int


_known: WeakKeyDictionary[Prepared, DataFacts] = WeakKeyDictionary()
_lock = Lock()


def facts_of(prepared: Prepared) -> DataFacts:
    """The facts of `prepared`; sessions with the same data share them."""
    with _lock:
        if prepared not in _known:
            _known[prepared] = _gather(prepared)
        return _known[prepared]


def _gather(prepared: Prepared) -> DataFacts:
    dataset = prepared.dataset
    inputs = prepared.training_inputs.reshape(len(prepared.training_inputs), -1)
    counts = np.zeros(0, np.int64)
    if dataset.problem == "classification":
        counts = np.bincount(prepared.training_targets, minlength=len(dataset.classes))
    means = inputs.mean(axis=0, dtype=np.float64)
    return DataFacts(
        dataset.classes,
        counts,
        prepared.features,
        means,
        _spreads(inputs, means),
        len(prepared.training_inputs),
        len(prepared.validation_inputs),
        _shared(prepared.training_inputs, prepared.validation_inputs),
    )


def _spreads(inputs: NDArray[Any], means: Doubles) -> Doubles:
    """Standard deviations, some samples at a time: all at once would need a second data set."""
    total = np.zeros_like(means)
    for start in range(0, len(inputs), AT_A_TIME):
        differences = inputs[start : start + AT_A_TIME] - means
        total += np.einsum("ij,ij->j", differences, differences)
    return np.asarray(np.sqrt(total / len(inputs)))


def _shared(training: NDArray[Any], validation: NDArray[Any]) -> int:
    """How many samples of `validation` occur in `training`, bit for bit."""
    known = {hash(sample.tobytes()) for sample in training}
    suspects = [sample.tobytes() for sample in validation if hash(sample.tobytes()) in known]
    if not suspects:
        return 0
    # Equal hashes may be chance; with a hit at hand the samples themselves are compared.
    exact = {sample.tobytes() for sample in training}
    return sum(sample in exact for sample in suspects)


def constant_loss(loss: Loss, samples: Samples) -> float:
    """Loss of the best answer that doesn't look at the inputs.

    The mean target is the best constant for squared errors; for cross-entropies it is the outputs
    that stand for the shares of the classes. The lowest of these candidates counts.
    """
    step = max(1, len(samples) // MOST_COMPARED)
    targets = samples.targets[::step].astype(np.float64).T
    mean = targets.mean(axis=1, keepdims=True)
    shares = np.clip(mean, 1e-6, 1 - 1e-6)
    candidates = (mean, np.log(shares), np.log(shares / (1 - shares)))
    losses = [
        float(loss.reference(np.broadcast_to(one, targets.shape), targets).mean())
        for one in candidates
    ]
    return min(losses)
