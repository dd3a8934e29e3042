"""What happens to every request before a route sees it, and to every answer afterwards.

Guarded by tests/server/test_security.py.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from engine.errors import NeurariumError
from server.admission import RateLimiter
from server.errors import refuse
from server.http_errors import json_response
from server.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
SECURITY_HEADERS = {
    # Svelte and the charts place things with style attributes; nothing else is ever inline.
    "content-security-policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "style-src-attr 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "worker-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """Adds the security headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class Gate:
    """Refuses requests for a foreign host, from a foreign page, or too many of them.

    The first two keep other sites that a visitor has open from using this server in the visitor's
    name.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings
        self._limiter = RateLimiter(settings.request_rate, settings.request_burst)
        self._origins = frozenset(settings.allowed_origins)
        names = {urlsplit(origin).hostname or "" for origin in settings.allowed_origins}
        self._names = frozenset({*LOOPBACK, settings.host, *names})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or answer with a problem."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope)
        except NeurariumError as error:
            response = json_response(error)
            if scope["type"] == "websocket":
                await _consume_connect(receive)
                await WebSocket(scope, receive, send).send_denial_response(response)
            else:
                await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        # Bound to loopback, every other name is an attempt to reach it through a foreign page.
        if self._settings.host in LOOPBACK and _name_of(host) not in self._names:
            raise refuse("foreign_host", "host", value=host, allowed=sorted(self._names))
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if origin is not None and changes and not self._is_own(origin.lower(), host):
            raise refuse("foreign_origin", "origin", value=origin)
        if scope["path"].startswith("/static/"):
            return
        client = HTTPConnection(scope).client
        if not self._limiter.admits(client.host if client else ""):
            raise refuse("too_many_requests", scope["path"], allowed=self._settings.request_rate)

    def _is_own(self, origin: str, host: str) -> bool:
        return urlsplit(origin).netloc == host or origin in self._origins


def _name_of(host: str) -> str:
    """The host header without its port."""
    return host if host.endswith("]") else host.rpartition(":")[0] or host


async def _consume_connect(receive: Receive) -> Message:
    """Take the websocket's first event, which an answer has to follow."""
    return await receive()
