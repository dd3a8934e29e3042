"""What a host process says to the web process; every thread of the process may speak.

Guarded by tests/server/test_local_host.py.
"""

from __future__ import annotations

import threading
from multiprocessing.connection import Connection
from typing import Any

from server.hosts.base import Placement, Point
from server.hosts.wire import pack
from server.protocol import Message, Problem


class Outlet:
    """The sending half of a host's connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def ready(self) -> None:
        """The host can be used."""
        self._send({"event": "ready"})

    def answer(self, call: int, result: Any = None, body: bytes = b"") -> None:
        """A call's result."""
        self._send({"answer": call, "result": result}, body)

    def refuse(self, call: int, problem: Problem) -> None:
        """A call's problem."""
        self._send({"answer": call, "problem": problem.model_dump()})

    def message(self, placement: Placement, message: Message) -> None:
        """A message of the protocol for everyone who watches."""
        body = message.model_dump_json().encode()
        self._event(placement, "message", body, type=getattr(message, "type", ""))

    def frame(self, placement: Placement, frame: bytes) -> None:
        """An encoded frame."""
        self._event(placement, "frame", frame)

    def point(self, placement: Placement, point: Point) -> None:
        """A point of the curves."""
        self._event(placement, "point", point=point)

    def rewind(self, placement: Placement, step: int) -> None:
        """Points of the curves after `step` are void."""
        self._event(placement, "rewind", step=step)

    def checkpoint(self, placement: Placement, revision: int, checkpoint: bytes) -> None:
        """Bytes from which the session can be made again."""
        self._event(placement, "checkpoint", checkpoint, revision=revision)

    def history(self, placement: Placement, history: bytes) -> None:
        """Bytes from which earlier moments and branches can be made again."""
        self._event(placement, "history", history)

    def _event(self, placement: Placement, name: str, body: bytes = b"", **values: Any) -> None:
        header = {"event": name, "session": placement.session, "epoch": placement.epoch, **values}
        self._send(header, body)

    def _send(self, header: dict[str, Any], body: bytes = b"") -> None:
        message = pack(header, body)
        with self._lock:
            self._connection.send_bytes(message)
