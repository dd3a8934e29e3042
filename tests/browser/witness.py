"""Hears what must not happen on any page: errors in the console, requests to other hosts."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, WebError, WebSocket

QUIET_KINDS = frozenset({"debug", "info", "log"})
HARMLESS_SCHEMES = frozenset({"about", "blob", "data"})


class Witness:
    """Keeps every complaint of the contexts that it watches.

    Args:
        host: `name:port` of the server; nothing else may be asked for anything.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._heard: list[str] = []
        self._expected: list[re.Pattern[str]] = []

    def watch(self, context: BrowserContext) -> None:
        """Listen to all pages of a context, also to those that it opens later."""
        context.on("console", self._hear_console)
        context.on("weberror", self._hear_error)
        context.on("request", self._hear_request)
        context.on("page", self._watch_page)

    def expect(self, pattern: str) -> None:
        """Complaints that match are what the test is about."""
        self._expected.append(re.compile(pattern))

    @property
    def complaints(self) -> list[str]:
        """What was heard and not expected."""
        return [
            heard
            for heard in self._heard
            if not any(pattern.search(heard) for pattern in self._expected)
        ]

    def _watch_page(self, page: Page) -> None:
        page.on("websocket", self._hear_socket)

    def _hear_console(self, message: ConsoleMessage) -> None:
        if message.type not in QUIET_KINDS:
            self._heard.append(f"console {message.type}: {message.text}")

    def _hear_error(self, error: WebError) -> None:
        self._heard.append(f"uncaught: {error.error}")

    def _hear_request(self, request: Request) -> None:
        self._check_address(request.url)

    def _hear_socket(self, socket: WebSocket) -> None:
        self._check_address(socket.url)

    def _check_address(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in HARMLESS_SCHEMES and parts.netloc != self._host:
            self._heard.append(f"request to another host: {address}")
