"""A server from its start to its end, with real processes and sockets."""

from __future__ import annotations

import signal
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.running import running_server


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_answers_until_it_is_told_to_end(tmp_path: Path, number: signal.Signals) -> None:
    with running_server(tmp_path) as server:
        assert server.url.startswith("http://127.0.0.1:")
        with urlopen(f"{server.url}/healthz") as answer:
            assert answer.status == 200
        with urlopen(server.url) as page:
            assert "/static/assets/" in page.read().decode()
        assert server.end(number) == 0
        assert server.leaves_nothing_behind()


def test_it_listens_only_where_it_was_told(tmp_path: Path) -> None:
    with running_server(tmp_path, "--host", "localhost") as server:
        assert server.url.startswith("http://localhost:")
        with urlopen(f"{server.url}/healthz") as answer:
            assert answer.status == 200
