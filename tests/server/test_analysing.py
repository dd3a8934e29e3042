"""Gradients are verified, costs measured and units ranked on request, also while training runs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from engine import Session, presets
from tests.server.page import Page
from tests.server.running import RunningServer


@pytest.fixture(name="opened")
def opened_spiral(server: RunningServer) -> Iterator[Page]:
    with server.page() as page:
        page.hello(preset="spiral")
        assert page.command("step", count=100) is None
        page.wait_for("status", status="paused", step=100)
        yield page


def test_every_parameters_gradient_is_verified(opened: Page) -> None:
    checks = opened.ask("check_gradients")["gradients"]
    keys = [f"{one['layer']}.{one['parameter']}" for one in checks]
    assert keys == list(Session(presets.load("spiral")).parameters())
    assert all(one["ok"] and one["checked"] > 0 and one["worst_error"] < 1e-6 for one in checks)


def test_costs_are_counted_and_measured(opened: Page) -> None:
    cost = opened.ask("measure_cost")["cost"]
    layers = {one["layer"]: one for one in cost["layers"]}
    told = {one["name"]: one["parameters"] for one in opened.layout["layers"]}
    assert {name: one["parameters"] for name, one in layers.items()} == told
    assert layers["hidden1"]["forward_multiply_adds"] == 8 * len(opened.layout["features"])
    assert cost["seconds"] > 0


def test_units_are_ranked_by_what_the_network_loses(opened: Page) -> None:
    units = opened.ask("rank_units")["units"]
    changes = [one["change"] for one in units]
    assert changes == sorted(changes, reverse=True)
    assert {one["layer"] for one in units} >= {"hidden1", "hidden2"}


def test_two_inputs_are_compared_at_the_same_parameters(opened: Page) -> None:
    original, changed = [1.5, -0.5], [1.5, 0.75]
    found = opened.ask("compare_inputs", original=original, changed=changed)["comparison"]
    session = Session(presets.load("spiral"))
    session.run(steps=100)
    expected = session.predict(np.array([original, changed]))[:, 0]
    assert [found["before"][1], found["after"][1]] == pytest.approx(expected.tolist(), abs=1e-6)
    assert found["before"][0] == pytest.approx(1 - found["before"][1])
    assert found["step"] == 100
    assert [one["layer"] for one in found["layers"]][:2] == ["input", "hidden1"]
    assert all(one["distance"] > 0 for one in found["layers"])
    problem = opened.command("compare_inputs", original=original, changed=[1.0])
    assert problem is not None and problem["code"] == "wrong_inputs"


def test_training_goes_on_while_it_is_looked_into(opened: Page) -> None:
    assert opened.command("play") is None
    before = opened.wait_for("status", status="running")["step"]
    for kind in ("check_gradients", "measure_cost", "rank_units"):
        assert opened.ask(kind)["problem"] is None
    inputs = {"original": [0.0, 0.0], "changed": [0.0, 1.0]}
    steps = [opened.ask("compare_inputs", **inputs)["comparison"]["step"] for _ in range(5)]
    assert steps == sorted(steps) and steps[0] >= before
    opened.seen.clear()
    assert opened.command("pause") is None
    assert opened.wait_for("status", status="paused")["step"] > before
