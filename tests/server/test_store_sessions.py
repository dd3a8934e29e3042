"""The registry with a store: what is kept, what comes back, and what a full disk does."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from engine.errors import NeurariumError
from engine.text import Text
from server.protocol import Edit, Inspect, Pause, Play, SetParameter
from server.sessions import Registry, Session
from server.settings import Settings
from server.store import saver
from server.store.folder import DataFolder, StoreError
from server.store.records import Change
from server.store.store import Store
from tests.server.fakes import EXPERIMENT, FakeHost, code_of
from tests.server.stored import checkpoint
from tests.server.test_sessions import DOCUMENT, Watcher, settle

NO = Text("No.", "不。")


class KeepingHost(FakeHost):
    """A host whose checkpoints look like an engine's and say at which step they were taken."""

    def __init__(self) -> None:
        super().__init__()
        self.damaged: set[bytes] = set()

    async def create(self, placement: Any, order: Any) -> None:
        if order.checkpoint in self.damaged:
            raise NeurariumError("snapshot_mismatch", "snapshot", NO, NO)
        step = int(order.checkpoint[42:].rstrip(b".")) if order.checkpoint else 0
        await super().create(placement, order._replace(checkpoint=None))
        self.orders[-1] = (placement, order)
        self.step = step
        self.listener.on_message(placement, "status", _status("paused", step))

    async def save(self, placement: Any) -> None:
        self.saved.append(placement)
        self.say_checkpoint(placement, self.step)

    def say_checkpoint(self, placement: Any, step: int, revision: int | None = None) -> None:
        """Send a checkpoint of that step."""
        revision = revision or next(o.revision for p, o in self.orders[::-1] if p == placement)
        self.listener.on_checkpoint(placement, revision, checkpoint(str(step)))


def _status(name: str, step: int) -> str:
    return json.dumps(
        {"type": "status", "status": name, "steps_per_second": None, "step": step, "epoch": 0.5}
    )


class Life:
    """One life of a web process on a data directory."""

    def __init__(self, registry: Registry, host: KeepingHost, store: Store) -> None:
        self.registry, self.host, self.store = registry, host, store


@asynccontextmanager
async def life(folder: Path, **limits: Any) -> AsyncIterator[Life]:
    host, store = KeepingHost(), Store(DataFolder.take(folder))
    registry = Registry(host, Settings(**limits), store)
    await host.start(registry)
    await registry.start()
    try:
        await asyncio.wait_for(registry.wait_until_known(), 20)
        yield Life(registry, host, store)
    finally:
        await registry.stop()


def on_loop(
    test: Callable[[Path], Coroutine[Any, Any, None]],
) -> Callable[[Path], None]:
    @wraps(test, assigned=("__name__", "__doc__"), updated=())
    def synchronous(tmp_path: Path) -> None:
        asyncio.run(test(tmp_path))

    del synchronous.__wrapped__
    return synchronous


@on_loop
async def test_everything_about_a_session_survives_a_restart(folder: Path) -> None:
    async with life(folder) as first:
        session = await first.registry.create("cookie me", DOCUMENT)
        token = session.token
        await first.registry.command(session, Inspect(request=1, sample=3))
        session.rename("Mine")
        for step in (2, 5, 7):
            first.host.say_point(session.placement, step)
        first.host.step = 7
        await first.registry.command(session, Pause(request=2))
        await first.host.save(session.placement)
    async with life(folder) as second:
        (found,) = second.registry.sessions
        assert not found.is_loaded and not found.is_placed and second.host.orders == []
        assert (found.id, found.title, found.visitor) == (session.id, "Mine", "cookie me")
        assert found.step == 7
        assert found.may_edit(token) and not found.may_edit(token + "x") and found.token == ""
        opened = await second.registry.open(session.id)
        _, order = second.host.orders[0]
        assert json.loads(order.experiment) == EXPERIMENT
        assert order.checkpoint == checkpoint("7")
        assert order.revision > 1
        watcher = Watcher(opened)
        history = next(text for text in watcher.texts if text["type"] == "history")
        assert (history["run"], history["step"]) == (1, [2, 5, 7])
        assert [type(command) for _, command in second.host.commands] == [Inspect]
        opened.channel.leave(watcher)
        view = Watcher(opened)
        assert json.loads(opened.channel.curves.catch_up(1, 5)[0])["step"] == [7]
        assert view.texts


@on_loop
async def test_training_sessions_go_on_by_themselves_and_others_wait(folder: Path) -> None:
    async with life(folder) as first:
        training = await first.registry.create("a", DOCUMENT)
        paused = await first.registry.create("a", DOCUMENT)
        await first.registry.command(training, Play(request=1, steps_per_second=5))
        first.host.say_checkpoint(training.placement, 40)
        for step in (30, 50):
            first.host.say_point(training.placement, step)
        await first.registry.saved(training)
        before = training.channel.curves.run
        first.host.step = 40
    async with life(folder) as second:
        await settle(lambda: len(second.host.commands) == 1)
        placement, command = second.host.commands[0]
        assert placement.session == training.id
        assert isinstance(command, Play) and command.steps_per_second == 5
        assert second.host.orders[0][1].checkpoint == checkpoint("40")
        assert [placement.session for placement, _ in second.host.orders] == [training.id]
        curves = second.registry.find(training.id).channel.curves
        assert curves.last_step == 30 and curves.run > before
        assert not second.registry.find(paused.id).is_placed


@on_loop
async def test_page_that_saw_more_than_was_stored_gets_the_curves_anew(folder: Path) -> None:
    async with life(folder) as first:
        session = await first.registry.create("a", DOCUMENT)
        await first.registry.command(session, Play(request=1))
        first.host.say_point(session.placement, 30)
        first.host.step = 40
    async with life(folder) as second:
        await settle(lambda: len(second.host.commands) == 1)
        curves = second.registry.find(session.id).channel.curves
        # Nothing had to be voided, and yet a page may have seen a point after the last stored one.
        assert curves.last_step == 30
        assert json.loads(curves.catch_up(session.channel.curves.run, 35)[0])["restart"] is True
        second.host.say_point(second.registry.find(session.id).placement, 50)
        assert json.loads(curves.catch_up(session.channel.curves.run, 35)[0])["step"] == [30, 50]


@on_loop
async def test_answered_edit_is_on_the_disk(folder: Path) -> None:
    async with life(folder) as one:
        session = await one.registry.create("a", DOCUMENT)
        one.host.say_checkpoint(session.placement, 9)
        edited = {**EXPERIMENT, "title": "kept"}
        await one.registry.command(session, Edit(request=1, experiment=edited))
        with closing(sqlite3.connect(folder / "neurarium.db")) as database:
            ((stored, title),) = database.execute("SELECT experiment, title FROM sessions")
        assert json.loads(stored) == edited and title == "kept"


@on_loop
async def test_session_in_the_middle_of_a_command_is_not_written(folder: Path) -> None:
    async with life(folder) as one:
        session = await one.registry.create("a", DOCUMENT)
        one.host.say_point(session.placement, 9)
        one.host.say_checkpoint(session.placement, 9)
        await one.registry.saved(session)
        async with session.lock:
            edited = {"type": "experiment", "revision": 9, "experiment": {"title": "half"}}
            one.host.listener.on_message(session.placement, "experiment", json.dumps(edited))
            one.host.listener.on_rewind(session.placement, -1)
            await asyncio.sleep(3 * saver.GATHER_SECONDS)
            loaded = await one.store.load(session.id)
            assert loaded is not None and json.loads(loaded.experiment) == EXPERIMENT
            assert [point.step for point in loaded.curves[0].points] == [9]
            one.host.say_checkpoint(session.placement, 1, revision=9)
        await one.registry.saved(session)
        loaded = await one.store.load(session.id)
        assert loaded is not None and json.loads(loaded.experiment) == {"title": "half"}
        assert loaded.checkpoint == checkpoint("1") and not loaded.curves


@on_loop
async def test_evicted_session_leaves_memory_and_comes_back(folder: Path) -> None:
    async with life(folder, idle_seconds=0.1) as one:
        session = await one.registry.create("a", DOCUMENT)
        one.host.step = 7
        one.host.say_point(session.placement, 7)
        await settle(lambda: not session.is_loaded)
        assert (session.experiment, session.checkpoint) == (b"", None)
        assert len(session.channel.curves) == 0 and session.size > 0
        session.rename("renamed while away")
        await one.registry.saved(session)
        await one.registry.open(session.id)
        assert one.host.orders[-1][1].checkpoint == checkpoint("7")
        assert session.channel.curves.last_step == 7


@on_loop
async def test_damaged_checkpoint_falls_back_to_the_one_before(folder: Path) -> None:
    async with life(folder) as first:
        session = await first.registry.create("a", DOCUMENT)
        other = await first.registry.create("a", DOCUMENT)
        first.host.say_checkpoint(session.placement, 10)
        await first.registry.saved(session)
        edited = {"type": "experiment", "revision": 9, "experiment": {"title": "newer"}}
        first.host.listener.on_message(session.placement, "experiment", json.dumps(edited))
        first.host.say_checkpoint(session.placement, 20, revision=9)
        await first.registry.saved(session)
    with closing(sqlite3.connect(folder / "neurarium.db")) as database, database:
        database.execute("UPDATE checkpoints SET data = x'00' WHERE experiment IS NULL")
    async with life(folder) as second:
        await second.registry.open(session.id)
        order = second.host.orders[-1][1]
        assert (order.checkpoint, json.loads(order.experiment)) == (checkpoint("10"), EXPERIMENT)
        # The edit in between is made once more, so that nothing but learning is lost.
        command = second.host.commands[-1][1]
        assert isinstance(command, Edit) and command.experiment == {"title": "newer"}
        await second.registry.open(other.id)


@on_loop
async def test_checkpoint_that_the_engine_refuses_costs_what_was_learned_only(
    folder: Path,
) -> None:
    async with life(folder) as one:
        session = await one.registry.create("a", DOCUMENT)
        one.host.say_point(session.placement, 10)
        one.host.say_checkpoint(session.placement, 10)
        one.host.damaged.add(checkpoint("10"))
        one.host.lose()
        one.host.is_alive = True
        await one.registry.open(session.id)
        assert one.host.orders[-1][1].checkpoint is None
        assert session.channel.curves.last_step == -1


@on_loop
async def test_longest_unused_is_forgotten_first_and_never_what_trains_or_is_watched(
    folder: Path,
) -> None:
    async with life(folder) as first:
        sessions = [await first.registry.create("a", DOCUMENT) for _ in range(4)]
        await first.registry.command(sessions[0], Play(request=1))
        for age, session in enumerate(sessions[1:]):
            session.used = 1000.0 + age
            session.touch(session)
    async with life(folder, max_stored_sessions=2, idle_seconds=0.1) as second:
        await settle(lambda: len(second.host.commands) == 1)
        Watcher(await second.registry.open(sessions[1].id))
        newest = await second.registry.create("a", DOCUMENT)
        await settle(lambda: not newest.is_placed)
        await settle(lambda: len(second.registry.sessions) == 4)
        left = {session.id for session in second.registry.sessions}
        assert left == {sessions[0].id, sessions[1].id, sessions[3].id, newest.id}
        await settle_on(second.store, left)


async def settle_on(store: Store, ids: set[str]) -> None:
    for _ in range(200):
        if {row.id for row in await store.rows()} == ids:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the disk has not followed")


class FullStore(Store):
    """A disk that has no room while `is_full`."""

    is_full = False
    attempts = 0

    async def write(self, changes: Sequence[Change]) -> Mapping[str, int]:
        self.attempts += 1
        if self.is_full:
            raise StoreError("no room in /srv/secret", is_full=True)
        return await super().write(changes)


def test_full_disk_is_told_once_and_training_goes_on_until_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saver, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(saver, "GATHER_SECONDS", 0.05)

    async def run() -> None:
        host, store = KeepingHost(), FullStore(DataFolder.take(tmp_path))
        registry = Registry(host, Settings(), store)
        await host.start(registry)
        await registry.start()
        session = await registry.create("a", DOCUMENT)
        watcher = Watcher(session)
        store.is_full = True
        await registry.command(session, Play(request=1))
        await registry.command(session, SetParameter(request=2, parameter="a", index=[0], value=1))
        before = store.attempts
        for step in range(40):
            host.say_point(session.placement, step)
            await asyncio.sleep(0.01)
        assert store.attempts > before + 2
        problems = [text["problem"] for text in watcher.texts if text["type"] == "problem"]
        assert [problem["code"] for problem in problems] == ["storage_full"]
        assert "secret" not in json.dumps(problems)
        assert problems[0]["message"]["zh"] and session.pace is not None
        host.say_checkpoint(session.placement, 39)
        store.is_full = False
        await settle(lambda: not registry._archive._saver.is_failing)  # type: ignore[union-attr]
        await registry.saved(session)
        loaded = await store.load(session.id)
        assert loaded is not None and loaded.checkpoint == checkpoint("39")
        assert [point.step for point in loaded.curves[0].points] == list(range(40))
        await registry.stop()

    asyncio.run(run())


def test_session_made_while_the_store_opens_stays_the_live_one(tmp_path: Path) -> None:
    async def run() -> None:
        host, store = KeepingHost(), Store(DataFolder.take(tmp_path))
        registry = Registry(host, Settings(), store)
        await host.start(registry)
        session = await asyncio.wait_for(make_early(registry), 20)
        await registry.wait_until_known()
        assert registry.find(session.id) is session
        await registry.stop()

    async def make_early(registry: Registry) -> Session:
        making = asyncio.create_task(registry.create("a", DOCUMENT))
        await asyncio.sleep(0)
        await registry.start()
        return await making

    asyncio.run(run())


@on_loop
async def test_session_that_cannot_be_written_harms_no_other(folder: Path) -> None:
    async with life(folder) as one:
        broken, whole = [await one.registry.create("a", DOCUMENT) for _ in range(2)]
        for session in (broken, whole):
            one.host.say_point(session.placement, 2**70 if session is broken else 5)
        await asyncio.wait_for(one.registry.saved(whole), 20)
        loaded = await one.store.load(whole.id)
        assert loaded is not None and [point.step for point in loaded.curves[0].points] == [5]
        broken.rename("too far")
        whole.rename("fine")
        await asyncio.wait_for(one.registry.saved(whole), 20)
        assert "fine" in {row.title for row in await one.store.rows()}


@on_loop
async def test_row_that_cannot_be_read_harms_no_other(folder: Path) -> None:
    async with life(folder) as first:
        sessions = [await first.registry.create("a", DOCUMENT) for _ in range(2)]
    with closing(sqlite3.connect(folder / "neurarium.db")) as database, database:
        database.execute(
            "UPDATE sessions SET is_playing = 1, steps_per_second = -5 WHERE id = ?",
            (sessions[0].id,),
        )
    async with life(folder) as second:
        assert [session.id for session in second.registry.sessions] == [sessions[1].id]


@on_loop
async def test_deleted_session_is_gone_for_good(folder: Path) -> None:
    async with life(folder) as first:
        session = await first.registry.create("a", DOCUMENT)
        watcher = Watcher(session)
        await first.registry.delete(session)
        assert watcher.texts[-1]["problem"]["code"] == "unknown_session"
        first.host.say_point(session.placement, 3)
        session.use()
        with pytest.raises(NeurariumError) as caught:
            await first.registry.command(session, Pause(request=1))
        assert code_of(caught.value) == "unknown_session"
        assert first.host.placed == {}
    async with life(folder) as second:
        assert second.registry.sessions == []


def test_tokens_are_nowhere_on_the_disk(tmp_path: Path) -> None:
    async def run() -> Session:
        async with life(tmp_path) as one:
            return await one.registry.create("a", DOCUMENT)

    session = asyncio.run(run())
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert session.id.encode() in content
    assert session.token.encode() not in content
