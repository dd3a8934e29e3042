"""Axe finds nothing wrong: light and dark, English and Chinese, in every state of the page."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.playground import Playground
from tests.browser.visits import Visits

APPEARANCES = [
    pytest.param({"color_scheme": scheme, "locale": locale}, id=f"{scheme}-{locale}")
    for scheme, locale in (("light", "en-US"), ("dark", "zh-CN"))
]
"""Each theme and each language once: no rule depends on both."""


def expect_no_violations(page: Playground, state: str) -> None:
    """Axe has nothing to say about the page as it is now."""
    # Colours that are still fading into each other have no contrast of their own.
    page.page.evaluate(
        "() => Promise.allSettled(document.getAnimations().map((one) => one.finished))"
        ".then(() => 0)"
    )
    results = Axe().run(page.page)
    assert results.violations_count == 0, f"{state}\n{results.generate_report()}"


@pytest.mark.parametrize("appearance", APPEARANCES)
def test_the_spiral_is_accessible(visit: Visits, appearance: dict[str, Any]) -> None:
    page = visit("/", **appearance)
    page.wait_for_step(20)
    page.pause()
    expect_no_violations(page, "at first sight")
    page.select("input")
    page.page.locator(".nudge [type=range]").first.fill("150")
    expect(page.page.locator(".changes table, .layers table")).to_have_count(2)
    expect_no_violations(page, "an input nudged")
    page.select("hidden1")
    page.layer("answer").locator("header button").last.click()
    expect(page.page.get_by_role("alert").first).to_be_visible()
    expect_no_violations(page, "a layer selected, a draft refused")
    page.page.locator("button[aria-haspopup=menu]").first.click()
    expect(page.page.get_by_role("menu").first).to_be_visible()
    expect_no_violations(page, "a menu open")
    page.page.keyboard.press("Escape")
    page.page.keyboard.press("Shift+?")
    expect(page.page.get_by_role("dialog")).to_be_visible()
    expect_no_violations(page, "help open")


@pytest.mark.parametrize("appearance", APPEARANCES)
def test_a_twin_is_accessible(visit: Visits, appearance: dict[str, Any]) -> None:
    page = visit("/", **appearance)
    page.wait_for_step(20)
    page.page.locator("#bottom-tab-twin").click()
    panel = page.page.locator("#bottom-panel")
    expect_no_violations(page, "before a twin begins")
    panel.get_by_role("slider").first.press("ArrowLeft")
    panel.locator("form button[type=submit]").click()
    expect(panel.get_by_role("table").first).to_be_visible()
    expect_no_violations(page, "a twin beside it")


@pytest.mark.parametrize("appearance", APPEARANCES)
def test_breakpoints_and_watches_are_accessible(visit: Visits, appearance: dict[str, Any]) -> None:
    page = visit("/", **appearance)
    page.wait_for_step(20)
    page.page.locator("#bottom-tab-breakpoints").click()
    rooms = page.page.locator("#bottom-panel section")
    expect_no_violations(page, "nothing to stop at, nothing watched")
    form = page.page.locator("[popover]:popover-open form")
    for section in (rooms.last, rooms.first):
        section.locator("button[popovertarget]").click()
        expect(form).to_be_visible()
        expect_no_violations(page, "a form open")
        kinds = form.get_by_role("combobox").first
        # Of breakpoints, one at which this network never stops.
        kinds.select_option(kinds.get_by_role("option").last.get_attribute("value"))
        form.locator("button[type=submit]").click()
        expect(section.get_by_role("listitem")).to_have_count(1)
        # The list is told a moment before the answer that closes the form.
        expect(form).to_have_count(0)
    page.page.locator("#bottom-panel button[popovertarget]").first.click()
    form.get_by_role("combobox").first.select_option("gradient_leaves_band")
    form.get_by_role("combobox").last.select_option("input")
    form.locator("button[type=submit]").click()
    expect(form.get_by_role("alert")).to_be_visible()
    expect_no_violations(page, "a breakpoint refused")
    form.get_by_role("combobox").last.select_option("hidden2")
    form.get_by_role("textbox").last.fill("1e-9")
    form.locator("button[type=submit]").click()
    expect(page.network.get_by_role("status").get_by_text("hidden2")).to_be_visible()
    page.select("hidden2")
    page.page.keyboard.press("Delete")
    expect(rooms.first.get_by_role("listitem").filter(has_text="“hidden2”")).to_be_visible()
    expect_no_violations(page, "stopped, a breakpoint left out, a curve")


@pytest.mark.parametrize("appearance", APPEARANCES)
def test_the_digits_are_accessible(visit: Visits, appearance: dict[str, Any]) -> None:
    page = visit("/?preset=mnist", **appearance)
    page.wait_for_step(100)
    page.pause()
    page.layer("hidden2").locator("[data-unit], [data-grid]").first.click()
    expect_no_violations(page, "the gallery, a unit selected")
    page.select("input")
    page.page.locator(".nudge [role=application]").press("+")
    expect(page.page.locator(".changes :is(.up, .down)").first).to_be_visible()
    expect_no_violations(page, "a pixel nudged")
    page.page.locator("[role=group] > button[aria-pressed=false]").filter(
        has_text=("Draw your own" if appearance["locale"] == "en-US" else "自己")
    ).click()
    expect(page.page.locator(".draw [role=application]")).to_be_visible()
    expect_no_violations(page, "the drawing pad")


def test_points_and_tables_are_accessible(visit: Visits) -> None:
    page = visit("/")
    page.button("Edit points by hand").click()
    page.page.get_by_role("application", name="Plane with points").press("Enter")
    page.expect_training()
    page.pause()
    page.button("Share").click()
    expect(page.page.get_by_role("dialog", name="Share")).to_be_visible()
    expect_no_violations(page, "points by hand, the link open")
    page.page.close()
    table = visit("/?preset=iris")
    table.wait_for_step(20)
    table.pause()
    expect_no_violations(table, "a table of confusions")


def test_an_error_page_is_accessible(visit: Visits) -> None:
    visit.witness.expect("404")
    lost = visit.prepare()
    lost.page.goto("/nowhere")
    expect_no_violations(lost, "an address that leads nowhere")
    lost.page.goto("/api/docs")
    expect_no_violations(lost, "the list of addresses")
