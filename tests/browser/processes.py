"""Finds the processes that a server started."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path


def engine_host_of(server: int) -> int | None:
    """Process number of the engine host of a server; None while there is none.

    Args:
        server: process number of the web process, which is the host's parent.
    """
    hosts = [
        process
        for process, parent, command in list_processes()
        if parent == server and "spawn_main" in command
    ]
    return hosts[0] if hosts else None


def list_processes() -> list[tuple[int, int, str]]:
    """Number, parent's number and command of every process of this machine."""
    if Path("/proc/self/stat").exists():
        return list(read_proc())
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
    return [(int(row[0]), int(row[1]), row[2]) for row in rows if len(row) > 2]


def read_proc() -> Iterator[tuple[int, int, str]]:
    """The same from Linux's `/proc`, where slim systems have no `ps`."""
    for folder in Path("/proc").glob("[0-9]*"):
        # A process may end while its files are read.
        with contextlib.suppress(OSError):
            parent = (folder / "stat").read_text().rpartition(") ")[2].split()[1]
            command = (folder / "cmdline").read_text().replace("\0", " ")
            yield int(folder.name), int(parent), command
