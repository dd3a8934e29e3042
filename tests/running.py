"""Starts the product as a user would: its own process, a free port, a folder of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from server.bootstrap import ROOT

SECONDS_TO_END = 30
"""How long a server may take to end before the test that asked for it fails."""


@dataclass(frozen=True)
class RunningServer:
    """A server that answers.

    Attributes:
        url: where, as the server printed it.
        process: the web process, leader of a session of its own.
    """

    url: str
    process: subprocess.Popen[str]

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask the web process to end as Ctrl+C does; return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS_TO_END)

    def leaves_nothing_behind(self) -> bool:
        """Whether all processes of the server's group end, given a little time."""
        deadline = time.monotonic() + SECONDS_TO_END
        while has_living_process(self.process.pid):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


def has_living_process(group: int) -> bool:
    """Whether a process group has a member that runs; one that only waits to be reaped does not."""
    if not Path("/proc/self/stat").exists():
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        return True
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its_group = path.read_text().rpartition(") ")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                return True
    return False


@contextlib.contextmanager
def running_server(
    data_dir: Path,
    *options: str,
    folder: Path = ROOT,
    environment: Mapping[str, str] | None = None,
) -> Iterator[RunningServer]:
    """A server on a free port, ended with everything it started when the block is left.

    Args:
        data_dir: its data directory.
        options: further options of the command.
        folder: where the command is given; the checkout if left out.
        environment: variables that it gets besides this process's.
    """
    command = [sys.executable, "-m", "server", "--port", "0", "--no-browser"]
    process = subprocess.Popen(
        [*command, "--data-dir", str(data_dir), *options],
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        announced = re.search(r"http://\S+", line)
        assert announced, f"the server did not start; it printed {line!r}"
        yield RunningServer(announced.group(), process)
    finally:
        process.terminate()
        try:
            process.wait(SECONDS_TO_END)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
