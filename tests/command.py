"""Runs pytest, after a Chromium was found where tests will need one."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.browser.chromium import ensure_chromium

MOST_PROCESSES = 4
OWN_WAYS = ("-n", "--numprocesses", "--dist", "--pdb", "-p", "--collect-only", "--co", "-k")
"""Options of somebody who looks at a few tests, or shares them out otherwise."""
BROWSER_TESTS = Path(__file__).resolve().parent / "browser"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run pytest with these arguments (the process's own if left out); return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if includes_browser_tests(words):
        ensure_chromium()
    return int(pytest.main([*side_by_side(words), *words]))


def side_by_side(arguments: Sequence[str], processors: int | None = None) -> list[str]:
    """Options that share a run of all tests among processes; none for a run of some of them.

    Who shares what is said in ``tests/conftest.py``.
    """
    count = min(processors or os.cpu_count() or 1, MOST_PROCESSES)
    is_chosen = any(word.startswith(OWN_WAYS) for word in arguments)
    if is_chosen or count == 1 or not includes_all_tests(arguments):
        return []
    return ["-n", str(count), "--dist", "loadgroup", "--no-loadscope-reorder"]


def includes_all_tests(arguments: Sequence[str]) -> bool:
    """Whether pytest, called so, would collect everything."""
    chosen = _paths(arguments)
    return not chosen or BROWSER_TESTS.parent in chosen


def includes_browser_tests(arguments: Sequence[str]) -> bool:
    """Whether pytest, called so, would collect tests that need a browser."""
    chosen = _paths(arguments)
    return not chosen or any(
        path == BROWSER_TESTS or path in BROWSER_TESTS.parents or BROWSER_TESTS in path.parents
        for path in chosen
    )


def _paths(arguments: Sequence[str]) -> list[Path]:
    """The files and folders among the arguments."""
    paths = [Path(word.split("::")[0]).resolve() for word in arguments if not word.startswith("-")]
    return [path for path in paths if path.exists()]
