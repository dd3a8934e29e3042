"""Two arms wound around each other: the first thing a visitor sees."""

from __future__ import annotations

from engine.activations.tanh import Tanh
from engine.data.preprocessing.features import Features
from engine.data.sources.plane import Spiral
from engine.experiment import Data, Experiment
from engine.losses.binary_cross_entropy import BinaryCrossEntropy
from engine.optimizers.stochastic_gradient_descent import StochasticGradientDescent
from engine.presets.preset import Preset, Promise, dense_chain
from engine.text import Text

PRESET = Preset(
    name="spiral",
    place=10,
    title=Text("Spiral", "螺旋"),
    help=Text(
        "Two hidden layers learn to tell two spiral arms apart. Watch the neurons find curves.",
        "两个隐藏层学习区分两条螺旋臂。看神经元如何找到曲线。",
    ),
    experiment=Experiment(
        title="Spiral",
        data=Data(
            source=Spiral(),
            preprocessing=(Features(features=("x1", "x2", "sin_x1", "sin_x2")),),
        ),
        graph=dense_chain((8, 8), Tanh(), outputs=1),
        loss=BinaryCrossEntropy(),
        optimizer=StochasticGradientDescent(learning_rate=0.1),
        batch_size=10,
    ),
    steps_per_second=200.0,
    promise=Promise(epochs=160, metric="accuracy", bound=0.95),
)
