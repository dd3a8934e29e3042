"""What tests of the server share."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest

from server.settings import Settings
from tests.server.fakes import FakeHost
from tests.server.page import Page
from tests.server.running import RunningServer

# A busy machine is no mistake of the product's.
hypothesis.settings.register_profile("server", deadline=None, max_examples=60)
hypothesis.settings.load_profile("server")


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    """A server with the real engine, shared by all tests that leave it as it was."""
    settings = Settings(
        host="127.0.0.1",
        request_rate=10_000,
        request_burst=10_000,
        # What tests leave in training soon stops taking the processors from others.
        idle_seconds=10,
        unwatched_training_seconds=1,
    )
    with RunningServer(settings) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture
def opened(server: RunningServer) -> Iterator[Page]:
    """A page on a fresh session of the smallest preset."""
    with server.page() as page:
        page.hello(preset="gaussians")
        yield page


@pytest.fixture
def host() -> FakeHost:
    """A host that trains nothing."""
    return FakeHost()


@pytest.fixture
def front(host: FakeHost) -> Iterator[RunningServer]:
    """A server in front of the host that trains nothing."""
    with RunningServer(Settings(host="127.0.0.1"), host) as running:
        yield running
