"""The engine host: its contract through a real process, and its insides on a thread of the test."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from functools import wraps
from multiprocessing import Pipe
from typing import Any

import pytest

from engine import presets
from engine.errors import NeurariumError
from server.hosts.base import Order, Placement, Point
from server.hosts.hosted import HostedSession
from server.hosts.local import LocalHost
from server.hosts.options import HostOptions
from server.hosts.outlet import Outlet
from server.hosts.process import HostProcess
from server.hosts.wire import pack, unpack
from server.protocol import Pause, Play, Step
from server.settings import Settings
from server.stream import read_head
from tests.server.fakes import code_of
from tests.server.running import wait_until

DOCUMENT = presets.load("gaussians").model_dump_json().encode()
OPTIONS = HostOptions.from_settings(Settings(workers=1))


class Recorder:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.messages: list[tuple[Placement, str, dict[str, Any]]] = []
        self.frames: list[tuple[Placement, bytes]] = []
        self.points: list[tuple[Placement, Point]] = []
        self.checkpoints: list[tuple[Placement, int, bytes]] = []
        self.rewinds: list[tuple[Placement, int]] = []
        self.histories: list[tuple[Placement, bytes]] = []

    def on_message(self, placement: Placement, kind: str, text: str) -> None:
        self.messages.append((placement, kind, json.loads(text)))

    def on_frame(self, placement: Placement, frame: bytes) -> None:
        self.frames.append((placement, frame))

    def on_point(self, placement: Placement, point: Point) -> None:
        self.points.append((placement, point))

    def on_rewind(self, placement: Placement, step: int) -> None:
        self.rewinds.append((placement, step))

    def on_checkpoint(self, placement: Placement, revision: int, checkpoint: bytes) -> None:
        self.checkpoints.append((placement, revision, checkpoint))

    def on_history(self, placement: Placement, history: bytes) -> None:
        self.histories.append((placement, history))

    def on_lost(self) -> None:
        raise AssertionError("the host was lost")

    def on_restored(self) -> None:
        raise AssertionError("the host was restored")

    def status(self) -> dict[str, Any]:
        return next(text for _, kind, text in reversed(self.messages) if kind == "status")


async def settle(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


def with_host(
    test: Callable[[LocalHost, Recorder], Coroutine[Any, Any, None]],
) -> Callable[[], None]:
    async def run() -> None:
        host, recorder = LocalHost(OPTIONS, 60), Recorder()
        await host.start(recorder)
        try:
            await test(host, recorder)
        finally:
            await host.stop()

    @wraps(test)
    def synchronous() -> None:
        asyncio.run(run())

    del synchronous.__wrapped__
    return synchronous


@with_host
async def test_contract_is_kept_by_a_real_process(host: LocalHost, recorder: Recorder) -> None:
    place = Placement("a", 2)
    await host.create(place, Order(DOCUMENT, None, 5))
    kinds = [kind for _, kind, _ in recorder.messages]
    told = ["experiment", "layout", "breakpoints", "timeline", "status", "inspected"]
    assert kinds[:6] == told
    # Whoever waits for a session doesn't wait for the listing.
    assert kinds[6:] in ([], ["listing"])
    assert recorder.messages[1][2]["revision"] == 5

    # Nothing is sent before it is wanted and granted.
    host.watch(place, 5, [0], 60)
    await host.command(place, Step(request=1))
    await host.ping()
    assert not recorder.frames
    host.grant(place)
    await settle(lambda: recorder.frames)
    assert read_head(recorder.frames[0][1]).step == 1
    assert len(recorder.frames) == 1

    # A pause and a save each leave a checkpoint, from which the session can be made again.
    await host.command(place, Pause(request=2))
    await host.save(place)
    _, revision, checkpoint = recorder.checkpoints[-1]
    assert revision == 5
    await host.create(Placement("a", 3), Order(DOCUMENT, checkpoint, 6))
    assert recorder.status()["step"] == 1

    # The former placement is refused by every call, and its frames come to an end.
    for call in (
        host.command(place, Play(request=3)),
        host.save(place),
        host.samples(place, "training", 0, 1),
        host.close(place),
        host.create(place, Order(DOCUMENT)),
    ):
        with pytest.raises(NeurariumError) as caught:
            await call
        assert code_of(caught.value) == "moved"
    await host.close(Placement("a", 3))

    # What can't be made is explained, and a checkpoint of something else is refused.
    for order, code in (
        (Order(b"{"), "invalid.json_invalid"),
        (Order(DOCUMENT, b"not a checkpoint"), "snapshot_damaged"),
        (Order(presets.load("xor").model_dump_json().encode(), checkpoint), "snapshot_mismatch"),
    ):
        with pytest.raises(NeurariumError) as caught:
            await host.create(Placement("b", 1), order)
        assert code_of(caught.value) == code


class Inside:
    """A host process's loop on a thread, and the web process's end of its pipe."""

    def __init__(self) -> None:
        self.ours, theirs = Pipe()
        self.heard: list[dict[str, Any]] = []
        self.process = HostProcess(theirs, OPTIONS)
        self._loop = threading.Thread(target=self.process.run)
        self._reader = threading.Thread(target=self._read)
        self._loop.start()
        self._reader.start()

    def tell(self, name: str, body: bytes = b"", **values: Any) -> None:
        self.ours.send_bytes(pack({"name": name, **values}, body))

    def answer(self, call: int) -> dict[str, Any]:
        wait_until(lambda: any(header.get("answer") == call for header in self.heard))
        return next(header for header in self.heard if header.get("answer") == call)

    def create(self, session: str, call: int) -> None:
        values = {"session": session, "epoch": 1, "experiment_bytes": len(DOCUMENT)}
        values |= {"checkpoint_bytes": 0, "revision": 1}
        self.tell("create", DOCUMENT, call=call, **values)
        assert "problem" not in self.answer(call)

    def close(self) -> None:
        self.tell("stop")
        self._loop.join()
        self.hang_up()

    def hang_up(self) -> None:
        # Closing alone would not wake a thread that waits at the same end.
        with socket.fromfd(self.ours.fileno(), socket.AF_UNIX, socket.SOCK_STREAM) as pair:
            pair.shutdown(socket.SHUT_RDWR)
        self._loop.join()
        self._reader.join()
        self.ours.close()

    def is_alive(self) -> bool:
        return self._loop.is_alive()

    def _read(self) -> None:
        try:
            while True:
                self.heard.append(unpack(self.ours.recv_bytes())[0])
        except (EOFError, OSError):
            return


@pytest.fixture
def inside() -> Iterator[Inside]:
    opened = Inside()
    yield opened
    opened.close()


def test_session_that_fails_is_told_so_and_the_others_go_on(
    inside: Inside, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    inside.create("good", 1)
    inside.create("bad", 2)
    carry_out, tick = HostedSession.carry_out, HostedSession.tick

    def fail_to_carry_out(session: HostedSession, command: Any) -> None:
        if session.placement.session == "bad":
            raise ZeroDivisionError("nobody foresaw this")
        carry_out(session, command)

    def fail_to_tick(session: HostedSession, now: float) -> None:
        if session.placement.session == "bad":
            raise ZeroDivisionError("nor this")
        tick(session, now)

    monkeypatch.setattr(HostedSession, "carry_out", fail_to_carry_out)
    monkeypatch.setattr(HostedSession, "tick", fail_to_tick)
    command = Step(request=1, count=5).model_dump_json().encode()
    inside.tell("command", command, call=3, session="bad", epoch=1)
    inside.tell("command", command, call=4, session="good", epoch=1)
    problem = inside.answer(3)["problem"]
    assert (problem["code"], problem["where"]) == ("internal", "command")
    assert "problem" not in inside.answer(4)
    inside.tell("watch", session="good", epoch=1, revision=1, tensors=[0], rate=60)
    inside.tell("watch", session="bad", epoch=1, revision=1, tensors=[0], rate=60)
    inside.tell("grant", session="good", epoch=1)
    wait_until(lambda: any(header.get("event") == "frame" for header in inside.heard))
    assert "nobody foresaw this" in caplog.text
    wait_until(lambda: "nor this" in caplog.text)


def test_what_is_asked_for_at_the_first_word_is_not_lost(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Watchers of a session that is brought back ask for frames as soon as they hear its layout."""
    is_asked, message = threading.Event(), Outlet.message

    def be_interrupted(outlet: Outlet, placement: Placement, told: Any) -> None:
        message(outlet, placement, told)
        if told.type == "layout":
            is_asked.wait(60)

    monkeypatch.setattr(Outlet, "message", be_interrupted)
    values = {"session": "a", "epoch": 1, "experiment_bytes": len(DOCUMENT)}
    values |= {"checkpoint_bytes": 0, "revision": 1}
    inside.tell("create", DOCUMENT, call=1, **values)
    wait_until(lambda: any(header.get("type") == "layout" for header in inside.heard))
    inside.tell("watch", session="a", epoch=1, revision=1, tensors=[0], rate=60)
    inside.tell("grant", session="a", epoch=1)
    inside.tell("ping", call=2)
    inside.answer(2)
    is_asked.set()
    wait_until(lambda: any(header.get("event") == "frame" for header in inside.heard))


def test_call_that_does_not_exist_is_refused(inside: Inside) -> None:
    inside.tell("dance", call=1)
    assert inside.answer(1)["problem"]["code"] == "internal"
    inside.tell("dance", call=2, session="nobody", epoch=1)
    assert inside.answer(2)["problem"]["code"] == "internal"
    inside.tell("ping", call=3)
    assert "problem" not in inside.answer(3)


def test_end_of_the_web_process_ends_the_host() -> None:
    opened = Inside()
    opened.create("a", 1)
    opened.hang_up()
    assert not opened.is_alive()
