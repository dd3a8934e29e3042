"""What tests of the server share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.settings import Settings
from tests.server.fakes import FakeHost
from tests.server.page import Page
from tests.server.running import RunningServer


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    """A server with the real engine, shared by all tests that leave it as it was."""
    settings = Settings(host="127.0.0.1", request_rate=10_000, request_burst=10_000)
    with RunningServer(settings) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture
def page(server: RunningServer) -> Iterator[Page]:
    """A page on a fresh session of the smallest preset."""
    with server.page() as opened:
        opened.hello(preset="gaussians")
        yield opened


@pytest.fixture
def host() -> FakeHost:
    """A host that trains nothing."""
    return FakeHost()


@pytest.fixture
def front(host: FakeHost) -> Iterator[RunningServer]:
    """A server in front of the host that trains nothing."""
    with RunningServer(Settings(host="127.0.0.1"), host) as running:
        yield running
