"""The command line: its answers, and one clear line for every mistake."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

import pytest

from server import __version__, cli
from server.bootstrap import ROOT
from server.progress import StepError


def run_command(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "server", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")


def assert_one_line(run: subprocess.CompletedProcess[str], *parts: str) -> None:
    """The command failed, and said why in one line with these parts in it."""
    assert run.returncode != 0
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1, run.stderr
    assert run.stderr.startswith("neurarium: ")
    for part in parts:
        assert part in run.stderr


def test_a_port_in_use_is_named_with_another_to_try(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = run_command("--port", str(port), "--data-dir", str(tmp_path))
    assert_one_line(run, f"port {port} on 127.0.0.1 is already in use", "--port")


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    run = run_command("--port", "0", "--data-dir", str(file / "data"))
    assert_one_line(run, str(file / "data"), "Not a directory", "--data-dir")


@pytest.mark.parametrize("port", ["http", "-1", "65536", "8000.5", ""])
def test_a_bad_port_is_named_with_what_is_allowed(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main([f"--port={port}"])
    assert stop.value.code == 2
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert repr(port) in complaint and "0 to 65535" in complaint


def test_a_bad_option_ends_the_process_with_one_line() -> None:
    assert_one_line(run_command("--prot", "8000"), "--prot")


def test_a_foreign_address_is_named(tmp_path: Path) -> None:
    # 192.0.2.0/24 is reserved for documentation: no machine has it.
    run = run_command("--host", "192.0.2.1", "--data-dir", str(tmp_path))
    assert_one_line(run, "'192.0.2.1'", "--host")


def test_a_bad_setting_in_the_environment_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NEURARIUM_WORKERS", "many")
    run = run_command("--data-dir", str(tmp_path))
    assert_one_line(run, "NEURARIUM_WORKERS", "'many'")


def test_the_version_and_the_options_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"neurarium {__version__}\n"
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    shown = capsys.readouterr().out
    for option in ("--host", "--port", "--data-dir", "--no-browser", "--version"):
        assert option in shown


def test_options_come_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NEURARIUM_PORT", "1111")
    monkeypatch.setenv("NEURARIUM_HOST", "0.0.0.0")
    monkeypatch.setenv("NEURARIUM_DATA_DIR", str(tmp_path / "from environment"))
    settings = cli.read_settings(cli.parse_arguments(["--port", "2222"]))
    assert (settings.host, settings.port) == ("0.0.0.0", 2222)
    assert settings.data_dir == tmp_path / "from environment"
    assert settings.data_dir.is_dir()


def test_data_goes_to_the_users_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert cli.default_data_directory() == tmp_path / "neurarium"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/ada")
    assert cli.default_data_directory() == Path("/home/ada/.local/share/neurarium")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("school.example", "http://school.example:8000"),
    ],
)
def test_the_address_is_one_that_a_browser_here_can_open(host: str, address: str) -> None:
    assert cli.web_address(host, 8000) == address


@pytest.mark.parametrize(
    ("terminal", "display", "wanted", "opened"),
    [
        (True, ":0", True, True),
        (True, ":0", False, False),
        (False, ":0", True, False),
        (True, "", True, False),
    ],
)
def test_the_browser_opens_only_for_a_person_at_a_screen(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    terminal: bool,
    display: str,
    wanted: bool,
    opened: bool,
) -> None:
    visited: list[str] = []
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    monkeypatch.setattr(webbrowser, "open", visited.append)
    monkeypatch.setattr(threading, "Thread", RunAtOnce)
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    cli.announce("http://127.0.0.1:8000", wanted)
    shown = capsys.readouterr().out
    assert shown == "Neurarium is running at http://127.0.0.1:8000  (Ctrl+C stops it)\n"
    assert visited == (["http://127.0.0.1:8000"] if opened else [])


class RunAtOnce:
    """Stands for a thread: does its work when started."""

    def __init__(self, target: Callable[[str], object], args: tuple[str], daemon: bool) -> None:
        self.start = lambda: target(*args)


def test_kernels_are_compiled_in_another_process_only_when_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps: list[list[str]] = []
    monkeypatch.setattr(cli, "run_step", lambda name, command: steps.append(command))
    monkeypatch.setattr(cli, "is_warm", lambda: True)
    cli.compile_kernels()
    assert steps == []
    monkeypatch.setattr(cli, "is_warm", lambda: False)
    cli.compile_kernels()
    assert steps == [[sys.executable, "-m", "engine.kernels.warm"]]


def test_kernels_that_do_not_compile_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str, command: list[str]) -> None:
        raise StepError(name, "no space left on the device")

    monkeypatch.setattr(cli, "is_warm", lambda: False)
    monkeypatch.setattr(cli, "run_step", fail)
    with pytest.raises(SystemExit, match=re.compile("no space left.*can't be compiled", re.DOTALL)):
        cli.compile_kernels()
