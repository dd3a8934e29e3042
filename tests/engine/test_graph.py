"""Order and shapes of any graph that can be computed, and the reason why another can't."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import GraphError
from engine.graph import MOST_EDGES, MOST_NODES, Edge, Graph, Node, Resolved
from engine.layers import Layer
from engine.layers.activation import ActivationLayer
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.merge import Add, Concatenate
from engine.layers.ports import Input, Output
from engine.layers.shapes import Flatten, Reshape
from engine.presets.preset import chain
from engine.text import Text
from tests.engine.harness import graph_of

Pairs = list[tuple[str, str]]


def resolve(layers: dict[str, Layer], edges: Pairs, shape: tuple[int, ...] = (2,)) -> Resolved:
    ends: list[tuple[str, Layer]] = [("input", Input()), ("output", Output())]
    return graph_of([*ends, *layers.items()], edges).resolve(shape)


def refusal(layers: dict[str, Layer], edges: Pairs, shape: tuple[int, ...] = (2,)) -> GraphError:
    with pytest.raises(GraphError) as caught:
        resolve(layers, edges, shape)
    assert caught.value.message.zh
    assert caught.value.hint.zh
    return caught.value


CHAIN: Pairs = [("input", "a"), ("a", "output")]


def test_a_branching_network_is_put_in_order_with_its_shapes() -> None:
    layers: dict[str, Layer] = {
        "join": Concatenate(),
        "answer": Dense(units=3),
        "left": Dense(units=4),
        "right": Dense(units=5),
        "bend": ActivationLayer(),
    }
    edges: Pairs = [
        ("answer", "output"),
        ("join", "answer"),
        ("left", "bend"),
        ("bend", "join"),
        ("right", "join"),
        ("input", "left"),
        ("input", "right"),
    ]
    resolved = resolve(layers, edges)
    order = [node.name for node in resolved.nodes]
    assert all(order.index(source) < order.index(target) for source, target in edges)
    assert resolved.shapes == {
        "input": (2,),
        "left": (4,),
        "right": (5,),
        "bend": (4,),
        "join": (9,),
        "answer": (3,),
        "output": (3,),
    }
    assert resolved.sources["join"] == ("bend", "right"), "in the order of the edges"
    assert (resolved.input_name, resolved.output_name) == ("input", "output")
    counts = {node.name: resolved.parameter_count(node) for node in resolved.nodes}
    assert counts["answer"] == 9 * 3 + 3
    assert counts["join"] == counts["input"] == 0


@pytest.mark.parametrize(
    ("layers", "edges", "code", "where", "said"),
    [
        ({}, [("input", "ghost"), ("input", "output")], "unknown_layer", "ghost", "“ghost”"),
        ({"a": Dense()}, [("input", "output")], "missing_input", "a", "Nothing is connected"),
        (
            {"a": Dense()},
            [("input", "a"), ("input", "output")],
            "loose_end",
            "a",
            "“a” goes nowhere",
        ),
        (
            {"a": Dense(), "b": Dense()},
            [("input", "a"), ("input", "b"), ("a", "output"), ("b", "output")],
            "too_many_inputs",
            "output",
            "takes one input but has 2",
        ),
        (
            {"a": Dense(), "b": Dense()},
            [("input", "a"), ("b", "a"), ("a", "b"), ("a", "output")],
            "too_many_inputs",
            "a",
            "takes one input but has 2",
        ),
        (
            {"a": Add(), "b": Dense(units=2)},
            [("input", "a"), ("b", "a"), ("a", "b"), ("a", "output")],
            "cycle",
            "",
            "form a circle",
        ),
        ({"a": Add()}, [("input", "a"), ("a", "a"), ("a", "output")], "cycle", "a", "a → a"),
        (
            {"a": Add()},
            [("input", "a"), ("output", "a"), ("a", "output")],
            "unknown_port",
            "output",
            "has no port “output”",
        ),
        (
            {"a": Add()},
            [*CHAIN, ("a", "input")],
            "unknown_port",
            "input",
            "has no port “input”",
        ),
    ],
)
def test_a_graph_that_cannot_be_computed_names_the_layer_and_the_reason(
    layers: dict[str, Layer], edges: Pairs, code: str, where: str, said: str
) -> None:
    error = refusal(layers, edges)
    assert error.code == code
    assert error.where.startswith(f"graph.nodes.{where}")
    assert said in error.message.en


def test_a_circle_lists_its_layers_in_the_direction_of_the_edges() -> None:
    layers: dict[str, Layer] = {"a": Add(), "b": Dense(units=2), "c": Dense(units=2)}
    edges: Pairs = [("input", "a"), ("a", "b"), ("b", "c"), ("c", "a"), ("a", "output")]
    error = refusal(layers, edges)
    circle = str(error.value).split(" → ")
    assert circle[0] == circle[-1]
    assert all(step in edges for step in pairwise(circle))
    assert error.where == f"graph.nodes.{circle[0]}"


def test_names_are_unique() -> None:
    nodes = [("input", Input()), ("a", Dense()), ("a", Dense()), ("output", Output())]
    with pytest.raises(GraphError) as caught:
        graph_of(nodes, CHAIN).resolve((2,))
    assert (caught.value.code, caught.value.where) == ("duplicate_name", "graph.nodes.a")


@pytest.mark.parametrize(
    ("names", "code", "count"),
    [
        (["input", "second", "output"], "one_input", "2"),
        (["output"], "one_input", "0"),
        (["input"], "one_output", "0"),
    ],
)
def test_there_is_exactly_one_input_and_one_output(names: list[str], code: str, count: str) -> None:
    kinds: dict[str, Layer] = {"input": Input(), "second": Input(), "output": Output()}
    with pytest.raises(GraphError) as caught:
        graph_of([(name, kinds[name]) for name in names], []).resolve((2,))
    assert (caught.value.code, caught.value.value, caught.value.allowed) == (code, count, "1")


def test_an_unknown_port_lists_those_that_exist() -> None:
    nodes = tuple(
        Node(name=name, layer=layer)
        for name, layer in (("input", Input()), ("a", Dense()), ("output", Output()))
    )
    edges = (
        Edge(source="input", target="a", target_port="gate"),
        Edge(source="a", target="output"),
    )
    with pytest.raises(GraphError) as caught:
        Graph(nodes=nodes, edges=edges).resolve((2,))
    assert caught.value.where == "graph.nodes.a"
    assert (caught.value.value, caught.value.allowed) == ("gate", "input")


@pytest.mark.parametrize(
    ("layer", "shape", "met", "fits"),
    [
        (Dense(), (28, 28), "28 × 28", "flat list"),
        (Reshape(shape=(3, 2)), (5,), "5", "6 numbers for shape 3 × 2"),
    ],
)
def test_a_shape_that_does_not_fit_is_shown_with_what_would(
    layer: Layer, shape: tuple[int, ...], met: str, fits: str
) -> None:
    error = refusal({"a": layer}, CHAIN, shape)
    assert (error.code, error.where) == ("shape_mismatch", "graph.nodes.a")
    assert error.value == met
    assert fits in str(error.allowed)
    assert "“a”" in error.message.en
    assert "“a”" in error.message.zh


@pytest.mark.parametrize(
    ("layer", "fits"), [(Add(), "inputs of one shape"), (Concatenate(), "first size only")]
)
def test_branches_that_do_not_fit_together_show_all_shapes(layer: Layer, fits: str) -> None:
    layers: dict[str, Layer] = {
        "left": Dense(units=6),
        "right": Reshape(shape=(2, 1)),
        "join": layer,
    }
    edges: Pairs = [
        ("input", "left"),
        ("input", "right"),
        ("left", "join"),
        ("right", "join"),
        ("join", "output"),
    ]
    error = refusal(layers, edges)
    assert error.where == "graph.nodes.join"
    assert error.value == "6, 2 × 1"
    assert fits in str(error.allowed)


def test_an_answer_of_another_size_is_refused_at_the_last_layer() -> None:
    resolved = resolve({"a": Dense(units=4)}, CHAIN)
    resolved.check_output(4, Text("it must be", "应当如此"))
    with pytest.raises(GraphError) as caught:
        resolved.check_output(3, Text("there are 3 classes", "共有 3 类"))
    error = caught.value
    assert (error.code, error.where) == ("output_mismatch", "graph.nodes.a")
    assert (error.value, error.allowed) == ("4", "3")
    assert "there are 3 classes" in error.message.en
    assert "共有 3 类" in error.message.zh


def test_documents_are_bounded() -> None:
    node = {"name": "a", "layer": {"kind": "input"}}
    edge = {"source": "a", "target": "a"}
    with pytest.raises(ValueError, match="nodes"):
        Graph.model_validate({"nodes": [node] * (MOST_NODES + 1), "edges": []})
    with pytest.raises(ValueError, match="edges"):
        Graph.model_validate({"nodes": [node], "edges": [edge] * (MOST_EDGES + 1)})
    with pytest.raises(ValueError, match="shape"):
        Reshape(shape=(1,) * 70)


def test_a_chain_as_long_as_allowed_is_resolved() -> None:
    layers = [(f"layer{number}", Dropout()) for number in range(MOST_NODES - 2)]
    resolved = chain(*layers).resolve((3,))
    assert [node.name for node in resolved.nodes[1:-1]] == [name for name, _ in layers]


KINDS = st.sampled_from(
    [
        Dense(units=2),
        Dense(units=3),
        Dropout(),
        ActivationLayer(),
        Add(),
        Concatenate(),
        Flatten(),
        Reshape(shape=(2, 1)),
        Input(),
        Output(),
    ]
)
NAMES = st.sampled_from(["input", "output", "a", "b", "c", "d", "e"])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.dictionaries(st.sampled_from(["a", "b", "c", "d", "e"]), KINDS, max_size=5),
    st.lists(st.tuples(NAMES, NAMES), max_size=9),
)
def test_any_edges_give_a_valid_order_or_a_graph_error(
    layers: dict[str, Layer], edges: Pairs
) -> None:
    try:
        resolved = resolve(layers, edges)
    except GraphError as error:
        assert error.where.startswith("graph.nodes.")
        return
    order = [node.name for node in resolved.nodes]
    assert sorted(order) == sorted([*layers, "input", "output"])
    assert all(order.index(source) < order.index(target) for source, target in edges)
    for node in resolved.nodes:
        shapes = resolved.input_shapes(node.name)
        assert resolved.shapes[node.name] == node.layer.infer(node.name, shapes)
