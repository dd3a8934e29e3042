"""A real server and a real browser, for what only a page can show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from server.bootstrap import ROOT, load_build_ui
from tests.browser.chromium import chromium_arguments, ensure_chromium

ADDRESS = re.compile(r"running at (http://\S+)")
SECONDS_TO_END = 20
LAST_LINES = 20
VIEWPORT = ViewportSize(width=1440, height=900)


@contextmanager
def running_server() -> Iterator[str]:
    """The address of a server of this checkout, in a process of its own, with an empty data folder.

    Raises:
        RuntimeError: it ended before it answered; the message holds its last lines.
    """
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", "0", "--no-browser", "--data-dir", folder]
        process = subprocess.Popen(
            [sys.executable, "-m", "server", *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=_without_thread_limits(),
        )
        try:
            yield _wait_for_address(process)
        finally:
            process.terminate()
            try:
                process.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _without_thread_limits() -> dict[str, str]:
    """Our environment without what `bench.threads` put there: users' servers don't have it."""
    return {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}


def _wait_for_address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    lines: deque[str] = deque(maxlen=LAST_LINES)
    for line in process.stdout:
        lines.append(line)
        if found := ADDRESS.search(line):
            # Somebody has to go on reading, or the server would wait for room in the pipe.
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return found[1]
    raise RuntimeError("the server ended before it answered:\n" + "".join(lines))


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A Chromium without a window, found or installed as for the tests."""
    node, _ = load_build_ui().find_node()
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(node))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(ensure_chromium()), args=chromium_arguments()
        )
        try:
            yield browser
        finally:
            browser.close()
