"""Who may come in, and how fast: visitors, their connections, and token buckets.

Guarded by tests/server/test_admission.py.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Callable

from server.errors import refuse

COOKIE = "neurarium_visitor"
KNOWN = "cookie "
"""How the names of visitors begin whose browser proves who it is."""
MOST_BUCKETS = 10_000
"""Addresses whose rate is remembered; the longest unseen is forgotten first."""


class Visitors:
    """Tells browsers apart by a random signed cookie, and others by their address.

    The signature keeps a program from inventing visitors.

    Args:
        key: signs the cookies; one that lives as long as the process if left out.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)

    def issue(self) -> str:
        """The value of a new cookie."""
        name = secrets.token_urlsafe(12)
        return f"{name}.{self._sign(name)}"

    def is_valid(self, cookie: str | None) -> bool:
        """Whether this server has issued the cookie."""
        name, _, signature = (cookie or "").rpartition(".")
        return bool(name) and hmac.compare_digest(signature.encode(), self._sign(name).encode())

    def recognise(self, cookie: str | None, address: str) -> str:
        """The visitor behind a request."""
        if cookie is not None and self.is_valid(cookie):
            return KNOWN + cookie.rpartition(".")[0]
        return "address " + address

    def _sign(self, name: str) -> str:
        return hmac.new(self._key, name.encode(), hashlib.sha256).hexdigest()[:32]


class TokenBucket:
    """`burst` at once, `rate` a second for long."""

    def __init__(
        self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._clock = rate, float(burst), clock
        self._tokens, self._updated = float(burst), clock()

    def take(self) -> float:
        """Take one token; returns the seconds to wait before going on (0 if there was one)."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._updated) * self._rate) - 1
        self._updated = now
        return max(0.0, -self._tokens / self._rate)

    def give_back(self) -> None:
        """Return a token that wasn't used."""
        self._tokens += 1


class RateLimiter:
    """A token bucket for each address."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def admits(self, address: str) -> bool:
        """Whether one more request from `address` may pass now."""
        bucket = self._buckets.setdefault(address, TokenBucket(self._rate, self._burst))
        self._buckets.move_to_end(address)
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        if bucket.take() > 0:
            bucket.give_back()
            return False
        return True


class ConnectionCounter:
    """Counts open connections, in all and by visitor."""

    def __init__(self, most: int, most_per_visitor: int) -> None:
        self._most, self._most_per_visitor = most, most_per_visitor
        self._open: Counter[str] = Counter()

    @property
    def count(self) -> int:
        """Connections open now."""
        return self._open.total()

    def enter(self, visitor: str) -> None:
        """Count one more.

        Raises:
            NeurariumError: `too_many_connections`, naming the limit that was met.
        """
        for where, count, limit in (
            ("max_connections", self.count, self._most),
            ("max_connections_per_visitor", self._open[visitor], self._most_per_visitor),
        ):
            if count >= limit:
                raise refuse("too_many_connections", where, value=count, allowed=limit)
        self._open[visitor] += 1

    def leave(self, visitor: str) -> None:
        """Count one less."""
        self._open[visitor] -= 1
        if self._open[visitor] <= 0:
            del self._open[visitor]
