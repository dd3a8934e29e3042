"""Three species of iris from four measures."""

from __future__ import annotations

from engine.activations.tanh import Tanh
from engine.data.preprocessing.standardize import Standardize
from engine.data.sources.tables import Iris
from engine.experiment import Data, Experiment
from engine.losses.categorical_cross_entropy import CategoricalCrossEntropy
from engine.optimizers.adam import Adam
from engine.presets.preset import Preset, Promise, dense_chain
from engine.text import Text

PRESET = Preset(
    name="iris",
    place=80,
    title=Text("Iris", "鸢尾花"),
    help=Text(
        "Four measures of a flower tell its species: real data from 1936.",
        "花的四个测量值就能说明它的品种：1936 年的真实数据。",
    ),
    experiment=Experiment(
        title="Iris",
        data=Data(source=Iris(), preprocessing=(Standardize(),)),
        graph=dense_chain((8,), Tanh(), outputs=3),
        loss=CategoricalCrossEntropy(),
        optimizer=Adam(learning_rate=0.01),
        batch_size=10,
    ),
    steps_per_second=60.0,
    promise=Promise(epochs=150, metric="accuracy", bound=0.9),
)
