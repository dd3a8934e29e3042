"""The whole server with the real engine, as a page meets it."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest

from server.channel import MOST_IN_FLIGHT
from server.protocol import DIVERGED, RUNNING
from tests.server.page import Page, values
from tests.server.running import RunningServer, wait_until


def experiment_of(page: Page) -> dict[str, Any]:
    document: dict[str, Any] = copy.deepcopy(page.wait_for("experiment")["experiment"])
    return document


def layer_named(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(node["layer"] for node in document["graph"]["nodes"] if node["name"] == name)


def test_preset_plays_and_its_frames_show_it_learning(opened: Page) -> None:
    page = opened
    page.subscribe("map", "weights", "prediction")
    first = page.wait_for_frame()
    assert first[0].step == 0 and not first[0].flags & RUNNING
    assert page.command("play") is None
    later = page.wait_for_frame(500, lambda head: head.steps_per_second > 0)
    assert later[0].flags & RUNNING
    name = page.layout["layers"][-2]["name"]
    assert not np.array_equal(
        values(page, first, name, "weights"), values(page, later, name, "weights")
    )
    picture = values(page, later, page.layout["layers"][-1]["name"], "map")
    assert picture.shape == (1, page.layout["resolution"], page.layout["resolution"])
    assert picture.max() - picture.min() > 100
    assert page.command("pause") is None


def test_paused_session_sends_what_it_stands_at_and_then_nothing(opened: Page) -> None:
    page = opened
    page.subscribe("weights")
    assert page.command("play") is None
    page.wait_for_frame(at_least=100)
    page.seen.clear()
    assert page.command("pause") is None
    step = page.wait_for("status", status="paused")["step"]
    head, _ = page.wait_for_frame(step, lambda head: head.metrics_step == step)
    assert head.step == step and not head.flags & RUNNING
    with pytest.raises(TimeoutError):
        page.receive(0.3)


def test_page_that_never_acknowledges_gets_no_more_than_may_be_in_flight(opened: Page) -> None:
    page = opened
    page.subscribe("weights")
    assert page.command("play") is None
    page.frames.clear()
    unanswered = []
    with pytest.raises(TimeoutError):
        while True:
            message = page.receive(0.5)
            if isinstance(message, tuple):
                unanswered.append(message[0])
    assert 0 < len(unanswered) <= MOST_IN_FLIGHT
    page.frames.clear()
    last = unanswered[-1].step
    page.acknowledge(unanswered[-1].sequence)
    # The next one is not one that waited, but the newest: training went on for half a second.
    head, _ = page.wait_for_frame()
    assert head.step > last
    assert page.command("pause") is None


def test_steps_and_epochs_end_where_they_should(opened: Page) -> None:
    page = opened
    assert page.command("step", count=3) is None
    assert page.wait_for("status", status="paused", step=3)
    assert page.command("step", level="epoch") is None
    per_epoch = page.layout["steps_per_epoch"]
    assert page.wait_for("status", status="paused", step=int(per_epoch))["epoch"] == 1.0
    assert page.command("step", level="epoch", count=2) is None
    assert page.wait_for("status", status="paused", epoch=3.0)


def test_reset_replays_and_reseed_renews(opened: Page) -> None:
    page = opened
    page.subscribe("weights")
    name = page.layout["layers"][-2]["name"]
    start = values(page, page.wait_for_frame(), name, "weights").copy()
    before = experiment_of(page)
    assert page.command("step", count=20) is None
    trained = values(page, page.wait_for_frame(20), name, "weights").copy()
    page.seen.clear()
    assert page.command("reset") is None
    assert page.wait_for("history", restart=True)["step"] == []
    frame = page.wait_for_frame(condition=lambda head: head.step == 0)
    assert np.array_equal(values(page, frame, name, "weights"), start)
    assert page.command("step", count=20) is None
    assert np.array_equal(values(page, page.wait_for_frame(20), name, "weights"), trained)
    assert page.command("reseed", seeds=["weights"]) is None
    after = experiment_of(page)["seeds"]
    assert after["weights"] != before["seeds"]["weights"]
    assert after["data"] == before["seeds"]["data"]
    page.wait_for("layout", revision=2)
    frame = page.wait_for_frame(condition=lambda head: head.revision == 2)
    assert not np.array_equal(values(page, frame, name, "weights"), start)


def test_edit_keeps_training_and_what_was_learned(server: RunningServer) -> None:
    with server.page() as page:
        page.hello(preset="spiral")
        document = experiment_of(page)
        page.subscribe("weights")
        assert page.command("play") is None
        page.wait_for_frame(at_least=200)
        page.seen.clear()
        assert page.command("pause") is None
        step = page.wait_for("status", status="paused")["step"]
        old = values(page, page.wait_for_frame(step), "hidden1", "weights").copy()
        layer_named(document, "hidden1")["units"] += 1
        assert page.command("edit", experiment=document) is None
        page.wait_for("layout", revision=2)
        assert page.wait_for("experiment", revision=2)["experiment"] == document
        frame = page.wait_for_frame(condition=lambda head: head.revision == 2)
        new = values(page, frame, "hidden1", "weights")
        assert new.shape[0] == old.shape[0] + 1
        assert np.array_equal(new[:-1], old)
        assert frame[0].step == step


def test_moving_a_layer_on_the_canvas_leaves_layout_and_training_alone(opened: Page) -> None:
    page = opened
    document = experiment_of(page)
    page.subscribe("weights")
    assert page.command("play") is None
    page.wait_for_frame(at_least=100)
    document["graph"]["nodes"][0]["position"] = {"x": 12.0, "y": 30.0}
    page.seen.clear()
    assert page.command("edit", experiment=document) is None
    assert page.wait_for("experiment", revision=1)["experiment"] == document
    assert "layout" not in {message["type"] for message in page.seen}
    frame = page.wait_for_frame(condition=lambda head: head.revision == 1)
    assert frame[0].flags & RUNNING


def test_learning_rate_changes_mid_run_without_a_reset(opened: Page) -> None:
    page = opened
    document = experiment_of(page)
    page.subscribe("weights")
    assert page.command("play") is None
    page.wait_for_frame(at_least=100)
    document["optimizer"]["learning_rate"] /= 2
    assert page.command("edit", experiment=document) is None
    frame = page.wait_for_frame(condition=lambda head: head.revision == 2)
    assert frame[0].step >= 100
    assert frame[0].flags & RUNNING


def test_weight_set_by_hand_is_seen(opened: Page) -> None:
    page = opened
    page.subscribe("weights")
    name = page.layout["layers"][-2]["name"]
    problem = page.command("set_parameter", parameter=f"{name}.weights", index=[0, 1], value=2.5)
    assert problem is None
    frame = page.wait_for_frame()
    while values(page, frame, name, "weights")[0, 1] != 2.5:
        frame = page.wait_for_frame()
    problem = page.command("set_parameter", parameter=f"{name}.weights", index=[0, 99], value=1)
    assert problem is not None
    assert (problem["code"], problem["where"]) == ("wrong_parameter_index", f"{name}.weights")
    assert problem["value"].startswith("[0, 99]")


def test_curves_grow_and_a_page_that_comes_back_gets_what_it_missed(
    server: RunningServer,
) -> None:
    with server.page() as page:
        welcome = page.hello(preset="gaussians")
        run = page.wait_for("history")["run"]
        page.subscribe("weights")
        assert page.command("play") is None
        steps: set[float] = set()
        while len(steps) < 3:
            head, _ = page.wait_for_frame()
            if head.metrics_step >= 0:
                steps.add(head.metrics_step)
                assert 0 <= head.validation_accuracy <= 1
                assert head.training_loss >= 0
        seen = max(steps)
    session = server.services.registry.find(welcome["session"])
    wait_until(lambda: session.channel.curves.last_step > seen + 100)
    with server.page() as again:
        again.hello(
            session=welcome["session"],
            token=welcome["token"],
            history_after=seen,
            history_run=run,
        )
        history = again.wait_for("history")
        assert history["restart"] is False
        assert history["step"] and min(history["step"]) > seen
        assert len(history["step"]) == len(history["validation_loss"])
        assert again.wait_for("status")["status"] == "running"
        assert again.command("pause") is None


def test_two_watch_and_one_edits(server: RunningServer) -> None:
    with server.page() as owner, server.page() as watcher:
        session = owner.hello(preset="gaussians")["session"]
        watcher.hello(session=session)
        owner.subscribe("weights")
        watcher.subscribe("bias", rate=20)
        assert owner.command("play") is None
        _, mine = owner.wait_for_frame(at_least=100)
        _, theirs = watcher.wait_for_frame(at_least=100)
        assert mine and theirs and not set(mine) & set(theirs)
        problem = watcher.command("pause")
        assert problem is not None and problem["code"] == "not_yours"
        assert owner.command("pause") is None
        assert watcher.wait_for("status", status="paused")


def test_sample_is_looked_at(server: RunningServer) -> None:
    with server.page() as page:
        page.hello(preset="mnist")
        assert page.layout["raw_shape"] == [28, 28]
        page.subscribe("activation")
        assert page.command("inspect", part="training", sample=5) is None
        inspected = page.wait_for("inspected", part="training", sample=5)
        assert 0 <= inspected["target"] <= 9
        assert page.command("inspect", values=[1.0] * 784) is None
        assert page.wait_for("inspected", part="drawn")["target"] is None
        output = page.layout["layers"][-1]["name"]
        frame = page.wait_for_frame()
        assert values(page, frame, output, "activation").sum() == pytest.approx(1, abs=1e-4)
        problem = page.command("inspect", values=[1.0, 2.0])
        assert problem is not None
        assert (problem["code"], problem["where"], problem["value"]) == (
            "wrong_inputs",
            "values",
            "2",
        )
        problem = page.command("inspect", part="validation", sample=10**9)
        assert problem is not None and problem["code"] == "no_such_sample"


def test_divergence_stops_names_its_place_and_is_taken_back(server: RunningServer) -> None:
    with server.page() as page:
        page.hello(preset="curve")
        document = experiment_of(page)
        assert page.command("step", count=5) is None
        document["optimizer"] = {"kind": "sgd", "learning_rate": 10.0}
        document["graph"] = straight(document["graph"])
        assert page.command("edit", experiment=document) is None
        page.subscribe("weights")
        assert page.command("play") is None
        assert page.wait_for("status", status="diverged")
        while (status := page.wait_for("status", status="diverged"))["divergence"] is None:
            pass
        divergence = status["divergence"]
        assert divergence["layer"] or divergence["operation"]
        assert divergence["step"] >= divergence["healthy_step"] >= 0
        assert divergence["message"]["en"] and divergence["message"]["zh"]
        problem = page.command("play")
        assert problem is not None and problem["code"] == "diverged"
        page.wait_for_frame(condition=lambda head: bool(head.flags & DIVERGED))
        assert page.command("go_back") is None
        assert page.wait_for("status", status="paused", step=divergence["healthy_step"])
        assert page.command("step", count=1) is None


def straight(graph: dict[str, Any]) -> dict[str, Any]:
    """The same graph with nothing that keeps numbers small."""
    text = json.dumps(graph)
    for kind in ("tanh", "sigmoid", "relu"):
        text = text.replace(f'{{"kind": "{kind}"}}', '{"kind": "linear"}')
    changed: dict[str, Any] = json.loads(text)
    return changed
