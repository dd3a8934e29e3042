"""New visitors: each has a browser context of its own, with nothing remembered from others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext

from tests.browser.playground import Playground
from tests.browser.witness import Witness


class Visits:
    """Opens the page for visitors.

    Args:
        browser: they share it.
        usual: options of a visitor's context; `base_url` is the server's address.

    Attributes:
        witness: listens to every one of them.
        contexts: of the visitors so far.
    """

    def __init__(self, browser: Browser, usual: dict[str, Any]) -> None:
        self.witness = Witness(urlsplit(usual["base_url"]).netloc)
        self.contexts: list[BrowserContext] = []
        self._browser = browser
        self._usual = usual

    def __call__(self, address: str = "/", **options: Any) -> Playground:
        """Open an address as a visitor whose browser differs in `options` from the usual one."""
        playground = self.prepare(**options)
        playground.open(address)
        return playground

    def prepare(self, **options: Any) -> Playground:
        """A visitor's window with nothing opened in it yet."""
        context = self._browser.new_context(**{**self._usual, **options})
        self.contexts.append(context)
        self.witness.watch(context)
        return Playground(context.new_page())


@contextlib.contextmanager
def visiting(browser: Browser, usual: dict[str, Any]) -> Iterator[Visits]:
    """Visits that all end with the block; fails if one of them was disturbed."""
    visits = Visits(browser, usual)
    try:
        yield visits
    finally:
        for context in visits.contexts:
            context.close()
    assert not visits.witness.complaints, "\n".join(visits.witness.complaints)
