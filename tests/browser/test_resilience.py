"""When something breaks: the page says so, comes back by itself, and nothing made is lost."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, WebSocketRoute, expect

from tests.browser.playground import Playground
from tests.browser.processes import engine_host_of
from tests.browser.visits import Visits, visiting
from tests.running import RunningServer, running_server

STEPS = 60
FASTEST_RATE = 200
"""The slider's last position."""


@pytest.fixture
def server(tmp_path: Path, server_environment: dict[str, str]) -> Iterator[RunningServer]:
    """A server that the test may break."""
    with running_server(tmp_path, environment=patient(server_environment)) as server:
        yield server


def patient(environment: dict[str, str]) -> dict[str, str]:
    """A server that was started again lets its sessions train until their pages are back."""
    return {**environment, "NEURARIUM_UNWATCHED_TRAINING_SECONDS": "600"}


@pytest.fixture
def visit_server(
    browser: Browser, browser_context_args: dict[str, Any], server: RunningServer
) -> Iterator[Visits]:
    """Visitors of that server."""
    with visiting(browser, {**browser_context_args, "base_url": server.url}) as visits:
        yield visits


def notices(page: Playground) -> Locator:
    """The short messages in the corner."""
    return page.page.get_by_role("region", name="Notices")


def connection(page: Playground) -> Locator:
    """How the page says it stands with the server."""
    return page.page.get_by_role("banner").get_by_role("status")


def mark(page: Playground) -> None:
    """Leave something in the page that a reload would lose."""
    page.page.evaluate("window.neverReloaded = true")


def expect_no_reload(page: Playground) -> None:
    assert page.page.evaluate("window.neverReloaded") is True


def test_a_crash_of_the_engine_is_told_and_survived(
    visit_server: Visits, server: RunningServer
) -> None:
    page = visit_server("/")
    mark(page)
    page.button("Add a unit to hidden1").click()
    page.wait_for_step(STEPS)
    page.pause()
    page.play()
    crashed = engine_host_of(server.process.pid)
    assert crashed is not None
    os.kill(crashed, signal.SIGKILL)
    expect(notices(page)).to_contain_text("The engine stopped unexpectedly.")
    expect(notices(page)).to_contain_text("The engine is back. Training goes on from step")
    restored = page.wire.newest("host")
    assert restored["event"] == "restored" and restored["step"] >= STEPS
    page.wait_for_step(restored["step"] + 5)
    expect(page.units("hidden1")).to_have_count(9)
    expect(connection(page)).to_have_text("Connected")
    assert engine_host_of(server.process.pid) not in (None, crashed)
    expect_no_reload(page)


def test_a_server_that_was_started_again_is_found(
    visit_server: Visits, server: RunningServer, tmp_path: Path, server_environment: dict[str, str]
) -> None:
    # The browser itself writes down every attempt to connect in vain.
    visit_server.witness.expect(r"WebSocket connection to .* failed|ERR_CONNECTION_REFUSED")
    page = visit_server("/")
    mark(page)
    page.button("Add a unit to hidden1").click()
    page.wait_for_step(STEPS)
    server.end()
    expect(connection(page)).to_contain_text("Connection lost, reconnecting…")
    expect(page.button("Pause")).to_be_disabled()
    port = str(urlsplit(server.url).port)
    environment = patient(server_environment)
    with running_server(tmp_path, "--port", port, environment=environment):
        expect(connection(page)).to_have_text("Connected")
        expect(page.units("hidden1")).to_have_count(9)
        page.expect_training()
        expect_no_reload(page)


def test_a_lost_connection_is_told_and_the_same_run_goes_on(visit: Visits) -> None:
    visit.witness.expect(r"WebSocket connection to .* failed|ERR_INTERNET_DISCONNECTED")
    page = visit.prepare()
    connections: list[WebSocketRoute] = []

    def keep(route: WebSocketRoute) -> None:
        route.connect_to_server()
        connections.append(route)

    page.page.route_web_socket("**/api/stream", keep)
    page.wire.listen()
    page.open("/")
    mark(page)
    page.wait_for_step(STEPS)
    session = page.wire.newest("welcome")["session"]
    connections[0].close()
    expect(connection(page)).to_contain_text("Connection lost, reconnecting…")
    expect(connection(page)).to_have_text("Connected")
    assert page.wire.newest("welcome")["session"] == session
    page.wait_for_step(STEPS + 10)
    expect_no_reload(page)


def test_a_reload_goes_on_with_the_same_run(visit: Visits) -> None:
    page = visit("/")
    page.button("Add a unit to hidden2").click()
    page.wait_for_step(STEPS)
    step = page.pause()
    page.page.reload()
    expect(page.units("hidden2")).to_have_count(9)
    page.expect_step(step)
    page.play()
    page.wait_for_step(step + 5)


def test_divergence_is_shown_where_it_happened_and_undone(visit: Visits) -> None:
    page = visit("/?preset=curve")
    page.wait_for_step(STEPS)
    page.page.get_by_role("combobox", name="Optimizer").select_option(label="SGD")
    page.slide("Learning rate", FASTEST_RATE)
    banner = page.page.get_by_role("alert").filter(has_text="Training has diverged")
    expect(banner).to_be_visible()
    divergence = page.wire.newest("status")["divergence"]
    assert divergence["step"] > divergence["healthy_step"]
    expect(banner).to_contain_text(re.compile(f"{divergence['step']:,}|{divergence['step']}"))
    expect(banner).to_contain_text(f"layer “{divergence['layer']}”")
    expect(page.layer(divergence["layer"]).get_by_role("status")).not_to_be_empty()
    page.button(f"Go back to step {divergence['healthy_step']:,}").click()
    expect(banner).to_have_count(0)
    page.expect_step(divergence["healthy_step"])
    expect(page.button("Train")).to_be_visible()
    page.slide("Learning rate", 0)
    page.play()
    page.expect_training()
    expect(banner).to_have_count(0)
