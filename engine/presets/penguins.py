"""Three species of penguin from four measures."""

from __future__ import annotations

from engine.activations.relu import ReLU
from engine.data.preprocessing.standardize import Standardize
from engine.data.sources.tables import Penguins
from engine.experiment import Data, Experiment
from engine.losses.categorical_cross_entropy import CategoricalCrossEntropy
from engine.optimizers.adam import Adam
from engine.presets.preset import Preset, Promise, dense_chain
from engine.text import Text

PRESET = Preset(
    name="penguins",
    place=90,
    title=Text("Penguins", "企鹅"),
    help=Text(
        "Bill, flipper and weight tell three species of penguin apart.",
        "凭喙、鳍和体重区分三种企鹅。",
    ),
    experiment=Experiment(
        title="Penguins",
        data=Data(source=Penguins(), preprocessing=(Standardize(),)),
        graph=dense_chain((8,), ReLU(), outputs=3),
        loss=CategoricalCrossEntropy(),
        optimizer=Adam(learning_rate=0.01),
        batch_size=10,
    ),
    steps_per_second=60.0,
    promise=Promise(epochs=100, metric="accuracy", bound=0.95),
)
