"""One websocket at a time, in front of a host that trains nothing."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from websockets.exceptions import ConnectionClosed

from server.app import create_app
from server.connection import Connection
from server.protocol import Edit, Pause, Play, Step
from server.services import Services
from server.settings import Settings
from tests.server.fakes import EXPERIMENT, FakeHost
from tests.server.page import Page
from tests.server.running import RunningServer, wait_until


@pytest.fixture(scope="module")
def small() -> Iterator[RunningServer]:
    """A server with small limits."""
    settings = Settings(
        host="127.0.0.1", max_message_bytes=10_000, hello_seconds=0.3, max_connections=5
    )
    with RunningServer(settings, FakeHost()) as running:
        yield running


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[RunningServer, Page]]:
    """A server and a page that any number of bad messages must leave unharmed."""
    settings = Settings(host="127.0.0.1", message_rate=10_000, message_burst=10_000)
    with RunningServer(settings, FakeHost()) as running, running.page() as page:
        page.send(type="hello", protocol=1, preset="fake")
        page.wait_for("status")
        yield running, page


def greet(page: Page, **values: Any) -> dict[str, Any]:
    page.send(type="hello", protocol=1, **(values or {"preset": "fake"}))
    welcome = page.wait_for("welcome")
    page.wait_for("history")
    return welcome


def closing(page: Page) -> int | None:
    """Close code; whatever comes before is read and forgotten."""
    try:
        while True:
            page.receive()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def test_greeting_tells_everything_in_order(front: RunningServer) -> None:
    with front.page() as page:
        welcome = greet(page)
        assert [message["type"] for message in page.seen] == ["experiment", "layout", "status"]
        assert welcome["can_edit"] is True
        assert welcome["limits"]["message_bytes"] == 1_500_000
        assert welcome["token"] and welcome["session"]


def test_experiment_of_ones_own_can_be_brought_along(front: RunningServer, host: FakeHost) -> None:
    with front.page() as page:
        greet(page, experiment={"title": "mine"})
    assert json.loads(host.orders[-1][1].experiment) == {"title": "mine"}


@pytest.mark.parametrize(
    ("hello", "code", "where"),
    [
        ({"type": "play", "request": 1}, "hello_expected", "type"),
        ({"type": "hello", "protocol": 9, "preset": "fake"}, "wrong_protocol", "protocol"),
        ({"type": "hello", "protocol": 1}, "hello_empty", "session"),
        ({"type": "hello", "protocol": 1, "preset": "none"}, "unknown_preset", "preset"),
        ({"type": "hello", "protocol": 1, "session": "nope"}, "unknown_session", "session"),
        ({"type": "hello"}, "invalid.missing", "message.hello.protocol"),
        ({"type": "nonsense"}, "invalid.union_tag_invalid", "message"),
        ({"type": "hello", "protocol": 1, "experiment": {"explode": 1}}, "internal", "create"),
        ([1, 2], "invalid.dict_type", "message"),
    ],
)
def test_bad_greeting_is_explained_and_ends_the_connection(
    front: RunningServer, hello: Any, code: str, where: str
) -> None:
    with front.page() as page:
        page.socket.send(json.dumps(hello))
        message = page.problem()
        assert (message["problem"]["code"], message["problem"]["where"]) == (code, where)
        assert message["fatal"] is True
        assert message["problem"]["message"]["zh"]
        assert closing(page) == (1011 if code == "internal" else 1008)


def test_silence_is_ended(small: RunningServer) -> None:
    with small.page() as page:
        message = page.problem()
        assert message["problem"]["code"] == "hello_timeout"
        assert message["problem"]["allowed"] == "0.3 s"
        assert closing(page) == 1008


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("{", "invalid.json_invalid", "message"),
        ("", "invalid.json_invalid", "message"),
        ("[" * 5000, "invalid.json_invalid", "message"),
        ("1" * 5000, "invalid.json_invalid", "message"),
        ('"play"', "invalid.dict_type", "message"),
        ('{"type": "acknowledge", "sequence": -1}', None, "message.acknowledge.sequence"),
        ('{"type": "hello", "protocol": 1}', "hello_again", "type"),
        ('{"type": "subscribe", "revision": 7, "tensors": []}', "stale_layout", "revision"),
        ('{"type": "subscribe", "revision": 1, "tensors": [9]}', "unknown_tensor", "tensors"),
    ],
)
def test_bad_message_is_explained_and_the_connection_goes_on(
    shared: tuple[RunningServer, Page], text: str, code: str | None, where: str
) -> None:
    _, page = shared
    page.socket.send(text)
    message = page.problem()
    assert message["fatal"] is False
    assert code in (None, message["problem"]["code"])
    assert message["problem"]["where"] == where
    assert page.command("pause") is None


def test_bad_command_is_answered_at_its_control(shared: tuple[RunningServer, Page]) -> None:
    _, page = shared
    problem = page.command("play", steps_per_second=-1)
    assert problem is not None
    assert problem["code"] == "invalid.greater_than"
    assert problem["where"] == "message.play.steps_per_second"
    assert (problem["value"], problem["allowed"]) == ("-1", "> 0.0")


def test_binary_message_is_refused(shared: tuple[RunningServer, Page]) -> None:
    _, page = shared
    page.socket.send(b"\0\1\2")
    problem = page.problem()["problem"]
    assert (problem["code"], problem["value"]) == ("not_text", "3 bytes")
    assert page.command("pause") is None


@given(
    some.text(max_size=80)
    | some.binary(max_size=80)
    | some.recursive(
        some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8),
        lambda inner: (
            some.lists(inner, max_size=3)
            | some.dictionaries(
                some.sampled_from(["type", "request", "sequence", "tensors", "revision", "rate"]),
                inner | some.sampled_from(["play", "subscribe", "acknowledge", "edit", "inspect"]),
                max_size=4,
            )
        ),
        max_leaves=6,
    ).map(json.dumps)
)
def test_no_message_breaks_the_connection(
    shared: tuple[RunningServer, Page], message: str | bytes
) -> None:
    _, page = shared
    page.socket.send(message)
    assert page.command("pause") is None


def test_message_that_is_too_large_is_refused(small: RunningServer) -> None:
    with small.page() as page:
        greet(page)
        page.send(type="edit", request=1, experiment={"title": "x" * 20_000})
        message = page.problem()
        assert message["problem"]["code"] == "message_too_large"
        assert message["problem"]["allowed"] == "10000"
        assert message["fatal"] is False
        assert page.command("pause") is None


def test_message_beyond_all_measure_ends_the_connection(small: RunningServer) -> None:
    with small.page() as page, small.page() as other:
        greet(page)
        greet(other)
        page.send(type="edit", request=1, experiment={"title": "x" * 100_000})
        assert closing(page) == 1009
        assert other.command("pause") is None


def test_truncated_frame_disturbs_nobody(small: RunningServer) -> None:
    with small.page() as page, small.page() as other:
        greet(page)
        greet(other)
        # A text frame that announces 100 bytes and brings 3 of them.
        page.socket.socket.sendall(b"\x81\xe4\0\0\0\0abc")
        page.socket.socket.shutdown(socket.SHUT_RDWR)
        assert other.command("pause") is None
    wait_until(lambda: small.services.connections.count == 0)


def test_more_connections_than_allowed_are_refused(small: RunningServer) -> None:
    pages = [small.page() for _ in range(5)]
    for page in pages:
        greet(page)
    with small.page() as extra:
        message = extra.problem()
        assert message["problem"]["code"] == "too_many_connections"
        assert (message["problem"]["where"], message["problem"]["allowed"]) == (
            "max_connections",
            "5",
        )
        assert closing(extra) == 1013
    pages.pop().close()
    wait_until(lambda: small.services.connections.count == 4)
    with small.page() as another:
        greet(another)
    for page in pages:
        page.close()


def test_commands_reach_the_host_in_their_order(front: RunningServer, host: FakeHost) -> None:
    with front.page() as page:
        greet(page)
        page.send(type="play", request=1, steps_per_second=10)
        page.send(type="step", request=2, count=3)
        page.send(type="pause", request=3)
        page.wait_for("reply", request=3)
    assert [type(command) for _, command in host.commands] == [Play, Step, Pause]


def test_more_commands_than_can_wait_are_refused(front: RunningServer, host: FakeHost) -> None:
    with front.page() as page:
        greet(page)
        for request in range(400):
            page.send(type="pause", request=request)
        codes = [page.wait_for("reply", request=request)["problem"] for request in range(400)]
    refused = [problem for problem in codes if problem is not None]
    assert all(problem["code"] == "too_many_commands" for problem in refused)
    assert len(host.commands) == 400 - len(refused)


def test_unexpected_exception_is_one_reply_and_the_session_goes_on(
    front: RunningServer, host: FakeHost, caplog: pytest.LogCaptureFixture
) -> None:
    with front.page() as page:
        greet(page)
        host.refusal = ZeroDivisionError("nobody foresaw this")
        problem = page.command("reset")
        assert problem is not None and problem["code"] == "internal"
        assert "nobody foresaw this" not in json.dumps(problem)
        assert "nobody foresaw this" in caplog.text
        assert page.command("pause") is None


def test_watcher_sees_everything_and_changes_nothing(front: RunningServer, host: FakeHost) -> None:
    with front.page() as owner, front.page() as watcher:
        session = greet(owner)["session"]
        welcome = greet(watcher, session=session)
        assert (welcome["can_edit"], welcome["token"]) == (False, None)
        problem = watcher.command("edit", experiment=EXPERIMENT)
        assert problem is not None and problem["code"] == "not_yours"
        assert not host.commands
        assert owner.command("play") is None
        assert watcher.wait_for("status", status="running")


def test_token_opens_a_session_again_and_a_wrong_one_does_not(front: RunningServer) -> None:
    with front.page() as page:
        welcome = greet(page)
    with front.page() as again:
        got = greet(again, session=welcome["session"], token=welcome["token"])
        assert got["can_edit"] is True and got["session"] == welcome["session"]
    with front.page() as thief:
        thief.send(type="hello", protocol=1, session=welcome["session"], token="guess")
        message = thief.problem()
        assert message["problem"]["code"] == "not_yours"
        assert welcome["token"] not in json.dumps(message)
        assert closing(thief) == 1008


def test_page_of_a_forgotten_session_gets_a_new_one_from_its_experiment(
    front: RunningServer, host: FakeHost
) -> None:
    with front.page() as page:
        welcome = greet(page, session="forgotten", token="t", experiment={"title": "kept"})
        assert welcome["session"] != "forgotten" and welcome["token"]
    assert json.loads(host.orders[-1][1].experiment) == {"title": "kept"}


def test_curves_are_caught_up_after_a_break(front: RunningServer, host: FakeHost) -> None:
    with front.page() as page:
        page.send(type="hello", protocol=1, preset="fake")
        welcome = page.wait_for("welcome")
        run = page.wait_for("history")["run"]
    session = front.services.registry.find(welcome["session"])
    for step in (1, 2, 3):
        host.say_point(session.placement, step)
    with front.page() as again:
        values = {"session": welcome["session"], "history_after": 2, "history_run": run}
        again.send(type="hello", protocol=1, **values)
        history = again.wait_for("history")
        assert (history["restart"], history["step"]) == (False, [3])


def test_lost_host_is_told_to_every_page(front: RunningServer, host: FakeHost) -> None:
    with front.page() as page, front.page() as other:
        greet(page)
        greet(other)
        host.lose()
        for one in (page, other):
            assert one.wait_for("host", event="lost")["message"]["zh"]
        problem = page.command("play")
        assert problem is not None and problem["code"] == "host_lost"
        page.send(type="acknowledge", sequence=1)


def test_command_of_an_edit_carries_the_document(front: RunningServer, host: FakeHost) -> None:
    with front.page() as page:
        greet(page)
        assert page.command("edit", experiment={"title": "新"}) is None
        assert page.wait_for("layout", revision=99)
    command = host.commands[-1][1]
    assert isinstance(command, Edit) and command.experiment == {"title": "新"}


class DeafSocket:
    """A websocket whose other end says hello and then reads nothing."""

    def __init__(self) -> None:
        self.waits = asyncio.Event()
        self.hello: str | None = '{"type": "hello", "protocol": 1, "preset": "fake"}'

    async def accept(self) -> None:
        pass

    async def receive(self) -> dict[str, Any]:
        hello, self.hello = self.hello, None
        if hello is None:
            await asyncio.Event().wait()
        return {"type": "websocket.receive", "text": hello}

    async def send_text(self, text: str) -> None:
        self.waits.set()
        await asyncio.Event().wait()


def test_page_that_reads_nothing_is_cut_off_before_it_costs_memory(host: FakeHost) -> None:
    async def run() -> None:
        services: Services = create_app(Settings(), host).state.services
        await host.start(services.registry)
        deaf: Any = DeafSocket()
        serving = asyncio.create_task(Connection(deaf, services, "visitor").serve())
        await deaf.waits.wait()
        (session,) = services.registry.sessions
        assert session.channel.watchers == 1
        for _ in range(17):
            assert not serving.done()
            session.channel.broadcast("x" * 1_000_000)
            await asyncio.sleep(0)
        await serving
        assert session.channel.watchers == services.connections.count == 0

    asyncio.run(run())


def test_a_page_gets_no_more_frames_than_the_server_allows(host: FakeHost) -> None:
    settings = Settings(host="127.0.0.1", max_frame_rate=10)
    with RunningServer(settings, host) as running, running.page() as page:
        greet(page)
        for asked in (60.0, 4.0):
            page.send(type="subscribe", revision=1, tensors=[0], rate=asked)
            allowed = min(asked, 10.0)
            wait_until(lambda allowed=allowed: allowed in [told[-1] for told in host.watched])
        assert 60.0 not in [told[-1] for told in host.watched]
