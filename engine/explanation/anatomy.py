"""Where every number of a scene lies, who made it and who used it.

Guarded by tests/engine/test_explanation.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from engine.arithmetic.live import Flow, Index, Live, index_at, place_of, unit_called
from engine.arithmetic.quantity import Kind, Quantity
from engine.explanation.listing import title_of
from engine.explanation.refusals import (
    no_gradient,
    no_sample,
    no_sum,
    not_computed_yet,
    not_in_program,
    unknown_layer,
    unknown_parameter,
    wrong_index,
    wrong_sample,
)
from engine.explanation.scene import Scene
from engine.graph import Node
from engine.instructions import Block
from engine.text import Text


class Anatomy:
    """A scene, taken apart."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.program = scene.program
        self.network = scene.program.network
        self.blocks = scene.program.plan.blocks
        self.graph = scene.material.plan.graph
        self.loss = scene.material.plan.loss
        self._nodes = {node.name: node for node in self.graph.nodes}

    # --- layers --------------------------------------------------------------------------------

    def node(self, name: str) -> Node:
        """A layer by name."""
        if name not in self._nodes:
            raise unknown_layer(name, list(self._nodes))
        return self._nodes[name]

    def root(self, name: str) -> str:
        """The layer whose memory `name` shows: itself, unless it is a view."""
        while self._nodes[name].layer.is_view:
            name = self.graph.sources[name][0]
        return name

    def consumers(self, root: str) -> Iterator[tuple[Node, int]]:
        """Layers that read a memory, directly or through views, each with its input's number."""
        for node in self.graph.nodes:
            if not node.layer.is_view:
                for port, source in enumerate(self.graph.sources[node.name]):
                    if self.root(source) == root:
                        yield node, port

    def call(self, layer: str, index: Index) -> Text:
        """What people call a unit: a feature's name, a pixel's place, a number."""
        root = self.root(layer)
        if root != self.graph.input_name or not index:
            return unit_called(layer, index)
        shape = self.graph.shapes[root]
        if root != layer:
            index = index_at(place_of(index, self.graph.shapes[layer]), shape)
        features = self.scene.material.prepared.features
        if len(shape) == 1 and len(features) == shape[0]:
            return features[index[0]]
        return unit_called(root, index)

    # --- blocks --------------------------------------------------------------------------------

    def view(self, block: Block) -> NDArray[Any]:
        """A block as it stands now."""
        return self.program.view(self.scene.now, block)

    def batch(self) -> int:
        """Samples a step."""
        return self.network.outputs[self.graph.input_name].batch

    def block(self, quantity: Quantity) -> Block:
        """Where a number lies; views have blocks of their shape.

        Raises:
            NeurariumError: there is no such number.
        """
        kind, layer = quantity.kind, quantity.layer
        if kind == "loss":
            if self.row_of(self.network.report) < 0:
                raise not_in_program(quantity)
            one = self.blocks[f"{self.graph.output_name}.losses"]
            return self.network.report if quantity.sample is None else one
        self.node(layer)
        if kind in ("parameter", "parameter_gradient"):
            return self._parameter_block(quantity)
        if kind == "output":
            return self.network.outputs[layer]
        if kind == "output_gradient":
            return self._gradient_block(quantity)
        return self._sum_block(quantity)

    def _parameter_block(self, quantity: Quantity) -> Block:
        key = f"{quantity.layer}.{quantity.parameter}"
        if key not in self.network.parameters:
            known = [parts[1] for parts in self._parameters() if parts[0] == quantity.layer]
            raise unknown_parameter(quantity.layer, quantity.parameter, known)
        if quantity.kind == "parameter":
            return self.network.parameters[key]
        block = self.network.gradients[key]
        if self.row_of(block) < 0:
            raise not_in_program(quantity)
        return block

    def _parameters(self) -> list[list[str]]:
        return [key.split(".") for key in self.network.parameters]

    def _gradient_block(self, quantity: Quantity) -> Block:
        block = self.blocks.get(f"{self.root(quantity.layer)}.grad_output")
        if block is None:
            known = [
                name for name in self._nodes if f"{self.root(name)}.grad_output" in self.blocks
            ]
            raise no_gradient(quantity.layer, known) if known else not_in_program(quantity)
        output = self.network.outputs[quantity.layer]
        return block.viewed(f"{quantity.layer}.grad_output", output.shape)

    def _sum_block(self, quantity: Quantity) -> Block:
        names = self._nodes[quantity.layer].layer.sum_blocks()
        if names is None:
            known = [name for name, node in self._nodes.items() if node.layer.sum_blocks()]
            raise no_sum(quantity.layer, known)
        name = names[0] if quantity.kind == "sum" else names[1]
        block = self.blocks.get(f"{quantity.layer}.{name}")
        if block is None:
            raise not_in_program(quantity)
        return block

    def place(self, quantity: Quantity) -> tuple[Block, Index]:
        """The block of a number and the index in it.

        Raises:
            NeurariumError: there is no such number.
        """
        block = self.block(quantity)
        if quantity.kind in ("parameter", "parameter_gradient"):
            self._check_index(quantity, block.shape)
            if quantity.sample is not None:
                raise no_sample(quantity)
            return block, quantity.index
        if quantity.kind == "loss" and quantity.sample is None:
            return block, (0,)
        if quantity.kind != "loss":
            self._check_index(quantity, block.shape[:-1])
        if quantity.sample is None or not 0 <= quantity.sample < block.batch:
            raise wrong_sample(quantity, block.batch)
        index = () if quantity.kind == "loss" else quantity.index
        return block, (*index, quantity.sample)

    def _check_index(self, quantity: Quantity, shape: Index) -> None:
        index = quantity.index
        if len(index) != len(shape) or not all(
            0 <= place < size for place, size in zip(index, shape, strict=True)
        ):
            raise wrong_index(quantity, shape)

    def value(self, quantity: Quantity) -> float:
        """A number as the arena holds it."""
        block, index = self.place(quantity)
        return float(self.view(block)[index])

    # --- rows ----------------------------------------------------------------------------------

    def row_of(self, block: Block) -> int:
        """The last row that writes into a block; −1 without one."""
        start, end = block.offset, block.offset + block.size
        for number in range(len(self.program.rows) - 1, -1, -1):
            for written in self.program.rows[number].writes:
                if written.offset < end and start < written.offset + written.size:
                    return number
        return -1

    def done_row(self, quantity: Quantity, block: Block) -> int:
        """The row that computed a block.

        Raises:
            NeurariumError: `not_computed_yet`.
        """
        row = self.row_of(block)
        if row >= self.scene.rows:
            where = quantity.layer or self.graph.output_name
            title = title_of(self.program.rows[row])
            raise not_computed_yet(where, title, row, self.scene.rows)
        return row

    # --- what layers read ----------------------------------------------------------------------

    def flow(self, layer: str, kind: Kind, block: Block) -> Flow:
        """Numbers of a layer."""
        return Flow(layer, kind, self.view(block), lambda index: self.call(layer, index))

    def output(self, layer: str) -> Flow:
        """A layer's outputs."""
        return self.flow(layer, "output", self.network.outputs[layer])

    def live(self, name: str) -> Live:
        """Everything around one layer."""
        node = self._nodes[name]
        gradient = self.blocks.get(f"{name}.grad_output")
        flows: dict[Kind, Flow] = {}
        kinds: tuple[Kind, Kind] = ("sum", "sum_gradient")
        for kind, local in zip(kinds, node.layer.sum_blocks() or (), strict=False):
            block = self.blocks.get(f"{name}.{local}")
            if block is not None:
                flows[kind] = self.flow(name, kind, block)
        return Live(
            name,
            tuple(self.output(source) for source in self.graph.sources[name]),
            self.output(name),
            self.flow(name, "output_gradient", gradient) if gradient else None,
            {
                parts[1]: self.program.view(
                    self.scene.before, self.network.parameters[".".join(parts)]
                )
                for parts in self._parameters()
                if parts[0] == name
            },
            flows,
            lambda local: self._own(f"{name}.{local}"),
        )

    def _own(self, name: str) -> NDArray[Any] | None:
        block = self.blocks.get(name)
        return None if block is None else self.view(block)
