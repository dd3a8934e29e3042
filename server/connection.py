"""One page at the other end of a websocket, as an explicit state machine.

`AWAITING_HELLO → OPEN → CLOSING → CLOSED`. One task reads, one carries out commands in their order,
one writes; nothing waits in a queue without an end. Guarded by tests/server/test_connection.py.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from enum import Enum
from typing import Any, NoReturn

from pydantic import ValidationError
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from engine.errors import NeurariumError, from_validation_error
from server import __version__
from server.admission import TokenBucket
from server.channel import View
from server.errors import as_problem, refuse
from server.http_errors import log_internal
from server.protocol import (
    CLIENT_MESSAGE,
    LARGEST_NUMBER,
    PROTOCOL_VERSION,
    Acknowledge,
    ClientMessage,
    Command,
    Hello,
    ProblemMessage,
    Reply,
    Subscribe,
    Welcome,
)
from server.services import Services
from server.sessions import Session

MOST_WAITING_COMMANDS = 32
MOST_WAITING_MESSAGES = 1_000
MOST_WAITING_CHARACTERS = 16_000_000
"""Text messages for a page that doesn't read them; with more it is cut off."""
SECONDS_TO_FLUSH = 5.0
CLOSE_CODES = {"message_too_large": 1009, "internal": 1011, "too_many_connections": 1013}
REFUSED = 1008
"""Close code of every other refusal; what happened is told in the last message before."""


class State(Enum):
    """What a connection is waiting for."""

    AWAITING_HELLO = "awaiting hello"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class _EndError(Exception):
    """The connection is over; `close_code` is `None` when the page has left."""

    def __init__(self, close_code: int | None) -> None:
        super().__init__(close_code)
        self.close_code = close_code


class Connection:
    """Serves one accepted websocket until it ends.

    Args:
        websocket: not accepted yet.
        services: of the application.
        visitor: whose page it is.
    """

    def __init__(self, websocket: WebSocket, services: Services, visitor: str) -> None:
        self._websocket, self._services, self._visitor = websocket, services, visitor
        self._settings = services.settings
        self._bucket = TokenBucket(self._settings.message_rate, self._settings.message_burst)
        self._commands: asyncio.Queue[Command] = asyncio.Queue(MOST_WAITING_COMMANDS)
        self._outbox: deque[str] = deque()
        self._waiting_characters = 0
        self._wake = asyncio.Event()
        self._hearing: asyncio.Future[Message] | None = None
        self._session: Session | None = None
        self._can_edit = False
        self._view = View(self._send, self._wake.set)
        self.state = State.AWAITING_HELLO

    async def serve(self) -> None:
        """Accept, talk, and close."""
        await self._websocket.accept()
        writer = asyncio.create_task(self._write())
        worker = asyncio.create_task(self._work())
        reader = self._reader = asyncio.create_task(self._read())
        try:
            await asyncio.wait((writer, reader), return_when=asyncio.FIRST_COMPLETED)
            await self._end(reader, writer)
        finally:
            tasks = [task for task in (reader, worker, writer, self._hearing) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._leave()

    async def _end(self, reader: asyncio.Task[None], writer: asyncio.Task[None]) -> None:
        """Send what is left to say and close, unless the page has gone."""
        error = reader.exception() if reader.done() and not reader.cancelled() else None
        if not isinstance(error, _EndError) or error.close_code is None:
            if error is not None and not isinstance(error, _EndError):
                log_internal(self._websocket, error)
            return
        self.state = State.CLOSING
        self._wake.set()
        await asyncio.wait((writer,), timeout=SECONDS_TO_FLUSH)
        if writer.done():
            await self._websocket.close(error.close_code)

    def _leave(self) -> None:
        self.state = State.CLOSED
        if self._session is not None:
            self._session.channel.leave(self._view)
            self._services.registry.unwatched(self._session)

    # --- reading ----------------------------------------------------------------------------------

    async def _read(self) -> None:
        """Ends with `_EndError`, or with an exception that nobody foresaw."""
        try:
            self._services.connections.enter(self._visitor)
        except NeurariumError as error:
            self._fail(error)
        try:
            await self._await_hello()
            while True:
                await self._handle(await self._receive())
        finally:
            self._services.connections.leave(self._visitor)

    async def _await_hello(self) -> None:
        try:
            async with asyncio.timeout(self._settings.hello_seconds):
                text = await self._receive()
        except TimeoutError:
            limit = f"{self._settings.hello_seconds:g} s"
            self._fail(refuse("hello_timeout", "connection", allowed=limit))
        try:
            message = self._parse(text)
            if not isinstance(message, Hello):
                raise refuse("hello_expected", "type", value=message.type, allowed="hello")
            await self._greet(message)
        except NeurariumError as error:
            self._fail(error)

    async def _handle(self, text: str) -> None:
        """Act on one message after the greeting."""
        if delay := self._bucket.take():
            # Not reading on slows the sender down, and nobody else.
            await asyncio.sleep(delay)
        try:
            message = self._parse(text)
            match message:
                case Acknowledge():
                    self._current.channel.acknowledge(self._view, message.sequence)
                case Subscribe():
                    rate = min(message.rate, self._settings.max_frame_rate)
                    wish = message.model_copy(update={"rate": rate})
                    self._current.channel.subscribe(self._view, wish)
                case Hello():
                    raise refuse("hello_again", "type", value="hello")
                case _:
                    self._enqueue(message)
        except NeurariumError as error:
            self._answer_bad(text, error)

    async def _next_event(self) -> Message:
        """What comes next, or what came while the session was being made."""
        hearing, self._hearing = self._hearing, None
        return await (self._websocket.receive() if hearing is None else hearing)

    async def _receive(self) -> str:
        """The next text message of allowed size; others are answered with a problem."""
        while True:
            event = await self._next_event()
            if event["type"] == "websocket.disconnect":
                raise _EndError(None)
            text, limit = event.get("text"), self._settings.max_message_bytes
            if text is None:
                error = refuse("not_text", "message", value=f"{len(event['bytes'])} bytes")
            elif len(text) > limit or len(text.encode(errors="replace")) > limit:
                error = refuse("message_too_large", "message", value=len(text), allowed=limit)
            else:
                return str(text)
            if self.state is State.AWAITING_HELLO:
                self._fail(error)
            self._send_problem(error, fatal=False)

    @staticmethod
    def _parse(text: str) -> ClientMessage:
        try:
            return CLIENT_MESSAGE.validate_json(text)
        except ValidationError as error:
            raise from_validation_error(error, "message") from None

    def _answer_bad(self, text: str, error: NeurariumError) -> None:
        """Answer a message that can't be used: as a command where it is recognisable as one."""
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            message = None
        request = message.get("request") if isinstance(message, dict) else None
        if type(request) is int and 0 <= request <= LARGEST_NUMBER:
            self._send(Reply(request=request, problem=as_problem(error)).model_dump_json())
        else:
            self._send_problem(error, fatal=False)

    # --- greeting ---------------------------------------------------------------------------------

    async def _greet(self, hello: Hello) -> None:
        if hello.protocol != PROTOCOL_VERSION:
            raise refuse(
                "wrong_protocol", "protocol", value=hello.protocol, allowed=PROTOCOL_VERSION
            )
        session, is_new = await self._wait_for_session(hello)
        self._session = session
        self._can_edit = is_new or session.may_edit(hello.token)
        self.state = State.OPEN
        welcome = Welcome(
            protocol=PROTOCOL_VERSION,
            version=__version__,
            session=session.id,
            token=session.token if is_new else None,
            can_edit=self._can_edit,
            limits=self._settings.limits_in_force(),
        )
        self._send(welcome.model_dump_json())
        session.channel.join(self._view, hello.history_run, hello.history_after)

    async def _wait_for_session(self, hello: Hello) -> tuple[Session, bool]:
        """The session for this page, unless the page leaves while it is being made."""
        making = asyncio.ensure_future(self._find_or_make(hello))
        self._hearing = asyncio.ensure_future(self._websocket.receive())
        await asyncio.wait((making, self._hearing), return_when=asyncio.FIRST_COMPLETED)
        if self._hearing.done() and self._hearing.result()["type"] == "websocket.disconnect":
            # It is finished nevertheless, and waits for the page's next visit.
            making.add_done_callback(lambda made: made.cancelled() or made.exception())
            raise _EndError(None)
        return await making

    async def _find_or_make(self, hello: Hello) -> tuple[Session, bool]:
        """The session that the page asks for, and whether it was made for it just now."""
        has_other = hello.experiment is not None or hello.preset is not None
        if hello.session is not None:
            try:
                session = self._services.registry.find(hello.session)
            except NeurariumError:
                if not has_other:
                    raise
            else:
                if hello.token is not None and not session.may_edit(hello.token):
                    raise refuse("not_yours", "token")
                return await self._services.registry.open(session.id), False
        if not has_other:
            raise refuse("hello_empty", "session", allowed="session, preset, experiment")
        if hello.experiment is not None:
            experiment = json.dumps(hello.experiment).encode()
        else:
            experiment = await self._services.library.preset(hello.preset or "")
        return await self._services.registry.create(self._visitor, experiment), True

    # --- commands ---------------------------------------------------------------------------------

    def _enqueue(self, command: Command) -> None:
        if not self._can_edit:
            raise refuse("not_yours", "session")
        try:
            self._commands.put_nowait(command)
        except asyncio.QueueFull:
            raise refuse("too_many_commands", "request", allowed=MOST_WAITING_COMMANDS) from None

    async def _work(self) -> None:
        """Carry out commands, one after the other."""
        while True:
            command = await self._commands.get()
            problem, answer = None, dict[str, Any]()
            try:
                answer = await self._services.registry.command(self._current, command)
            except NeurariumError as error:
                problem = as_problem(error)
            except Exception as error:
                log_internal(self._websocket, error)
                problem = as_problem(refuse("internal", "server"))
            reply = Reply(request=command.request, problem=problem, **answer)
            self._send(reply.model_dump_json())

    @property
    def _current(self) -> Session:
        if self._session is None:
            raise refuse("hello_expected", "type")
        return self._session

    # --- writing ----------------------------------------------------------------------------------

    def _send(self, text: str) -> None:
        if self.state is State.CLOSED:
            return
        self._waiting_characters += len(text)
        too_many = len(self._outbox) >= MOST_WAITING_MESSAGES
        if too_many or self._waiting_characters > MOST_WAITING_CHARACTERS:
            self._reader.cancel()
            return
        self._outbox.append(text)
        self._wake.set()

    def _send_problem(self, error: NeurariumError, *, fatal: bool) -> None:
        message = ProblemMessage(problem=as_problem(error), fatal=fatal)
        self._send(message.model_dump_json())

    def _fail(self, error: NeurariumError) -> NoReturn:
        """Say what is wrong and end the connection."""
        self._send_problem(error, fatal=True)
        raise _EndError(CLOSE_CODES.get(error.code, REFUSED))

    async def _write(self) -> None:
        """Send texts in their order and, between them, the newest frame."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._outbox:
                    text = self._outbox.popleft()
                    await self._websocket.send_text(text)
                    self._waiting_characters -= len(text)
                if self.state is State.CLOSING:
                    return
                if self._session is None:
                    continue
                for message in self._session.channel.take(self._view):
                    if isinstance(message, bytes):
                        await self._websocket.send_bytes(message)
                    else:
                        await self._websocket.send_text(message)
        except (WebSocketDisconnect, RuntimeError):
            # The page left while something was on its way to it.
            return
