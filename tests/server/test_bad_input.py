"""Whatever comes in: one error shape, nothing crashes, nobody is disturbed, nothing is lost."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.server.page import Page
from tests.server.running import RunningServer

Change = dict[str, Any]


@pytest.fixture(scope="module")
def bystander(server: RunningServer) -> Iterator[Page]:
    """Somebody whose network trains all the while."""
    with server.page() as page:
        page.hello(preset="gaussians")
        page.subscribe("bias", rate=20)
        assert page.command("play") is None
        yield page


@pytest.fixture
def editor(server: RunningServer, bystander: Page) -> Iterator[Page]:
    """A page with a trained network, which has to survive; so has the bystander's."""
    with server.page() as page:
        page.hello(preset="spiral")
        assert page.command("step", count=50) is None
        before = bystander.wait_for_frame()[0].step
        yield page
        assert page.command("step", count=1) is None
        assert page.wait_for("status", status="paused", step=51)
        # Fresh news from the bystander's network: more steps than before.
        assert bystander.wait_for_frame(before + 1)[0].step > before


def document_of(page: Page) -> dict[str, Any]:
    experiment: dict[str, Any] = copy.deepcopy(page.wait_for("experiment")["experiment"])
    page.seen.insert(0, {"type": "experiment", "experiment": copy.deepcopy(experiment)})
    return experiment


def node(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(node for node in document["graph"]["nodes"] if node["name"] == name)


def unknown_layer(document: dict[str, Any]) -> None:
    node(document, "hidden1")["layer"] = {"kind": "telepathy"}


def cycle(document: dict[str, Any]) -> None:
    document["graph"]["edges"].append({"source": "hidden2", "target": "hidden1"})


def edge_to_nowhere(document: dict[str, Any]) -> None:
    document["graph"]["edges"][0]["target"] = "nowhere"


def wrong_output_size(document: dict[str, Any]) -> None:
    node(document, "answer")["layer"]["units"] = 3


def shapes_that_do_not_add_up(document: dict[str, Any]) -> None:
    document["graph"]["nodes"].append({"name": "sum", "layer": {"kind": "add"}})
    node(document, "hidden2")["layer"]["units"] = 5
    document["graph"]["edges"] = [
        {"source": "input", "target": "hidden1"},
        {"source": "hidden1", "target": "hidden2"},
        {"source": "hidden1", "target": "sum"},
        {"source": "hidden2", "target": "sum"},
        {"source": "sum", "target": "answer"},
        {"source": "answer", "target": "output"},
    ]


def million_neurons(document: dict[str, Any]) -> None:
    node(document, "hidden1")["layer"]["units"] = 1_000_000


def too_many_parameters(document: dict[str, Any]) -> None:
    node(document, "hidden1")["layer"]["units"] = 10_000
    node(document, "hidden2")["layer"]["units"] = 10_000


def learning_rate_nan(document: dict[str, Any]) -> None:
    document["optimizer"]["learning_rate"] = float("nan")


def learning_rate_infinite(document: dict[str, Any]) -> None:
    document["optimizer"]["learning_rate"] = float("inf")


def unknown_field(document: dict[str, Any]) -> None:
    document["optimizer"]["momentum_of_inertia"] = 1


def no_layers(document: dict[str, Any]) -> None:
    document["graph"] = {"nodes": [], "edges": []}


def text_for_number(document: dict[str, Any]) -> None:
    document["batch_size"] = "many"


@pytest.mark.parametrize(
    ("break_it", "where", "told"),
    [
        (unknown_layer, "hidden1|graph.nodes.1.layer", "telepathy"),
        (cycle, "hidden", "hidden"),
        (edge_to_nowhere, "nowhere|edges|hidden1|input", "nowhere"),
        (wrong_output_size, "answer|output", "1"),
        (shapes_that_do_not_add_up, "sum", "5"),
        (million_neurons, "units", "1000000|1,000,000"),
        (too_many_parameters, "graph", "100"),
        (learning_rate_nan, "learning_rate", "nan"),
        (learning_rate_infinite, "learning_rate", "inf"),
        (unknown_field, "momentum_of_inertia", ""),
        (no_layers, "graph", ""),
        (text_for_number, "batch_size", "many"),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_wrong_experiment_is_explained_and_the_last_good_one_goes_on(
    editor: Page, break_it: Any, where: str, told: str
) -> None:
    document = document_of(editor)
    break_it(document)
    problem = editor.command("edit", experiment=document)
    assert problem is not None
    assert problem["code"] and set(problem) == {
        "code",
        "where",
        "message",
        "hint",
        "value",
        "allowed",
    }
    assert any(part in problem["where"] for part in where.split("|")), problem
    assert any(part in json.dumps(problem) for part in told.split("|")), problem
    for words in (problem["message"], problem["hint"]):
        assert words["en"] and words["zh"]


def test_wrong_experiment_is_refused_at_the_door_too(server: RunningServer, editor: Page) -> None:
    document = document_of(editor)
    million_neurons(document)
    with server.page() as page:
        page.send(type="hello", protocol=1, experiment=document)
        message = page.problem()
        assert message["fatal"] is True
        assert "units" in message["problem"]["where"]
        assert message["problem"]["allowed"]


@pytest.mark.parametrize(
    "text", ["{", '{"type": "edit", "request": 1, "experiment": {"a": ', "null"]
)
def test_malformed_json_is_explained(editor: Page, text: str) -> None:
    editor.socket.send(text)
    message = editor.problem()
    assert message["problem"]["code"].startswith("invalid.")
    assert message["problem"]["where"] == "message"
    assert message["fatal"] is False


def test_oversize_message_is_explained(server: RunningServer, editor: Page) -> None:
    limit = server.services.settings.max_message_bytes
    editor.send(type="edit", request=1, experiment={"title": "x" * limit})
    problem = editor.problem()["problem"]
    assert (problem["code"], problem["allowed"]) == ("message_too_large", str(limit))


def test_truncated_websocket_frame_disturbs_nobody(server: RunningServer, editor: Page) -> None:
    with server.page() as other:
        other.hello(preset="gaussians")
        other.socket.socket.sendall(b"\x81\xfe\xff\xff\0\0\0\0{")
        other.socket.socket.close()


def test_session_of_somebody_else_cannot_be_changed(server: RunningServer, editor: Page) -> None:
    with server.page() as thief:
        thief.hello(session=editor.welcome["session"])
        for kind, values in (
            ("reset", {}),
            ("play", {}),
            ("edit", {"experiment": {}}),
            ("set_parameter", {"parameter": "hidden1.bias", "index": [0], "value": 9}),
        ):
            problem = thief.command(kind, **values)
            assert problem is not None
            assert (problem["code"], problem["where"]) == ("not_yours", "session")


def test_two_hundred_connections_at_once_are_served_or_told_why(
    server: RunningServer, editor: Page
) -> None:
    session = editor.welcome["session"]

    def connect(_: int) -> str:
        with server.page() as page:
            page.send(type="hello", protocol=1, session=session)
            while True:
                message = page.receive()
                assert isinstance(message, dict)
                if message["type"] == "inspected":
                    gate.wait()
                    return "served"
                if message["type"] == "problem":
                    gate.wait()
                    return str(message["problem"]["code"])

    gate = threading.Barrier(200)
    with ThreadPoolExecutor(200) as pool:
        results = list(pool.map(connect, range(200)))
    limit = server.services.settings.max_connections_per_visitor
    assert set(results) == {"served", "too_many_connections"}
    # The editor and the bystander of this test count too.
    assert limit - 10 <= results.count("served") <= limit - 2
