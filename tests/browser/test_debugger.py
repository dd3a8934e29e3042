"""A newcomer opens one step of learning, goes back, branches, and finds it all after a crash."""

from __future__ import annotations

import math
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, expect

from engine import Session, presets
from tests.browser.playground import Playground
from tests.browser.visits import Visits, visiting
from tests.running import RunningServer, running_server

STEPS = 1_200
BACK = 1_000
PHASES = ["data", "forward", "loss", "backward", "update"]


@pytest.fixture
def server(tmp_path: Path, server_environment: dict[str, str]) -> Iterator[RunningServer]:
    """A server that the test kills."""
    with running_server(tmp_path, environment=server_environment) as server:
        yield server


@pytest.fixture
def visit_server(
    browser: Browser, browser_context_args: dict[str, Any], server: RunningServer
) -> Iterator[Visits]:
    """Visitors of that server."""
    with visiting(browser, {**browser_context_args, "base_url": server.url}) as visits:
        # The browser itself writes down every attempt to connect in vain.
        visits.witness.expect(r"WebSocket connection to .* failed|ERR_CONNECTION_REFUSED")
        yield visits


def timeline(page: Playground) -> Locator:
    return page.page.get_by_role("region", name="Timeline", exact=True)


def explanation(page: Playground) -> Locator:
    return page.page.get_by_role("region", name="How this number came about", exact=True)


def lanes(page: Playground) -> Locator:
    return page.page.get_by_role("group", name="Branches of the run").get_by_role("listitem")


def told(page: Playground) -> dict[str, Any]:
    """The newest explanation that reached the page."""
    replies = [message for message in page.wire.received if message["type"] == "reply"]
    found: dict[str, Any] = next(
        reply["explanation"] for reply in reversed(replies) if reply["explanation"]
    )
    return found


def unanswered(page: Playground) -> set[int]:
    """Numbers of commands that the server has not replied to yet."""
    replies = (message for message in page.wire.received if message["type"] == "reply")
    asked = {message["request"] for message in page.wire.sent if "request" in message}
    return asked - {message["request"] for message in replies}


def test_one_step_is_opened_the_run_rewound_branched_and_found_again(
    visit_server: Visits,
    server: RunningServer,
    tmp_path: Path,
    server_environment: dict[str, str],
) -> None:
    page = visit_server("/")
    page.wait_for_step(STEPS)
    end = page.pause()
    walk_through_a_step(page, end)
    end += 1
    open_a_weights_update(page, end)
    open_a_units_value(page)
    past = rewind(page, end)
    branch(page, past)
    compare(page, past, end)
    port = str(urlsplit(server.url).port)
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(30)
    with running_server(tmp_path, "--port", port, environment=server_environment):
        find_everything_again(page, past, end)


def walk_through_a_step(page: Playground, step: int) -> None:
    """Instruction by instruction through data, forward, loss, backward and update."""
    page.choose("How far one step goes", "one instruction")
    page.page.get_by_role("tab", name="Instructions").click()
    rows = page.wire.newest("listing")["instructions"]
    assert sorted({row["phase"] for row in rows}, key=PHASES.index) == PHASES
    listed = page.page.get_by_role("group", name="Instructions of one training step")
    expect(listed.get_by_role("button")).to_have_count(len(rows))
    done = listed.locator("[aria-current=step]")
    for row, instruction in enumerate(rows):
        page.button("One step: one instruction").click()
        expect(done).to_contain_text(instruction["title"]["en"])
        expect(done).to_contain_text("just done")
        if row + 1 < len(rows):
            assert page.wire.newest("status")["row"] == row + 1
            page.expect_step(step)
    page.expect_step(step + 1)


def open_a_weights_update(page: Playground, step: int) -> None:
    """The explanation of a weight's update; the numbers are recomputed here."""
    page.page.get_by_role("tab", name="Inspector").click()
    first = page.layer("input").get_by_role("button", name="x₁", exact=True)
    page.click_link(first, page.units("hidden1").first)
    page.page.keyboard.press("Escape")
    ask = page.inspector.get_by_role("button", name=re.compile("come about")).first
    ask.click()
    expect(explanation(page)).to_contain_text("hidden1")
    page.wait_until(lambda: told(page)["quantity"]["kind"] == "parameter", "the explanation")
    found = told(page)
    experiment = presets.load("spiral")
    session = Session(experiment)
    session.run(steps=step - 1)
    old = float(session.parameters()["hidden1.weights"][0, 0])
    session.run(steps=1)
    new = float(session.parameters()["hidden1.weights"][0, 0])
    gradient = float(session.gradients()["hidden1.weights"][0, 0])
    assert found["quantity"]["index"] == [0, 0]
    assert found["value"] == new
    assert found["lines"][0]["value"] == old
    assert found["lines"][-1]["value"] == pytest.approx(new, rel=1e-5)
    link = explanation(page).get_by_role("button", name="gradient of weight").first
    link.click()
    page.wait_until(
        lambda: told(page)["quantity"]["kind"] == "parameter_gradient", "the gradient's explanation"
    )
    terms = told(page)["terms"]
    assert len(terms) == experiment.batch_size
    assert sum(term["value"] for term in terms) == pytest.approx(gradient, rel=1e-3, abs=1e-7)
    expect(explanation(page).get_by_role("row")).to_have_count(len(terms) + 1)
    explanation(page).get_by_role("button", name="Close").click()
    expect(explanation(page)).to_have_count(0)


def open_a_units_value(page: Playground) -> None:
    """A unit's activation for the inspected sample, and the sum that it came from."""
    page.units("hidden1").first.click()
    page.inspector.get_by_role("button", name=re.compile("come about")).first.click()
    page.wait_until(lambda: told(page)["quantity"]["kind"] == "output", "the activation")
    activation = told(page)
    expect(explanation(page).get_by_role("alert")).to_have_count(0)
    page.inspector.get_by_role("button", name="Explain the sum before the activation").click()
    page.wait_until(lambda: told(page)["quantity"]["kind"] == "sum", "the sum")
    found = told(page)
    assert activation["value"] == pytest.approx(math.tanh(found["value"]), rel=1e-5)
    # One term an input, and the bias.
    assert len(found["terms"]) == 5
    assert sum(term["value"] for term in found["terms"]) == pytest.approx(found["value"], abs=1e-5)
    explanation(page).get_by_role("button", name="Close").click()


def rewind(page: Playground, end: int) -> int:
    """Go back by about a thousand steps; returns where that leads."""
    moment = page.page.get_by_role("slider", name="Moment of the run")
    box = moment.bounding_box()
    assert box is not None
    page.page.mouse.click(box["x"] + box["width"] * (end - BACK) / end, box["y"] + 8)
    expect(timeline(page)).to_contain_text(f"of {end:,}; a change here begins a branch")
    page.wait_until(lambda: page.wire.heads[-1].step < end, "the past")
    past = page.step
    assert abs(past - (end - BACK)) < 60
    session = Session(presets.load("spiral"))
    session.run(steps=past)
    expected = session.parameters()["hidden1.weights"][0].tolist()
    # As the inspector writes them: with three or four digits.
    page.wait_until(
        lambda: page.weights("hidden1")[0] == pytest.approx(expected, rel=6e-3, abs=6e-4),
        "the weights of that moment",
    )
    return past


def branch(page: Playground, past: int) -> None:
    """Another rate makes a branch; it is trained beyond where the first one ends."""
    page.slide("Learning rate", 130)
    expect(lanes(page)).to_have_count(2)
    expect(lanes(page).last).to_contain_text("Learning rate")
    page.choose("How far one step goes", "one epoch")
    for _ in range(2):
        before = page.step
        page.button("One step: one epoch").click()
        page.wait_for_step(before + 1)
    assert page.wire.newest("status")["branch"] == 2
    assert page.step > past


def compare(page: Playground, past: int, end: int) -> None:
    """Both branches are there with their curves; each can be visited."""
    drawn = {
        message["branch"]: message["step"]
        for message in page.wire.received
        if message["type"] == "history" and message["step"]
    }
    assert set(drawn) >= {1, 2}
    assert max(drawn[1]) > past >= min(drawn[2])
    losses = page.losses
    page.button("Branch “the beginning”").click()
    page.page.get_by_role("menuitem", name="Go to its end").click()
    page.expect_step(end)
    page.wait_until(lambda: page.losses != losses, "the losses of the first branch")
    expect(lanes(page).first).to_have_attribute("aria-current", "true")
    page.wait_until(lambda: not unanswered(page), "the reply, after which all is on the disk")


def find_everything_again(page: Playground, past: int, end: int) -> None:
    """The server was killed and started again: branches, moments and curves are there."""
    expect(page.page.get_by_role("banner").get_by_role("status")).to_have_text("Connected")
    page.expect_step(end)
    expect(lanes(page)).to_have_count(2)
    page.button(re.compile("^Branch “Learning rate")).click()
    page.page.get_by_role("menuitem", name="Go to its end").click()
    page.wait_until(lambda: page.wire.newest("status")["branch"] == 2, "the other branch")
    assert page.step > past
    curves = page.result.get_by_role("region", name=re.compile("^Loss")).locator("canvas")
    expect(curves.first).to_be_visible()
    page.play()
    page.expect_training()
