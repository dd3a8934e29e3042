"""The doctor looks at what is watched, tells what it finds once, and offers something to try."""

from __future__ import annotations

import copy
from typing import Any

from tests.server.page import Page
from tests.server.running import RunningServer


def watch(page: Page) -> None:
    page.subscribe("weights")


def lame(page: Page) -> dict[str, Any]:
    """The page's experiment with all weights beginning at zero."""
    document: dict[str, Any] = copy.deepcopy(page.wait_for("experiment")["experiment"])
    for node in document["graph"]["nodes"]:
        if "weights" in node["layer"]:
            node["layer"]["weights"] = {"kind": "zeros"}
    document["seeds"]["weights"] += 1
    return document


def test_an_illness_is_told_with_a_remedy_that_cures_it(server: RunningServer) -> None:
    with server.page() as page:
        page.hello(preset="spiral")
        assert page.command("edit", experiment=lame(page)) is None
        page.layout = page.wait_for("layout", revision=2)
        watch(page)
        assert page.command("step", count=200) is None
        told = page.wait_for("findings")
        while not any(one["check"] == "symmetric_weights" for one in told["findings"]):
            told = page.wait_for("findings")
        finding = next(one for one in told["findings"] if one["check"] == "symmetric_weights")
        assert finding["layer"] == "hidden1"
        assert "8 of 8" in finding["message"]["en"] and finding["title"]["zh"]
        remedy = finding["remedy"]["experiment"]
        page.seen.clear()
        assert page.command("edit", experiment=remedy) is None
        page.layout = page.wait_for("layout", revision=3)
        watch(page)
        assert page.command("step", count=200) is None
        healthy = page.wait_for("findings")
        assert "symmetric_weights" not in {one["check"] for one in healthy["findings"]}


def test_a_healthy_network_is_left_in_peace_and_nothing_is_told_twice(
    server: RunningServer,
) -> None:
    with server.page() as page:
        page.hello(preset="spiral")
        watch(page)
        assert page.command("step", count=300) is None
        assert page.wait_for("findings")["findings"] == []
        assert page.command("step", count=300) is None
        page.wait_for("status", status="paused", step=600)
        assert not [message for message in page.seen if message["type"] == "findings"]


def test_whoever_comes_later_is_told_the_findings_too(server: RunningServer) -> None:
    with server.page() as page, server.page() as later:
        welcome = page.hello(preset="spiral")
        watch(page)
        page.wait_for("findings")
        later.hello(session=welcome["session"])
        assert any(message["type"] == "findings" for message in later.seen)
