"""Everything by keyboard, and the focus is always to be seen."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.playground import Playground
from tests.browser.visits import Visits

MOST_STOPS = 250
"""More presses of Tab than any page needs."""

FOCUS = """() => {
    const element = document.activeElement;
    if (element === null || element === document.body) return null;
    const look = node => {
        const { outlineStyle, outlineWidth, outlineColor, boxShadow, backgroundColor } =
            getComputedStyle(node);
        return {
            outlined: outlineStyle !== 'none' && parseFloat(outlineWidth) > 0
                && !/transparent|, 0\\)$/.test(outlineColor),
            shadow: boxShadow,
            background: backgroundColor,
        };
    };
    const { x, y, width, height } = element.getBoundingClientRect();
    // What can't be seen itself, such as a radio button in a chip, is marked on its label.
    const shown = getComputedStyle(element).opacity === '0' ? element.closest('label') : element;
    const others = [...shown.parentElement.children].filter(
        other => other !== shown && other.tagName === shown.tagName);
    const [own, like] = [look(shown), others.map(look)];
    const differs = like.length > 0 && like.every(
        other => other.background !== own.background || other.shadow !== own.shadow);
    return {
        name: (element.ariaLabel || element.labels?.[0]?.textContent || element.textContent)
            .trim().slice(0, 60),
        role: element.role || element.type || element.tagName.toLowerCase(),
        marked: own.outlined || own.shadow !== 'none' || differs,
        seen: width > 0 && height > 0 && x + width > 0 && y + height > 0
            && x < innerWidth && y < innerHeight,
    };
}"""
"""Who has the focus, and whether that can be seen: an outline, a shadow, or a ground that its
siblings don't have."""


BEHIND = """() => document.activeElement !== document.body
    && document.activeElement.closest('dialog') === null"""
"""Whether the focus is on something behind an open dialog."""


def focus(page: Playground) -> dict[str, Any] | None:
    """Who has the focus, if anyone."""
    found: dict[str, Any] | None = page.page.evaluate(FOCUS)
    return found


def expect_visible_focus(page: Playground) -> None:
    """Whoever has the focus shows it."""
    found = focus(page)
    assert found is not None
    page.wait_until(lambda: (focus(page) or {}).get("marked", False), f"a sign of focus: {found}")
    page.wait_until(lambda: (focus(page) or {}).get("seen", False), f"focus in view: {found}")


def press(page: Playground, *keys: str) -> None:
    """Press keys one after the other; after each the focus can be seen."""
    for key in keys:
        page.page.keyboard.press(key)
        expect_visible_focus(page)


def tab_to(page: Playground, name: str) -> None:
    """Press Tab until something whose name begins so has the focus."""
    for _ in range(MOST_STOPS):
        page.page.keyboard.press("Tab")
        found = focus(page)
        if found is not None and found["name"].startswith(name):
            expect_visible_focus(page)
            return
    raise AssertionError(f"Tab never reaches “{name}”")


def expect_focus(page: Playground, name: str) -> None:
    """What begins with this name comes to have the focus, and shows it."""
    page.wait_until(lambda: (focus(page) or {"name": ""})["name"].startswith(name), name)
    expect_visible_focus(page)


def test_tab_visits_everything_once_and_the_focus_is_always_seen(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(1)
    stops: list[str] = []
    for _ in range(MOST_STOPS):
        page.page.keyboard.press("Tab")
        found = focus(page)
        if found is None or (stops and found["name"] == "Skip to the network"):
            break
        expect_visible_focus(page)
        stops.append(f"{found['role']} {found['name']}")
    else:
        raise AssertionError(f"Tab comes to no end: {stops}")
    assert stops[0].endswith("Skip to the network")
    visited = " | ".join(stops)
    for name in ("Examples", "Pause", "Share", "Add layer: Activation", "input, Input", "Spiral"):
        assert name in visited
    for name in ("Learning rate", "Batch size", "Optimizer", "Edit points by hand", "Next sample"):
        assert name in visited


def test_training_by_keyboard(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(1)
    keyboard = page.page.keyboard
    press(page, "Tab")
    expect_focus(page, "Skip to the network")
    keyboard.press("Enter")
    expect(page.page.locator("#network")).to_be_focused()
    expect_visible_focus(page)
    keyboard.press("Space")
    expect(page.button("Train")).to_be_visible()
    page.wait_until(lambda: page.wire.steps[-1] == page.wire.newest("status")["step"], "a pause")
    step: int = page.wire.newest("status")["step"]
    keyboard.press("s")
    page.expect_step(step + 1)
    keyboard.press("r")
    page.expect_step(0)
    keyboard.press("Space")
    page.expect_training()


def test_a_network_is_built_by_keyboard(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(1)
    tab_to(page, "Skip to the network")
    press(page, "Enter")
    tab_to(page, "input, Input layer")
    press(page, "ArrowRight")
    expect_focus(page, "hidden1")
    press(page, "+")
    expect(page.units("hidden1")).to_have_count(9)
    press(page, "-", "-")
    expect(page.units("hidden1")).to_have_count(7)
    press(page, "i")
    expect_focus(page, "Activation")
    press(page, "ArrowDown", "ArrowDown", "ArrowDown")
    expect_focus(page, "Dense")
    press(page, "Enter")
    expect_focus(page, "dense1")
    expect(page.layer("dense1")).to_be_visible()
    page.expect_training()
    press(page, "Delete")
    expect(page.layer("dense1")).to_have_count(0)
    expect_focus(page, "hidden1")
    press(page, "End")
    expect_focus(page, "output")
    press(page, "ArrowLeft", "ArrowLeft")
    expect_focus(page, "hidden2")
    press(page, "Control+z")
    expect(page.layer("dense1")).to_be_visible()
    press(page, "Control+Shift+z")
    expect(page.layer("dense1")).to_have_count(0)
    page.expect_training()


def test_a_weight_is_edited_by_keyboard(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(1)
    page.page.keyboard.press("Tab")
    press(page, "Enter")
    page.page.keyboard.press("Space")
    expect(page.button("Train")).to_be_visible()
    tab_to(page, "input, Input layer")
    press(page, "ArrowRight", "Enter")
    expect(page.inspector.get_by_role("table")).to_be_visible()
    press(page, "Enter")
    expect(page.inspector).to_be_focused()
    tab_to(page, "Weight from x₁ to 1")
    press(page, "Control+a", "1", ".", "5", "Enter")
    page.wait_until(lambda: first_weight(page) == 1.5, "the weight in a frame")
    press(page, "ArrowUp")
    page.wait_until(lambda: abs(first_weight(page) - 1.6) < 1e-6, "a tenth more")
    press(page, "Alt+ArrowRight")
    expect_focus(page, "Weight from x₁ to 2")
    assert abs(page.weights("hidden1")[0][0] - 1.6) < 1e-6


def first_weight(page: Playground) -> float:
    """The first weight of `hidden1` in the newest frame."""
    tensor = page.wire.tensor("hidden1", "weights")
    return float("nan") if tensor is None else float(tensor.data.cast("f")[0])


def test_language_theme_and_help_by_keyboard(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(1)
    root = page.page.locator("html")
    tab_to(page, "Switch to Chinese")
    press(page, "Enter")
    expect(root).to_have_attribute("lang", "zh-CN")
    expect_focus(page, "切换到英文")
    press(page, "Enter")
    expect(root).to_have_attribute("lang", "en")
    press(page, "Tab")
    expect_focus(page, "Light, dark, colours")
    press(page, "Enter")
    expect_focus(page, "Theme of the device")
    press(page, "d")
    expect_focus(page, "Dark")
    press(page, "Enter")
    expect(root).to_have_attribute("data-theme", "dark")
    expect_focus(page, "Light, dark, colours")
    press(page, "Tab", "Enter")
    dialog = page.page.get_by_role("dialog", name="Neurarium")
    expect(dialog).to_be_visible()
    for _ in range(3):
        page.page.keyboard.press("Tab")
        assert page.page.evaluate(BEHIND) is False
    page.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect_focus(page, "Help and keys")


def test_a_digit_is_drawn_by_keyboard(visit: Visits) -> None:
    page = visit("/?preset=mnist")
    page.wait_for_step(1)
    tab_to(page, "Draw your own")
    press(page, "Enter", "Tab")
    expect_focus(page, "Drawing pad")
    press(page, *["ArrowUp"] * 6, *["ArrowDown"] * 6)
    expect(page.result).to_contain_text(re.compile(r"The network says \d \(\d+%\)"))
    expect(page.result).to_contain_text("Drawn")
    press(page, "Tab")
    expect_focus(page, "Clear")
    press(page, "Enter")
    expect(page.result).to_contain_text(re.compile(r"Validation \d"))
