"""The default host: a process of its own on this machine, reached by a pipe.

A thread reads the pipe and another one writes to it, so that the event loop never waits for the
host. When the process dies or stays silent, every waiting call fails with `host_lost`, the listener
hears of it and another process is started. Guarded by tests/server/test_local_host.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable, Sequence
from typing import Any, Literal

from pydantic import TypeAdapter

from engine.errors import NeurariumError
from server.errors import from_problem, refuse
from server.hosts.base import Description, EngineHost, HostListener, Order, Placement, Point
from server.hosts.entry import enter
from server.hosts.line import Line
from server.hosts.options import HostOptions
from server.hosts.wire import pack, unpack
from server.protocol import Command, LayerLayout

LOG = logging.getLogger("neurarium")
LAYERS: TypeAdapter[list[LayerLayout]] = TypeAdapter(list[LayerLayout])

FIRST_DELAY, LONGEST_DELAY = 0.1, 10.0
"""Seconds before another process is started; doubled while each one dies before it was ready."""
PINGS_IN_TIME = 3
"""How often the host is asked for a sign of life within the time after which it counts as dead."""


class LocalHost(EngineHost):
    """Keeps one engine host process alive.

    Args:
        options: what the process is started with.
        answer_seconds: a process that is silent for so long is killed.
    """

    def __init__(self, options: HostOptions, answer_seconds: float) -> None:
        self._options = options
        self._answer_seconds = answer_seconds
        self._numbers = itertools.count(1)
        self._calls: dict[int, asyncio.Future[tuple[Any, bytes]]] = {}
        self._ready = asyncio.Event()
        self._stopping = False
        self._failures = 0
        self._starts = 0
        self._line: Line | None = None
        self._watchdog: asyncio.Task[None] | None = None

    # --- life -------------------------------------------------------------------------------------

    def launch(self) -> None:
        """Start the process before there is an event loop: it loads while the server does."""
        self._line = Line(enter, (self._options,))

    async def start(self, listener: HostListener) -> None:
        """Start the process, or listen to the one that was launched."""
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._open_line(self._line)
        self._watchdog = asyncio.create_task(self._watch_life())

    async def stop(self) -> None:
        """End the process."""
        self._stopping = True
        if self._watchdog is not None:
            self._watchdog.cancel()
        if self._line is not None:
            await asyncio.to_thread(self._line.close, pack({"name": "stop"}))
        self._fail_calls()

    async def wait_until_ready(self) -> None:
        """Return when the process answers."""
        await self._ready.wait()

    @property
    def process_id(self) -> int | None:
        """Of the process that serves at present."""
        return self._line.process_id if self._line else None

    def _open_line(self, launched: Line | None = None) -> None:
        if self._stopping:
            return
        self._starts += 1
        number = self._starts
        self._line = launched or Line(enter, (self._options,))
        self._line.listen(
            lambda message: self._on_loop(self._receive, number, message),
            lambda: self._on_loop(self._line_ended, number),
        )

    def _on_loop(self, function: Callable[..., None], *arguments: object) -> None:
        """Run `function` on the event loop, from a thread of the line."""
        # The loop is closed only when the server ends: nobody listens any more.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *arguments)

    async def _watch_life(self) -> None:
        """Kill a process that gives no sign of life; its end is noticed as any other."""
        while True:
            await asyncio.sleep(self._answer_seconds / PINGS_IN_TIME)
            line = self._line
            if line is None or not self._ready.is_set():
                continue
            try:
                async with asyncio.timeout(self._answer_seconds):
                    await self.ping()
            except TimeoutError:
                LOG.error("the engine host is silent and is replaced")
                line.kill()
            except NeurariumError as error:
                # It ended meanwhile, which is reported elsewhere.
                LOG.debug("no answer to a sign of life: %s", error)

    def _line_ended(self, number: int) -> None:
        """The process of start `number` has ended."""
        line = self._line
        if line is None or number != self._starts or self._stopping:
            return
        LOG.error("the engine host ended with status %s", line.exit_status)
        self._line = None
        was_ready = self._ready.is_set()
        self._ready.clear()
        self._failures = 0 if was_ready else self._failures + 1
        self._fail_calls()
        if was_ready:
            self._listener.on_lost()
        self._loop.call_later(min(LONGEST_DELAY, FIRST_DELAY * 2**self._failures), self._open_line)

    def _fail_calls(self) -> None:
        calls, self._calls = self._calls, {}
        for answer in calls.values():
            if not answer.done():
                answer.set_exception(refuse("host_lost", "server"))

    # --- what comes from the process --------------------------------------------------------------

    def _receive(self, number: int, message: bytes) -> None:
        """One message of the process of start `number`."""
        if number != self._starts:
            return
        header, body = unpack(message)
        if "answer" in header:
            self._settle(header, body)
        elif header["event"] == "ready":
            self._ready.set()
            if number > 1:
                self._listener.on_restored()
        else:
            self._hear(Placement(header["session"], header["epoch"]), header, body)

    def _settle(self, header: dict[str, Any], body: bytes) -> None:
        answer = self._calls.pop(header["answer"], None)
        if answer is None or answer.done():
            return
        if header.get("problem"):
            answer.set_exception(from_problem(header["problem"]))
        else:
            answer.set_result((header.get("result"), body))

    def _hear(self, placement: Placement, header: dict[str, Any], body: bytes) -> None:
        match header["event"]:
            case "frame":
                self._listener.on_frame(placement, body)
            case "message":
                self._listener.on_message(placement, header["type"], body.decode())
            case "point":
                self._listener.on_point(placement, Point(*header["point"]))
            case "rewind":
                self._listener.on_rewind(placement, header["step"])
            case "checkpoint":
                self._listener.on_checkpoint(placement, header["revision"], body)
            case "history":
                self._listener.on_history(placement, body)
            case other:
                LOG.error("the engine host sent an unknown event: %s", other)

    # --- what goes to the process -----------------------------------------------------------------

    async def _call(
        self, name: str, placement: Placement | None = None, body: bytes = b"", **values: Any
    ) -> tuple[Any, bytes]:
        line = self._line
        if line is None:
            raise refuse("host_lost", "server")
        number = next(self._numbers)
        answer: asyncio.Future[tuple[Any, bytes]] = self._loop.create_future()
        self._calls[number] = answer
        try:
            line.send(pack(_header(name, placement, values, call=number), body))
            return await answer
        finally:
            self._calls.pop(number, None)

    def _tell(self, name: str, placement: Placement, **values: Any) -> None:
        if self._line is not None:
            self._line.send(pack(_header(name, placement, values)))

    async def ping(self) -> None:
        """Return when the process has answered."""
        await self._call("ping")

    async def describe(self) -> Description:
        """Catalog and presets of the engine."""
        result, body = await self._call("describe")
        middle = result["catalog_bytes"]
        return Description(body[:middle], body[middle:], result["default_preset"])

    async def check(self, experiment: bytes) -> Sequence[LayerLayout]:
        """What the engine makes of an experiment, without running it."""
        result, _ = await self._call("check", body=experiment)
        return LAYERS.validate_python(result)

    async def sample_source(self, kind: str, count: int) -> bytes:
        """Some samples of a data source with its default fields."""
        return (await self._call("sample_source", kind=kind, count=count))[1]

    async def create(self, placement: Placement, order: Order) -> None:
        """Make a session, paused."""
        checkpoint, history = order.checkpoint or b"", order.history or b""
        await self._call(
            "create",
            placement,
            order.experiment + checkpoint + history,
            experiment_bytes=len(order.experiment),
            checkpoint_bytes=len(checkpoint),
            revision=order.revision,
        )

    async def command(self, placement: Placement, command: Command) -> dict[str, Any]:
        """Carry out a command at a step boundary."""
        answer, _ = await self._call("command", placement, command.model_dump_json().encode())
        return dict(answer)

    async def save(self, placement: Placement) -> None:
        """Send a checkpoint of the present state to the listener."""
        await self._call("save", placement)

    async def samples(
        self, placement: Placement, part: Literal["training", "validation"], offset: int, count: int
    ) -> bytes:
        """Samples of the session's data."""
        return (await self._call("samples", placement, part=part, offset=offset, count=count))[1]

    async def close(self, placement: Placement) -> None:
        """Forget a session."""
        await self._call("close", placement)

    def watch(
        self, placement: Placement, revision: int, tensors: Sequence[int], rate: float
    ) -> None:
        """Which tensors are in view, and how often they are wanted."""
        self._tell("watch", placement, revision=revision, tensors=list(tensors), rate=rate)

    def grant(self, placement: Placement) -> None:
        """Allow one more frame."""
        self._tell("grant", placement)


def _header(
    name: str, placement: Placement | None, values: dict[str, Any], call: int | None = None
) -> dict[str, Any]:
    header: dict[str, Any] = {"name": name, **values}
    if placement is not None:
        header |= placement._asdict()
    if call is not None:
        header["call"] = call
    return header
