"""Two crescents."""

from __future__ import annotations

from engine.activations.relu import ReLU
from engine.data.sources.plane import Moons
from engine.experiment import Data, Experiment
from engine.losses.binary_cross_entropy import BinaryCrossEntropy
from engine.optimizers.stochastic_gradient_descent import StochasticGradientDescent
from engine.presets.preset import Preset, Promise, dense_chain
from engine.text import Text

PRESET = Preset(
    name="moons",
    place=50,
    title=Text("Moons", "双月"),
    help=Text(
        "Two crescents reach into each other; ReLU bends the border in straight pieces.",
        "两个月牙互相嵌入；ReLU 用直线段拼出弯曲的边界。",
    ),
    experiment=Experiment(
        title="Moons",
        data=Data(source=Moons()),
        graph=dense_chain((8,), ReLU(), outputs=1),
        loss=BinaryCrossEntropy(),
        optimizer=StochasticGradientDescent(learning_rate=0.1),
        batch_size=10,
    ),
    steps_per_second=200.0,
    promise=Promise(epochs=200, metric="accuracy", bound=0.95),
)
