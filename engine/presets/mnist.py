"""Real handwritten digits."""

from __future__ import annotations

from engine.activations.relu import ReLU
from engine.data.sources.digits import Mnist
from engine.experiment import Data, Experiment
from engine.initializers import He
from engine.layers.dense import Dense
from engine.layers.shapes import Flatten
from engine.losses.categorical_cross_entropy import CategoricalCrossEntropy
from engine.optimizers.adam import Adam
from engine.presets.preset import Preset, Promise, chain
from engine.text import Text

PRESET = Preset(
    name="mnist",
    place=15,
    title=Text("Handwritten digits", "手写数字"),
    help=Text(
        "8,000 real digits train the network; 2,000 others test it. Then draw one yourself.",
        "8,000 个真实手写数字用来训练，另外 2,000 个用来检验。然后自己写一个试试。",
    ),
    experiment=Experiment(
        title="Handwritten digits",
        data=Data(source=Mnist()),
        graph=chain(
            ("flatten", Flatten()),
            ("hidden1", Dense(units=64, activation=ReLU(), weights=He())),
            ("hidden2", Dense(units=32, activation=ReLU(), weights=He())),
            ("answer", Dense(units=10)),
        ),
        loss=CategoricalCrossEntropy(),
        optimizer=Adam(learning_rate=0.001),
        batch_size=32,
    ),
    steps_per_second=500.0,
    promise=Promise(epochs=6, metric="accuracy", bound=0.94),
)
