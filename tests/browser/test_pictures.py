"""Screenshots: drawn, different by theme, and kept for people to look at.

With `NEURARIUM_SCREENSHOTS` set they are written to that folder. The picture of the README is
`spiral-desk-light-en.png`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageStat
from playwright.sync_api import ViewportSize

from tests.browser.playground import Playground
from tests.browser.visits import Visits

WINDOWS: dict[str, ViewportSize] = {
    "desk": {"width": 1280, "height": 800},
    "tablet": {"width": 820, "height": 1180},
}
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
TRAINED = {"spiral": 1000, "mnist": 500}
"""Steps after which the pictures show something learnt."""


def take_picture(page: Playground, file: Path) -> Image.Image:
    """Write the window to a file and read it."""
    page.page.screenshot(path=file)
    with Image.open(file) as picture:
        return picture.convert("RGB")


def brightness(picture: Image.Image) -> float:
    """Mean luminance from 0 to 255."""
    return ImageStat.Stat(picture.convert("L")).mean[0]


def count_colours(picture: Image.Image) -> int:
    """How many different colours there are."""
    colours = picture.getcolors(picture.width * picture.height)
    assert colours is not None
    return len(colours)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("preset", TRAINED)
def test_pictures_are_drawn_in_both_themes(
    visit: Visits, screenshots: Path, preset: str, language: str
) -> None:
    page = visit(f"/?preset={preset}", locale=LANGUAGES[language])
    page.wait_for_step(TRAINED[preset])
    page.pause()
    for window, size in WINDOWS.items():
        page.page.set_viewport_size(size)
        expect_both_themes(page, screenshots, f"{preset}-{window}-{{}}-{language}.png")


def expect_both_themes(page: Playground, folder: Path, name: str) -> None:
    """The window shows a picture in light and in dark, which are written to files of that name."""
    pictures = {}
    for theme in ("light", "dark"):
        page.page.emulate_media(color_scheme=theme)
        page.page.locator(f"html[data-theme={theme}]").wait_for()
        # Colours pass into each other; a picture taken meanwhile shows neither theme.
        page.wait_until(
            lambda: not page.page.evaluate("document.getAnimations().length"), "the theme's colours"
        )
        pictures[theme] = take_picture(page, folder / name.format(theme))
    assert brightness(pictures["light"]) > 200
    assert brightness(pictures["dark"]) < 70
    for picture in pictures.values():
        assert count_colours(picture) > 500
