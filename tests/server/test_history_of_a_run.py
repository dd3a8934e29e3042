"""Stepping, slow motion, time travel and branches, through a real host process."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import numpy as np
import pytest

from engine import Session, presets
from tests.server.page import Page, values
from tests.server.running import RunningServer

NAME = "hidden1"
RATES = cycle((60, 50))


@pytest.fixture
def opened(server: RunningServer) -> Any:
    with server.page() as page:
        page.hello(preset="spiral")
        page.subscribe("weights")
        yield page


def weights(page: Page, step: int) -> Any:
    """Of the first hidden layer in the first frame that stands at `step`."""
    page.frames.clear()
    # Another rate is another wish, which is answered with a frame even if nothing has changed.
    page.send(
        type="subscribe", revision=page.layout["revision"], tensors=keys(page), rate=next(RATES)
    )
    frame = page.wait_for_frame(condition=lambda head: head.step == step)
    return values(page, frame, NAME, "weights").copy()


def keys(page: Page) -> list[int]:
    return [
        key
        for key, tensor in enumerate(page.layout["tensors"])
        if (tensor["layer"], tensor["quantity"]) == (NAME, "weights")
    ]


def expected(step: int) -> Any:
    """What an uninterrupted run holds."""
    session = Session(presets.load("spiral"))
    session.run(steps=step)
    return session.parameters()[f"{NAME}.weights"]


def status(page: Page) -> dict[str, Any]:
    return [message for message in page.seen if message["type"] == "status"][-1]


def test_instructions_are_walked_forwards_and_back(opened: Page) -> None:
    page = opened
    assert page.command("step", count=5) is None
    assert page.command("step", level="instruction", count=3) is None
    assert (status(page)["step"], status(page)["row"]) == (5, 3)
    assert page.command("step", level="instruction", back=True) is None
    assert (status(page)["step"], status(page)["row"]) == (5, 2)
    assert page.command("step", level="batch", back=True, count=2) is None
    assert (status(page)["step"], status(page)["row"]) == (4, 0)
    assert np.array_equal(weights(page, 4), expected(4))
    assert page.command("step", level="sample", count=2) is None
    assert (status(page)["step"], status(page)["sample"]) == (4, 1)
    assert page.command("step", level="layer") is None
    assert page.command("step") is None
    assert np.array_equal(weights(page, status(page)["step"]), expected(status(page)["step"]))


def test_a_visit_shows_the_network_as_it_was(opened: Page) -> None:
    page = opened
    assert page.command("step", count=1500) is None
    page.wait_for("status", status="paused", step=1500)
    for step in (700, 3, 1499):
        assert page.command("visit", step=step) is None
        assert (status(page)["step"], status(page)["status"]) == (step, "paused")
        assert np.array_equal(weights(page, step), expected(step))
    assert page.wait_for("timeline")["branches"][0]["cause"]["en"] == "the beginning"


def test_a_change_in_the_past_begins_a_branch_and_both_can_be_visited(opened: Page) -> None:
    page = opened
    document = page.wait_for("experiment")["experiment"]
    assert page.command("step", count=400) is None
    page.wait_for("status", status="paused", step=400)
    assert page.command("visit", step=100) is None
    document["optimizer"]["learning_rate"] *= 2
    page.seen.clear()
    assert page.command("edit", experiment=document) is None
    timeline = page.wait_for("timeline", current=2)
    assert [branch["parent"] for branch in timeline["branches"]] == [None, 1]
    assert timeline["branches"][1]["fork"] == 100
    assert timeline["branches"][1]["cause"]["en"].startswith("Learning rate")
    assert page.command("step", count=100) is None
    page.wait_for("status", status="paused", step=200, branch=2)
    other = weights(page, 200)
    assert not np.array_equal(other, expected(200))
    page.seen.clear()
    assert page.command("visit", step=200, branch=1) is None
    page.layout = page.wait_for("layout")
    assert np.array_equal(weights(page, 200), expected(200))
    page.seen.clear()
    assert page.command("visit", step=200, branch=2) is None
    page.layout = page.wait_for("layout")
    assert np.array_equal(weights(page, 200), other)
    assert page.command("remove_branch", branch=2)["code"] == "branch_in_use"  # type: ignore[index]
    assert page.command("visit", step=5, branch=1) is None
    assert page.command("remove_branch", branch=2) is None
    assert page.command("visit", step=5, branch=2)["code"] == "unknown_branch"  # type: ignore[index]


def test_a_branch_without_a_change_goes_the_same_way(opened: Page) -> None:
    page = opened
    assert page.command("step", count=50) is None
    page.wait_for("status", status="paused", step=50)
    assert page.command("fork") is None
    assert page.command("step", count=50) is None
    page.wait_for("status", status="paused", step=100, branch=2)
    assert np.array_equal(weights(page, 100), expected(100))


def test_slow_motion_goes_from_stop_to_stop_until_paused(opened: Page) -> None:
    page = opened
    assert page.command("slow_motion", level="instruction", stops_per_second=60) is None
    assert status(page)["motion"] == "instruction"
    rows = [page.wait_for("status", status="running", row=row)["row"] for row in (1, 2, 3)]
    assert rows == [1, 2, 3]
    assert page.command("pause") is None
    assert (status(page)["status"], status(page)["motion"]) == ("paused", None)
    assert page.command("slow_motion", level="batch", stops_per_second=60) is None
    step = page.wait_for("status", status="running", step=3)["step"]
    assert page.command("pause") is None
    assert np.array_equal(weights(page, status(page)["step"]), expected(status(page)["step"]))
    assert status(page)["step"] >= step
