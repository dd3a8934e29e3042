"""What a preset is, and a short way to write the experiments of presets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from engine.activations import Activation
from engine.experiment import Experiment
from engine.graph import Edge, Graph, Node
from engine.layers import Layer
from engine.layers.dense import Dense
from engine.layers.ports import Input, Output
from engine.text import Text


@dataclass(frozen=True)
class Promise:
    """What a preset reaches, and when: after `epochs`, `metric` of the validation part is within
    `bound`.

    `loss` is promised to be at most `bound`, `accuracy` to be at least `bound`.
    """

    epochs: int
    metric: str
    bound: float


@dataclass(frozen=True)
class Preset:
    """A ready experiment.

    Attributes:
        name: in links and menus.
        place: in the order of the menu.
        title, help: for people.
        experiment: what is run.
        steps_per_second: pace at which it can be watched; `None` is as fast as possible.
        promise: its outcome, which a test trains for.
    """

    name: str
    place: int
    title: Text
    help: Text
    experiment: Experiment
    steps_per_second: float | None
    promise: Promise


def chain(*layers: tuple[str, Layer]) -> Graph:
    """Input → the named layers → output, one after the other."""
    named = [("input", Input()), *layers, ("output", Output())]
    nodes = tuple(Node(name=name, layer=layer) for name, layer in named)
    names = [name for name, _ in named]
    edges = tuple(Edge(source=source, target=target) for source, target in pairwise(names))
    return Graph(nodes=nodes, edges=edges)


def dense_chain(hidden: Sequence[int], activation: Activation, outputs: int) -> Graph:
    """Input → hidden layers of the given sizes → a linear layer → output."""
    layers = [
        (f"hidden{number}", Dense(units=units, activation=activation))
        for number, units in enumerate(hidden, 1)
    ]
    return chain(*layers, ("answer", Dense(units=outputs)))
