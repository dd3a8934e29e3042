"""Runs pytest, after a Chromium was found where tests will need one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.browser.chromium import ensure_chromium

BROWSER_TESTS = Path(__file__).resolve().parent / "browser"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run pytest with these arguments (the process's own if left out); return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if includes_browser_tests(words):
        ensure_chromium()
    return int(pytest.main(words))


def includes_browser_tests(arguments: Sequence[str]) -> bool:
    """Whether pytest, called so, would collect tests that need a browser."""
    paths = [Path(word.split("::")[0]).resolve() for word in arguments if not word.startswith("-")]
    chosen = [path for path in paths if path.exists()]
    return not chosen or any(
        path == BROWSER_TESTS or path in BROWSER_TESTS.parents or BROWSER_TESTS in path.parents
        for path in chosen
    )
