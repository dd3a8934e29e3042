"""Two clouds."""

from __future__ import annotations

from engine.activations.tanh import Tanh
from engine.data.sources.plane import Gaussians
from engine.experiment import Data, Experiment
from engine.losses.binary_cross_entropy import BinaryCrossEntropy
from engine.optimizers.stochastic_gradient_descent import StochasticGradientDescent
from engine.presets.preset import Preset, Promise, dense_chain
from engine.text import Text

PRESET = Preset(
    name="gaussians",
    place=40,
    title=Text("Two clouds", "两团点"),
    help=Text(
        "One neuron draws the line between two clouds.",
        "一个神经元就能在两团点之间画出分界线。",
    ),
    experiment=Experiment(
        title="Two clouds",
        data=Data(source=Gaussians()),
        graph=dense_chain((), Tanh(), outputs=1),
        loss=BinaryCrossEntropy(),
        optimizer=StochasticGradientDescent(learning_rate=0.03),
        batch_size=10,
    ),
    steps_per_second=60.0,
    promise=Promise(epochs=30, metric="accuracy", bound=0.95),
)
