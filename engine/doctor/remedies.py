"""Changed experiments that findings propose. Guarded by tests/engine/test_doctor.py.

Documents are immutable: every function returns a new one, validated as one from outside is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import floor, log10

from engine.data.preprocessing import Standardize
from engine.doctor.check import Remedy
from engine.experiment import LARGEST_SEED, Experiment
from engine.graph import Edge, Node
from engine.layers import Layer
from engine.text import Text

LOWEST_RATE, HIGHEST_RATE = 1e-8, 100.0
MOST_STEPS = 8
"""Preprocessing steps that a document may have."""


def lower_rate(experiment: Experiment, factor: float = 0.1) -> Remedy | None:
    """A learning rate about `factor` times the present one; `None` if it can't be lower."""
    return _with_rate(experiment, factor)


def higher_rate(experiment: Experiment, factor: float) -> Remedy | None:
    """A learning rate about `factor` times the present one; `None` if it can't be higher."""
    return _with_rate(experiment, factor)


def _with_rate(experiment: Experiment, factor: float) -> Remedy | None:
    present = getattr(experiment.optimizer, "learning_rate", None)
    if not isinstance(present, float):
        return None
    rate = min(HIGHEST_RATE, max(LOWEST_RATE, rounded(present * factor)))
    if rate == present:
        return None
    optimizer = experiment.optimizer.model_copy(update={"learning_rate": rate})
    label = Text(f"Try a rate of {rate:g}", f"试试学习率 {rate:g}")
    return Remedy(label, valid(experiment.model_copy(update={"optimizer": optimizer})))


def rounded(number: float) -> float:
    """The nearest of … 0.01, 0.03, 0.1, 0.3, 1 … as people choose rates."""
    whole = floor(log10(number))
    rest = log10(number) - whole
    nearest = (1.0, 3.0, 10.0)[(rest > 0.25) + (rest > 0.75)]
    return float(f"{nearest * 10.0**whole:.1g}")


def standardized(experiment: Experiment) -> Remedy | None:
    """One more preprocessing step at the end; `None` where there is no room for it."""
    steps = experiment.data.preprocessing
    if len(steps) >= MOST_STEPS:
        return None
    data = experiment.data.model_copy(update={"preprocessing": (*steps, Standardize())})
    label = Text("Standardize the inputs", "把输入标准化")
    return Remedy(label, valid(experiment.model_copy(update={"data": data})))


def with_layers(
    experiment: Experiment,
    names: Iterable[str],
    change: Callable[[Layer], Layer],
    *,
    anew: bool = False,
) -> Experiment:
    """`experiment` with some layers changed.

    Args:
        experiment: the present one.
        names: of the layers concerned.
        change: makes the new layer from the old one.
        anew: whether training begins again, with another weights seed; a network whose weights are
            ill would otherwise keep them.
    """
    chosen = set(names)
    nodes = tuple(
        node.model_copy(update={"layer": change(node.layer)}) if node.name in chosen else node
        for node in experiment.graph.nodes
    )
    graph = experiment.graph.model_copy(update={"nodes": nodes})
    changed = experiment.model_copy(update={"graph": graph})
    return valid(begun_anew(changed) if anew else changed)


def begun_anew(experiment: Experiment) -> Experiment:
    """The same with the next weights seed: a session starts it from new weights."""
    seed = (experiment.seeds.weights + 1) % (LARGEST_SEED + 1)
    seeds = experiment.seeds.model_copy(update={"weights": seed})
    return experiment.model_copy(update={"seeds": seeds})


def with_layer_before(experiment: Experiment, name: str, layer: Layer) -> Experiment:
    """`experiment` with one more layer in front of the layer `name`, which has one input."""
    taken = {node.name for node in experiment.graph.nodes}
    new = next(
        free for number in range(1, len(taken) + 2) if (free := f"hidden{number}") not in taken
    )
    edges: list[Edge] = []
    for edge in experiment.graph.edges:
        if edge.target == name:
            edges.append(edge.model_copy(update={"target": new, "target_port": "input"}))
            edges.append(edge.model_copy(update={"source": new, "source_port": "output"}))
        else:
            edges.append(edge)
    nodes = (*experiment.graph.nodes, Node(name=new, layer=layer))
    graph = experiment.graph.model_copy(update={"nodes": nodes, "edges": tuple(edges)})
    return valid(experiment.model_copy(update={"graph": graph}))


def valid(experiment: Experiment) -> Experiment:
    """The document as it would be read from outside: copies with updates are not checked.

    Raises:
        ValidationError: a field is outside its bounds.
    """
    return Experiment.model_validate(experiment.model_dump())
