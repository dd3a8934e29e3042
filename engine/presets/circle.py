"""A disc inside a ring."""

from __future__ import annotations

from engine.activations.tanh import Tanh
from engine.data.sources.plane import Circle
from engine.experiment import Data, Experiment
from engine.losses.binary_cross_entropy import BinaryCrossEntropy
from engine.optimizers.stochastic_gradient_descent import StochasticGradientDescent
from engine.presets.preset import Preset, Promise, dense_chain
from engine.text import Text

PRESET = Preset(
    name="circle",
    place=20,
    title=Text("Circle", "圆"),
    help=Text(
        "Four neurons are enough to fence in a disc.",
        "四个神经元就足以围住一个圆盘。",
    ),
    experiment=Experiment(
        title="Circle",
        data=Data(source=Circle()),
        graph=dense_chain((4,), Tanh(), outputs=1),
        loss=BinaryCrossEntropy(),
        optimizer=StochasticGradientDescent(learning_rate=0.1),
        batch_size=10,
    ),
    steps_per_second=200.0,
    promise=Promise(epochs=200, metric="accuracy", bound=0.95),
)
