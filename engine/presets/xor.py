"""The pattern that one neuron can't learn."""

from __future__ import annotations

from engine.activations.tanh import Tanh
from engine.data.sources.plane import ExclusiveOr
from engine.experiment import Data, Experiment
from engine.losses.binary_cross_entropy import BinaryCrossEntropy
from engine.optimizers.stochastic_gradient_descent import StochasticGradientDescent
from engine.presets.preset import Preset, Promise, dense_chain
from engine.text import Text

PRESET = Preset(
    name="xor",
    place=30,
    title=Text("Exclusive or", "异或"),
    help=Text(
        "No straight line separates these classes; one hidden layer does.",
        "没有直线能分开这两类；一个隐藏层就可以。",
    ),
    experiment=Experiment(
        title="Exclusive or",
        data=Data(source=ExclusiveOr()),
        graph=dense_chain((4,), Tanh(), outputs=1),
        loss=BinaryCrossEntropy(),
        optimizer=StochasticGradientDescent(learning_rate=0.1),
        batch_size=10,
    ),
    steps_per_second=200.0,
    promise=Promise(epochs=300, metric="accuracy", bound=0.93),
)
