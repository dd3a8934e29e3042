"""What one session may cost, and how a larger wish is refused."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from engine.errors import LimitError
from engine.experiment import Experiment
from engine.limits import Limits
from engine.presets import load
from engine.session import Session
from engine.text import Text


def test_a_limit_names_itself_the_value_and_what_is_allowed() -> None:
    limits = Limits(units=10)
    limits.check("units", 10, "graph.nodes.a", Text("units", "个单元"))
    with pytest.raises(LimitError) as caught:
        limits.check("units", 1_000_000, "graph.nodes.a", Text("units", "个单元"))
    error = caught.value
    assert (error.code, error.where) == ("limit.units", "graph.nodes.a")
    assert (error.value, error.allowed) == ("1000000", "≤ 10")
    assert error.message.en == "This needs 1,000,000 units; the limit is 10."
    assert error.message.zh == "这需要 1,000,000 个单元；上限是 10。"


@pytest.mark.parametrize(
    ("limits", "where"),
    [
        (Limits(units=3), "graph.nodes.hidden1.layer.units"),
        (Limits(parameters=100), "graph"),
        (Limits(samples=499), "data.source"),
        (Limits(arena_bytes=1000), "graph"),
    ],
)
def test_a_session_keeps_every_limit(limits: Limits, where: str) -> None:
    with pytest.raises(LimitError) as caught:
        Session(load("spiral"), limits=limits)
    assert caught.value.where == where


def test_a_network_far_too_large_is_refused_before_any_memory_is_taken() -> None:
    document: dict[str, Any] = load("spiral").model_dump(mode="json")
    layers = [
        {"name": f"layer{number}", "layer": {"kind": "dense", "units": 16384}}
        for number in range(100)
    ]
    names = ["input", *(layer["name"] for layer in layers), "answer", "output"]
    ends = [{"name": name, "layer": {"kind": name}} for name in ("input", "output")]
    answer = {"name": "answer", "layer": {"kind": "dense", "units": 1}}
    edges = [{"source": a, "target": b} for a, b in pairwise(names)]
    document["graph"] = {"nodes": [*ends, answer, *layers], "edges": edges}
    with pytest.raises(LimitError) as caught:
        Session(Experiment.model_validate(document))
    assert caught.value.code == "limit.parameters"
    assert int(str(caught.value.value)) > 2e10


def test_what_is_within_the_limits_is_built() -> None:
    free = Session(load("spiral"))
    count = sum(layer.parameters for layer in free.layout)
    units = max(layer.shape[0] for layer in free.layout)
    samples = len(free.prepared.dataset.inputs)
    limits = Limits(units=units, parameters=count, samples=samples)
    session = Session(load("spiral"), limits=limits)
    assert session.run(steps=1) == 1
