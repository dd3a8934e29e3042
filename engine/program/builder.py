"""From a resolved graph to rows: allocation, forward, loss, backward, update.

A program is put together from these parts by a task. Guarded by tests/engine/test_program.py and,
for the numbers, tests/engine/test_gradients.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.graph import Node, Resolved
from engine.instructions import Block, Emitter, Plan
from engine.instructions.emitter import accumulate, spaced
from engine.layers import Site
from engine.losses import Loss
from engine.optimizers import Optimizer
from engine.optimizers.optimizer import regularization
from engine.program.gather import gather
from engine.program.program import Network, Program, address, buffer, link
from engine.text import Text

NO_GRADIENT = Text("no gradient through a unit held by hand", "手动固定的单元不传梯度")


@dataclass(frozen=True)
class Samples:
    """What a gather row reads: inputs `(samples, …)` and encoded targets `(samples, outputs)`."""

    inputs: NDArray[Any]
    targets: NDArray[Any]

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass
class _Parts:
    """Blocks by layer while a program grows."""

    parameters: dict[str, Block] = field(default_factory=dict)
    gradients: dict[str, Block] = field(default_factory=dict)
    outputs: dict[str, Block] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)


class Builder:
    """Writes one program for `graph` with batches of `batch` samples.

    Every builder of the same graph places parameters, gradients and the report alike, so that
    observers can copy that range from a training arena into theirs.
    """

    def __init__(self, graph: Resolved, batch: int, dtype: np.dtype[Any], training: bool) -> None:
        self.graph = graph
        self.batch = batch
        self.dtype = dtype
        self.training = training
        self.plan = Plan()
        self.emitter = Emitter(self.plan)
        self._parts = _Parts()
        self._nodes = {node.name: node for node in graph.nodes}
        self._keep: list[NDArray[Any]] = []
        start = self.plan.size
        self._parameter_region = self._place("", self._parts.parameters)
        self._gradient_region = self._place("gradient:", self._parts.gradients)
        self.report = self.plan.allocate("report", (1,))
        self._published = (start, self.plan.size)
        self._prediction: Block | None = None
        self._place_outputs()

    def _place(self, prefix: str, blocks: dict[str, Block]) -> Block:
        """Allocate one block a parameter; returns the stretch that they form."""
        start = self.plan.size
        for node in self.graph.nodes:
            for parameter in node.layer.parameters(self.graph.input_shapes(node.name)):
                key = f"{node.name}.{parameter.name}"
                blocks[key] = self.plan.allocate(prefix + key, parameter.shape)
        return Block(f"{prefix}all", start, (self.plan.size - start,))

    def _place_outputs(self) -> None:
        for node in self.graph.nodes:
            shape = (*self.graph.shapes[node.name], self.batch)
            name = f"{node.name}.output"
            if node.layer.is_view:
                source = self._parts.outputs[self.graph.sources[node.name][0]]
                self._parts.outputs[node.name] = source.viewed(name, shape)
            else:
                self._parts.outputs[node.name] = self.plan.allocate(name, shape)

    def outputs(self, name: str) -> Block:
        """The output block of a layer."""
        return self._parts.outputs[name]

    def gather(self, samples: Samples, shuffled: bool) -> Block:
        """The row that fetches a batch; returns the block of targets."""
        inputs = self.outputs(self.graph.input_name)
        data = (buffer(samples.inputs, self.dtype), buffer(samples.targets, self.dtype))
        self._keep.extend(data)
        width = spaced(inputs.features)
        with self.emitter.during("data", self.graph.input_name):
            targets = self.plan.allocate("targets", (samples.targets.shape[1], self.batch))
            by_sample = self.plan.allocate("inputs_by_sample", (self.batch, width))
            order = self.plan.allocate("order", (len(samples) if shuffled else 1,))
            sizes = (self.batch, inputs.features, width, targets.features, len(samples))
            places = (address(data[0]), address(data[1]), int(shuffled))
            operands = (by_sample, targets, order, *sizes, *places)
            self.emitter.emit(gather, *operands, writes=(by_sample, targets))
            self.emitter.transpose_back(by_sample, inputs)
        return targets

    def forward(self) -> None:
        """Rows of all layers, in order."""
        for node in self.graph.nodes:
            site = Site(
                inputs=tuple(self.outputs(source) for source in self.graph.sources[node.name]),
                output=self.outputs(node.name),
                parameters=self._own(node, self._parts.parameters),
                gradients=self._own(node, self._parts.gradients),
                training=self.training,
                frozen=node.frozen,
            )
            self._parts.sites[node.name] = site
            if not node.layer.is_view:
                with self.emitter.during("forward", node.name):
                    node.layer.emit_forward(self.emitter, site)
                    for clamp in node.clamps:
                        self.emitter.hold(site.output, clamp.unit, clamp.value)

    def _own(self, node: Node, blocks: dict[str, Block]) -> dict[str, Block]:
        names = node.layer.parameters(self.graph.input_shapes(node.name))
        return {one.name: blocks[f"{node.name}.{one.name}"] for one in names}

    def loss(self, loss: Loss, targets: Block) -> None:
        """The loss row; it stores the gradient by the network's output."""
        outputs = self.outputs(self.graph.output_name)
        with self.emitter.during("loss", self.graph.output_name):
            gradient = self._gradient(self._root(self.graph.output_name))
            loss.emit(self.emitter, (outputs, targets, gradient), self.report)

    def prediction(self, loss: Loss) -> None:
        """Rows that turn the network's raw outputs into what a person sees of them."""
        outputs = self.outputs(self.graph.output_name)
        with self.emitter.during("forward", self.graph.output_name):
            self._prediction = loss.emit_link(self.emitter, outputs)

    def backward(self) -> None:
        """Rows of all layers in reverse order: the mirror image of `forward`."""
        learning = self._learning()
        written = {self._root(self.graph.output_name)}
        for node in reversed(self.graph.nodes):
            if node.name in learning and not node.layer.is_view:
                with self.emitter.during("backward", node.name):
                    self._backward_of(node, learning, written)

    def _backward_of(self, node: Node, learning: set[str], written: set[str]) -> None:
        """One layer's rows. The first to reach a gradient stores it, the others add to it."""
        site = self._parts.sites[node.name]
        site.output_gradient = self._gradient(node.name)
        for clamp in node.clamps:
            # Whatever its inputs were, the unit would have given the same.
            self.emitter.hold(site.output_gradient, clamp.unit, 0.0, NO_GRADIENT)
        targets: list[Block | None] = []
        extra: list[tuple[Block, Block]] = []
        for index, source in enumerate(self.graph.sources[node.name]):
            root = self._root(source)
            if root not in learning:
                targets.append(None)
                continue
            gradient, shape = self._gradient(root), self.outputs(source).shape
            if root in written:
                addend = self.emitter.block(f"grad_input_{index}", shape)
                extra.append((addend, gradient))
                targets.append(addend)
            else:
                written.add(root)
                targets.append(gradient.viewed(f"{source}.grad_output", shape))
        site.input_gradients = tuple(targets)
        node.layer.emit_backward(self.emitter, site)
        for addend, total in extra:
            self.emitter.emit(accumulate, addend, total, total.size, writes=(total,))

    def _gradient(self, root: str) -> Block:
        """The gradient by the output of a layer that isn't a view."""
        name = f"{root}.grad_output"
        existing = self.plan.blocks.get(name)
        return existing or self.plan.allocate(name, self.outputs(root).shape)

    def _root(self, name: str) -> str:
        """The layer whose memory `name` shows: itself, unless it is a view."""
        while self._nodes[name].layer.is_view:
            name = self.graph.sources[name][0]
        return name

    def _learning(self) -> set[str]:
        """Layers that learn something, or that stand behind one that does."""
        learning: set[str] = set()
        for node in self.graph.nodes:
            sources = self.graph.sources[node.name]
            learns = self._learns(node)
            if learns or any(source in learning for source in sources):
                learning.add(node.name)
        return learning

    def _learns(self, node: Node) -> bool:
        return not node.frozen and bool(node.layer.parameters(self.graph.input_shapes(node.name)))

    def update(self, optimizer: Optimizer, penalties: tuple[float, float]) -> None:
        """Rows that add the penalties (L1, L2) to the gradients and move the parameters.

        Parameters that lie side by side are one vector to the optimizer; frozen layers part it.
        """
        with self.emitter.during("update"):
            if any(penalties):
                self._penalize(self.emitter.constant(*penalties))
            slots = tuple(
                self.plan.allocate(f"optimizer:{slot}", self._parameter_region.shape)
                for slot in optimizer.slots
            )
            whole = (self._parameter_region, self._gradient_region, *slots)
            for start, size in self._learning_stretches():
                parameters, gradients, *memory = (
                    replace(block, offset=block.offset + start, shape=(size,)) for block in whole
                )
                optimizer.emit(self.emitter, parameters, gradients, tuple(memory))

    def _learning_stretches(self) -> list[tuple[int, int]]:
        """Where parameters that learn lie side by side: offset in their region, and elements."""
        stretches: list[tuple[int, int]] = []
        region = self._parameter_region
        is_parted = True
        for node in self.graph.nodes:
            for block in self._own(node, self._parts.parameters).values():
                start = block.offset - region.offset
                if node.frozen:
                    is_parted = True
                elif is_parted:
                    stretches.append((start, block.size))
                    is_parted = False
                else:
                    first = stretches[-1][0]
                    stretches[-1] = (first, start + block.size - first)
        if len(stretches) == 1 and not any(node.frozen for node in self.graph.nodes):
            return [(0, region.size)]
        return stretches

    def _penalize(self, constants: int) -> None:
        for node in filter(self._learns, self.graph.nodes):
            for parameter in node.layer.parameters(self.graph.input_shapes(node.name)):
                if parameter.regularized:
                    key = f"{node.name}.{parameter.name}"
                    weights, gradient = self._parts.parameters[key], self._parts.gradients[key]
                    operands = (weights, gradient, constants, weights.size)
                    self.emitter.emit(regularization, *operands, writes=(gradient,))

    def finish(self) -> Program:
        """The linked program."""
        rows = tuple(self.emitter.rows)
        network = Network(
            self._parts.parameters,
            self._parts.gradients,
            self._parameter_region,
            self._gradient_region,
            self._parts.outputs,
            self.report,
            self._published,
            self._prediction,
        )
        table = link(rows, self.dtype)
        return Program(rows, table, self.plan, network, self.dtype, tuple(self._keep))
