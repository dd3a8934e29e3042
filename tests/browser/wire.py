"""What a page and its server say to each other, as a browser's developer tools would list it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page, WebSocket

from server.stream import Head, ReceivedTensor, decode, read_head

Message = dict[str, Any]


class Wire:
    """Listens to every websocket of a page from before it is opened.

    Attributes:
        sent: control messages of the page, in order.
        received: control messages of the server, in order.
        heads: the start of every frame, in order.
    """

    def __init__(self, page: Page) -> None:
        self.sent: list[Message] = []
        self.received: list[Message] = []
        self.heads: list[Head] = []
        self._newest_frame = b""
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", self._hear_page)
        socket.on("framereceived", self._hear_server)

    def _hear_page(self, payload: str | bytes) -> None:
        self.sent.append(json.loads(payload))

    def _hear_server(self, payload: str | bytes) -> None:
        if isinstance(payload, str):
            self.received.append(json.loads(payload))
            return
        self.heads.append(read_head(payload))
        self._newest_frame = payload

    def newest(self, kind: str) -> Message:
        """The last message of that type from the server."""
        return next(message for message in reversed(self.received) if message["type"] == kind)

    @property
    def experiment(self) -> Message:
        """The document that the server runs."""
        document: Message = self.newest("experiment")["experiment"]
        return document

    @property
    def steps(self) -> list[int]:
        """The step of every frame so far."""
        return [head.step for head in self.heads]

    @property
    def subscribed(self) -> set[tuple[str, str]]:
        """Layer and quantity of the tensors that the page asked for last."""
        request = next(message for message in reversed(self.sent) if message["type"] == "subscribe")
        layout = next(
            message
            for message in reversed(self.received)
            if message["type"] == "layout" and message["revision"] == request["revision"]
        )
        tensors: Sequence[Message] = [layout["tensors"][key] for key in request["tensors"]]
        return {(tensor["layer"], tensor["quantity"]) for tensor in tensors}

    def tensor(self, layer: str, quantity: str) -> ReceivedTensor | None:
        """A tensor of the newest frame, if it is in it."""
        tensors = self.newest("layout")["tensors"]
        names = [(tensor["layer"], tensor["quantity"]) for tensor in tensors]
        return decode(self._newest_frame)[1].get(names.index((layer, quantity)))
