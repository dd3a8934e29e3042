"""The command ``neurarium``: options in, a running server out, every mistake told in one line.

Guarded by ``tests/shell/test_cli.py`` and ``tests/shell/test_running.py``.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import signal
import socket
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from engine.kernels.cache import is_warm
from server import __version__
from server.hosts.base import EngineHost
from server.hosts.local import LocalHost
from server.hosts.options import HostOptions
from server.progress import StepError, run_step
from server.settings import Settings, SettingsError
from server.store.folder import DataFolder, StoreError

HIGHEST_PORT = 65535
SERVING = "server.serving"
"""Found by name, late: importing it takes as long as everything before, and the engine host's
process loads meanwhile."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Start Neurarium and serve until Ctrl+C or SIGTERM.

    Args:
        arguments: the command line without the program's name; the process's own if left out.

    Returns:
        The exit status: 0 after Ctrl+C or SIGTERM.

    Raises:
        SystemExit: an option can't be used (status 2), or the address, the data directory or the
            kernels can't (status 1); one line on standard error says which and what to do.
    """
    options = parse_arguments(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = read_settings(options)
        with open_listener(settings.host, settings.port) as listener:
            folder = take_data_folder(settings.data_dir or default_data_directory())
            compile_kernels()
            host = launch_host(settings)
            settings = settings.model_copy(update={"port": listener.getsockname()[1]})
            address = web_address(settings.host, settings.port)
            serve(settings, host, folder, listener, lambda: announce(address, options.browser))
    except KeyboardInterrupt:
        pass
    return 0


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        """End the process with status 2 and the message."""
        self.exit(2, f"{self.prog}: {message}\n")


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line: ``host``, ``port``, ``data_dir`` (None if not given), ``browser``."""
    parser = OneLineParser(
        prog="neurarium",
        description="A glass house for neural networks: build one, watch every number in it learn.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--host", help="address to listen on; 0.0.0.0 lets other machines in (default: 127.0.0.1)"
    )
    parser.add_argument(
        "--port", type=port_number, help="port to listen on; 0 picks a free one (default: 8000)"
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        metavar="FOLDER",
        help=f"where everything is kept (default: {default_data_directory()})",
    )
    parser.add_argument(
        "--no-browser",
        dest="browser",
        action="store_false",
        help="never open the web browser",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser.parse_args(arguments)


def port_number(text: str) -> int:
    """Read a port.

    Raises:
        argparse.ArgumentTypeError: it is no whole number from 0 to 65535.
    """
    if text.isascii() and text.isdigit() and int(text) <= HIGHEST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(
        f"{text!r} is no port; give a whole number from 0 to {HIGHEST_PORT} (0 picks a free one)"
    )


def default_data_directory() -> Path:
    """The folder in which this system keeps an application's data of the present user."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local") / "Neurarium"
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/Neurarium"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "neurarium"


def read_settings(options: argparse.Namespace) -> Settings:
    """The server's settings: from the command line, else the environment, else the defaults.

    The data directory is made, and written to once.

    Raises:
        SystemExit: a setting or the data directory can't be used.
    """
    given = {name: getattr(options, name) for name in ("host", "port", "data_dir")}
    try:
        settings = Settings.from_environment(
            {name: value for name, value in given.items() if value is not None}
        )
    except SettingsError as error:
        raise SystemExit(f"neurarium: {error}") from error
    folder = settings.data_dir or default_data_directory()
    make_data_directory(folder)
    return settings.model_copy(update={"data_dir": folder})


def make_data_directory(folder: Path) -> None:
    """Make the data directory and try to write into it.

    Raises:
        SystemExit: one or the other is impossible.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SystemExit(
            f"neurarium: can't write to the data directory {folder}: {error.strerror}. "
            "Choose another one with --data-dir FOLDER."
        ) from error


def take_data_folder(path: Path) -> DataFolder:
    """Lock the data directory and bring its database to the newest version.

    Raises:
        SystemExit: another server uses it, or something in it can't be used.
    """
    try:
        return DataFolder.take(path)
    except StoreError as error:
        raise SystemExit(f"neurarium: {error}") from error


def open_listener(host: str, port: int) -> socket.socket:
    """Listen on an address; the connections that come before the server is ready wait.

    Raises:
        SystemExit: the address is in use, not of this machine, or reserved.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        if os.name == "posix":
            # A port is free again at once after the last server on it has ended.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        raise SystemExit(f"neurarium: {explain_address(host, port, error)}") from error
    return listener


def explain_address(host: str, port: int, error: OSError) -> str:
    """Say why nobody can listen on an address, and what to do about it."""
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is already in use. Choose another one, for example "
            f"--port {port + 1 if port < HIGHEST_PORT else 8000}, or stop the program that uses it."
        )
    if error.errno == errno.EACCES:
        return f"port {port} is reserved for administrators. Choose one above 1023 with --port."
    return (
        f"can't listen on the address {host!r}: {error.strerror}. "
        "Give --host an address of this machine, such as 127.0.0.1."
    )


def web_address(host: str, port: int) -> str:
    """What to type into a browser on this machine."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def compile_kernels() -> None:
    """Compile the engine's operations in a process of their own, once for this machine.

    Raises:
        SystemExit: they don't compile.
    """
    if is_warm():
        return
    try:
        run_step("compiling the engine", [sys.executable, "-m", "engine.kernels.warm"])
    except StepError as failure:
        raise SystemExit(
            f"{failure.tail}\nneurarium: the engine can't be compiled; the lines above say why."
        ) from failure


def announce(address: str, open_browser: bool) -> None:
    """Tell where Neurarium is, and open the page for a person who sits at this machine."""
    print(f"Neurarium is running at {address}  (Ctrl+C stops it)", flush=True)
    if open_browser and sys.stdout.isatty() and has_display():
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def has_display() -> bool:
    """Whether a window can open here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def launch_host(settings: Settings) -> LocalHost:
    """Start the engine host's process."""
    host = LocalHost(HostOptions.from_settings(settings), settings.answer_seconds)
    host.launch()
    return host


def serve(
    settings: Settings,
    host: EngineHost,
    folder: DataFolder,
    listener: socket.socket,
    when_ready: Callable[[], None],
) -> None:
    """Load the web server and run it until SIGINT or SIGTERM."""
    importlib.import_module(SERVING).serve(settings, host, folder, listener, when_ready)
