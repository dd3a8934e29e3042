"""Which units matter: how much worse the network does without each one.

Guarded by tests/engine/test_ablation.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.evaluation import Evaluator, published
from engine.material import Material
from engine.program.executor import run_rows
from engine.program.program import Program, new_state
from engine.session import Session

MOST_SAMPLES = 128
"""Samples that the network is measured on: the first ones of the part."""
MOST_UNITS = 2_000
"""Units of one layer that are tried, the first ones."""


@dataclass(frozen=True)
class Ablation:
    """One unit, cut out.

    Attributes:
        layer, unit: which one.
        loss: of the network without it.
        change: how much higher that is than the loss of the whole network; negative where the
            network does better without the unit.
    """

    layer: str
    unit: int
    loss: float
    change: float


def rank_units(session: Session) -> list[Ablation]:
    """Every unit of every hidden layer, the most important one first.

    Measured on the validation part, or on the training part where there is no other; the session
    isn't touched. A unit is cut out by setting its output to 0 for every sample.
    """
    material = session.material
    samples = material.validation if material.validation is not None else material.training
    evaluator = Evaluator(session.experiment.task, material.plan, samples, MOST_SAMPLES)
    evaluator.published[:] = published(session.program, session.arena)
    network = _Network(evaluator.program, evaluator)
    whole = network.run_all()
    found = [
        Ablation(layer, unit, loss, loss - whole)
        for layer in _hidden_layers(material)
        for unit, loss in network.losses_without(layer)
    ]
    return sorted(found, key=lambda one: -one.change)


def _hidden_layers(material: Material) -> list[str]:
    """Layers whose units are a list and that aren't the network's answer."""
    graph = material.plan.graph
    answer = graph.output_name
    nodes = {node.name: node for node in graph.nodes}
    while nodes[answer].layer.is_view:
        answer = graph.sources[answer][0]
    return [
        node.name
        for node in graph.nodes
        if len(graph.shapes[node.name]) == 1
        and not node.layer.is_view
        and node.name not in (graph.input_name, answer)
    ]


class _Network:
    """An evaluation of one batch that can be taken up after any layer."""

    def __init__(self, program: Program, evaluator: Evaluator) -> None:
        self._program, self._arena = program, evaluator.arena
        self._state = new_state()
        self._count = min(evaluator.count, MOST_SAMPLES)

    def run_all(self) -> float:
        """The loss of the whole network."""
        return self._run(0)

    def _run(self, first: int) -> float:
        program = self._program
        run_rows(self._arena, program.table, self._state, first, len(program.rows))
        return float(self._arena[program.network.report.offset])

    def losses_without(self, layer: str) -> list[tuple[int, float]]:
        """The loss without each unit of a layer. Afterwards everything is as it was."""
        program = self._program
        after = 1 + max(
            number
            for number, row in enumerate(program.rows)
            if (row.layer, row.phase) == (layer, "forward")
        )
        output = program.view(self._arena, program.network.outputs[layer])
        losses = []
        for unit in range(min(len(output), MOST_UNITS)):
            values = output[unit].copy()
            output[unit] = 0
            losses.append((unit, self._run(after)))
            output[unit] = values
        self._run(after)
        return losses
