"""A child process, our end of the pipe to it, and the two threads that serve the pipe.

Guarded by tests/server/test_local_host.py.
"""

from __future__ import annotations

import multiprocessing
import queue
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

SECONDS_TO_STOP = 3.0
"""How long a process that was told to stop may take before it is killed."""


class Line:
    """Starts `target(connection, *arguments)` in a fresh interpreter and, once asked to `listen`,
    carries messages to and from it.

    Args:
        target: a function of a module, which must not return before its connection is closed.
        arguments: passed on; our own objects only, since they are pickled.
    """

    def __init__(self, target: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe(duplex=True)
        self._process = context.Process(
            target=target, args=(theirs, *arguments), name="neurarium-engine", daemon=True
        )
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._process.start()
        # Only the child may hold the other end, or its death would never be seen here.
        theirs.close()

    def listen(self, receive: Callable[[bytes], None], ended: Callable[[], None]) -> None:
        """Carry messages from now on; what the child said before is not lost.

        Args:
            receive: called with each message, on a thread of the line.
            ended: called once when the process has ended, on a thread of the line.
        """
        self._receive, self._ended = receive, ended
        self._threads = [
            threading.Thread(target=self._read, args=(self._connection,), daemon=True),
            threading.Thread(target=self._write, args=(self._connection,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def process_id(self) -> int | None:
        """Of the child."""
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """Of the child; `None` while it lives, negative for a signal."""
        return self._process.exitcode

    def send(self, message: bytes) -> None:
        """Send a message; returns at once."""
        self._outbox.put(message)

    def kill(self) -> None:
        """End the child without asking."""
        self._process.kill()

    def close(self, farewell: bytes) -> None:
        """Ask the child to stop and wait for it; kill it if it doesn't."""
        self.send(farewell)
        self._process.join(SECONDS_TO_STOP)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        for thread in self._threads:
            thread.join(SECONDS_TO_STOP)

    def _read(self, connection: Connection) -> None:
        try:
            while True:
                self._receive(connection.recv_bytes())
        except (EOFError, OSError):
            pass
        # A process that has closed its pipe is of no use any more.
        self._process.join(SECONDS_TO_STOP)
        self._process.kill()
        self._process.join()
        self._outbox.put(None)
        self._ended()

    def _write(self, connection: Connection) -> None:
        while (message := self._outbox.get()) is not None:
            try:
                connection.send_bytes(message)
            except OSError:
                # The reading thread sees the end of the process too, and reports it.
                continue
        connection.close()
