"""What runs inside an engine host's process.

One thread reads the pipe, one makes frames and hands out work, a few carry out commands, and the
scheduler's workers train in compiled code. Guarded by tests/server/test_local_host.py.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from math import inf
from multiprocessing.connection import Connection
from typing import Any

from engine import Scheduler
from engine.kernels.abi import compile_elsewhere
from engine.kernels.warm import in_subprocess
from server.hosts.base import Placement
from server.hosts.calls import Calls, Request
from server.hosts.desk import Desk
from server.hosts.frames import Wish
from server.hosts.measuring import Load
from server.hosts.options import HostOptions
from server.hosts.outlet import Outlet
from server.hosts.surroundings import Surroundings
from server.hosts.wire import unpack

LOG = logging.getLogger("neurarium")

SWITCH_INTERVAL = 0.0005
"""Seconds; a worker that returns from compiled code must not wait long for the interpreter."""
WORKERS_NICENESS = 5
"""With it a thread yields two thirds of a contested processor; alone, it gets all of it."""
GRAIN = 0.002
"""Seconds between two looks at the sessions, at least: with many of them, each waking for every
single one would cost as much as their frames."""
LONGEST_WAIT = 1.0
"""Seconds between two looks at the sessions, at most."""


def run_host(connection: Connection, options: HostOptions) -> None:
    """Serve the web process at the other end of `connection` until it closes it."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    compile_elsewhere(in_subprocess)
    HostProcess(connection, options).run()


def start_politely(scheduler: Scheduler) -> None:
    """Start the workers so that they give way: whoever makes or sends a frame comes first.

    Threads inherit the priority of the thread that starts them; only Linux has one for each thread.
    """

    def start() -> None:
        if sys.platform == "linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), WORKERS_NICENESS)
        scheduler.start()

    starter = threading.Thread(target=start, name="starter")
    starter.start()
    starter.join()


class HostProcess:
    """Sessions, their scheduler, and the loop that looks after them.

    Args:
        connection: to the web process.
        options: limits and intervals.
    """

    def __init__(self, connection: Connection, options: HostOptions) -> None:
        self._connection = connection
        self._desk = Desk()
        self._inbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._around = Surroundings(
            scheduler=Scheduler(options.workers),
            outlet=Outlet(connection),
            options=options,
            load=Load(options.workers),
            building=threading.RLock(),
            run_later=self._run_later,
            wake=self._wake,
            count_sessions=lambda: len(self._calls.sessions()),
        )
        self._calls = Calls(self._around)

    def run(self) -> None:
        """Serve until the connection is closed or says stop."""
        threading.Thread(target=self._read, name="inlet", daemon=True).start()
        start_politely(self._around.scheduler)
        try:
            self._around.outlet.ready()
            while self._serve_messages():
                self._look_after_sessions()
        except BrokenPipeError:
            LOG.info("the web process has gone")
        finally:
            self._desk.close()
            self._around.scheduler.stop()

    # --- messages ------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            while True:
                self._inbox.put(self._connection.recv_bytes())
        except (EOFError, OSError):
            self._inbox.put(None)

    def _wake(self) -> None:
        """Have the sessions looked at now; safe to call from any thread."""
        self._inbox.put(b"")

    def _serve_messages(self) -> bool:
        """Wait until a session is due or a message comes; false when it is time to stop."""
        due = min((session.due for session in self._calls.sessions()), default=inf)
        wait = min(max(due - time.perf_counter(), GRAIN), LONGEST_WAIT)
        try:
            message = self._inbox.get(timeout=wait)
            while True:
                if message is None or not self._serve(message):
                    return False
                message = self._inbox.get_nowait()
        except queue.Empty:
            return True

    def _serve(self, message: bytes) -> bool:
        """Act on one message; false for the one that says stop."""
        if not message:
            return True
        header, body = unpack(message)
        name = header.pop("name")
        if name == "stop":
            return False
        call = header.pop("call", None)
        placement = None
        if "session" in header:
            placement = Placement(header.pop("session"), header.pop("epoch"))
        if call is None and placement is not None:
            self._heed(name, placement, header)
        elif name == "ping":
            self._around.outlet.answer(call)
        else:
            request = Request(call, name, placement, header, body)
            key = placement.session if placement is not None else call
            self._desk.submit(key, lambda: self._calls.carry_out(request))
        return True

    def _heed(self, name: str, placement: Placement, values: dict[str, Any]) -> None:
        """Messages without an answer; one for a session that has gone or moved says nothing."""
        session = self._calls.get(placement)
        if session is None:
            return
        if name == "grant":
            session.grant()
        elif name == "watch":
            session.watch(Wish(values["revision"], tuple(values["tensors"]), values["rate"]))

    def _look_after_sessions(self) -> None:
        """Give every session that is due its turn, so that each one gets its share."""
        now = time.perf_counter()
        for session in self._calls.sessions():
            if session.due <= now:
                now = time.perf_counter()
                try:
                    session.tick(now)
                except BrokenPipeError:
                    raise
                except Exception:
                    # One broken session must not take the others' frames away.
                    LOG.exception("looking at a session failed")
                    session.due = now + LONGEST_WAIT

    def _run_later(self, placement: Placement, job: Callable[[], None]) -> None:
        def run() -> None:
            if self._calls.get(placement) is None:
                return
            try:
                job()
            except Exception:
                LOG.exception("work for a session failed")

        self._desk.submit(placement.session, run)
