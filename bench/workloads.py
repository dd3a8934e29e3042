"""The four networks whose training step is compared, from a playground's to a wide one.

A *full step* is the same for everybody: the next batch of an order that is shuffled anew each
epoch, forward, loss, backward, update.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine import Experiment, Session
from engine.activations import Activation
from engine.activations.relu import ReLU
from engine.activations.tanh import Tanh
from engine.data.sources.digits import Mnist
from engine.data.sources.plane import Spiral
from engine.experiment import Data
from engine.initializers import He
from engine.layers import Layer
from engine.layers.dense import Dense
from engine.layers.shapes import Flatten
from engine.losses import BinaryCrossEntropy, Loss
from engine.losses.categorical_cross_entropy import CategoricalCrossEntropy
from engine.optimizers import Optimizer, StochasticGradientDescent
from engine.optimizers.adam import Adam
from engine.presets.preset import chain

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Workload:
    """One network with its data, as a peer needs to know it.

    Attributes:
        name: for the command line.
        title: what it is.
        sizes: features, hidden units …, outputs.
        activation: of the hidden layers, `tanh` or `relu`; the output's logits are linear.
        optimizer: `sgd` or `adam`.
        learning_rate, batch: as in the experiment.
    """

    name: str
    title: str
    sizes: tuple[int, ...]
    activation: str
    optimizer: str
    learning_rate: float
    batch: int

    @cached_property
    def experiment(self) -> Experiment:
        """The same in Neurarium's words."""
        pictures = self.sizes[0] == 784
        activation: Activation = Tanh() if self.activation == "tanh" else ReLU()
        layers: list[tuple[str, Layer]] = [("flatten", Flatten())] if pictures else []
        layers += [
            (f"hidden{number}", Dense(units=units, activation=activation, weights=He()))
            for number, units in enumerate(self.sizes[1:-1], 1)
        ]
        layers.append(("answer", Dense(units=self.sizes[-1])))
        loss: Loss = CategoricalCrossEntropy() if pictures else BinaryCrossEntropy()
        return Experiment(
            title=self.title,
            data=Data(source=Mnist() if pictures else Spiral()),
            graph=chain(*layers),
            loss=loss,
            optimizer=self._optimizer(),
            batch_size=self.batch,
        )

    def _optimizer(self) -> Optimizer:
        if self.optimizer == "adam":
            return Adam(learning_rate=self.learning_rate)
        return StochasticGradientDescent(learning_rate=self.learning_rate)

    def session(self) -> Session:
        """A session of its own, at step 0."""
        return Session(self.experiment)

    def samples(self) -> tuple[Floats, Floats]:
        """Training inputs `(samples, features)` and targets `(samples, outputs)` of 0 and 1."""
        training = self.session().material.training
        inputs = np.array(training.inputs, np.float32).reshape(len(training), -1)
        return inputs, np.array(training.targets, np.float32)

    @property
    def operations(self) -> int:
        """Floating-point operations of one step's matrix products; a multiply-add is two.

        Forward and by the weights all layers; by the inputs all but the first, which nobody needs.
        """
        pairs = zip(self.sizes, self.sizes[1:], strict=False)
        products = [features * units for features, units in pairs]
        return 2 * self.batch * (3 * sum(products) - products[0])


WORKLOADS = (
    Workload("tiny", "2-8-8-1 tanh, batch 10, SGD", (2, 8, 8, 1), "tanh", "sgd", 0.03, 10),
    Workload("small", "2-64-64-1, batch 32, Adam", (2, 64, 64, 1), "relu", "adam", 0.001, 32),
    Workload("digits", "784-128-10, batch 32, Adam", (784, 128, 10), "relu", "adam", 0.001, 32),
    Workload(
        "wide", "784-512-512-10, batch 64, Adam", (784, 512, 512, 10), "relu", "adam", 0.001, 64
    ),
)
BY_NAME = {workload.name: workload for workload in WORKLOADS}
