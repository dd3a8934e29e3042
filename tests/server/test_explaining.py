"""A page looks into a step and asks how a number came about; the answers add up."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp
from typing import Any

import pytest

from engine import Session, presets
from tests.server.page import Page
from tests.server.running import RunningServer


@pytest.fixture(name="opened")
def opened_spiral(server: RunningServer) -> Iterator[Page]:
    with server.page() as page:
        page.hello(preset="spiral")
        yield page


def explanation(page: Page, quantity: dict[str, Any], of: str = "batch") -> dict[str, Any]:
    reply = page.ask("explain", quantity=quantity, of=of)
    assert reply["problem"] is None
    found: dict[str, Any] = reply["explanation"]
    return found


def trained(steps: int) -> Session:
    session = Session(presets.load("spiral"))
    session.run(steps=steps)
    return session


def test_the_listing_names_every_instruction_of_a_step(opened: Page) -> None:
    listing = opened.wait_for("listing")
    rows = trained(0).program.rows
    assert listing["revision"] == opened.layout["revision"]
    assert [one["operation"] for one in listing["instructions"]] == [row.op.name for row in rows]
    assert all(one["title"]["zh"] and one["formula"] for one in listing["instructions"])


def test_an_instruction_shows_what_it_read_and_filled(opened: Page) -> None:
    instructions = opened.wait_for("listing")["instructions"]
    first = next(
        number for number, one in enumerate(instructions) if one["operation"] == "matrix_product"
    )
    assert opened.command("step", count=4) is None
    assert opened.command("step", level="instruction", count=first + 1) is None
    operands = {one["name"]: one for one in opened.ask("look", row=first)["operands"]}
    left, right, product = (operands[name] for name in ("left", "right", "product"))
    assert (left["writes"], product["writes"]) == (False, True)
    start = operands["start"]["values"][0]
    inner = left["columns"]
    total = start + sum(
        left["values"][depth] * right["values"][depth * right["columns"]] for depth in range(inner)
    )
    assert product["values"][0] == pytest.approx(total, rel=1e-5)
    assert opened.command("look", row=999)["code"] == "unknown_row"  # type: ignore[index]


def test_the_update_of_a_weight_adds_up(opened: Page) -> None:
    assert opened.command("step", count=6) is None
    before = trained(5).parameters()["hidden1.weights"][2, 1]
    after = trained(6).parameters()["hidden1.weights"][2, 1]
    quantity: dict[str, Any] = {
        "kind": "parameter",
        "layer": "hidden1",
        "parameter": "weights",
        "index": [2, 1],
    }
    found = explanation(opened, quantity)
    assert found["value"] == pytest.approx(float(after))
    assert found["lines"][-1]["value"] == pytest.approx(float(after), rel=1e-4)
    gradient = explanation(opened, quantity | {"kind": "parameter_gradient"})
    terms = sum(term["value"] for term in gradient["terms"])
    assert terms == pytest.approx(gradient["value"], rel=1e-3)
    rate = presets.load("spiral").optimizer.constants()[0]
    assert float(after) == pytest.approx(float(before) - rate * terms, rel=1e-4)


def test_within_a_step_only_what_is_computed_is_explained(opened: Page) -> None:
    instructions = opened.wait_for("listing")["instructions"]
    loss = next(row for row, one in enumerate(instructions) if one["phase"] == "loss")
    assert opened.command("step", level="instruction", count=loss) is None
    page = opened
    problem = page.command("explain", quantity={"kind": "loss"})
    assert problem is not None and problem["code"] == "not_computed_yet"
    assert page.command("step", level="instruction") is None
    page.seen.clear()
    found = explanation(page, {"kind": "loss"})
    assert found["lines"][-1]["value"] == pytest.approx(found["value"], rel=1e-4)
    status = [message for message in page.seen if message["type"] == "status"]
    assert status == [], "explaining must not move the session"
    assert page.command("step") is None


def test_the_inspected_sample_is_explained_with_the_present_parameters(opened: Page) -> None:
    assert opened.command("step", count=3) is None
    assert opened.command("inspect", part="training", sample=4) is None
    session = trained(3)
    raw = session.prepared.raw_training_inputs[4:5]
    answer = float(session.predict(raw)[0, 0])
    last = opened.layout["layers"][-1]["name"]
    found = explanation(
        opened, {"kind": "output", "layer": last, "index": [0], "sample": 0}, "inspected"
    )
    assert 1 / (1 + exp(-found["value"])) == pytest.approx(answer, rel=1e-4)


def test_nothing_is_explained_while_training_runs(opened: Page) -> None:
    assert opened.command("play") is None
    problem = opened.command("explain", quantity={"kind": "loss"})
    assert problem is not None and problem["code"] == "not_paused"
    assert opened.command("look", row=0)["code"] == "not_paused"  # type: ignore[index]
    assert opened.command("pause") is None
    assert explanation(opened, {"kind": "loss"})["value"] is not None


def test_unknown_numbers_are_refused(opened: Page) -> None:
    assert opened.command("step", count=2) is None
    for quantity in (
        {"kind": "output", "layer": "nowhere", "index": [0], "sample": 0},
        {"kind": "output", "layer": "hidden1", "index": [99], "sample": 0},
        {"kind": "output", "layer": "hidden1", "index": [0], "sample": 9999},
        {"kind": "parameter", "layer": "hidden1", "parameter": "slope", "index": [0]},
    ):
        problem = opened.command("explain", quantity=quantity)
        assert problem is not None and problem["allowed"]
