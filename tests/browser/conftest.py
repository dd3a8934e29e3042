"""What browser tests share: one server for all, a fresh visitor for each, and a strict witness."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.playground import MILLISECONDS
from tests.browser.visits import Visits, visiting
from tests.running import running_server

expect.set_options(timeout=MILLISECONDS)


@pytest.fixture(scope="session")
def server_environment() -> dict[str, str]:
    """Settings of the servers under test.

    Sessions that nobody watches any more make room soon, even those that train, one processor is
    left to the browser, and that paints no more than anybody needs to see what happens.
    """
    return {
        "NEURARIUM_IDLE_SECONDS": "1",
        "NEURARIUM_UNWATCHED_TRAINING_SECONDS": "1",
        "NEURARIUM_REQUEST_BURST": "4000",
        "NEURARIUM_WORKERS": "1",
        "NEURARIUM_MAX_FRAME_RATE": "5",
    }


@pytest.fixture(scope="session")
def address(
    tmp_path_factory: pytest.TempPathFactory, server_environment: dict[str, str]
) -> Iterator[str]:
    """Where the one server answers that all tests share."""
    folder = tmp_path_factory.mktemp("data")
    with running_server(folder, environment=server_environment) as server:
        yield server.url


@pytest.fixture(scope="session")
def base_url(address: str) -> str:
    """What addresses such as `/?preset=mnist` are relative to."""
    return address


@pytest.fixture
def visit(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Visits]:
    """Opens the page as a new visitor; fails the test if any visit was disturbed."""
    with visiting(browser, browser_context_args) as visits:
        yield visits


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go: the folder named by NEURARIUM_SCREENSHOTS, to be looked at, or nowhere."""
    named = os.environ.get("NEURARIUM_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
