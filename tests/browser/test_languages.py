"""Chinese from the first paint or by a switch, whole, and with room for its words."""

from __future__ import annotations

import contextlib
import re

import pytest
from playwright.sync_api import ViewportSize, expect

from tests.browser.playground import Playground
from tests.browser.visits import Visits

WINDOWS: dict[str, ViewportSize] = {
    "desk": {"width": 1280, "height": 800},
    "small desk": {"width": 1024, "height": 768},
    "tablet": {"width": 820, "height": 1180},
    "phone": {"width": 390, "height": 844},
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
WORD = re.compile(r"[A-Za-z]{2,}")
LATIN_NAMES = """
    Neurarium English LeCun Cortes Burges Fisher
    Leaky ReLU Tanh Sigmoid Softmax Adam SGD Dropout MNIST Xavier He sin cos max log
    Ctrl Shift Alt Home End Enter Esc Delete Page Up Down
"""
"""Names that Chinese books print in Latin letters, and names of keys."""
PROPER = frozenset(LATIN_NAMES.split())

TEXTS = """() => {
    const options = { opacityProperty: true, visibilityProperty: true };
    const found = [document.title];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement;
        if (parent.closest('script, style, noscript, kbd') !== null) continue;
        if (parent.checkVisibility(options)) found.push(walker.currentNode.data.trim());
    }
    for (const name of ['aria-label', 'aria-roledescription', 'title', 'placeholder', 'alt']) {
        for (const element of document.querySelectorAll(`[${name}]`)) {
            if (element.checkVisibility(options)) found.push(element.getAttribute(name).trim());
        }
    }
    return [...new Set(found)].filter(text => text !== '');
}"""
"""Everything that can be read on the page now, by eye or by a screen reader."""

OVERFLOW = """() => {
    const wrong = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) wrong.push(`the page: ${root.scrollWidth}`);
    const holders = 'section, header, dl, p, h2, h3, label, button, [role=group]';
    for (const element of document.querySelectorAll(holders)) {
        const { overflowX, textOverflow } = getComputedStyle(element);
        if (!element.checkVisibility()) continue;
        if (textOverflow === 'ellipsis' || ['auto', 'scroll'].includes(overflowX)) continue;
        if (element.closest('.svelte-flow, .visually-hidden, [popover]') !== null) continue;
        const [needed, present] = [element.scrollWidth, element.clientWidth];
        if (present === 0 || needed <= present + 1) continue;
        const words = element.textContent.trim().slice(0, 40);
        wrong.push(`${element.tagName} “${words}”: ${needed} > ${present}`);
    }
    return wrong;
}"""
"""What is wider than the room it has, although it can't be scrolled."""


def english_left(page: Playground) -> list[str]:
    """Texts of the page with words that should have been translated."""
    layers = {node["name"] for node in page.wire.experiment["graph"]["nodes"]}
    return [
        text
        for text in page.page.evaluate(TEXTS)
        if not set(WORD.findall(re.sub(r"\w*\d\w*", "", text))) <= PROPER | layers
    ]


def expect_chinese(page: Playground) -> None:
    """All that can be read is Chinese, once the picture has followed the words."""
    if english_left(page):
        with contextlib.suppress(AssertionError):
            page.wait_until(lambda: not english_left(page), "a translation")
        assert english_left(page) == []
    expect(page.page).to_have_title(CHINESE)


def test_the_browsers_language_is_spoken_from_the_first_paint(visit: Visits) -> None:
    page = visit("/", locale="zh-CN")
    expect(page.page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.page).to_have_title(CHINESE)
    page.wait_for_step(20)
    expect_chinese(page)


def test_a_switch_translates_everything_at_once_and_is_remembered(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(1)
    page.button("Switch to Chinese").click()
    expect_chinese(page)
    page.page.reload()
    expect(page.page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.button("切换到英文").click()
    expect(page.button("Switch to Chinese")).to_be_visible()

    def chinese() -> set[str]:
        return {text for text in page.page.evaluate(TEXTS) if CHINESE.search(text)}

    # What is told to screen readers follows a moment later.
    with contextlib.suppress(AssertionError):
        page.wait_until(lambda: chinese() == {"中文"}, "an English page")
    assert chinese() == {"中文"}


@pytest.mark.parametrize("preset", ["spiral", "mnist", "curve", "iris", "skip"])
def test_no_corner_of_the_chinese_page_is_english(visit: Visits, preset: str) -> None:
    page = visit(f"/?preset={preset}", locale="zh-CN")
    page.wait_for_step(20)
    page.page.keyboard.press("Tab")
    for closed in page.page.locator("details").all():
        if closed.get_attribute("open") is None:
            closed.locator("summary").click()
    for node in page.wire.experiment["graph"]["nodes"]:
        page.select(node["name"])
        expect_chinese(page)
    for menu in page.page.locator(
        "button[aria-haspopup=menu]:visible, button[aria-expanded]"
    ).all():
        menu.click()
        expect_chinese(page)
        page.page.keyboard.press("Escape")


def test_breakpoints_are_chinese(visit: Visits) -> None:
    page = visit("/", locale="zh-CN")
    page.wait_for_step(1)
    page.page.get_by_role("tab", name="断点与观察").click()
    for button, kinds in (("添加断点", "停止条件"), ("添加观察", "数值")):
        page.button(button).click()
        choice = page.page.get_by_role("combobox", name=kinds, exact=True)
        for kind in choice.get_by_role("option").all():
            choice.select_option(kind.get_attribute("value"))
            # One text says what the names of parameters mean.
            left = [text for text in english_left(page) if "weights（权重）" not in text]
            assert left == []
        page.page.keyboard.press("Escape")


def test_problems_are_told_in_chinese(visit: Visits) -> None:
    page = visit("/", locale="zh-CN")
    page.wait_for_step(1)
    page.layer("answer").locator("header button").last.click()
    expect(page.page.get_by_role("alert").first).to_be_visible()
    expect_chinese(page)
    broken = visit("/?preset=cats", locale="zh-CN")
    expect(broken.page.get_by_role("alert")).to_contain_text("示例")
    lost = visit.prepare(locale="zh-CN")
    visit.witness.expect("404")
    lost.page.goto("/nowhere")
    expect(lost.page.get_by_role("heading", level=1)).to_have_text(CHINESE)


def expect_room(page: Playground) -> None:
    """Nothing is wider than its room in any window."""
    for name, size in WINDOWS.items():
        page.page.set_viewport_size(size)
        assert page.page.evaluate(OVERFLOW) == [], name


@pytest.mark.parametrize("preset", ["spiral", "mnist"])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_nothing_is_wider_than_its_room(visit: Visits, preset: str, locale: str) -> None:
    page = visit(f"/?preset={preset}", locale=locale)
    page.wait_for_step(20)
    page.pause()
    expect_room(page)
    page.select("hidden1")
    expect_room(page)
    page.page.locator("#bottom-tab-breakpoints").click()
    expect(page.page.locator("#bottom-panel section")).to_have_count(2)
    expect_room(page)
    page.page.locator("#bottom-tab-twin").click()
    expect(page.page.locator("#bottom-panel form")).to_be_visible()
    expect_room(page)
