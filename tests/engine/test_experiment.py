"""The document of a run: it survives every round trip, and every mistake in it is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import presets
from engine.errors import NeurariumError
from engine.experiment import LARGEST_DOCUMENT, read
from engine.limits import Limits
from engine.session import Session
from engine.text import Text

Document = dict[str, Any]


def document() -> Document:
    example: Document = presets.load("spiral").model_dump(mode="json")
    return example


def with_change(change: Callable[[Document], Any]) -> str:
    changed = document()
    change(changed)
    return json.dumps(changed)


def refused(text: str) -> NeurariumError:
    with pytest.raises(NeurariumError) as caught:
        Session(read(text))
    error = caught.value
    assert isinstance(error.message, Text)
    assert isinstance(error.hint, Text)
    json.dumps(error.as_json())
    return error


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_survives_the_round_trip(name: str) -> None:
    experiment = presets.load(name)
    text = experiment.model_dump_json()
    assert read(text) == experiment
    assert read(text.encode()) == experiment
    assert read(text).model_dump_json() == text
    assert hash(read(text)) == hash(experiment)
    assert len(text) < LARGEST_DOCUMENT


def test_a_document_may_leave_out_everything_with_a_default() -> None:
    graph = document()["graph"]
    experiment = read(json.dumps({"graph": graph}))
    assert experiment.batch_size == 10
    assert experiment.seeds.model_dump() == {"data": 1, "weights": 1, "batches": 1}
    assert experiment.optimizer.model_dump()["kind"] == "sgd"
    assert Session(experiment).run(steps=2) == 2


def set_units(changed: Document, units: Any) -> None:
    layers = [node["layer"] for node in changed["graph"]["nodes"]]
    next(layer for layer in layers if layer["kind"] == "dense")["units"] = units


MISTAKES: list[tuple[Callable[[Document], Any], str, str, str, str]] = [
    (lambda e: e["optimizer"].update(learning_rate=float("nan")), "finite_number",
     "experiment.optimizer.sgd.learning_rate", "nan", "finite"),
    (lambda e: e["optimizer"].update(learning_rate=-1), "greater_than",
     "experiment.optimizer.sgd.learning_rate", "-1", "> 0"),
    (lambda e: e["optimizer"].update(learning_rate=1e9), "less_than_equal",
     "experiment.optimizer.sgd.learning_rate", "1000000000", "≤ 100"),
    (lambda e: e["optimizer"].update(kind="magic"), "union_tag_invalid",
     "experiment.optimizer", "magic", "'adam'"),
    (lambda e: e["optimizer"].pop("kind"), "union_tag_not_found",
     "experiment.optimizer", "learning_rate", "kind"),
    (lambda e: set_units(e, 1_000_000), "less_than_equal",
     "experiment.graph.nodes.1.layer.dense.units", "1000000", "≤ 16384"),
    (lambda e: set_units(e, 0), "greater_than_equal",
     "experiment.graph.nodes.1.layer.dense.units", "0", "≥ 1"),
    (lambda e: set_units(e, 2.5), "int_from_float",
     "experiment.graph.nodes.1.layer.dense.units", "2.5", "integer"),
    (lambda e: set_units(e, "many"), "int_parsing",
     "experiment.graph.nodes.1.layer.dense.units", "many", "integer"),
    (lambda e: set_units(e, None), "int_type",
     "experiment.graph.nodes.1.layer.dense.units", "None", "integer"),
    (lambda e: e.update(batch_size=5000), "less_than_equal",
     "experiment.batch_size", "5000", "≤ 4096"),
    (lambda e: e.update(batch_size=0), "greater_than_equal", "experiment.batch_size", "0", "≥ 1"),
    (lambda e: e.update(speed=3), "extra_forbidden", "experiment.speed", "3", "known fields"),
    (lambda e: e.pop("graph"), "missing", "experiment.graph", "None", "a value"),
    (lambda e: e.update(graph=None), "model_type", "experiment.graph", "None", "object"),
    (lambda e: e["graph"].update(nodes=[]), "too_short", "experiment.graph.nodes", "", "≥ 1"),
    (lambda e: e["graph"].update(nodes=e["graph"]["nodes"] * 60), "too_long",
     "experiment.graph.nodes", "input", "≤ 200"),
    (lambda e: e["graph"]["nodes"][0].update(name="1st layer"), "string_pattern_mismatch",
     "experiment.graph.nodes.0.name", "1st layer", "A-Z"),
    (lambda e: e["graph"]["nodes"][0]["layer"].update(kind="teapot"), "union_tag_invalid",
     "experiment.graph.nodes.0.layer", "teapot", "'dense'"),
    (lambda e: e["graph"]["nodes"][0].update(position={"x": 1e300, "y": 0}), "less_than_equal",
     "experiment.graph.nodes.0.position.x", "1e+300", "≤ 1000000"),
    (lambda e: e["seeds"].update(weights=-1), "greater_than_equal",
     "experiment.seeds.weights", "-1", "≥ 0"),
    (lambda e: e["seeds"].update(data=2**32), "less_than_equal",
     "experiment.seeds.data", "4294967296", "≤ 4294967295"),
    (lambda e: e["data"].update(validation_share=1), "less_than_equal",
     "experiment.data.validation_share", "1", "≤ 0.9"),
    (lambda e: e["data"].update(source={"kind": "oracle"}), "union_tag_invalid",
     "experiment.data.source", "oracle", "'spiral'"),
    (lambda e: e["regularization"].update(l2="strong"), "float_parsing",
     "experiment.regularization.l2", "strong", "number"),
    (lambda e: e.update(version=2), "literal_error", "experiment.version", "2", "1"),
    (lambda e: e.update(title="x" * 200), "string_too_long", "experiment.title", "xxx", "≤ 120"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "code", "where", "value", "allowed"), MISTAKES)
def test_every_mistake_is_named_with_its_value_and_what_is_allowed(
    change: Callable[[Document], Any], code: str, where: str, value: str, allowed: str
) -> None:
    error = refused(with_change(change))
    assert error.code == f"invalid.{code}"
    assert error.where == where
    assert value in str(error.value)
    assert allowed in str(error.allowed)


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "3", '"text"', "\x00", "{" * 5000, "﻿{}"])
def test_what_is_no_document_is_refused(text: str) -> None:
    assert refused(text).code.startswith("invalid.")
    assert refused(text).where.startswith("experiment")


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(NeurariumError) as caught:
        read(b"\xff\xfe{}")
    assert caught.value.code == "invalid.json_invalid"


def test_a_network_that_does_not_fit_the_data_is_refused_at_its_layer() -> None:
    error = refused(with_change(lambda e: e["graph"]["nodes"][-2]["layer"].update(units=3)))
    assert error.code == "output_mismatch"
    assert error.where == "graph.nodes.answer"
    assert (error.value, error.allowed) == ("3", "1")


def test_a_loss_that_does_not_fit_the_data_is_refused() -> None:
    change = {"data": {"source": {"kind": "sine"}}}
    error = refused(json.dumps(document() | change))
    assert (error.code, error.where) == ("loss_mismatch", "loss")
    assert error.value == "binary_cross_entropy"
    assert error.allowed == "mean_squared_error"


# --- any JSON whatsoever ------------------------------------------------------------------------

WORDS = ["kind", "dense", "input", "nodes", "edges", "graph", "layer", "units", "output", "name"]
NUMBERS = st.integers(-(2**70), 2**70) | st.floats()
SCALARS = st.none() | st.booleans() | NUMBERS | st.text(max_size=8) | st.sampled_from(WORDS)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
SMALL = Limits(parameters=50_000, units=500, samples=2000, arena_bytes=20_000_000)


def accept_or_refuse(text: str) -> None:
    """A session trains, or there is one error of the one family; anything else fails the test."""
    try:
        Session(read(text), limits=SMALL).run(steps=1)
    except NeurariumError as error:
        assert error.where
        assert error.message.en
        assert error.message.zh
        json.dumps(error.as_json())


@settings(max_examples=150, deadline=None, derandomize=True)
@given(ANYTHING)
def test_any_json_is_a_network_or_a_refusal(value: Any) -> None:
    accept_or_refuse(json.dumps(value))


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something can be replaced in a document."""
    found = [path] if path else []
    children: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    for key, child in children:
        found.extend(paths(child, (*path, key)))
    return found


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.data())
def test_a_good_document_with_something_replaced_is_a_network_or_a_refusal(data: Any) -> None:
    changed = document()
    for _ in range(data.draw(st.integers(1, 2))):
        *way, last = data.draw(st.sampled_from(paths(changed)))
        place = changed
        for key in way:
            place = place[key]
        old = place[last]
        nearby = [0, 1, 2, -1, 8, 1e-9, 0.5, 100, "input", "output", "relu", "answer", [], {}]
        place[last] = data.draw(st.sampled_from(nearby) | ANYTHING | st.just(old))
    accept_or_refuse(json.dumps(changed))
