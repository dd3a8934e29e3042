"""Units that are copies of each other. Guarded by tests/engine/test_doctor_network.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal

from engine.doctor.check import Check, Finding, Remedy
from engine.doctor.evidence import Evidence
from engine.doctor.remedies import with_layers
from engine.initializers import Xavier
from engine.text import Text


class SymmetricWeights(Check):
    """Hidden units with the same weights: they get the same gradients and stay the same."""

    kind: Literal["symmetric_weights"] = "symmetric_weights"
    title = Text("Identical units", "相同的单元")
    help = Text(
        "Units that begin with the same weights get the same gradient in every step and never "
        "become different: a whole layer works like a single unit. Chance breaks the symmetry.",
        "以相同权重开始的单元每一步得到的梯度都相同，永远不会变得不同：整层就像一个单元。"
        "随机的初始值可以打破对称。",
    )

    def examine(self, evidence: Evidence) -> Iterator[Finding]:
        """One finding a layer with identical units.

        The layer that gives the answer is left out: its units have targets of their own. Before
        the first step equal weights prove nothing, as different units behind them may break the
        symmetry.
        """
        if evidence.step < 1:
            return
        for key in evidence.weights():
            layer = key.partition(".")[0]
            weights = evidence.parameters[key]
            if layer == evidence.inputs_of_output or len(weights) < 2:
                continue
            twins = _largest_group([row.tobytes() for row in weights])
            if twins < 2:
                continue
            yield Finding(
                self.kind,
                "serious" if twins == len(weights) else "warning",
                layer,
                f"graph.nodes.{layer}.layer.weights",
                _message(layer, twins, len(weights)),
                _remedy(evidence, layer),
            )


def _largest_group(rows: list[bytes]) -> int:
    return Counter(rows).most_common(1)[0][1]


def _message(layer: str, twins: int, units: int) -> Text:
    return Text(
        f"In layer “{layer}” {twins} of {units} units have exactly the same weights after training "
        "began. They get the same gradients, so they will stay the same.",
        f"训练开始后，层“{layer}”的 {units} 个单元中有 {twins} 个的权重仍完全相同。"
        "它们得到的梯度相同，所以会一直相同。",
    )


def _remedy(evidence: Evidence, layer: str) -> Remedy | None:
    """Random weights, in every hidden layer that begins with none."""
    experiment = with_layers(
        evidence.experiment,
        [node.name for node in evidence.graph.nodes if _begins_equal(node.layer, node.name, layer)],
        lambda old: old.model_copy(update={"weights": Xavier()}),
        anew=True,
    )
    return Remedy(Text("Begin anew with random weights", "用随机权重重新开始"), experiment)


def _begins_equal(layer: object, name: str, ill: str) -> bool:
    """Whether this is the ill layer, or another one whose weights begin all equal."""
    initializer = getattr(layer, "weights", None)
    return initializer is not None and (name == ill or initializer.spread(1, 1) == 0)
