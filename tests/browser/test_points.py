"""Points on the plane by hand, with the mouse and by keyboard, while the network learns."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.browser.playground import Playground
from tests.browser.visits import Visits

SPIRAL_SAMPLES = 500
SELECTED = re.compile(r"Selected: class (\d) at \((−?[\d.]+), (−?[\d.]+)\)")


class Plane:
    """The plane with points in the data panel."""

    def __init__(self, page: Playground) -> None:
        self.page = page
        page.button("Edit points by hand").click()
        self.area = page.page.get_by_role("application", name="Plane with points")
        self.area.scroll_into_view_if_needed()

    def choose_class(self, name: str) -> None:
        """Click on the class that new points get."""
        choice = self.page.page.get_by_role("radiogroup", name="Class of new points")
        choice.get_by_text(name, exact=True).click()
        expect(choice.get_by_role("radio", name=name)).to_be_checked()

    @property
    def state(self) -> Locator:
        """What is selected, in words."""
        return self.page.page.locator("#points-state")

    @property
    def points(self) -> list[list[float]]:
        """The points that the server trains on; none while the set is not made by hand."""
        source = self.page.wire.experiment["data"]["source"]
        points: list[list[float]] = source.get("points", [])
        return points

    def wait_for_points(self, count: int) -> None:
        """The server trains on so many points."""
        self.page.wait_until(lambda: len(self.points) == count, f"{count} points")
        self.page.expect_training()

    def selected(self) -> tuple[int, float, float]:
        """Class and place of the selected point."""
        expect(self.state).to_have_text(SELECTED)
        found = SELECTED.search(self.state.text_content() or "")
        assert found is not None
        label, x, y = (text.replace("−", "-") for text in found.groups())
        return int(label), float(x), float(y)

    def place(self, across: float, down: float) -> tuple[float, float]:
        """A place on the screen, given as shares of the plane's sides."""
        box = self.area.get_by_role("img").bounding_box()
        assert box is not None
        return box["x"] + across * box["width"], box["y"] + down * box["height"]


def test_the_plane_stays_under_the_pointer_at_the_first_point(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(1)
    plane = Plane(page)
    before = plane.place(0, 0)
    page.page.mouse.click(*plane.place(0.02, 0.02))
    plane.wait_for_points(SPIRAL_SAMPLES + 1)
    assert plane.place(0, 0) == before
    button = page.button("Delete the selected point")
    button.focus()
    page.page.keyboard.press("Enter")
    plane.wait_for_points(SPIRAL_SAMPLES)
    expect(button).to_be_focused()


def test_points_by_mouse(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(1)
    plane = Plane(page)
    plane.choose_class("class 1")
    page.page.mouse.click(*plane.place(0.02, 0.98))
    plane.wait_for_points(SPIRAL_SAMPLES + 1)
    label, x, y = plane.selected()
    assert (label, x < -5, y < -5) == (1, True, True)
    expect(page.page.get_by_text(re.compile(r"^\d+ to learn from, \d+ to check$"))).to_be_visible()

    page.page.mouse.move(*plane.place(0.02, 0.98))
    page.page.mouse.down()
    page.page.mouse.move(*plane.place(0.5, 0.98), steps=4)
    page.page.mouse.move(*plane.place(0.98, 0.98), steps=4)
    page.page.mouse.up()
    page.wait_until(lambda: plane.points[-1][0] > 5, "the moved point")
    assert plane.selected()[1] > 5
    plane.wait_for_points(SPIRAL_SAMPLES + 1)

    page.button("Delete the selected point").click()
    plane.wait_for_points(SPIRAL_SAMPLES)
    assert all(point[0] < 5.8 or point[1] > -5 for point in plane.points)
    page.button(re.compile("^Undo")).click()
    plane.wait_for_points(SPIRAL_SAMPLES + 1)
    steps = page.wire.steps
    assert steps == sorted(steps)


def test_points_by_keyboard(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(1)
    plane = Plane(page)
    keyboard = page.page.keyboard
    plane.area.focus()
    keyboard.press("Enter")
    plane.wait_for_points(SPIRAL_SAMPLES + 1)
    assert plane.selected() == (0, 0, 0)
    keyboard.press("ArrowRight")
    keyboard.press("Shift+ArrowUp")
    page.wait_until(lambda: plane.points[-1][1] > 0, "the moved point")
    _, x, y = plane.selected()
    assert 0 < x < y
    keyboard.press("PageDown")
    page.wait_until(lambda: plane.selected()[1:] == shown(plane.points[0]), "the first point")
    keyboard.press("PageUp")
    page.wait_until(lambda: plane.selected()[1:] == (x, y), "the new point again")
    keyboard.press("Delete")
    plane.wait_for_points(SPIRAL_SAMPLES)
    expect(plane.area).to_be_focused()


def shown(point: list[float]) -> tuple[float, float]:
    """A place with three significant digits, as the page writes it."""
    return float(f"{point[0]:.3g}"), float(f"{point[1]:.3g}")


def test_a_point_of_a_new_class_gets_an_output_of_its_own(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(1)
    plane = Plane(page)
    plane.choose_class("class 2")
    page.page.mouse.click(*plane.place(0.5, 0.02))
    plane.wait_for_points(SPIRAL_SAMPLES + 1)
    expect(page.layer("answer").get_by_role("button", name="Unit 3", exact=True)).to_be_attached()
    name = "The most probable class at every point of the plane, with the samples on it"
    expect(page.result.get_by_role("img", name=name)).to_be_visible()
    expect(page.network.get_by_role("alert")).to_have_count(0)
