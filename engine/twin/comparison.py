"""How far two networks are apart: weights, activations, predictions and losses.

Everything is double precision; differences are always the second one minus the first one.
Guarded by tests/engine/test_twin_comparison.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.layers.ports import Input
from engine.session import Part, Session
from engine.text import Text
from engine.twin.onlooker import Array, Onlooker

ONLY_HERE = Text("the twin has no such layer", "孪生网络没有这一层")
ONLY_THERE = Text("only the twin has this layer", "只有孪生网络有这一层")


@dataclass(frozen=True)
class Distance:
    """How far an array b is from an array a of the same shape.

    Attributes:
        size: ‖a‖₂.
        norm: ‖b − a‖₂.
        relative: ‖b − a‖₂ / ‖a‖₂; 0 where both are 0, infinite where only a is.
        largest: the number of b − a that is farthest from 0, with its sign.
        index: where that stands.
    """

    size: float
    norm: float
    relative: float
    largest: float
    index: tuple[int, ...]


@dataclass(frozen=True)
class ParameterDistance:
    """One parameter of a layer, such as its weights."""

    parameter: str
    shape: tuple[int, ...]
    distance: Distance


@dataclass(frozen=True)
class LayerDistance:
    """A layer that both networks have in the same shape.

    `activation` is `None` where both see other data.
    """

    layer: str
    shape: tuple[int, ...]
    parameters: tuple[ParameterDistance, ...]
    activation: Distance | None


@dataclass(frozen=True)
class Unlike:
    """A layer that has no counterpart of the same shape, and why."""

    layer: str
    reason: Text


@dataclass(frozen=True)
class Measure:
    """How well one of both does: `batch_loss` is NaN before the first step, `accuracy` is `None`
    for regression.
    """

    batch_loss: float
    loss: float
    accuracy: float | None


@dataclass(frozen=True)
class Comparison:
    """What sets two networks apart at one moment.

    Attributes:
        layers: in order of computation.
        unlike: layers that aren't compared.
        part: of the data, on which both are measured.
        samples: how many of them; 0 where both see other data.
        differing: how many of those are judged differently; `None` for regression or other data.
        mine, twin: how well each does.
        prediction: for the sample that is looked at, of both: a number for every class, or values;
            `None` where they can't be set side by side.
    """

    layers: tuple[LayerDistance, ...]
    unlike: tuple[Unlike, ...]
    part: Part
    samples: int
    differing: int | None
    mine: Measure
    twin: Measure
    prediction: tuple[Array, Array] | None


def distance(a: NDArray[Any], b: NDArray[Any]) -> Distance:
    """How far `b` is from `a`; numbers that aren't finite stay what they are."""
    with np.errstate(all="ignore"):
        first = np.asarray(a, np.float64)
        difference = np.asarray(b, np.float64) - first
        size, norm = _norm(first), _norm(difference)
        place = np.unravel_index(int(np.abs(difference).argmax()), difference.shape)
        relative = norm / size if size else (inf if norm else 0.0)
    index = tuple(int(number) for number in place)
    return Distance(size, norm, relative, float(difference[index]), index)


def _norm(values: Array) -> float:
    """√(Σ v²); without the linear algebra library, which wakes its threads."""
    return float(np.sqrt(np.square(values).sum()))


def sees_the_same(a: Session, b: Session) -> bool:
    """Whether a sample of one is the same sample of the other."""
    same_seed = a.experiment.seeds.data == b.experiment.seeds.data
    return same_seed and a.experiment.data == b.experiment.data


def compare(mine: Onlooker, twin: Onlooker, inputs: NDArray[Any]) -> Comparison:
    """What sets the twin apart.

    Args:
        mine: eyes on the first session, which stands still meanwhile.
        twin: eyes on the other one.
        inputs: the sample that is looked at, preprocessed, `(1, *shape)`.
    """
    a, b = mine.session, twin.session
    is_same_data = sees_the_same(a, b)
    here = mine.activations(inputs) if is_same_data else {}
    there = twin.activations(inputs) if is_same_data else {}
    alike, unlike = match_layers(a, b)
    answers, others = mine.answers(), twin.answers()
    differing = None
    if is_same_data and mine.classifies:
        differing = int((mine.chosen(answers) != twin.chosen(others)).sum())
    return Comparison(
        tuple(_layer_distance(a, b, layer, here, there) for layer in alike),
        unlike,
        mine.part,
        answers.shape[1] if is_same_data else 0,
        differing,
        _measure(mine, answers),
        _measure(twin, others),
        predictions(mine, twin, here, there) if is_same_data else None,
    )


def _measure(eyes: Onlooker, answers: Array) -> Measure:
    # Before the first step there was no batch.
    batch_loss = eyes.session.loss if eyes.session.step else nan
    return Measure(batch_loss, eyes.loss(answers), eyes.accuracy(answers))


def predictions(
    mine: Onlooker, twin: Onlooker, here: dict[str, Array], there: dict[str, Array]
) -> tuple[Array, Array] | None:
    """Both predictions for one sample out of all activations; `None` if they don't pair up."""
    one = mine.shares(here[mine.session.material.plan.graph.output_name].ravel())
    other = twin.shares(there[twin.session.material.plan.graph.output_name].ravel())
    return (one, other) if one.shape == other.shape else None


def match_layers(a: Session, b: Session) -> tuple[list[str], tuple[Unlike, ...]]:
    """Layers that both have in the same shape, without the input; and all others."""
    here, there = _shapes(a), _shapes(b)
    alike, unlike = [], []
    for name, shapes in here.items():
        if name not in there:
            unlike.append(Unlike(name, ONLY_HERE))
        elif there[name] != shapes:
            unlike.append(Unlike(name, _other_shape(shapes, there[name])))
        else:
            alike.append(name)
    unlike += [Unlike(name, ONLY_THERE) for name in there if name not in here]
    return alike, tuple(unlike)


def _other_shape(mine: tuple[Any, ...], other: tuple[Any, ...]) -> Text:
    shapes = [" · ".join("×".join(map(str, shape)) for _, shape in each) for each in (mine, other)]
    return Text(
        f"other shape: {shapes[0]} here, {shapes[1]} in the twin",
        f"形状不同：这里是 {shapes[0]}，孪生网络是 {shapes[1]}",
    )


def _shapes(session: Session) -> dict[str, tuple[tuple[str, tuple[int, ...]], ...]]:
    """The shape of every layer's output and of its parameters, by layer."""
    graph = session.material.plan.graph
    return {
        node.name: (
            ("", graph.shapes[node.name]),
            *((name, block.shape) for name, block in parameters_of(session, node.name).items()),
        )
        for node in graph.nodes
        if not isinstance(node.layer, Input)
    }


def parameters_of(session: Session, layer: str) -> dict[str, Any]:
    """The blocks of a layer's parameters by name, such as `weights`."""
    start = f"{layer}."
    blocks = session.program.network.parameters
    return {key.removeprefix(start): blocks[key] for key in blocks if key.startswith(start)}


def _layer_distance(
    a: Session, b: Session, layer: str, here: dict[str, Array], there: dict[str, Array]
) -> LayerDistance:
    parameters = tuple(
        ParameterDistance(
            name,
            block.shape,
            distance(
                a.program.view(a.arena, block),
                b.program.view(b.arena, parameters_of(b, layer)[name]),
            ),
        )
        for name, block in parameters_of(a, layer).items()
    )
    activation = distance(here[layer], there[layer]) if layer in here else None
    shape = a.material.plan.graph.shapes[layer]
    return LayerDistance(layer, shape, parameters, activation)
