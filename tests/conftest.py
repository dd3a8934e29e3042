"""What all tests share: which tests need a browser, and which browser they get."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import pytest

from server.bootstrap import load_build_ui
from tests.browser.chromium import chromium_arguments, ensure_chromium

BROWSER_TESTS = Path(__file__).resolve().parent / "browser"


def pytest_configure() -> None:
    """Give Playwright a Node that runs everywhere: its own lacks a library on slim systems."""
    build_ui = load_build_ui()
    with contextlib.suppress(build_ui.NodeMissing):
        node, _ = build_ui.find_node()
        os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(node))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test under ``tests/browser``, and run those last.

    Playwright keeps an event loop running on the main thread from its first test to the end of the
    run: no other test could start one there. The groups are meant to keep files whole, and all
    browser tests in one process; pytest 9.2 ignores them, so two browsers may run side by side.
    """
    for item in items:
        is_browser = item.path.is_relative_to(BROWSER_TESTS)
        if is_browser:
            item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.xdist_group("browser" if is_browser else str(item.path)))
    items.sort(key=lambda item: item.path.is_relative_to(BROWSER_TESTS))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """How Playwright starts the browser; found or installed when the first test asks for it."""
    return {
        **browser_type_launch_args,
        "executable_path": str(ensure_chromium()),
        "args": chromium_arguments(),
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """The window every page opens in; a well-formed locale, whatever the machine's is."""
    return {
        **browser_context_args,
        "locale": "en-US",
        "viewport": {"width": 1440, "height": 900},
    }
