"""Every example opens, trains, and shows the result in the view that suits its data."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from engine import presets
from tests.browser.playground import Playground, count_colours
from tests.browser.visits import Visits

IMAGE_AXES = 2
VIEWS = {
    "decision": "What the network predicts at every point of the plane, with the samples on it",
    "classes": "The most probable class at every point of the plane, with the samples on it",
    "surface": "The value the network predicts at every point of the plane, with the samples on it",
    "curve": "The curve the network draws through the samples",
}
"""Views that are a picture, with the names that they are read by."""


def expected_view(layout: dict[str, Any]) -> str:
    """The view for a problem, decided by what a textbook would draw."""
    axes, classes = layout["raw_shape"], len(layout["classes"])
    if len(axes) >= IMAGE_AXES:
        return "gallery"
    if layout["problem"] == "regression":
        return {1: "curve", 2: "surface"}[axes[0]]
    if axes[0] > 2:
        return "table"
    return "decision" if classes == 2 else "classes"


def shown_views(page: Playground) -> dict[str, Locator]:
    """Where each view would be."""
    result = page.result
    return {
        **{view: result.get_by_role("img", name=name) for view, name in VIEWS.items()},
        "gallery": result.get_by_role("heading", name="Images it never learnt from"),
        "table": result.get_by_role("table", name="What is taken for what"),
    }


def expect_result(page: Playground) -> None:
    """The right view is shown, alive, and no other."""
    expected = expected_view(page.wire.newest("layout"))
    for view, place in shown_views(page).items():
        expect(place).to_have_count(1 if view == expected else 0)
    if expected in VIEWS:
        picture = shown_views(page)[expected].locator("canvas").first
        page.wait_until(lambda: count_colours(picture) > 5, "a picture of the result")
    elif expected == "table":
        counts = page.result.get_by_role("cell")
        page.wait_until(lambda: sum(map(whole, counts.all_text_contents())) > 10, "counted samples")
    else:
        tile = page.result.get_by_role("button", name=re.compile(r"^\d, (recognised|mistaken)"))
        expect(tile.first).to_be_visible()


def whole(text: str) -> int:
    """The number that a cell of the table says; 0 for a share or nothing."""
    return int(text) if text.strip().isdigit() else 0


@pytest.mark.parametrize("name", presets.names())
def test_every_example_shows_its_result(visit: Visits, name: str) -> None:
    preset = presets.entry(name)
    page = visit("/")
    page.open_example(preset.title.en)
    page.expect_training()
    page.expect_layers(*(node.name for node in preset.experiment.graph.nodes))
    expect_result(page)
    losses = page.result.get_by_role("img", name=re.compile(r"^Loss over training; now \d"))
    expect(losses).to_be_attached()
    assert page.page.url.endswith(f"?preset={name}")


@pytest.mark.parametrize(
    "title", ["Rings", "Penguins", "Polynomial", "Multiple Gaussians", "Moons"]
)
def test_another_data_set_fits_the_network_to_it(visit: Visits, title: str) -> None:
    page = visit("/")
    page.wait_for_step(1)
    data = page.page.get_by_role("group", name="Data sets")
    for group in ("Real data", "Values to predict"):
        data.get_by_text(group).click()
    card = data.get_by_role("button", name=title, exact=True)
    card.click()
    expect(card).to_have_attribute("aria-pressed", "true")
    expect(page.network.get_by_role("alert")).to_have_count(0)
    page.expect_training()
    expect_result(page)


def test_an_example_can_be_asked_for_by_its_address(visit: Visits) -> None:
    page = visit("/?preset=iris")
    assert page.wire.experiment["title"] == "Iris"
    page.expect_training()


def test_an_unknown_example_is_named_and_the_usual_one_opens(visit: Visits) -> None:
    page = visit("/?preset=cats")
    expect(page.page.get_by_role("region", name="Notices")).to_contain_text(
        "There is no example called “cats”. The usual one was opened instead."
    )
    assert page.wire.experiment["title"] == "Spiral"
    page.expect_training()
