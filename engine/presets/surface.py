"""A function of two numbers."""

from __future__ import annotations

from engine.activations.tanh import Tanh
from engine.data.sources.surfaces import MultiGaussian
from engine.experiment import Data, Experiment
from engine.losses.mean_squared_error import MeanSquaredError
from engine.optimizers.adam import Adam
from engine.presets.preset import Preset, Promise, dense_chain
from engine.text import Text

PRESET = Preset(
    name="surface",
    place=70,
    title=Text("Surface", "曲面"),
    help=Text(
        "Hills and valleys over the plane, learned from scattered samples.",
        "从散布的样本学习平面上的山丘与山谷。",
    ),
    experiment=Experiment(
        title="Surface",
        data=Data(source=MultiGaussian()),
        graph=dense_chain((12, 12), Tanh(), outputs=1),
        loss=MeanSquaredError(),
        optimizer=Adam(learning_rate=0.01),
        batch_size=10,
    ),
    steps_per_second=400.0,
    promise=Promise(epochs=400, metric="loss", bound=0.05),
)
