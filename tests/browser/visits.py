"""New visitors: each has a browser context of its own, with nothing remembered from others."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from playwright.sync_api import Browser, BrowserContext

from tests.browser.playground import Playground
from tests.browser.witness import Witness


class Visits:
    """Opens the page for visitors, and lets all of them go at the end.

    Args:
        browser: they share it.
        usual: options of a visitor's context.
        witness: listens to every one of them.
    """

    def __init__(self, browser: Browser, usual: dict[str, Any], witness: Witness) -> None:
        self._browser = browser
        self._usual = usual
        self._witness = witness
        self._contexts: list[BrowserContext] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for context in self._contexts:
            context.close()

    def __call__(self, address: str = "/", **options: Any) -> Playground:
        """Open an address as a visitor whose browser differs in `options` from the usual one."""
        playground = self.prepare(**options)
        playground.open(address)
        return playground

    def prepare(self, **options: Any) -> Playground:
        """A visitor's window with nothing opened in it yet."""
        context = self._browser.new_context(**{**self._usual, **options})
        self._contexts.append(context)
        self._witness.watch(context)
        return Playground(context.new_page())
