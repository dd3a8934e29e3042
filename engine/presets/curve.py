"""A function of one number."""

from __future__ import annotations

from engine.activations.tanh import Tanh
from engine.data.sources.curves import Sine
from engine.experiment import Data, Experiment
from engine.losses.mean_squared_error import MeanSquaredError
from engine.optimizers.adam import Adam
from engine.presets.preset import Preset, Promise, dense_chain
from engine.text import Text

PRESET = Preset(
    name="curve",
    place=60,
    title=Text("Curve", "曲线"),
    help=Text(
        "The network bends a line until it follows the samples.",
        "网络把一条直线弯曲，直到它贴合样本。",
    ),
    experiment=Experiment(
        title="Curve",
        data=Data(source=Sine()),
        graph=dense_chain((12, 12), Tanh(), outputs=1),
        loss=MeanSquaredError(),
        optimizer=Adam(learning_rate=0.01),
        batch_size=10,
    ),
    steps_per_second=400.0,
    promise=Promise(epochs=600, metric="loss", bound=0.05),
)
