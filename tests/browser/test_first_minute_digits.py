"""A new visitor's first minute with real digits: train, then draw one and have it recognised."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.playground import Playground, count_colours
from tests.browser.visits import Visits

GOOD = 0.93
"""Share of validation digits recognised by which clear drawings are, too."""
TRAINING_MILLISECONDS = 120_000

RIGHT = re.compile(r"^(\d), recognised as \1, \d+% ")
WRONG = re.compile(r"^\d, mistaken for \d, \d+% sure")
"""What a tile of the gallery is called."""

Place = tuple[float, float]
"""Across and down the drawing pad, each from 0 to 1."""

ONE: Sequence[Place] = [(0.52, 0.15), (0.5, 0.5), (0.48, 0.85)]
ZERO: Sequence[Place] = [
    (0.5 + 0.22 * math.sin(turn * math.tau / 24), 0.5 - 0.34 * math.cos(turn * math.tau / 24))
    for turn in range(25)
]
SEVEN: Sequence[Place] = [(0.25, 0.18), (0.75, 0.18), (0.62, 0.4), (0.5, 0.62), (0.42, 0.85)]


@pytest.fixture
def digits(visit: Visits) -> Playground:
    """A visitor who chose the digits from the menu and has let them train."""
    page = visit("/")
    page.open_example("Handwritten digits")
    page.wait_until(
        lambda: page.validation_accuracy >= GOOD,
        f"{GOOD:.0%} of the validation digits",
        TRAINING_MILLISECONDS,
    )
    return page


def test_drawn_digits_are_recognised(digits: Playground) -> None:
    digits.button("Draw your own").click()
    pad = digits.page.get_by_role("application", name="Drawing pad")
    for strokes, answer in ((ONE, 1), (ZERO, 0), (SEVEN, 7)):
        draw(digits, pad, strokes)
        expect(digits.result).to_contain_text(re.compile(rf"The network says {answer} \(\d+%\)"))
        seen = digits.result.get_by_role("img", name="What the network sees")
        assert count_colours(seen.locator("canvas")) > 2
        digits.button("Clear").click()
    digits.expect_training()


def draw(page: Playground, pad: Locator, places: Sequence[Place]) -> None:
    """Draw one line with the mouse."""
    box = pad.bounding_box()
    assert box is not None
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    mouse = page.page.mouse
    mouse.move(*points[0])
    mouse.down()
    for point in points[1:]:
        mouse.move(*point, steps=4)
    mouse.up()


def counted(tiles: Locator) -> tuple[int, int]:
    """(digits recognised, all digits), by what the tiles are called."""
    names = tiles.evaluate_all("tiles => tiles.map(tile => tile.getAttribute('aria-label'))")
    right = [name for name in names if RIGHT.match(name)]
    wrong = [name for name in names if WRONG.match(name)]
    assert len(right) + len(wrong) == len(names), "each tile says one of both"
    return len(right), len(names)


def said(digits: Playground) -> tuple[int, int]:
    """(digits recognised, all digits), in the words above the tiles."""
    words = re.search(r"(\d+) of (\d+) right", digits.result.inner_text())
    assert words is not None
    return int(words[1]), int(words[2])


def test_the_gallery_says_what_it_takes_each_digit_for(digits: Playground) -> None:
    digits.pause()
    tiles = digits.result.get_by_role("button", name=re.compile(r"^\d, "))
    expect(tiles.first).to_be_visible()
    # The last frame of the training may still be on its way.
    digits.wait_until(lambda: said(digits) == counted(tiles), "the same count twice")
    right_count, count = counted(tiles)
    assert count > 30
    assert right_count > count / 2
    right = digits.result.get_by_role("button", name=RIGHT)
    tile = right.nth(7)
    truth = (tile.get_attribute("aria-label") or "")[0]
    number = digits.wire.newest("inspected")["sample"]
    tile.click()
    expect(tile).to_have_attribute("aria-pressed", "true")
    digits.wait_until(
        lambda: bool(digits.wire.newest("inspected")["sample"] != number), "another sample"
    )
    expect(digits.result).to_contain_text(f"Right answer: {truth}")
    expect(digits.result).to_contain_text(re.compile(rf"The network says {truth} \("))
    image = digits.result.get_by_role("img", name="The inspected image")
    assert count_colours(image.locator("canvas")) > 5
