"""Where sessions are: at a host, or saved. Guarded by tests/server/test_sessions.py and
tests/server/test_store_sessions.py.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping

from engine.errors import NeurariumError
from server.archive import Archive
from server.errors import refuse
from server.hosts.base import EngineHost
from server.protocol import Command, Edit, Pause, SetBreakpoints, SetWatches, StartTwin, TwinState
from server.session import Session
from server.settings import Settings

LOG = logging.getLogger("neurarium")


class Placing:
    """Brings sessions to a host and takes them away.

    Args:
        host: where to.
        settings: the quotas.
        archive: of what isn't in memory.
        sessions: all of them, as they are at any time.
        on_evicted: called when one has left its host and is saved.
    """

    def __init__(
        self,
        host: EngineHost,
        settings: Settings,
        archive: Archive,
        sessions: Mapping[str, Session],
        on_evicted: Callable[[], None],
    ) -> None:
        self._host, self._settings, self._archive = host, settings, archive
        self._sessions, self._on_evicted = sessions, on_evicted

    async def make_room(self, visitor: str) -> None:
        """Save the longest unwatched session where a quota is met; raises where all are watched."""
        for where, limit, owner in (
            ("max_sessions_per_visitor", self._settings.max_sessions_per_visitor, visitor),
            ("max_sessions", self._settings.max_sessions, None),
        ):
            while len(placed := self._placed(owner)) >= limit:
                idle = [session for session in placed if not session.channel.watchers]
                if not idle:
                    raise refuse("too_many_sessions", where, value=len(placed), allowed=limit)
                # What trains unwatched gives way last.
                await self.evict(min(idle, key=lambda one: (one.is_training, one.unwatched_since)))

    def _placed(self, visitor: str | None) -> list[Session]:
        return [
            session
            for session in self._sessions.values()
            if (session.is_placed or session.is_placing) and visitor in (None, session.visitor)
        ]

    async def ensure(self, session: Session) -> None:
        """Place a session that isn't placed; its lock is held.

        Raises:
            NeurariumError: it is gone, a quota is met, or its host is lost.
        """
        if session.is_placed:
            return
        if session.id not in self._sessions:
            raise refuse("unknown_session", "session", value=session.id)
        await self._archive.load(session)
        await self.make_room(session.visitor)
        await self.place(session)

    async def place(self, session: Session, *, is_new: bool = False) -> None:
        """Make the session at the host in its last saved state, and let it go on as it was."""
        pace, newest = session.pace, session.experiment
        session.epoch += 1
        session.channel.detach()
        session.is_placing = True
        try:
            await self._make(session, is_strict=is_new)
        finally:
            session.is_placing = False
        session.is_placed = True
        goes_anew = pace is not None or session.base is not None or session.checkpoint is None
        if goes_anew and session.channel.curves.last_step > session.step:
            # What came later is measured again; who only visits the past keeps what came later.
            session.channel.hear_rewind(session.step)
        if session.base is not None:
            await self._edit_again(session, session.base, newest)
        for command in list(session.standing.values()):
            await self._tell_again(session, command)
        if pace is not None:
            session.pace = pace
            await self._host.command(session.placement, pace)
        session.touch(session)

    async def _tell_again(self, session: Session, command: Command) -> None:
        """Give a command that holds on, once more."""
        if isinstance(command, SetBreakpoints | SetWatches):
            # What waits for its layer to come back isn't refused.
            command = command.model_copy(update={"lenient": True})
        try:
            await self._host.command(session.placement, command)
        except NeurariumError as error:
            if error.code == "host_lost":
                raise
            LOG.warning("a session goes on without “%s”: %s", type(command).__name__, error)
            if isinstance(command, StartTwin):
                session.forget(StartTwin)
                session.channel.hear("twin", TwinState(twin=None).model_dump_json())

    async def _make(self, session: Session, *, is_strict: bool) -> None:
        """Have the host make the session.

        A stored checkpoint that the engine can't use any more costs what was learned, not the
        session; with `is_strict` it is refused.
        """
        order = session.order()
        session.expect(order)
        try:
            await self._host.create(session.placement, order)
        except NeurariumError as error:
            if is_strict or session.checkpoint is None or not error.code.startswith("snapshot_"):
                raise
            LOG.warning("a session begins anew: %s", error)
            session.checkpoint = session.base = None
            order = session.order()
            session.expect(order)
            await self._host.create(session.placement, order)

    async def _edit_again(self, session: Session, base: bytes, newest: bytes) -> None:
        """Its checkpoint is older than its experiment: the edit in between is made once more."""
        session.base = None
        try:
            edit = Edit(request=0, experiment=json.loads(newest))
            await self._host.command(session.placement, edit)
        except NeurariumError as error:
            if error.code == "host_lost":
                session.experiment, session.base = newest, base
                raise
            LOG.warning("an edit could not be made again: %s", error)
        session.conclude()

    async def evict(self, session: Session) -> None:
        """Pause and save a session that nobody watches and take it from the host."""
        async with session.lock:
            if not session.is_placed or session.channel.watchers:
                return
            try:
                if session.is_training:
                    await self._host.command(session.placement, Pause(request=0))
                await self._host.save(session.placement)
                await self._host.close(session.placement)
            except NeurariumError as error:
                # With its host gone, the session keeps the checkpoint that it had.
                LOG.warning("a session left without being saved: %s", error)
            session.is_placed, session.pace = False, None
            session.channel.detach()
            session.touch(session)
        await self._archive.saved(session)
        self._archive.unload(session)
        self._on_evicted()
