"""A branch around a layer, added back: the idea behind deep residual networks."""

from __future__ import annotations

from engine.activations.tanh import Tanh
from engine.data.preprocessing.features import Features
from engine.data.sources.plane import Spiral
from engine.experiment import Data, Experiment
from engine.graph import Edge, Graph, Node
from engine.layers.dense import Dense
from engine.layers.merge import Add
from engine.layers.ports import Input, Output
from engine.optimizers.adam import Adam
from engine.presets.preset import Preset, Promise
from engine.text import Text

PRESET = Preset(
    name="skip",
    place=100,
    title=Text("Skip connection", "跳跃连接"),
    help=Text(
        "One branch goes through a layer, the other around it; both are added.",
        "一条支路穿过一层，另一条绕过它，最后相加。",
    ),
    experiment=Experiment(
        title="Skip connection",
        data=Data(
            source=Spiral(),
            preprocessing=(Features(features=("x1", "x2", "sin_x1", "sin_x2")),),
        ),
        graph=Graph(
            nodes=(
                Node(name="input", layer=Input()),
                Node(name="hidden1", layer=Dense(units=8, activation=Tanh())),
                Node(name="hidden2", layer=Dense(units=8, activation=Tanh())),
                Node(name="sum", layer=Add()),
                Node(name="answer", layer=Dense(units=1)),
                Node(name="output", layer=Output()),
            ),
            edges=(
                Edge(source="input", target="hidden1"),
                Edge(source="hidden1", target="hidden2"),
                Edge(source="hidden1", target="sum"),
                Edge(source="hidden2", target="sum"),
                Edge(source="sum", target="answer"),
                Edge(source="answer", target="output"),
            ),
        ),
        optimizer=Adam(learning_rate=0.01),
    ),
    steps_per_second=400.0,
    promise=Promise(epochs=120, metric="accuracy", bound=0.93),
)
