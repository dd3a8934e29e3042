"""Breakpoints and watches of a session, as a page meets them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import Session, presets
from engine.breakpoints import run_until
from engine.breakpoints.conditions.accuracy_reaches import AccuracyReaches
from engine.breakpoints.conditions.gradient_leaves_band import GradientLeavesBand
from tests.engine.test_divergence import CASES
from tests.running import running_server
from tests.server.page import Page
from tests.server.running import RunningServer

AT_50 = {"kind": "at_step", "step": 50}
NORM = {"kind": "parameter_norm", "layer": "hidden2", "parameter": "weights"}
WEIGHT = {"kind": "parameter_value", "layer": "hidden1", "parameter": "weights", "index": [0, 1]}


@pytest.fixture
def opened(server: RunningServer) -> Iterator[Page]:
    with Page(server.address) as page:
        page.hello(preset="spiral")
        yield page


def arm(page: Page, *conditions: dict[str, Any]) -> None:
    assert page.command("set_breakpoints", breakpoints=list(conditions)) is None


def play_to_stop(page: Page, **values: Any) -> dict[str, Any]:
    """Play, and return the status with which it ends."""
    page.seen.clear()
    assert page.command("play", **values) is None
    page.wait_for("status", status="running")
    return page.wait_for("status", status="paused")


def edit(page: Page, layer: str, **changes: Any) -> None:
    """Change fields of a layer; without any, remove it from the chain."""
    document = copy.deepcopy(page.wait_for("experiment")["experiment"])
    if changes:
        node = next(node for node in document["graph"]["nodes"] if node["name"] == layer)
        node["layer"] |= changes
    else:
        graph = document["graph"]
        before = next(edge for edge in graph["edges"] if edge["target"] == layer)
        after = next(edge for edge in graph["edges"] if edge["source"] == layer)
        graph["nodes"] = [node for node in graph["nodes"] if node["name"] != layer]
        graph["edges"] = [edge for edge in graph["edges"] if layer not in edge.values()]
        graph["edges"].append(after | {"source": before["source"]})
    assert page.command("edit", experiment=document) is None


# --- breakpoints ------------------------------------------------------------------------------


def test_training_stops_at_a_breakpoint_and_says_why(opened: Page) -> None:
    arm(opened, AT_50)
    told = opened.wait_for("breakpoints", breakpoints=[{"condition": AT_50, "problem": None}])
    assert told
    status = play_to_stop(opened, steps_per_second=1000)
    assert status["step"] == 50
    assert "50" in status["stopped"]["en"]
    assert "50" in status["stopped"]["zh"]
    assert opened.command("step", level="batch", count=3) is None
    after = opened.wait_for("status", step=53)
    assert after["stopped"] is None, "who goes on has read it"


def test_a_reason_to_stop_is_not_told_of_another_network(opened: Page) -> None:
    arm(opened, AT_50)
    play_to_stop(opened, steps_per_second=1000)
    opened.seen.clear()
    with Page(opened.address) as other:
        other.hello(session=opened.welcome["session"])
        experiment = other.wait_for("experiment")["experiment"]
    experiment["batch_size"] += 1
    assert opened.command("edit", experiment=experiment) is None
    assert opened.wait_for("status")["stopped"] is None


@pytest.mark.parametrize(
    "condition",
    [
        AccuracyReaches(accuracy=0.8, every=100, part="training"),
        GradientLeavesBand(layer="hidden2", high=1.2),
    ],
    ids=lambda condition: str(condition.kind),
)
def test_the_stop_is_exact(opened: Page, condition: AccuracyReaches | GradientLeavesBand) -> None:
    """At full speed, at the very step at which a plain loop stops."""
    plain = Session(presets.load("spiral"))
    reason = run_until(plain, 100_000, [condition])
    assert reason is not None
    arm(opened, condition.model_dump())
    status = play_to_stop(opened)
    assert status["step"] == plain.step
    assert status["stopped"] == {"en": reason.en, "zh": reason.zh}


def test_some_steps_end_at_a_breakpoint_too(opened: Page) -> None:
    arm(opened, AT_50)
    assert opened.command("step", level="batch", count=200) is None
    assert opened.wait_for("status", status="paused", step=50)["stopped"] is not None


@pytest.mark.parametrize("level", ["batch", "sample", "layer", "instruction"])
def test_slow_motion_ends_at_a_breakpoint(opened: Page, level: str) -> None:
    arm(opened, {"kind": "at_step", "step": 2})
    opened.seen.clear()
    assert opened.command("slow_motion", level=level, stops_per_second=60) is None
    status = opened.wait_for("status", status="paused")
    assert (status["step"], status["row"]) == (2, 0)
    assert status["stopped"] is not None


def test_a_step_that_is_finished_by_playing_on_is_looked_at(opened: Page) -> None:
    arm(opened, {"kind": "at_step", "step": 1})
    assert opened.command("step", level="instruction", count=3) is None
    assert opened.command("play") is None
    status = opened.wait_for("status", step=1, row=0)
    assert status["status"] == "paused"
    assert status["stopped"] is not None


def test_the_past_is_stopped_in_as_well(opened: Page) -> None:
    assert opened.command("step", level="batch", count=120) is None
    opened.wait_for("status", step=120)
    arm(opened, AT_50)
    assert opened.command("visit", step=30) is None
    assert play_to_stop(opened, steps_per_second=1000)["step"] == 50


@pytest.mark.parametrize(
    ("condition", "code", "place"),
    [
        ({"kind": "gradient_leaves_band", "layer": "teapot"}, "unknown_layer", "layer"),
        ({"kind": "at_step", "step": 0}, "invalid", "step"),
        ({"kind": "at_step", "step": 5, "now": True}, "invalid", "now"),
        ({"kind": "full_moon"}, "invalid", "breakpoints"),
        ({}, "invalid", "breakpoints"),
    ],
)
def test_what_is_no_breakpoint_here_is_refused(
    opened: Page, condition: dict[str, Any], code: str, place: str
) -> None:
    arm(opened, AT_50)
    problem = opened.command("set_breakpoints", breakpoints=[AT_50, condition])
    assert problem is not None
    assert problem["code"].startswith(code)
    assert place in problem["where"]
    assert problem["message"]["zh"]
    assert play_to_stop(opened, steps_per_second=1000)["step"] == 50, "the old ones hold"


def test_a_breakpoint_on_a_layer_that_is_gone_waits_for_it(opened: Page) -> None:
    band = {"kind": "gradient_leaves_band", "layer": "hidden2", "low": 0.0, "high": 1e-9}
    arm(opened, band, AT_50)
    opened.wait_for("breakpoints")
    edit(opened, "hidden2")
    notes = opened.wait_for("breakpoints")["breakpoints"]
    while notes[0]["problem"] is None:
        notes = opened.wait_for("breakpoints")["breakpoints"]
    assert notes[0]["problem"]["code"] == "unknown_layer"
    assert notes[1]["problem"] is None
    assert play_to_stop(opened, steps_per_second=1000)["step"] == 50
    arm(opened, *(note["condition"] for note in notes), {"kind": "at_step", "step": 60})
    assert play_to_stop(opened, steps_per_second=1000)["step"] == 60


def test_divergence_with_a_breakpoint_tells_where(opened: Page) -> None:
    document = CASES["a network of rectifiers explodes"].model_dump(mode="json")
    assert opened.command("edit", experiment=document) is None
    assert opened.command("reset") is None
    arm(opened, {"kind": "numbers_run_away"})
    opened.seen.clear()
    assert opened.command("play") is None
    status = opened.wait_for("status", status="diverged")
    assert "NaN" in status["stopped"]["en"]


# --- watches ----------------------------------------------------------------------------------


def watch(page: Page, *watches: dict[str, Any]) -> dict[str, Any]:
    assert page.command("set_watches", watches=list(watches)) is None
    return page.wait_for("watches")


def test_watched_numbers_are_those_of_their_step(opened: Page) -> None:
    told = watch(opened, NORM, WEIGHT)
    assert [note["problem"] for note in told["watches"]] == [None, None]
    assert all(note["label"]["zh"] for note in told["watches"])
    opened.wait_for("watch_values", step=[0])
    assert opened.command("step", level="batch", count=40) is None
    (row,) = opened.wait_for("watch_values", step=[40])["values"]
    plain = Session(presets.load("spiral"))
    plain.run(steps=40)
    weights = plain.parameters()
    np.testing.assert_allclose(
        row,
        [np.linalg.norm(weights["hidden2.weights"]), weights["hidden1.weights"][0, 1]],
        rtol=1e-5,
    )


def test_watches_are_read_again_and_again_while_it_trains(opened: Page) -> None:
    watch(opened, NORM)
    assert opened.command("play", steps_per_second=500) is None
    steps = [opened.wait_for("watch_values", restart=False)["step"][0] for _ in range(4)]
    assert steps == sorted(set(steps))


def test_who_comes_later_gets_the_values_so_far(server: RunningServer, opened: Page) -> None:
    watch(opened, NORM)
    opened.wait_for("watch_values", step=[0])
    for step in (5, 10):
        assert opened.command("step", level="batch", count=5) is None
        opened.wait_for("watch_values", step=[step])
    with Page(server.address) as other:
        other.hello(session=opened.welcome["session"])
        assert other.wait_for("watches")["watches"][0]["watch"] == NORM
        told = other.wait_for("watch_values")
    assert told["restart"]
    assert told["step"] == [0, 5, 10]


def test_another_network_begins_the_values_anew(opened: Page) -> None:
    watch(opened, NORM, WEIGHT)
    opened.wait_for("watch_values", step=[0])
    edit(opened, "hidden2")
    values = opened.wait_for("watch_values", restart=True)
    assert values["values"][0][0] is None
    assert values["values"][0][1] is not None
    notes = opened.wait_for("watches")["watches"]
    assert notes[0]["problem"]["code"] == "unknown_layer"


def test_what_can_not_be_watched_is_refused(opened: Page) -> None:
    watch(opened, NORM)
    problem = opened.command("set_watches", watches=[NORM, WEIGHT | {"index": [99, 0]}])
    assert problem is not None
    assert problem["code"] == "wrong_parameter_index"
    problem = opened.command("set_watches", watches=[NORM] * 13)
    assert problem is not None
    assert opened.command("set_watches", watches=[]) is None
    assert opened.wait_for("watches")["watches"] == []


# --- nothing is lost --------------------------------------------------------------------------


def test_breakpoints_and_watches_outlive_the_server(tmp_path: Path) -> None:
    with running_server(tmp_path) as first, Page(first.url) as page:
        page.hello(preset="spiral")
        session, token = page.welcome["session"], page.welcome["token"]
        arm(page, AT_50, {"kind": "gradient_leaves_band", "layer": "hidden2", "high": 1e6})
        watch(page, NORM)
        edit(page, "hidden2")
    with running_server(tmp_path) as second, Page(second.url) as page:
        page.hello(session=session, token=token)
        notes = page.wait_for("breakpoints")["breakpoints"]
        while len(notes) < 2:
            notes = page.wait_for("breakpoints")["breakpoints"]
        assert [note["problem"] is None for note in notes] == [True, False]
        watches = page.wait_for("watches")["watches"]
        assert watches[0]["watch"] == NORM
        assert play_to_stop(page, steps_per_second=1000)["step"] == 50
