"""The page as a visitor uses it: everything is found by its role and its English name."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Self

from playwright.sync_api import Locator, Page, expect

from tests.browser.wire import Wire

MILLISECONDS = 30_000
"""How long something may take that has to happen."""
TRAIN, PAUSE = re.compile("^(Train|开始训练)$"), re.compile("^(Pause|暂停)$")
GLANCE = 40
"""Milliseconds between two looks at something that is waited for."""


class Playground:
    """One window with the page in it.

    Attributes:
        page: the window.
        wire: what its page and the server say to each other.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wire = Wire(page)

    def open(self, address: str = "/") -> Self:
        """Load the page and return when the network of the server is on it."""
        self.page.goto(address)
        self.wait_until(lambda: len(self.wire.heads) > 0, "the first frame")
        return self

    def wait_until(
        self, condition: Callable[[], bool], what: str, milliseconds: int = MILLISECONDS
    ) -> None:
        """Return when the condition is true; fail, naming what was waited for, if it isn't."""
        end = time.monotonic() + milliseconds / 1000
        while not condition():
            assert time.monotonic() < end, f"waited in vain for {what}"
            # Events of the page are heard meanwhile.
            self.page.wait_for_timeout(GLANCE)

    # --- the bar ----------------------------------------------------------------------------------

    @property
    def counter(self) -> Locator:
        """The number of steps as the bar shows it."""
        return self.page.locator("dt", has_text=re.compile("^(Step|步数)$")).locator("+ dd")

    @property
    def step(self) -> int:
        """How many steps the bar shows."""
        return int((self.counter.text_content() or "").replace(",", ""))

    def expect_step(self, step: int) -> None:
        """The bar comes to show exactly this step."""
        expect(self.counter).to_have_text(f"{step:,}")

    def wait_for_step(self, least: int) -> None:
        """Return when the bar shows this step or a later one."""
        self.wait_until(lambda: self.step >= least, f"step {least}")

    def expect_training(self) -> None:
        """More steps come."""
        self.wait_for_step(self.step + 5)

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """A button of the page by its whole name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def play(self) -> None:
        """Press the button that trains."""
        self.button(TRAIN).click()
        expect(self.button(PAUSE)).to_be_visible()

    def pause(self) -> int:
        """Press the button that pauses; return the step at which training stands then."""
        self.button(PAUSE).click()
        expect(self.button(TRAIN)).to_be_visible()
        self.wait_until(lambda: self.wire.newest("status")["status"] == "paused", "the pause")
        step: int = self.wire.newest("status")["step"]
        self.wait_until(lambda: self.wire.steps[-1] == step, "the frame of the pause")
        self.expect_step(step)
        return step

    def choose(self, menu: str | re.Pattern[str], item: str) -> None:
        """Open a menu by its button and choose the item whose words begin so."""
        self.button(menu).click()
        entry = re.compile(f"^{re.escape(item)}")
        self.page.get_by_role("menu").get_by_role("menuitem", name=entry).or_(
            self.page.get_by_role("menu").get_by_role("menuitemradio", name=entry)
        ).click()

    def open_example(self, title: str) -> None:
        """Choose an example and return when it trains."""
        self.choose("Examples", title)
        self.wait_until(lambda: bool(self.wire.experiment["title"] == title), title)
        expect(self.button("Pause")).to_be_visible()

    # --- the network ------------------------------------------------------------------------------

    @property
    def network(self) -> Locator:
        """The canvas with the layers."""
        return self.page.locator("#network")

    def layer(self, name: str) -> Locator:
        """A layer on the canvas."""
        return self.network.locator(f"[role=group][data-id={name}]")

    def units(self, name: str) -> Locator:
        """The pictures of a layer's units."""
        return self.layer(name).get_by_role("button", name=re.compile(r"^Unit \d+$"))

    def expect_layers(self, *names: str) -> None:
        """The network has these layers and no other, in any order."""
        layers = self.network.locator("[role=group][data-id]")
        expect(layers).to_have_count(len(names))
        for name in names:
            expect(self.layer(name)).to_be_visible()

    def select(self, name: str) -> None:
        """Click on a layer's name."""
        self.layer(name).get_by_text(name, exact=True).click()

    def click_link(self, source: Locator, target: Locator) -> None:
        """Click on the link between two units, halfway between them.

        Links are bent so that halfway each is at the mean height of its ends.
        """
        start, end = source.bounding_box(), target.bounding_box()
        assert start is not None and end is not None
        across = (start["x"] + start["width"] + end["x"]) / 2
        down = (start["y"] + start["height"] / 2 + end["y"] + end["height"] / 2) / 2
        self.page.mouse.click(across, down)

    # --- what is selected -------------------------------------------------------------------------

    @property
    def inspector(self) -> Locator:
        """The numbers of whatever is selected."""
        return self.page.get_by_role("region", name="Inspector", exact=True)

    def weights(self, name: str) -> list[list[float]]:
        """A layer's weights as the inspector's table lists them, one list a unit."""
        self.select(name)
        table = self.inspector.get_by_role("table", name=re.compile(f"^Weights from .* to {name}$"))
        fields = table.get_by_role("textbox")
        expect(fields.last).not_to_have_value("")
        columns = table.get_by_role("columnheader").count()
        values = [float(text) for text in fields.evaluate_all("fields => fields.map(f => f.value)")]
        return [values[unit::columns] for unit in range(columns)]

    # --- training and results ---------------------------------------------------------------------

    @property
    def result(self) -> Locator:
        """The panel that shows what the network makes of its task."""
        return self.page.get_by_role("region", name="Result", exact=True)

    def slide(self, name: str, position: int) -> None:
        """Put a slider somewhere: 0 is its lowest position."""
        self.page.get_by_role("slider", name=name, exact=True).fill(str(position))

    @property
    def losses(self) -> tuple[str, ...]:
        """Training and validation loss as the panel writes them."""
        region = self.result.get_by_role("region", name=re.compile("^Loss"))
        return tuple(region.get_by_role("definition").all_text_contents())

    @property
    def validation_accuracy(self) -> float:
        """The share of validation samples recognised, as the panel writes it; NaN before that."""
        region = self.result.get_by_role("region", name=re.compile("^Accuracy"))
        text = region.get_by_role("definition").last.text_content() or ""
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float("nan")


def count_colours(part: Locator) -> int:
    """How many different colours a canvas shows, or the part of one under `part`; blank has one."""
    return int(
        part.evaluate(
            """part => {
                const holds = part.matches('canvas') ? part : part.querySelector('canvas');
                const canvas = holds ?? part.closest('[data-id]').querySelector('canvas');
                const whole = canvas.getBoundingClientRect();
                const box = holds === null ? part.getBoundingClientRect() : whole;
                const [across, down] = [canvas.width / whole.width, canvas.height / whole.height];
                const copy = new OffscreenCanvas(canvas.width, canvas.height);
                const context = copy.getContext('2d', { willReadFrequently: true });
                context.drawImage(canvas, 0, 0);
                const { data } = context.getImageData(
                    (box.left - whole.left) * across, (box.top - whole.top) * down,
                    Math.max(1, box.width * across), Math.max(1, box.height * down),
                );
                return new Set(new Uint32Array(data.buffer)).size;
            }"""
        )
    )
