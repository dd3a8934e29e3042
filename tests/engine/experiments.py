"""Experiments that several tests train."""

from __future__ import annotations

from collections.abc import Callable

from engine import presets
from engine.activations.tanh import Tanh
from engine.data.sources import Spiral
from engine.experiment import Data, Experiment, Regularization
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.optimizers.adam import Adam
from engine.presets.preset import chain


def with_dropout() -> Experiment:
    """Chance in the network, both penalties, a memory in the optimizer, an odd batch size."""
    return Experiment(
        data=Data(source=Spiral(samples=101)),
        graph=chain(
            ("hidden", Dense(units=9, activation=Tanh())),
            ("drop", Dropout(rate=0.3)),
            ("answer", Dense(units=1)),
        ),
        optimizer=Adam(learning_rate=0.01),
        regularization=Regularization(l1=0.001, l2=0.002),
        batch_size=7,
    )


EXPERIMENTS: dict[str, Callable[[], Experiment]] = {
    "spiral": lambda: presets.load("spiral"),
    "skip": lambda: presets.load("skip"),
    "mnist": lambda: presets.load("mnist"),
    "dropout": with_dropout,
}
