"""Work at a server whose processes are killed at any moment, and a ledger of what it owes."""

from __future__ import annotations

import copy
import os
import random
import signal
import sqlite3
import threading
import time
from collections import deque
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed

from engine import Session, Snapshot, read_experiment
from server.sessions import MOST_LOSSES
from tests.running import RunningServer
from tests.server.page import Page

SECONDS_LOST = 5.0
"""Training that a kill may cost."""
Document = dict[str, Any]


class KilledError(Exception):
    """The server is gone."""


@dataclass
class Owed:
    """One session, and what the server has promised about it.

    Attributes:
        document: the experiment of the last edit that was answered.
        attempted: an edit that was sent, and was not answered when the server was killed.
        seen: (time, step) as frames told them.
        trains: whether it was told to play.
    """

    session: str
    token: str
    document: Document
    attempted: Document | None = None
    seen: deque[tuple[float, int]] = field(default_factory=deque)
    trains: bool = False
    page: Page | None = None

    def step_of(self, moment: float) -> int:
        """The last step that was seen until then."""
        return max((step for when, step in self.seen if when <= moment), default=0)

    @property
    def live(self) -> Page:
        """The open page."""
        assert self.page is not None
        return self.page


class Witness:
    """Several pages at one server, which survive it.

    Args:
        chance: decides what is done, and when something is killed.
    """

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.owed: list[Owed] = []
        self.kills = 0
        self._host_kills = 0

    # --- at a server ------------------------------------------------------------------------------

    def begin(self, url: str, document: Document, *, pace: float | None) -> None:
        """Start a session; from its welcome on it must never be lost."""
        page = Page(url)
        welcome = page.hello(experiment=document)
        told = page.wait_for("experiment")["experiment"]
        owed = Owed(welcome["session"], welcome["token"], told, page=page)
        self.owed.append(owed)
        if pace is not None:
            assert page.command("play", steps_per_second=pace) is None
            owed.trains = True
        page.subscribe("bias", rate=20)

    def return_to(self, url: str, killed: float) -> None:
        """Open every session again and check that nothing is missing."""
        for owed in self.owed:
            owed.page = page = Page(url)
            assert page.hello(session=owed.session, token=owed.token)["can_edit"]
            self._check(owed, killed)
            page.subscribe("bias", rate=20)

    def _check(self, owed: Owed, killed: float) -> None:
        page = owed.live
        document = page.wait_for("experiment")["experiment"]
        page.wait_for("history")
        status = page.wait_for("status")
        assert document in (owed.document, owed.attempted)
        owed.document, owed.attempted = document, None
        assert status["step"] >= owed.step_of(killed - SECONDS_LOST)
        if owed.trains:
            assert status["status"] == "running"
            # What was seen beyond this step is done again.
            owed.seen = deque((when, min(step, status["step"])) for when, step in owed.seen)

    def work_until_killed(self, server: RunningServer, seconds: float) -> float:
        """Edit, rename and watch until a process is killed; returns when that was."""
        killed: list[float] = []
        # After a third loss of the host in a minute, sessions come back paused, as they should.
        is_web = self.chance.random() < 0.6 or self._host_kills == MOST_LOSSES - 1
        self._host_kills = 0 if is_web else self._host_kills + 1
        victim = server.process.pid if is_web else host_of(server.process.pid)

        def kill() -> None:
            killed.append(time.monotonic())
            os.kill(victim, signal.SIGKILL)

        timer = threading.Timer(seconds, kill)
        timer.start()
        try:
            while not killed:
                self._do_something()
            if not is_web:
                self._survive_host(killed[0])
        except (KilledError, ConnectionClosed, OSError):
            assert is_web, "the web process must survive its host"
        finally:
            timer.join()
            self.kills += 1
        if is_web:
            self._leave()
        return killed[0] if is_web else 0.0

    def _do_something(self) -> None:
        for owed in self.owed:
            self._look(owed)
        edited = [owed for owed in self.owed if not owed.trains]
        if edited:
            owed = self.chance.choice(edited)
            document = copy.deepcopy(owed.document)
            document["batch_size"] = self.chance.randint(1, 50)
            document["title"] = f"number {self.chance.randint(0, 10**6)}"
            self._edit(owed, document)

    def _edit(self, owed: Owed, document: Document) -> None:
        owed.attempted = document
        problem = owed.live.command("edit", experiment=document)
        if problem is None:
            owed.document, owed.attempted = document, None
        else:
            assert problem["code"] == "host_lost", problem

    def _look(self, owed: Owed) -> None:
        """Take the frames that have come."""
        page = owed.live
        with suppress(TimeoutError):
            while True:
                got = page.receive(0.01)
                if isinstance(got, tuple):
                    page.acknowledge(got[0].sequence)
                    owed.seen.append((time.monotonic(), got[0].step))
        page.frames.clear()

    def _survive_host(self, killed: float) -> None:
        """The host was killed: every page is told, and everything goes on."""
        for owed in self.owed:
            step = owed.live.wait_for("host", event="restored")["step"]
            assert step >= owed.step_of(killed - SECONDS_LOST)
            owed.seen = deque((when, min(one, step)) for when, one in owed.seen)
            owed.live.seen.clear()
            if owed.attempted is not None:
                self._edit(owed, owed.attempted)

    def _leave(self) -> None:
        for owed in self.owed:
            with suppress(OSError, ConnectionClosed):
                owed.live.close()

    def pause_all(self) -> None:
        """Pause what trains; then the store holds its very last step."""
        for owed in self.owed:
            assert owed.live.command("pause") is None
            owed.live.close()


def host_of(web: int) -> int:
    """Process id of the engine host of a web process."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(path.read_text().rpartition(") ")[2].split()[1])
            if parent == web and b"spawn_main" in (path.parent / "cmdline").read_bytes():
                return int(path.parent.name)
    raise AssertionError("the server has no engine host")


# --- what lies on the disk ------------------------------------------------------------------------


def read_stored(folder: Path) -> dict[str, tuple[bytes, Snapshot | None]]:
    """Every session's experiment and newest checkpoint, after a look at every single row."""
    found = {}
    with closing(sqlite3.connect(folder / "neurarium.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        for number, session, experiment in database.execute(
            "SELECT number, id, experiment FROM sessions"
        ).fetchall():
            rows = database.execute(
                "SELECT digest, experiment, data FROM checkpoints WHERE session = ?"
                " ORDER BY number",
                (number,),
            ).fetchall()
            snapshot = None
            for digest, former, data in rows:
                if data is None:
                    data = (folder / "checkpoints" / digest[:2] / digest).read_bytes()
                one = Session(read_experiment(former or experiment))
                one.restore(Snapshot.from_bytes(data))
                snapshot = one.snapshot() if former is None else None
            found[session] = (experiment, snapshot)
    return found
