"""All sessions of a server: where they are placed, what is kept of them, and how they come back.

A session outlives the engine host and the web process: its experiment and newest checkpoint are
kept here and in the store, so that it is made again after a crash, after a restart, or on the next
visit after nobody has watched it for a while. Guarded by tests/server/test_sessions.py and
tests/server/test_store_sessions.py.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from engine.errors import NeurariumError
from server.archive import Archive
from server.channel import Channel
from server.errors import refuse
from server.history import Curves
from server.hosts.base import EngineHost, Placement, Point
from server.notices import lost_notice, problem_notice, restored_notice
from server.placing import Placing
from server.protocol import (
    CheckGradients,
    Command,
    CompareInputs,
    CompareLayer,
    Explain,
    Inspect,
    Look,
    MeasureCost,
    Pause,
    Play,
    RankUnits,
    SetParameter,
    Status,
    Step,
    Visit,
)
from server.session import Session
from server.settings import Settings
from server.store.records import Row
from server.store.store import Store

__all__ = ["Registry", "Session"]

LOG = logging.getLogger("neurarium")

ID_BYTES = 18
MOST_LOSSES, LOSS_SECONDS = 3, 60.0
"""After so many crashes within so long, sessions come back paused: one of them may be the cause."""
QUESTIONS = Explain | Look | CheckGradients | MeasureCost | RankUnits | CompareInputs | CompareLayer
LONGEST_SWEEP = 10.0
"""Seconds between two looks for idle sessions, at most."""
SECONDS_FOR_FIRST_ANSWER = 0.05
SECONDS_TO_SAVE = 3.0
"""How long sessions in training get to be saved when the server ends."""


class Registry:
    """Makes, finds, places, saves and restores sessions. It is the listener of its host."""

    def __init__(self, host: EngineHost, settings: Settings, store: Store | None = None) -> None:
        self._host, self._settings = host, settings
        self._sessions: dict[str, Session] = {}
        self._losses: deque[float] = deque(maxlen=MOST_LOSSES)
        self._tasks: set[asyncio.Task[None]] = set()
        self._known = asyncio.Event()
        self._archive = Archive(store, self._tell_trouble)
        self._placing = Placing(host, settings, self._archive, self._sessions, self._trim)

    async def start(self) -> None:
        """Start looking for idle sessions, and for those that were stored."""
        await self._archive.start()
        self._spawn(self._remember())
        self._spawn(self._sweep())

    async def stop(self) -> None:
        """Save everything and end all that goes on in the background."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._save_training()
        await self._archive.stop()

    @property
    def sessions(self) -> Sequence[Session]:
        """All sessions, the oldest first."""
        return list(self._sessions.values())

    async def wait_until_known(self) -> None:
        """Return when the stored sessions are known, too."""
        await self._known.wait()

    # --- for connections --------------------------------------------------------------------------

    async def create(self, visitor: str, experiment: bytes) -> Session:
        """Make a session, paused; `token` is the one capability to edit it.

        Raises:
            NeurariumError: the experiment can't be built or a quota is met.
        """
        return await self.admit(self.new(visitor, experiment))

    def new(self, visitor: str, experiment: bytes) -> Session:
        """A session that nobody knows yet."""
        session = Session(secrets.token_urlsafe(ID_BYTES), visitor, experiment)
        session.token = session.issue_token()
        self._equip(session)
        return session

    async def admit(self, session: Session) -> Session:
        """Place a new session at the host and keep it; returns when it is on the disk.

        Raises:
            NeurariumError: the experiment can't be built, its checkpoint doesn't fit it, or a quota
                is met; then there is no such session.
        """
        await self._placing.make_room(session.visitor)
        self._sessions[session.id] = session
        try:
            async with session.lock:
                await self._placing.place(session, is_new=True)
        except BaseException:
            self._drop(session)
            raise
        await self.saved(session)
        return session

    async def keep(self, session: Session) -> None:
        """Keep a new session without placing it; returns when it is on the disk."""
        self._sessions[session.id] = session
        session.touch(session)
        await self.saved(session)
        self._archive.unload(session)
        self._trim()

    def find(self, session_id: str) -> Session:
        """The session of that name.

        Raises:
            NeurariumError: `unknown_session`.
        """
        try:
            return self._sessions[session_id]
        except KeyError:
            raise refuse("unknown_session", "session", value=session_id) from None

    async def open(self, session_id: str) -> Session:
        """The session of that name, placed at a host.

        Raises:
            NeurariumError: `unknown_session`, or whatever keeps it from being placed.
        """
        session = self.find(session_id)
        async with session.lock:
            await self._placing.ensure(session)
        session.use()
        return session

    async def command(self, session: Session, command: Command) -> dict[str, Any]:
        """Carry out a command; returns when its consequences are on the disk.

        Returns:
            What the reply carries beside the outcome.

        Raises:
            NeurariumError: why it was refused; the session is as it was.
        """
        async with session.lock:
            await self._placing.ensure(session)
            if isinstance(command, Play | Pause | Step):
                # Set first: training may have ended again before the answer comes.
                session.pace = command if isinstance(command, Play) else None
            try:
                answer = await self._host.command(session.placement, command)
            finally:
                session.touch(session)
            session.conclude()
            session.keep(command)
        session.use()
        is_scrubbing = isinstance(command, Visit) and command.branch is None
        if not is_scrubbing and not isinstance(command, Inspect | SetParameter | QUESTIONS):
            # Those come many a second while something is dragged, or change nothing.
            await self.saved(session)
        return answer

    def unwatched(self, session: Session) -> None:
        """Someone has stopped watching `session`."""
        session.unwatched_since = time.monotonic()
        session.use()

    async def saved(self, session: Session) -> None:
        """Return when all about `session` is on the disk, or can't get there now."""
        await self._archive.saved(session)

    async def load(self, session: Session) -> None:
        """Bring the newest state of a session here, to be copied; where it is placed, it stays.

        Raises:
            NeurariumError: its host is lost, or the disk can't be read.
        """
        async with session.lock:
            await self._archive.load(session)
            if session.is_placed:
                await self._host.save(session.placement)

    def release(self, session: Session) -> None:
        """Whoever had a session loaded needs it no more."""
        self._archive.unload(session)

    async def delete(self, session: Session) -> None:
        """Remove a session from everywhere; whoever still watches it is told.

        Raises:
            NeurariumError: it can't be removed from the disk; then it is as it was.
        """
        async with session.lock:
            await self._archive.remove([session.id])
            self._drop(session)
            if session.is_placed:
                session.is_placed = False
                with suppress(NeurariumError):
                    await self._host.close(session.placement)
        gone = refuse("unknown_session", "session", value=session.id)
        session.channel.broadcast(problem_notice(gone))

    # --- the store --------------------------------------------------------------------------------

    def _equip(self, session: Session, revision: int = 0, run: int = 1) -> None:
        session.channel = Channel(
            lambda revision, keys, rate: self._watch(session, revision, keys, rate),
            lambda: self._host.grant(session.placement),
        )
        session.channel.revision = revision
        session.channel.curves = Curves.restored((), run)
        session.touch = self._touch

    def _touch(self, session: Session) -> None:
        if self._sessions.get(session.id) is session:
            self._archive.touch(session)

    def _drop(self, session: Session) -> None:
        """Forget a session here."""
        self._sessions.pop(session.id, None)
        self._archive.forget(session)

    async def _remove(self, sessions: Sequence[str]) -> None:
        """Remove from the disk what was trimmed; where that fails, the next start trims it."""
        with suppress(NeurariumError):
            await self._archive.remove(sessions)

    async def _remember(self) -> None:
        """Learn which sessions are stored, and let those train on that did."""
        # The store is loaded after the server's first answer; the engine takes longer anyway.
        await asyncio.sleep(SECONDS_FOR_FIRST_ANSWER)
        try:
            for row in await self._archive.rows():
                # Somebody quick may have made, and stored, a session while the store was opened.
                if row.id not in self._sessions:
                    self._remember_one(row)
        finally:
            self._known.set()
        for session in self.sessions:
            if session.pace is not None and not session.is_loaded:
                await self._bring_back(session, paused=False)

    def _remember_one(self, row: Row) -> None:
        try:
            session = Session.from_row(row)
        except (TypeError, ValueError) as error:
            LOG.error("a stored session can't be read: %s", error)
            return
        # What a page saw of a run that was cut off may be more than was stored of it.
        self._equip(session, row.revision, row.run + (session.pace is not None))
        if session.pace is not None:
            session.unwatched_since = time.monotonic()
        self._sessions[row.id] = session

    async def _save_training(self) -> None:
        """Have the host save what trains: the server is about to end."""
        training = [one for one in self.sessions if one.is_placed and one.is_training]
        with suppress(TimeoutError):
            async with asyncio.timeout(SECONDS_TO_SAVE):
                await asyncio.gather(
                    *(self._host.save(session.placement) for session in training),
                    return_exceptions=True,
                )

    def _tell_trouble(self, error: NeurariumError) -> None:
        """Nothing can be saved: tell everyone once. Training goes on."""
        text = problem_notice(error)
        for session in self._sessions.values():
            session.channel.broadcast(text)

    # --- limits -----------------------------------------------------------------------------------

    def _trim(self) -> None:
        """Forget the longest unused sessions above the limits: none that is watched or trains."""
        stored = sorted(
            (one for one in self._sessions.values() if not (one.is_placed or one.is_training)),
            key=lambda session: session.unwatched_since,
        )
        size, count = self._stored_bytes(), len(stored)
        forgotten = []
        for session in stored:
            too_many = count > self._settings.max_stored_sessions
            if not (too_many or size > self._settings.max_stored_bytes):
                break
            if session.channel.watchers or session.lock.locked():
                continue
            self._drop(session)
            forgotten.append(session.id)
            count, size = count - 1, size - session.size
        if forgotten:
            self._spawn(self._remove(forgotten))

    def _stored_bytes(self) -> int:
        return sum(session.size for session in self._sessions.values())

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(min(self._settings.idle_seconds / 4, LONGEST_SWEEP))
            now = time.monotonic()
            for session in self.sessions:
                is_idle = session.is_placed and not session.channel.watchers
                if is_idle and now - session.unwatched_since > self._patience(session):
                    await self._placing.evict(session)

    def _patience(self, session: Session) -> float:
        """How long a session stays at the host without a watcher."""
        settings, patience = self._settings, self._settings.idle_seconds
        return (
            max(patience, settings.unwatched_training_seconds) if session.is_training else patience
        )

    def _watch(self, session: Session, revision: int, keys: Sequence[int], rate: float) -> None:
        self._host.watch(session.placement, revision, keys, rate)

    # --- what the host tells ----------------------------------------------------------------------

    def on_message(self, placement: Placement, kind: str, text: str) -> None:
        """Pass a message on, and keep what is needed to make the session again."""
        if (session := self._current(placement)) is None:
            return
        if kind == "experiment":
            message = json.loads(text)
            document = json.dumps(message["experiment"]).encode()
            session.hear_experiment(message["revision"], document)
        elif kind == "status":
            session.hear_status(Status.model_validate_json(text))
        session.channel.hear(kind, text)

    def on_frame(self, placement: Placement, frame: bytes) -> None:
        """Pass a frame on."""
        if (session := self._current(placement)) is not None:
            session.channel.hear_frame(frame)

    def on_point(self, placement: Placement, point: Point) -> None:
        """Keep a point of the curves."""
        if (session := self._current(placement)) is not None:
            session.channel.hear_point(point)
            session.hear_point(point)

    def on_rewind(self, placement: Placement, step: int) -> None:
        """Void points of the curves."""
        if (session := self._current(placement)) is not None:
            session.channel.hear_rewind(step)
            session.touch(session)

    def on_checkpoint(self, placement: Placement, revision: int, checkpoint: bytes) -> None:
        """Keep the newest checkpoint."""
        if (session := self._current(placement)) is not None:
            before = session.checkpoint, session.revision
            session.hear_checkpoint(revision, checkpoint)
            self._trim()
            if self._stored_bytes() > self._settings.max_stored_bytes:
                # Everything else is in use: after a crash this one goes on from further back.
                session.do_without(*before)

    def on_history(self, placement: Placement, history: bytes) -> None:
        """Keep the newest history."""
        if (session := self._current(placement)) is not None:
            session.hear_history(history)

    def _current(self, placement: Placement) -> Session | None:
        session = self._sessions.get(placement.session)
        return session if session is not None and session.epoch == placement.epoch else None

    def on_lost(self) -> None:
        """The host is gone: tell everyone who watches."""
        self._losses.append(time.monotonic())
        for session in self._sessions.values():
            if session.is_placed:
                session.is_placed = False
                session.channel.detach()
                session.channel.broadcast(lost_notice())

    def on_restored(self) -> None:
        """There is a host again: bring back what was watched or in training."""
        self._spawn(self._restore())

    async def _restore(self) -> None:
        is_repeated = (
            len(self._losses) == MOST_LOSSES and self._losses[-1] - self._losses[0] < LOSS_SECONDS
        )
        for session in self.sessions:
            if session.channel.watchers or session.pace is not None:
                await self._bring_back(session, paused=is_repeated)

    async def _bring_back(self, session: Session, *, paused: bool) -> None:
        if paused:
            session.pace = None
        try:
            async with session.lock:
                if session.is_placed:
                    return
                await self._archive.load(session)
                await self._placing.place(session)
        except NeurariumError as error:
            LOG.warning("a session could not be restored: %s", error)
            if error.code != "host_lost":
                session.channel.broadcast(problem_notice(error))
            return
        session.channel.broadcast(restored_notice(session.step))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
