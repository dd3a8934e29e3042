"""All sessions of a server: who owns them, where they are placed, and how they come back.

A session outlives the engine host: its experiment and newest checkpoint are kept here, so that it
is made again after a crash, or on the next visit after nobody has watched it for a while. Guarded
by tests/server/test_sessions.py.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import secrets
import time
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.errors import NeurariumError
from engine.text import Text
from server.channel import Channel
from server.errors import as_problem, refuse
from server.hosts.base import EngineHost, Order, Placement, Point
from server.protocol import (
    Command,
    HostNotice,
    Inspect,
    Pause,
    Play,
    ProblemMessage,
    Status,
    Step,
    Words,
)
from server.settings import Settings

LOG = logging.getLogger("neurarium")

ID_BYTES = 18
MOST_LOSSES, LOSS_SECONDS = 3, 60.0
"""After so many crashes within so long, sessions come back paused: one of them may be the cause."""
LONGEST_SWEEP = 10.0
"""Seconds between two looks for idle sessions, at most."""

LOST = Text(
    "The engine stopped unexpectedly. It is being started again.",
    "引擎意外停止，正在重新启动。",
)
RESTORED = Text(
    "The engine is back. Training goes on from step {step}.", "引擎已恢复，从第 {step} 步继续。"
)


@dataclass(eq=False)
class Session:
    """One session as the web process knows it.

    Attributes:
        id: names the session; whoever knows it may watch.
        token: whoever knows it may edit.
        visitor: who made it, for quotas.
        epoch: of its placement; grows each time it is placed.
        is_placed, is_placing: whether a host holds it now, or is about to.
        pace: the command to go on training with, `None` while paused.
    """

    id: str
    token: str
    visitor: str
    experiment: bytes
    channel: Channel = field(init=False)
    epoch: int = 0
    is_placed: bool = False
    is_placing: bool = False
    pace: Play | None = None
    inspected: Inspect | None = None
    checkpoint: bytes | None = None
    checkpoint_revision: int = 0
    history: bytes | None = None
    step: int = 0
    unwatched_since: float = field(default_factory=time.monotonic)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def placement(self) -> Placement:
        """The session at its present host."""
        return Placement(self.id, self.epoch)

    def may_edit(self, token: str | None) -> bool:
        """Whether `token` is the capability to edit."""
        return token is not None and hmac.compare_digest(token.encode(), self.token.encode())

    def order(self) -> Order:
        """What makes the session again in its last saved state."""
        is_current = self.checkpoint_revision == self.channel.revision
        return Order(
            self.experiment,
            self.checkpoint if is_current else None,
            self.channel.revision + 1,
            self.history if is_current else None,
        )


class Registry:
    """Makes, finds, places, saves and restores sessions. It is the listener of its host."""

    def __init__(self, host: EngineHost, settings: Settings) -> None:
        self._host, self._settings = host, settings
        self._sessions: dict[str, Session] = {}
        self._losses: deque[float] = deque(maxlen=MOST_LOSSES)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Start looking for idle sessions."""
        self._spawn(self._sweep())

    async def stop(self) -> None:
        """End all that goes on in the background."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def sessions(self) -> Sequence[Session]:
        """All sessions, the oldest first."""
        return list(self._sessions.values())

    # --- for connections --------------------------------------------------------------------------

    async def create(self, visitor: str, experiment: bytes) -> Session:
        """Make a session, paused.

        Raises:
            NeurariumError: if the experiment can't be built or a quota is met.
        """
        await self._make_room(visitor)
        session = Session(
            secrets.token_urlsafe(ID_BYTES), secrets.token_urlsafe(ID_BYTES), visitor, experiment
        )
        session.channel = Channel(
            lambda revision, keys, rate: self._watch(session, revision, keys, rate),
            lambda: self._host.grant(session.placement),
        )
        self._sessions[session.id] = session
        try:
            async with session.lock:
                await self._place(session)
        except BaseException:
            del self._sessions[session.id]
            raise
        return session

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
            await self._ensure_placed(session)
        return session

    async def command(self, session: Session, command: Command) -> dict[str, Any]:
        """Carry out a command; returns what its reply carries beside the outcome.

        Raises:
            NeurariumError: why it was refused; the session is as it was.
        """
        async with session.lock:
            await self._ensure_placed(session)
            if isinstance(command, Play | Pause | Step):
                # Set first: training may have ended again before the answer comes.
                session.pace = command if isinstance(command, Play) else None
            answer = await self._host.command(session.placement, command)
            if isinstance(command, Inspect):
                session.inspected = command
        return answer

    def unwatched(self, session: Session) -> None:
        """Someone has stopped watching `session`."""
        session.unwatched_since = time.monotonic()

    # --- placement --------------------------------------------------------------------------------

    async def _make_room(self, visitor: str) -> None:
        """Save the longest unwatched session where a quota is met; raises where all are watched."""
        for where, limit, owner in (
            ("max_sessions_per_visitor", self._settings.max_sessions_per_visitor, visitor),
            ("max_sessions", self._settings.max_sessions, None),
        ):
            while len(placed := self._placed(owner)) >= limit:
                idle = [session for session in placed if not session.channel.watchers]
                if not idle:
                    raise refuse("too_many_sessions", where, value=len(placed), allowed=limit)
                await self._evict(min(idle, key=lambda session: session.unwatched_since))

    def _placed(self, visitor: str | None) -> list[Session]:
        return [
            session
            for session in self._sessions.values()
            if (session.is_placed or session.is_placing) and visitor in (None, session.visitor)
        ]

    async def _ensure_placed(self, session: Session) -> None:
        if session.is_placed:
            return
        if session.id not in self._sessions:
            raise refuse("unknown_session", "session", value=session.id)
        await self._make_room(session.visitor)
        await self._place(session)

    async def _place(self, session: Session) -> None:
        """Make the session at the host in its last saved state, and let it go on as it was."""
        pace, order = session.pace, session.order()
        session.epoch += 1
        session.channel.detach()
        session.is_placing = True
        try:
            await self._host.create(session.placement, order)
        finally:
            session.is_placing = False
        session.is_placed = True
        session.checkpoint, session.checkpoint_revision = order.checkpoint, order.revision
        if session.channel.curves.last_step > session.step:
            session.channel.hear_rewind(session.step)
        if session.inspected is not None:
            await self._host.command(session.placement, session.inspected)
        if pace is not None:
            session.pace = pace
            await self._host.command(session.placement, pace)

    async def _evict(self, session: Session) -> None:
        """Save a session that nobody watches and take it from the host."""
        async with session.lock:
            if not session.is_placed or session.channel.watchers:
                return
            try:
                await self._host.save(session.placement)
                await self._host.close(session.placement)
            except NeurariumError as error:
                # With its host gone, the session keeps the checkpoint that it had.
                LOG.warning("a session left without being saved: %s", error)
            session.is_placed, session.pace = False, None
            session.channel.detach()
        self._trim()

    def _trim(self) -> None:
        """Forget the longest unwatched stored sessions above the limits."""
        stored = sorted(
            (session for session in self._sessions.values() if not session.is_placed),
            key=lambda session: session.unwatched_since,
        )
        size = self._stored_bytes()
        count = len(stored)
        for session in stored:
            too_many = count > self._settings.max_stored_sessions
            if not (too_many or size > self._settings.max_stored_bytes):
                return
            if session.channel.watchers or session.lock.locked():
                continue
            del self._sessions[session.id]
            count, size = count - 1, size - len(session.checkpoint or b"")

    def _stored_bytes(self) -> int:
        return sum(len(session.checkpoint or b"") for session in self._sessions.values())

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(min(self._settings.idle_seconds / 4, LONGEST_SWEEP))
            before = time.monotonic() - self._settings.idle_seconds
            for session in self.sessions:
                is_idle = not session.channel.watchers and session.unwatched_since < before
                if session.is_placed and is_idle:
                    await self._evict(session)

    def _watch(self, session: Session, revision: int, keys: Sequence[int], rate: float) -> None:
        self._host.watch(session.placement, revision, keys, rate)

    # --- what the host tells ----------------------------------------------------------------------

    def on_message(self, placement: Placement, kind: str, text: str) -> None:
        """Pass a message on, and keep what is needed to make the session again."""
        if (session := self._current(placement)) is None:
            return
        if kind == "experiment":
            session.experiment = json.dumps(json.loads(text)["experiment"]).encode()
        elif kind == "status":
            status = Status.model_validate_json(text)
            session.step = status.step
            if status.status != "running":
                session.pace = None
        session.channel.hear(kind, text)

    def on_frame(self, placement: Placement, frame: bytes) -> None:
        """Pass a frame on."""
        if (session := self._current(placement)) is not None:
            session.channel.hear_frame(frame)

    def on_point(self, placement: Placement, point: Point) -> None:
        """Keep a point of the curves."""
        if (session := self._current(placement)) is not None:
            session.channel.hear_point(point)

    def on_rewind(self, placement: Placement, step: int) -> None:
        """Void points of the curves."""
        if (session := self._current(placement)) is not None:
            session.channel.hear_rewind(step)

    def on_checkpoint(self, placement: Placement, revision: int, checkpoint: bytes) -> None:
        """Keep the newest checkpoint."""
        if (session := self._current(placement)) is not None:
            session.checkpoint, session.checkpoint_revision = checkpoint, revision
            self._trim()
            if self._stored_bytes() > self._settings.max_stored_bytes:
                # Everything else is in use: this one would begin anew after a crash.
                session.checkpoint = None

    def on_history(self, placement: Placement, history: bytes) -> None:
        """Keep the newest history."""
        if (session := self._current(placement)) is not None:
            session.history = history

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
                session.channel.broadcast(_notice("lost", None, LOST))

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
                await self._place(session)
        except NeurariumError as error:
            LOG.warning("a session could not be restored: %s", error)
            if error.code != "host_lost":
                message = ProblemMessage(problem=as_problem(error), fatal=False)
                session.channel.broadcast(message.model_dump_json())
            return
        step = session.step
        session.channel.broadcast(_notice("restored", step, RESTORED.format(step=step)))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _notice(event: Literal["lost", "restored"], step: int | None, message: Text) -> str:
    words = Words(en=message.en, zh=message.zh)
    return HostNotice(event=event, step=step, message=words).model_dump_json()
