from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import pytest

from engine.errors import NeurariumError
from engine.text import Text
from server.channel import View
from server.hosts.base import Placement
from server.protocol import Edit, EndTwin, Inspect, Pause, Play, StartTwin, Subscribe
from server.sessions import Registry, Session
from server.settings import Settings
from tests.server.fakes import EXPERIMENT, FakeHost, code_of

DOCUMENT = json.dumps(EXPERIMENT).encode()


def with_registry(
    **limits: Any,
) -> Callable[[Callable[[Registry, FakeHost], Coroutine[Any, Any, None]]], Callable[[], None]]:
    def decorate(
        test: Callable[[Registry, FakeHost], Coroutine[Any, Any, None]],
    ) -> Callable[[], None]:
        async def run() -> None:
            host = FakeHost()
            registry = Registry(host, Settings(**limits))
            await host.start(registry)
            await registry.start()
            try:
                await test(registry, host)
            finally:
                await registry.stop()

        @wraps(test, assigned=("__name__", "__doc__"), updated=())
        def synchronous() -> None:
            asyncio.run(run())

        del synchronous.__wrapped__
        return synchronous

    return decorate


class Watcher(View):
    """Someone who watches and keeps what is said."""

    def __init__(self, session: Session) -> None:
        self.texts: list[dict[str, Any]] = []
        super().__init__(lambda text: self.texts.append(json.loads(text)), lambda: None)
        session.channel.join(self, 0, -1)
        self.session = session

    def subscribe(self) -> None:
        message = Subscribe(revision=self.session.channel.revision, tensors=[0], rate=30)
        self.session.channel.subscribe(self, message)

    def kinds(self) -> list[str]:
        return [text["type"] for text in self.texts]


async def settle(condition: Callable[[], bool]) -> None:
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("the condition has not come true")


@with_registry()
async def test_ids_and_tokens_cannot_be_guessed(registry: Registry, host: FakeHost) -> None:
    first, second = [await registry.create("a", DOCUMENT) for _ in range(2)]
    assert len({first.id, second.id, first.token, second.token}) == 4
    assert min(len(first.id), len(first.token)) >= 24
    assert first.may_edit(first.token)
    assert not first.may_edit(second.token)
    assert not first.may_edit(None)
    assert not first.may_edit("é")
    with pytest.raises(NeurariumError) as caught:
        registry.find("nothing")
    assert code_of(caught.value) == "unknown_session"


@with_registry()
async def test_refused_experiment_leaves_nothing_behind(registry: Registry, host: FakeHost) -> None:
    with pytest.raises(NeurariumError):
        await registry.create("a", b'{"explode": 1}')
    assert not registry.sessions


@with_registry(max_sessions_per_visitor=2, max_sessions=3)
async def test_quota_is_met_by_saving_what_nobody_watches(
    registry: Registry, host: FakeHost
) -> None:
    first = await registry.create("a", DOCUMENT)
    second = await registry.create("a", DOCUMENT)
    Watcher(second)
    await registry.create("a", DOCUMENT)
    assert host.closed == [first.placement] and host.saved == [first.placement]
    assert not first.is_placed and second.is_placed
    again = await registry.open(first.id)
    assert again is first and first.is_placed
    assert host.orders[-1][1].checkpoint == struct.pack("<I", 7)


@with_registry(max_sessions_per_visitor=2)
async def test_quota_of_watched_sessions_is_a_refusal(registry: Registry, host: FakeHost) -> None:
    for _ in range(2):
        Watcher(await registry.create("a", DOCUMENT))
    with pytest.raises(NeurariumError) as caught:
        await registry.create("a", DOCUMENT)
    assert (caught.value.code, caught.value.where, caught.value.allowed) == (
        "too_many_sessions",
        "max_sessions_per_visitor",
        "2",
    )
    await registry.create("b", DOCUMENT)


@with_registry(idle_seconds=0.1)
async def test_unwatched_session_leaves_the_host_and_comes_back(
    registry: Registry, host: FakeHost
) -> None:
    session = await registry.create("a", DOCUMENT)
    watcher = Watcher(session)
    await asyncio.sleep(0.3)
    assert session.is_placed
    session.channel.leave(watcher)
    registry.unwatched(session)
    await settle(lambda: not session.is_placed)
    assert host.placed == {}
    await registry.command(session, Pause(request=1))
    assert session.is_placed and session.epoch == 2
    assert host.orders[-1][1].checkpoint == struct.pack("<I", 7)


@with_registry(idle_seconds=0.1, max_stored_sessions=1)
async def test_stored_sessions_are_limited(registry: Registry, host: FakeHost) -> None:
    sessions = [await registry.create("a", DOCUMENT) for _ in range(3)]
    await settle(lambda: len(registry.sessions) == 1)
    assert registry.sessions[0] in sessions


@with_registry()
async def test_lost_host_is_told_and_sessions_come_back_as_they_were(
    registry: Registry, host: FakeHost
) -> None:
    session = await registry.create("a", DOCUMENT)
    idle = await registry.create("a", DOCUMENT)
    watcher = Watcher(session)
    watcher.subscribe()
    await registry.command(session, Play(request=1, steps_per_second=5))
    await registry.command(session, Inspect(request=2, sample=3))
    for step in (2, 7, 9):
        host.say_point(session.placement, step)
    host.listener.on_checkpoint(session.placement, 1, struct.pack("<I", 7))
    watcher.texts.clear()
    host.lose()
    assert watcher.texts[0]["event"] == "lost"
    with pytest.raises(NeurariumError) as caught:
        await registry.command(session, Pause(request=3))
    assert code_of(caught.value) == "host_lost"
    host.commands.clear()
    host.step = 7
    host.restore()
    await settle(lambda: any(text.get("event") == "restored" for text in watcher.texts))
    placement, order = host.orders[-1]
    assert placement == session.placement and placement.epoch > 1
    assert (order.checkpoint, order.revision) == (struct.pack("<I", 7), 2)
    assert [type(command) for _, command in host.commands] == [Inspect, Play]
    assert watcher.texts[-1]["step"] == 7
    restart = next(text for text in watcher.texts if text["type"] == "history")
    assert (restart["restart"], restart["step"]) == (True, [2, 7])
    assert host.watched[-1][0] == placement and host.granted[-1] == placement
    assert not idle.is_placed


@with_registry()
async def test_training_goes_on_after_a_loss(registry: Registry, host: FakeHost) -> None:
    session = await registry.create("a", DOCUMENT)
    await registry.command(session, Play(request=1, steps_per_second=5))
    host.lose()
    host.commands.clear()
    host.restore()
    await settle(lambda: len(host.commands) == 1)
    command = host.commands[0][1]
    assert isinstance(command, Play) and command.steps_per_second == 5


@with_registry()
async def test_repeated_losses_bring_sessions_back_paused(
    registry: Registry, host: FakeHost
) -> None:
    session = await registry.create("a", DOCUMENT)
    watcher = Watcher(session)
    await registry.command(session, Play(request=1))
    for count in (1, 2, 3):
        watcher.texts.clear()
        host.commands.clear()
        host.lose()
        host.restore()
        await settle(lambda: any(text.get("event") == "restored" for text in watcher.texts))
        assert len(host.commands) == (1 if count < 3 else 0)


@with_registry()
async def test_words_of_a_former_placement_are_not_heard(
    registry: Registry, host: FakeHost
) -> None:
    session = await registry.create("a", DOCUMENT)
    former = session.placement
    host.lose()
    await asyncio.sleep(0)
    host.is_alive = True
    await registry.open(session.id)
    host.say_point(former, 5)
    host.listener.on_checkpoint(former, session.channel.revision, b"old")
    assert len(session.channel.curves) == 0
    assert session.checkpoint is None
    with pytest.raises(NeurariumError) as caught:
        await host.command(former, Pause(request=1))
    assert code_of(caught.value) == "moved"


@with_registry()
async def test_network_that_has_no_checkpoint_yet_comes_back_as_the_one_before(
    registry: Registry, host: FakeHost
) -> None:
    """The edit was not answered yet; its first checkpoint would have made it the newest state."""
    session = await registry.create("a", DOCUMENT)
    Watcher(session)
    host.listener.on_checkpoint(session.placement, 1, struct.pack("<I", 7))
    edited = {"type": "experiment", "revision": 5, "experiment": {**EXPERIMENT, "title": "new"}}
    host.listener.on_message(session.placement, "experiment", json.dumps(edited))
    host.listener.on_message(session.placement, "layout", host_layout(5))
    host.lose()
    host.restore()
    await settle(lambda: session.is_placed)
    order = host.orders[-1][1]
    assert (order.checkpoint, order.revision) == (struct.pack("<I", 7), 6)
    assert json.loads(order.experiment) == EXPERIMENT


@with_registry()
async def test_experiment_and_checkpoint_are_replaced_together(
    registry: Registry, host: FakeHost
) -> None:
    session = await registry.create("a", DOCUMENT)
    host.listener.on_checkpoint(session.placement, 1, struct.pack("<I", 7))
    edited = {"type": "experiment", "revision": 5, "experiment": {**EXPERIMENT, "title": "new"}}
    host.listener.on_message(session.placement, "experiment", json.dumps(edited))
    host.listener.on_checkpoint(session.placement, 5, struct.pack("<I", 8))
    assert json.loads(session.order().experiment)["title"] == "new"
    assert session.order().checkpoint == struct.pack("<I", 8)


@with_registry()
async def test_edit_without_a_checkpoint_begins_anew(registry: Registry, host: FakeHost) -> None:
    session = await registry.create("a", DOCUMENT)
    host.listener.on_checkpoint(session.placement, 1, struct.pack("<I", 7))
    await registry.command(session, Edit(request=1, experiment={**EXPERIMENT, "title": "new"}))
    assert json.loads(session.order().experiment)["title"] == "new"
    assert session.order().checkpoint is None


@with_registry(idle_seconds=0.1, unwatched_training_seconds=0.6)
async def test_training_goes_on_unwatched_for_a_while_and_is_then_paused_and_saved(
    registry: Registry, host: FakeHost
) -> None:
    session = await registry.create("a", DOCUMENT)
    await registry.command(session, Play(request=1))
    await asyncio.sleep(0.3)
    assert session.is_placed and host.closed == []
    await settle(lambda: not session.is_placed)
    assert [type(command) for _, command in host.commands] == [Play, Pause]
    assert host.saved == host.closed == [Placement(session.id, 1)]
    assert session.pace is None


@with_registry(max_sessions_per_visitor=2)
async def test_what_trains_unwatched_gives_way_last(registry: Registry, host: FakeHost) -> None:
    training = await registry.create("a", DOCUMENT)
    await registry.command(training, Play(request=1))
    idle = await registry.create("a", DOCUMENT)
    await registry.create("a", DOCUMENT)
    assert training.is_placed and not idle.is_placed


def host_layout(revision: int) -> str:
    return json.dumps({"type": "layout", "revision": revision, "tensors": []})


@with_registry()
async def test_session_that_cannot_come_back_is_told_why(
    registry: Registry, host: FakeHost
) -> None:
    session = await registry.create("a", DOCUMENT)
    watcher = Watcher(session)
    session.experiment = b'{"explode": 1}'
    host.lose()
    host.restore()
    await settle(lambda: "problem" in watcher.kinds())
    assert watcher.texts[-1]["problem"]["code"] == "internal"


@with_registry(max_stored_bytes=1_000_000)
async def test_memory_for_checkpoints_is_limited(registry: Registry, host: FakeHost) -> None:
    first, second = [await registry.create("a", DOCUMENT) for _ in range(2)]
    Watcher(first)
    host.listener.on_checkpoint(first.placement, 1, bytes(600_000))
    host.listener.on_checkpoint(second.placement, 1, bytes(600_000))
    assert first.checkpoint is not None
    assert second.checkpoint is None


@with_registry()
async def test_a_twin_begins_again_wherever_its_session_is_made_anew(
    registry: Registry, host: FakeHost
) -> None:
    session = await registry.create("a", DOCUMENT)
    Watcher(session)
    start = StartTwin(request=1, experiment=EXPERIMENT)
    await registry.command(session, start)
    host.lose()
    host.restore()
    await settle(lambda: host.commands[-1] == (session.placement, start) and session.epoch == 2)
    await registry.command(session, EndTwin(request=2))
    assert "start_twin" not in session.standing
    host.lose()
    host.restore()
    await settle(lambda: session.epoch == 3 and session.is_placed)
    assert not [one for place, one in host.commands if place == session.placement]


@with_registry()
async def test_a_twin_that_can_not_begin_again_is_taken_off_the_pages(
    registry: Registry, host: FakeHost
) -> None:
    session = await registry.create("a", DOCUMENT)
    watcher = Watcher(session)
    await registry.command(session, StartTwin(request=1, branch=2))
    host.lose()
    no = Text("No.", "没有。")
    host.refusal = NeurariumError("unknown_branch", "branch", no, no)
    host.restore()
    await settle(lambda: "twin" in watcher.kinds())
    assert next(text for text in watcher.texts if text["type"] == "twin")["twin"] is None
    assert "start_twin" not in session.standing
    assert session.is_placed
