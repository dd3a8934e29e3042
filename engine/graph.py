"""A directed acyclic graph of layers: nodes, ports, order and shapes.

Guarded by tests/engine/test_graph.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from math import prod
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from engine.catalog import Strict, union_of
from engine.errors import GraphError
from engine.layers import Layer, Shape
from engine.layers.layer import shown
from engine.layers.ports import Input, Output
from engine.text import Text

if TYPE_CHECKING:
    AnyLayer = Layer
else:
    AnyLayer = union_of(Layer)

NodeName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,39}$")]
MOST_NODES = 200
MOST_EDGES = 800
MOST_UNITS = 16_384
MOST_CLAMPS = 64
"""Units of one layer that can be held, and of a network eight times as many."""


class Position(Strict):
    """Where a person has put a layer on the canvas, in pixels; the engine ignores it."""

    x: float = Field(ge=-1e6, le=1e6)
    y: float = Field(ge=-1e6, le=1e6)


class Clamp(Strict):
    """One unit of a layer, held at a value by hand; with 0 it is as good as cut out."""

    unit: int = Field(ge=0, le=MOST_UNITS)
    value: float = Field(default=0.0, ge=-1e6, le=1e6)


class Node(Strict):
    """A layer with its name, and what a person does to it.

    Attributes:
        frozen: whether its parameters stay as they are.
        clamps: units whose output doesn't follow their inputs, while training and ever after.
    """

    name: NodeName
    layer: AnyLayer
    position: Position | None = None
    frozen: bool = False
    clamps: Annotated[tuple[Clamp, ...], Field(max_length=MOST_CLAMPS)] = ()

    def clamp(self, index: tuple[int, ...]) -> Clamp | None:
        """What holds the unit at `index`, if something does."""
        return next((one for one in self.clamps if index == (one.unit,)), None)


class Edge(Strict):
    """What one layer hands over to another; edges into the same port keep their order."""

    source: NodeName
    target: NodeName
    source_port: str = Field(default="output", max_length=40)
    target_port: str = Field(default="input", max_length=40)


class Graph(Strict):
    """Layers and the edges between them."""

    nodes: Annotated[tuple[Node, ...], Field(min_length=1, max_length=MOST_NODES)]
    edges: Annotated[tuple[Edge, ...], Field(max_length=MOST_EDGES)]

    def resolve(self, input_shape: Shape) -> Resolved:
        """Order of computation and shapes for samples of `input_shape`.

        Raises:
            GraphError: a name used twice, a loose end, an unknown port, a cycle or shapes that
            don't fit.
        """
        nodes = self._named()
        sources = self._sources(nodes)
        order = _order(sources)
        shapes: dict[str, Shape] = {}
        _check_clamp_count(self.nodes)
        for name in order:
            layer = nodes[name].layer
            inputs = [shapes[source] for source in sources[name]] or [input_shape]
            shapes[name] = layer.infer(name, inputs)
            _check_clamps(nodes[name], shapes[name])
        return Resolved(tuple(nodes[name] for name in order), sources, shapes, input_shape)

    def _named(self) -> dict[str, Node]:
        """Nodes by name: unique, with one input and one output."""
        nodes: dict[str, Node] = {}
        for node in self.nodes:
            if node.name in nodes:
                raise _problem(
                    "duplicate_name",
                    node.name,
                    Text(f"Two layers are called “{node.name}”.", f"有两个层都叫“{node.name}”。"),
                    Text("Give one of them another name.", "请给其中一个换个名字。"),
                )
            nodes[node.name] = node
        for kind, words in ((Input, Text("input", "输入")), (Output, Text("output", "输出"))):
            found = [node.name for node in self.nodes if isinstance(node.layer, kind)]
            if len(found) != 1:
                raise _problem(
                    f"one_{words.en}",
                    found[1] if found else words.en,
                    Text(
                        f"A network has exactly one {words.en} layer; this one has {len(found)}.",
                        f"网络必须恰好有一个{words.zh}层；现在有 {len(found)} 个。",
                    ),
                    Text("Add or delete one.", "请添加或删除。"),
                    value=len(found),
                    allowed=1,
                )
        return nodes

    def _sources(self, nodes: Mapping[str, Node]) -> dict[str, tuple[str, ...]]:
        """For every layer the layers that feed it, in the order of its edges."""
        sources: dict[str, list[str]] = {name: [] for name in nodes}
        for edge in self.edges:
            for name in (edge.source, edge.target):
                if name not in nodes:
                    raise _problem(
                        "unknown_layer",
                        name,
                        Text(
                            f"An edge names a layer “{name}” that doesn’t exist.",
                            f"连线指向不存在的层“{name}”。",
                        ),
                        Text("Delete the edge or add the layer.", "请删除连线或添加该层。"),
                        value=f"{edge.source} → {edge.target}",
                        allowed=sorted(nodes),
                    )
            _check_ports(edge, nodes)
            sources[edge.target].append(edge.source)
        for name, node in nodes.items():
            _check_inputs(node, len(sources[name]))
        used = {source for feeding in sources.values() for source in feeding}
        for name, node in nodes.items():
            if name not in used and not isinstance(node.layer, Output):
                raise _problem(
                    "loose_end",
                    name,
                    Text(
                        f"The output of layer “{name}” goes nowhere.",
                        f"层“{name}”的输出没有连到任何地方。",
                    ),
                    Text(
                        "Connect it to another layer or delete it.", "请把它连到另一层，或删除它。"
                    ),
                )
        return {name: tuple(feeding) for name, feeding in sources.items()}


@dataclass(frozen=True)
class Resolved:
    """A graph that can be computed.

    Attributes:
        nodes: in order of computation.
        sources: for every layer the layers that feed it.
        shapes: output shape of every layer, without the batch.
        input_shape: of one sample.
    """

    nodes: tuple[Node, ...]
    sources: Mapping[str, tuple[str, ...]]
    shapes: Mapping[str, Shape]
    input_shape: Shape

    @cached_property
    def input_name(self) -> str:
        """Name of the input layer."""
        return next(node.name for node in self.nodes if isinstance(node.layer, Input))

    @cached_property
    def output_name(self) -> str:
        """Name of the output layer."""
        return next(node.name for node in self.nodes if isinstance(node.layer, Output))

    def input_shapes(self, name: str) -> tuple[Shape, ...]:
        """Shapes that a layer receives."""
        return tuple(self.shapes[source] for source in self.sources[name]) or (self.input_shape,)

    def parameter_count(self, node: Node) -> int:
        """Numbers that a layer learns."""
        shapes = self.input_shapes(node.name)
        return sum(prod(parameter.shape) for parameter in node.layer.parameters(shapes))

    def check_output(self, size: int, reason: Text) -> None:
        """Refuse a network whose answer has another size than the loss needs.

        Raises:
            GraphError: at the layer before the output.
        """
        shape = self.shapes[self.output_name]
        if shape == (size,):
            return
        culprit = self.sources[self.output_name][0]
        raise _problem(
            "output_mismatch",
            culprit,
            Text(
                f"Layer “{culprit}” gives the output {shown(shape)} numbers, but {reason.en}.",
                f"层“{culprit}”给输出的形状是 {shown(shape)}，但{reason.zh}。",
            ),
            Text(
                f"Give the last dense layer {size} unit(s).",
                f"请把最后一个全连接层的单元数设为 {size}。",
            ),
            value=shown(shape),
            allowed=size,
        )


def _order(sources: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Names so that every layer comes after those that feed it."""
    try:
        return tuple(TopologicalSorter(sources).static_order())
    except CycleError as error:
        circle = list(error.args[1])
        raise _problem(
            "cycle",
            circle[0],
            Text(
                f"The layers {' → '.join(circle)} form a circle.",
                f"这些层首尾相连成了环：{' → '.join(circle)}。",
            ),
            Text("Delete one of the edges between them.", "请删除其中一条连线。"),
            value=" → ".join(circle),
        ) from None


def _check_ports(edge: Edge, nodes: Mapping[str, Node]) -> None:
    ends = (
        (edge.source, edge.source_port, nodes[edge.source].layer.output_ports),
        (edge.target, edge.target_port, nodes[edge.target].layer.input_ports),
    )
    for name, port, ports in ends:
        if port not in ports:
            raise _problem(
                "unknown_port",
                name,
                Text(
                    f"Layer “{name}” has no port “{port}” for this edge.",
                    f"层“{name}”没有可用于这条连线的端口“{port}”。",
                ),
                Text("Connect the edge to another port or layer.", "请把连线接到别的端口或层。"),
                value=port,
                allowed=list(ports) or "none",
            )


def _check_inputs(node: Node, count: int) -> None:
    layer = node.layer
    if isinstance(layer, Input) or count == 1 or (layer.variadic and count > 1):
        return
    if count == 0:
        raise _problem(
            "missing_input",
            node.name,
            Text(
                f"Nothing is connected to layer “{node.name}”.",
                f"没有任何输入连到层“{node.name}”。",
            ),
            Text("Draw an edge into it or delete it.", "请画一条连线到它，或删除它。"),
        )
    raise _problem(
        "too_many_inputs",
        node.name,
        Text(
            f"Layer “{node.name}” takes one input but has {count}.",
            f"层“{node.name}”只接受一个输入，现在有 {count} 个。",
        ),
        Text(
            "Bring the branches together with Add or Concatenate first.",
            "请先用“相加”或“拼接”合并各分支。",
        ),
        value=count,
        allowed=1,
    )


def _check_clamp_count(nodes: Sequence[Node]) -> None:
    count = sum(len(node.clamps) for node in nodes)
    if count > 8 * MOST_CLAMPS:
        raise _problem(
            "too_many_clamps",
            next(node.name for node in nodes if node.clamps),
            Text("Too many units are held by hand.", "手动固定的单元太多。"),
            Text("Release some of them.", "请取消一些。"),
            value=count,
            allowed=f"≤ {8 * MOST_CLAMPS}",
        )


def _check_clamps(node: Node, shape: Shape) -> None:
    """Units can be held one by one where a layer is a list of them that it computes itself."""
    if not node.clamps:
        return
    holds = len(shape) == 1 and not node.layer.is_view
    units = [clamp.unit for clamp in node.clamps]
    wrong = [unit for unit in units if not holds or unit >= shape[0]]
    if wrong:
        raise _problem(
            "wrong_clamp",
            node.name,
            Text(
                f"Layer “{node.name}” has no unit {wrong[0] + 1} that could be held.",
                f"层“{node.name}”没有可以固定的单元 {wrong[0] + 1}。",
            ),
            Text("Hold one of its units, or release this one.", "请固定它已有的单元，或取消固定。"),
            value=wrong[0],
            allowed=f"0 … {shape[0] - 1}" if holds else "none",
        )
    if len(set(units)) < len(units):
        raise _problem(
            "clamped_twice",
            node.name,
            Text(
                f"A unit of layer “{node.name}” is held twice.",
                f"层“{node.name}”的同一个单元被固定了两次。",
            ),
            Text("Release it once.", "请取消其中一次。"),
        )


def _problem(
    code: str, name: str, message: Text, hint: Text, *, value: object = None, allowed: object = None
) -> GraphError:
    """An error at layer `name`."""
    return GraphError(code, f"graph.nodes.{name}", message, hint, value=value, allowed=allowed)
