"""The first function that a host process runs.

It finds the rest by name: the web process imports this module too, and must not load compiled
kernels.
"""

from __future__ import annotations

import importlib
import signal
from multiprocessing.connection import Connection

from server.hosts.options import HostOptions

HOST_MODULE = "server.hosts.process"


def enter(connection: Connection, options: HostOptions) -> None:
    """Serve `connection` until it is closed."""
    # Ctrl+C reaches the whole group of processes; the web process decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    importlib.import_module(HOST_MODULE).run_host(connection, options)
