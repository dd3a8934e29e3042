"""What a page and its server say to each other, as a browser's developer tools would list it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page

from server.protocol import HEADER
from server.stream import Head, ReceivedTensor, decode, read_head

Message = dict[str, Any]

LISTEN = """headBytes => {
    const wire = window.neurariumWire ??= { sent: [], received: [], heads: [], newest: null };
    if (window.WebSocket.isHeard === true) return;
    const text = bytes => btoa(String.fromCharCode(...bytes));
    window.WebSocket = class extends window.WebSocket {
        static isHeard = true;
        constructor(...words) {
            super(...words);
            this.addEventListener('message', ({ data }) => {
                if (typeof data === 'string') wire.received.push(data);
                else {
                    wire.heads.push(text(new Uint8Array(data, 0, headBytes)));
                    wire.newest = data;
                }
            });
        }
        send(data) {
            wire.sent.push(data);
            super.send(data);
        }
    };
}"""
"""Runs in the page before its own scripts. Frames stay in the page: handing each of them over as a
browser's developer tools do costs more than the page itself."""

FETCH = """() => {
    const { sent, received, heads } = window.neurariumWire ?? { sent: [], received: [], heads: [] };
    return [sent.splice(0), received.splice(0), heads.splice(0)];
}"""

NEWEST = """() => {
    const bytes = new Uint8Array(window.neurariumWire.newest);
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
}"""


class Wire:
    """Listens to every websocket of a page from before it is opened."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._sent: list[Message] = []
        self._received: list[Message] = []
        self._heads: list[Head] = []
        self.listen()

    def listen(self) -> None:
        """Listen from the next loading on; once more after the page's websockets were rerouted."""
        self._page.add_init_script(f"({LISTEN})({HEADER.size})")

    def _fetch(self) -> None:
        """Take over what has been said since the last time."""
        sent, received, heads = self._page.evaluate(FETCH)
        self._sent += map(json.loads, sent)
        self._received += map(json.loads, received)
        self._heads += (read_head(base64.b64decode(head)) for head in heads)

    @property
    def sent(self) -> list[Message]:
        """Control messages of the page, in order."""
        self._fetch()
        return self._sent

    @property
    def received(self) -> list[Message]:
        """Control messages of the server, in order."""
        self._fetch()
        return self._received

    @property
    def heads(self) -> list[Head]:
        """The start of every frame, in order."""
        self._fetch()
        return self._heads

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
            for message in reversed(self._received)
            if message["type"] == "layout" and message["revision"] == request["revision"]
        )
        tensors: Sequence[Message] = [layout["tensors"][key] for key in request["tensors"]]
        return {(tensor["layer"], tensor["quantity"]) for tensor in tensors}

    def tensor(self, layer: str, quantity: str) -> ReceivedTensor | None:
        """A tensor of the newest frame, if it is in it."""
        tensors = self.newest("layout")["tensors"]
        names = [(tensor["layer"], tensor["quantity"]) for tensor in tensors]
        frame = base64.b64decode(self._page.evaluate(NEWEST))
        return decode(frame)[1].get(names.index((layer, quantity)))
