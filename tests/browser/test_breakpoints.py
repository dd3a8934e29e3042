"""A newcomer has training stop where it matters, watches a number, and finds both again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from engine import Session, presets
from engine.breakpoints import run_until
from engine.breakpoints.conditions.gradient_leaves_band import GradientLeavesBand
from tests.browser.playground import Playground
from tests.browser.visits import Visits

FIRST = 300
BAND = GradientLeavesBand(layer="hidden2", high=1.0)


def room(page: Playground, name: str) -> Locator:
    """The breakpoints, or the watches."""
    return page.page.get_by_role("region", name=name, exact=True)


def open_room(page: Playground) -> None:
    page.page.get_by_role("tab", name="Breakpoints and watches").click()


def add_breakpoint(page: Playground, kind: str, layer: str = "", **numbers: float) -> None:
    """Fill in the form and add what it holds."""
    rows = room(page, "Breakpoints").get_by_role("listitem")
    before = rows.count()
    page.button("Add a breakpoint").click()
    form = page.page.get_by_role("dialog", name="Add a breakpoint")
    form.get_by_role("combobox", name="Stops when").select_option(label=kind)
    if layer:
        form.get_by_role("combobox", name="Layer").select_option(layer)
    for label, number in numbers.items():
        name = label.replace("_", " ").capitalize()
        form.get_by_role("textbox", name=name, exact=True).fill(str(number))
    form.get_by_role("button", name="Add", exact=True).click()
    expect(form).to_be_hidden()
    expect(rows).to_have_count(before + 1)


def stop(page: Playground) -> Locator:
    """What says why training stopped."""
    return page.network.get_by_role("status").filter(has_text="Stopped.")


def play_to_stop(page: Playground, step: int, reason: str) -> None:
    """Train until it stops by itself, at `step` and for that reason; nothing moves for the note."""
    before = page.network.bounding_box()
    page.button("Train").click()
    expect(stop(page)).to_contain_text(reason)
    expect(page.button("Train")).to_be_visible()
    page.expect_step(step)
    assert page.wire.newest("status")["stopped"]["en"] == reason
    assert page.network.bounding_box() == before


def test_training_stops_and_a_weight_is_watched(visit: Visits) -> None:
    page = visit("/")
    page.pause()
    page.button(re.compile("^Reset")).click()
    page.expect_step(0)
    open_room(page)
    expect(room(page, "Breakpoints")).to_contain_text("Training stops at the very step")
    add_breakpoint(page, "At a step", step=FIRST)
    play_to_stop(page, FIRST, f"Step {FIRST} is finished.")

    add_breakpoint(page, "Gradient leaves a band", layer="hidden2", upper_bound=BAND.high)
    watch_a_weight(page)
    plain = Session(presets.load("spiral"))
    plain.run(steps=FIRST)
    expect_watched(page, plain)
    reason = run_until(plain, 100_000, [BAND])
    assert reason is not None
    play_to_stop(page, plain.step, reason.en)
    expect_watched(page, plain)

    page.select("hidden2")
    page.page.keyboard.press("Delete")
    page.expect_layers("input", "hidden1", "answer", "output")
    band = room(page, "Breakpoints").get_by_role("listitem").filter(has_text="Gradient")
    expect(band).to_contain_text("hidden2 · 0 … 1")
    expect(band).to_contain_text("This can't be watched in a layer “hidden2”.")

    page.page.reload()
    expect(band).to_contain_text("This can't be watched in a layer “hidden2”.")
    first = room(page, "Breakpoints").get_by_role("listitem").first
    expect(first).to_contain_text(f"At a step · {FIRST}")
    expect_watched(page, plain)
    page.button("No longer watch hidden1.weights[0, 0]").click()
    expect(room(page, "Watches").get_by_role("listitem")).to_have_count(0)
    page.button(re.compile("^Remove the breakpoint “Gradient")).click()
    expect(room(page, "Breakpoints").get_by_role("listitem")).to_have_count(1)


def watch_a_weight(page: Playground) -> None:
    """The link from the first input to the first hidden unit, by the inspector's button."""
    page.page.get_by_role("tab", name="Inspector").click()
    first = page.layer("input").get_by_role("button", name="x₁", exact=True)
    page.click_link(first, page.units("hidden1").first)
    page.page.keyboard.press("Escape")
    button = page.inspector.get_by_role("button", name="Watch this weight")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    open_room(page)


def expect_watched(page: Playground, plain: Session) -> None:
    """The watch shows the weight as the engine has it at that step, and its curve ends there."""
    weight = float(plain.parameters()["hidden1.weights"][0, 0])
    row = room(page, "Watches").get_by_role("listitem").filter(has_text="hidden1.weights[0, 0]")
    curve = row.get_by_role("img", name=re.compile(rf"to step {plain.step:,}$"))
    expect(curve).to_be_visible()
    said = re.search(r": (\S+) at present", curve.get_attribute("aria-label") or "")
    assert said is not None
    # Three significant digits.
    assert float(said[1].replace("−", "-")) == pytest.approx(weight, rel=6e-3)
    expect(row).to_contain_text(said[1])
