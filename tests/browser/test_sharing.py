"""A link holds the whole experiment: whoever opens it sees the same run."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.playground import Playground
from tests.browser.visits import Visits

CLIPBOARD = ["clipboard-read", "clipboard-write"]


def copy_link(page: Playground) -> str:
    """Copy the link of what runs; return what the clipboard holds then."""
    page.button("Share").click()
    panel = page.page.get_by_role("dialog", name="Share")
    panel.get_by_role("button", name="Copy link").click()
    expect(panel.get_by_role("button", name="Copied")).to_be_visible()
    link = str(page.page.evaluate("navigator.clipboard.readText()"))
    expect(panel.get_by_role("textbox", name="Link to this experiment")).to_have_value(link)
    page.page.keyboard.press("Escape")
    return link


def test_a_copied_link_opens_the_same_experiment(visit: Visits) -> None:
    maker = visit("/", permissions=CLIPBOARD)
    maker.wait_for_step(1)
    maker.button("Add a unit to hidden1").click()
    maker.slide("Learning rate", 120)
    seeds = maker.wire.experiment["seeds"]
    maker.choose(re.compile("^Reseed"), "Everything new")
    maker.wait_until(lambda: bool(maker.wire.experiment["seeds"] != seeds), "new seeds")
    maker.pause()
    link = copy_link(maker)

    guest = visit(link)
    guest.wait_for_step(1)
    assert guest.wire.experiment == maker.wire.experiment
    expect(guest.units("hidden1")).to_have_count(9)
    assert guest.page.evaluate("document.cookie.includes('neurarium_session')") is False
    guest.pause()
    for page in (maker, guest):
        page.button(re.compile("^Reset")).click()
        page.expect_step(0)
        page.choose("How far one step goes", "one epoch")
        page.button("One step: one epoch").click()
        page.expect_step(25)
    assert guest.weights("hidden2") == maker.weights("hidden2")


def test_a_link_pasted_into_an_open_page_is_followed(visit: Visits) -> None:
    maker = visit("/?preset=xor", permissions=CLIPBOARD)
    link = copy_link(maker)
    reader = visit("/")
    reader.page.evaluate("fragment => { location.hash = fragment }", link.partition("#")[2])
    reader.wait_until(lambda: bool(reader.wire.experiment["title"] == "Exclusive or"), "the link")
    reader.expect_layers(*(node["name"] for node in maker.wire.experiment["graph"]["nodes"]))
    reader.expect_training()


def test_a_damaged_link_is_explained_and_the_usual_example_opens(visit: Visits) -> None:
    maker = visit("/?preset=xor", permissions=CLIPBOARD)
    link = copy_link(maker)
    maker.page.close()
    for damaged in (link[: len(link) // 2], link + "!", f"{link.partition('#')[0]}#e="):
        guest = visit.prepare()
        guest.page.goto(damaged)
        expect(guest.page.get_by_role("region", name="Notices")).to_contain_text(
            "This link is damaged or incomplete. The usual example was opened instead."
        )
        guest.wait_for_step(1)
        assert guest.wire.experiment["title"] == "Spiral"
        guest.page.close()
