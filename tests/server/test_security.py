"""What keeps other sites and too many requests out."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus

from server.admission import COOKIE
from server.settings import Settings
from tests.server.fakes import FakeHost
from tests.server.running import RunningServer


@pytest.fixture(scope="module")
def site() -> Iterator[RunningServer]:
    settings = Settings(host="127.0.0.1", allowed_origins=("https://networks.school.example",))
    with RunningServer(settings, FakeHost()) as running:
        yield running


def test_every_answer_carries_the_policy(site: RunningServer) -> None:
    for path in ("/api/presets", "/nothing", "/healthz"):
        headers = site.client.get(path).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self'" in policy and "default-src 'none'" in policy
        assert "unsafe-eval" not in policy and "script-src 'self' 'unsafe" not in policy
        assert "frame-ancestors" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize(
    "origin", [None, "{own}", "https://networks.school.example", "https://Networks.School.example"]
)
def test_own_pages_may_connect(site: RunningServer, origin: str | None) -> None:
    headers = {"Origin": origin.format(own=site.address)} if origin else None
    with site.page(headers) as page:
        page.send(type="hello", protocol=1, preset="fake")
        assert page.wait_for("welcome")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", ""])
def test_foreign_pages_may_not_connect(site: RunningServer, origin: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        site.page({"Origin": origin})
    response = caught.value.response
    assert response.status_code == 403
    assert response.body and json.loads(response.body)["code"] == "foreign_origin"


def test_foreign_pages_may_not_post(site: RunningServer) -> None:
    answer = site.client.post(
        "/api/experiments/check", content=b"{}", headers={"Origin": "https://evil.example"}
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


def test_server_on_loopback_answers_to_its_own_names_only(site: RunningServer) -> None:
    for host in ("127.0.0.1", "localhost:8000", "[::1]:8000", "networks.school.example"):
        assert site.client.get("/healthz", headers={"Host": host}).status_code == 200
    for host in ("evil.example", "localhost.evil.example:8000", ""):
        answer = site.client.get("/healthz", headers={"Host": host})
        assert answer.status_code == 403
        assert answer.json()["code"] == "foreign_host"


def test_too_many_requests_are_refused_for_that_address_only() -> None:
    settings = Settings(host="127.0.0.1", request_rate=0.01, request_burst=5)
    with RunningServer(settings, FakeHost()) as running:
        answers = [running.client.get("/api/presets") for _ in range(20)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused and refused[0].json()["code"] == "too_many_requests"
        assert running.client.get("/static/assets/none.js").status_code == 404


def test_quota_goes_with_the_visitor_and_not_with_the_address() -> None:
    settings = Settings(host="127.0.0.1", max_connections_per_visitor=1)
    with RunningServer(settings, FakeHost()) as running:
        visitors = running.services.visitors
        with running.page() as page:
            page.send(type="hello", protocol=1, preset="fake")
            page.wait_for("welcome")
            with running.page() as second:
                assert second.problem()["problem"]["where"] == "max_connections_per_visitor"
            with running.page({"Cookie": f"{COOKIE}={visitors.issue()}"}) as other:
                other.send(type="hello", protocol=1, preset="fake")
                assert other.wait_for("welcome")


def test_slow_down_and_not_cut_off() -> None:
    settings = Settings(host="127.0.0.1", message_rate=200, message_burst=10)
    with RunningServer(settings, FakeHost()) as running, running.page() as page:
        page.send(type="hello", protocol=1, preset="fake")
        page.wait_for("welcome")
        for _ in range(40):
            page.acknowledge(0)
        assert page.command("pause") is None
