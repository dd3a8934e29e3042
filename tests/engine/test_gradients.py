"""Backpropagation through whole networks: finite differences on random graphs, through every loss.

The graphs branch, skip, share layers between several consumers and look at the same memory through
views; every parameter's gradient is compared.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.activations import Activation
from engine.graph import Graph
from engine.layers import Layer, Shape
from engine.layers.activation import ActivationLayer
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.merge import Add, Concatenate
from engine.layers.ports import Input, Output
from engine.layers.shapes import Flatten, Reshape
from engine.losses import Loss
from engine.optimizers.optimizer import regularization
from engine.program.builder import Samples
from tests.engine.harness import (
    Bench,
    Trainer,
    assert_same_slopes,
    graph_of,
    random_samples,
    slopes,
    some_places,
)
from tests.engine.walk import members_of, problems_for, variants

ACTIVATIONS = [member() for _, member in sorted(Activation.registry.items())]
SMOOTH = [one for one in ACTIVATIONS if one.kind not in ("relu", "leaky_relu")]
"""Without a kink that a finite difference could straddle."""
DIVISIONS = {4: (2, 2), 6: (2, 3), 8: (2, 2, 2), 9: (3, 3)}


class Growth:
    """Grows a random graph, one layer at a time; every layer may feed several others."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.layers: list[tuple[str, Layer]] = [("input", Input())]
        self.edges: list[tuple[str, str]] = []
        self.shapes: dict[str, Shape] = {"input": (3,)}

    def add(self, layer: Layer, *sources: str) -> str:
        name = f"layer{len(self.layers)}"
        self.shapes[name] = layer.infer(name, [self.shapes[source] for source in sources])
        self.layers.append((name, layer))
        self.edges.extend((source, name) for source in sources)
        return name

    def pick(self, *, flat: bool = False) -> str:
        """A layer that exists; an input with more than one axis goes through a view for `flat`."""
        name = str(self.draw(st.sampled_from(list(self.shapes))))
        if flat and len(self.shapes[name]) > 1:
            return self.add(Flatten(), name)
        return name

    def grow(self) -> None:
        choice = self.draw(st.sampled_from(["dense", "bend", "drop", "view", "add", "join"]))
        if choice == "dense":
            units = self.draw(st.sampled_from([1, 3, 4, 6]))
            activation = self.draw(st.sampled_from(ACTIVATIONS))
            self.add(Dense(units=units, activation=activation), self.pick(flat=True))
        elif choice == "bend":
            self.add(ActivationLayer(activation=self.draw(st.sampled_from(SMOOTH))), self.pick())
        elif choice == "drop":
            self.add(Dropout(rate=0.3), self.pick())
        elif choice == "view":
            source = self.pick(flat=True)
            size = self.shapes[source][0]
            self.add(Reshape(shape=DIVISIONS.get(size, (size, 1))), source)
        elif choice == "add":
            source = self.pick()
            same = [name for name, shape in self.shapes.items() if shape == self.shapes[source]]
            others = self.draw(st.lists(st.sampled_from(same), min_size=1, max_size=3))
            self.add(Add(), source, *others)
        else:
            sources = [self.pick(flat=True) for _ in range(self.draw(st.integers(1, 3)))]
            self.add(Concatenate(), *sources)

    def finish(self, outputs: int) -> Graph:
        """Bring all loose ends together and answer with `outputs` numbers."""
        used = {source for source, _ in self.edges}
        loose = [name for name in list(self.shapes) if name not in used]
        flat = [
            name if len(self.shapes[name]) == 1 else self.add(Flatten(), name) for name in loose
        ]
        joined = self.add(Concatenate(), *flat) if len(flat) > 1 else flat[0]
        answer = self.add(Dense(units=outputs), joined)
        self.add(Output(), answer)
        return graph_of(self.layers, self.edges)


@st.composite
def graphs(draw: Any, outputs: int = 2) -> Graph:
    growth = Growth(draw)
    for _ in range(draw(st.integers(1, 9))):
        growth.grow()
    return growth.finish(outputs)


def assert_gradients(trainer: Trainer, most: int = 30) -> None:
    """Every parameter's gradient (or a random choice of them) is the slope of the loss."""
    trainer.draw(seed=11)
    trainer.measure()
    network = trainer.program.network
    distance = network.gradient_region.offset - network.parameter_region.offset
    everywhere = list(trainer.places())
    chosen = some_places(len(everywhere), most, np.random.default_rng(12))
    places = [everywhere[index] for index in chosen]
    computed = trainer.arena[[place + distance for place in places]]
    assert_same_slopes(computed, slopes(trainer.measure, trainer.arena, places))


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(graphs(), st.sampled_from([1, 5, 9]))
def test_gradients_of_random_networks_are_the_slopes_of_the_loss(graph: Graph, batch: int) -> None:
    assert_gradients(Trainer(graph, random_samples((3,), 2, batch)))


def skipping(outputs: int) -> Graph:
    """One layer with three consumers: a view, a layer and a sum."""
    return graph_of(
        [
            ("input", Input()),
            ("shared", Dense(units=4, activation=Activation.registry["tanh"]())),
            ("picture", Reshape(shape=(2, 2))),
            ("bend", ActivationLayer(activation=Activation.registry["sigmoid"]())),
            ("flat", Flatten()),
            ("around", Dense(units=4)),
            ("sum", Add()),
            ("answer", Dense(units=outputs)),
            ("output", Output()),
        ],
        [
            ("input", "shared"),
            ("shared", "picture"),
            ("picture", "bend"),
            ("bend", "flat"),
            ("shared", "around"),
            ("flat", "sum"),
            ("around", "sum"),
            ("shared", "sum"),
            ("sum", "answer"),
            ("answer", "output"),
        ],
    )


@pytest.mark.parametrize("member", members_of(Loss))
def test_gradients_through_every_loss(member: type[Loss]) -> None:
    for loss in variants(member):
        for dataset in problems_for(loss, 9):
            targets = loss.encode(dataset, dataset.targets)
            samples = Samples(dataset.inputs, targets)
            assert_gradients(Trainer(skipping(targets.shape[1]), samples, loss), most=60)


def test_gradients_when_a_view_has_several_consumers_and_shares_its_source() -> None:
    graph = graph_of(
        [
            ("input", Input()),
            ("hidden", Dense(units=4, activation=Activation.registry["sigmoid"]())),
            ("picture", Reshape(shape=(2, 2))),
            ("flat", Flatten()),
            ("again", Flatten()),
            ("twice", Add()),
            ("one", Dense(units=3)),
            ("two", Dense(units=3)),
            ("sum", Add()),
            ("answer", Dense(units=2)),
            ("output", Output()),
        ],
        [
            ("input", "hidden"),
            ("hidden", "picture"),
            ("picture", "flat"),
            ("picture", "again"),
            ("flat", "twice"),
            ("again", "twice"),
            ("hidden", "twice"),
            ("flat", "one"),
            ("twice", "two"),
            ("one", "sum"),
            ("two", "sum"),
            ("sum", "answer"),
            ("answer", "output"),
        ],
    )
    assert_gradients(Trainer(graph, random_samples((3,), 2, 6)), most=200)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_penalties_add_their_own_slope(dtype: str) -> None:
    """λ₁ Σ|w| + λ₂/2 Σw² has the slope λ₁ sign w + λ₂ w; at zero there is none."""
    bench = Bench(dtype)
    weights = bench.place("weights", np.array([[1.5, -2.0, 0.0], [1e-3, -1e-3, 3.0]]))
    gradients = bench.place("gradients", np.ones((2, 3)))
    constants = bench.emitter.constant(0.1, 0.25)
    bench.emitter.emit(regularization, weights, gradients, constants, weights.size)
    bench.load()
    bench.run()
    w = bench.read(weights)
    np.testing.assert_allclose(bench.read(gradients), 1 + 0.25 * w + 0.1 * np.sign(w), rtol=1e-6)
