"""The stream: a page asks for what is in view and acknowledges what it has taken."""

from __future__ import annotations

from itertools import pairwise

from playwright.sync_api import expect

from tests.browser.visits import Visits

PHONE = {"width": 390, "height": 844}
MOST_IN_FLIGHT = 2


def test_every_frame_is_acknowledged_and_few_are_on_their_way(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(50)
    page.pause()

    def acknowledged() -> list[int]:
        return [said["sequence"] for said in page.wire.sent if said["type"] == "acknowledge"]

    received = [head.sequence for head in page.wire.heads]
    page.wait_until(lambda: acknowledged()[-1:] == received[-1:], "the last acknowledgement")
    assert received == sorted(set(received))
    assert set(acknowledged()) <= set(received)
    # A newer frame may replace one that was not painted yet, but only what was in flight.
    gaps = [later - sooner for sooner, later in pairwise(acknowledged())]
    assert max(gaps) <= MOST_IN_FLIGHT + 1


def test_only_what_is_in_view_is_asked_for(visit: Visits) -> None:
    page = visit("/?preset=mnist")
    gallery = ("output", "prediction")
    page.wait_until(lambda: gallery in page.wire.subscribed, "the gallery's predictions")
    page.button("Draw your own").click()
    page.wait_until(lambda: gallery not in page.wire.subscribed, "no gallery")
    page.button("Test images").click()
    page.wait_until(lambda: gallery in page.wire.subscribed, "the gallery's predictions again")
    assert ("hidden1", "weights") not in page.wire.subscribed
    page.select("hidden1")
    page.wait_until(lambda: ("hidden1", "weights") in page.wire.subscribed, "the layer's weights")
    page.page.keyboard.press("Escape")
    page.wait_until(lambda: ("hidden1", "weights") not in page.wire.subscribed, "no weights")


def test_panels_out_of_view_ask_for_nothing(visit: Visits) -> None:
    page = visit("/", viewport=PHONE)
    verdict = ("output", "activation")
    maps = ("hidden1", "map")
    page.wait_until(lambda: maps in page.wire.subscribed, "the network's pictures")
    assert verdict not in page.wire.subscribed
    sample = page.result.get_by_role("list", name="Probability of each class")
    sample.scroll_into_view_if_needed()
    page.wait_until(lambda: verdict in page.wire.subscribed, "the inspected sample's answer")
    page.wait_until(lambda: maps not in page.wire.subscribed, "no pictures of the network")
    page.counter.scroll_into_view_if_needed()
    page.wait_until(lambda: maps in page.wire.subscribed, "the network's pictures again")
    page.wait_until(lambda: verdict not in page.wire.subscribed, "no answer")
    expect(page.network).to_be_in_viewport()
