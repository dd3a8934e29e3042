"""A page as tests play it: one websocket, spoken to as the real page does."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from websockets.sync.client import ClientConnection, connect

from server.stream import Head, ReceivedTensor, decode

SECONDS = 20.0
"""How long a test waits for something that has to happen."""

Frame = tuple[Head, dict[int, ReceivedTensor]]


class Page:
    """One connection. Messages that nobody asked for yet are kept for later.

    Args:
        address: `http://…` of the server.
        headers: sent with the handshake.
    """

    def __init__(self, address: str, headers: dict[str, str] | None = None) -> None:
        self.address = address
        self._open = ExitStack()
        self.socket: ClientConnection = self._open.enter_context(
            connect(
                address.replace("http", "ws", 1) + "/api/stream",
                additional_headers=headers,
                max_size=None,
                compression=None,
            )
        )
        self.seen: list[dict[str, Any]] = []
        self.frames: deque[Frame] = deque()
        self.layout: dict[str, Any] = {}
        self.welcome: dict[str, Any] = {}
        # A test that sends arbitrary numbers must not be taken for the sender of a command.
        self._request = 10**12

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self._open.close()

    # --- saying -----------------------------------------------------------------------------------

    def send(self, **message: Any) -> None:
        """Send a message as JSON."""
        self.socket.send(json.dumps(message))

    def hello(self, **values: Any) -> dict[str, Any]:
        """Say hello and wait for the greeting to be complete."""
        self.send(type="hello", protocol=1, **values)
        self.welcome = self.wait_for("welcome")
        self.layout = self.wait_for("layout")
        self.wait_for("inspected")
        return self.welcome

    def subscribe(self, *quantities: str, rate: float = 60.0) -> None:
        """Subscribe all tensors of the given quantities of the newest layout."""
        keys = [
            key
            for key, tensor in enumerate(self.layout["tensors"])
            if tensor["quantity"] in quantities
        ]
        self.send(type="subscribe", revision=self.layout["revision"], tensors=keys, rate=rate)

    def command(self, kind: str, **values: Any) -> dict[str, Any] | None:
        """Send a command, wait for its reply and return the problem, if there is one."""
        problem: dict[str, Any] | None = self.ask(kind, **values)["problem"]
        return problem

    def ask(self, kind: str, **values: Any) -> dict[str, Any]:
        """Send a command and wait for its reply."""
        self._request += 1
        self.send(type=kind, request=self._request, **values)
        return self.wait_for("reply", request=self._request)

    def acknowledge(self, sequence: int) -> None:
        """Say that a frame has been taken."""
        self.send(type="acknowledge", sequence=sequence)

    # --- hearing ----------------------------------------------------------------------------------

    def receive(self, seconds: float = SECONDS) -> dict[str, Any] | Frame:
        """The next message, whatever it is."""
        message = self.socket.recv(timeout=seconds)
        if isinstance(message, bytes):
            return decode(message)
        parsed: dict[str, Any] = json.loads(message)
        self.seen.append(parsed)
        if parsed["type"] == "layout":
            self.layout = parsed
        return parsed

    def wait_for(self, kind: str, **values: Any) -> dict[str, Any]:
        """The next message of a type with these values; one that has come already counts."""
        end = time.monotonic() + SECONDS
        position = 0
        while True:
            while position < len(self.seen):
                message = self.seen[position]
                position += 1
                if message["type"] == kind and all(message[n] == v for n, v in values.items()):
                    del self.seen[position - 1]
                    return message
            got = self.receive(max(0.0, end - time.monotonic()))
            if isinstance(got, tuple):
                self.acknowledge(got[0].sequence)
                self.frames.append(got)

    def wait_for_frame(
        self, at_least: int = 0, condition: Callable[[Head], bool] = lambda head: True
    ) -> Frame:
        """The next frame of that step or a later one that fits; frames are acknowledged."""
        end = time.monotonic() + SECONDS
        while True:
            while self.frames:
                frame = self.frames.popleft()
                if frame[0].step >= at_least and condition(frame[0]):
                    return frame
            got = self.receive(max(0.0, end - time.monotonic()))
            if isinstance(got, tuple):
                self.acknowledge(got[0].sequence)
                self.frames.append(got)

    def problem(self) -> dict[str, Any]:
        """The next problem that belongs to no command."""
        problem: dict[str, Any] = self.wait_for("problem")
        return problem


def values(page: Page, frame: Any, layer: str, quantity: str) -> NDArray[Any]:
    """A tensor of a frame by its name."""
    for key, tensor in enumerate(page.layout["tensors"]):
        if (tensor["layer"], tensor["quantity"]) == (layer, quantity):
            received = frame[1][key]
            return np.frombuffer(received.data, received.dtype).reshape(received.shape)
    raise AssertionError(f"no {quantity} of {layer}")
