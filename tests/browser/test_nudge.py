"""A visitor nudges an input of the spiral's network, watches what changes, and takes it back."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from engine import Session, presets
from engine.insight.nudging import compare_inputs
from tests.browser.playground import Playground
from tests.browser.visits import Visits

STEPS = 300
PERCENT = 0.00006
"""Half of the last digit that is shown, as a share."""


def nudging(page: Playground) -> Locator:
    return page.inspector.get_by_role("region", name="Nudge the input", exact=True)


def rows(page: Playground, table: str) -> list[list[str]]:
    """The cells of a table, without its first row and without the first one of each row."""
    found = page.inspector.get_by_role("table", name=table, exact=True).get_by_role("row")
    return [row.get_by_role("cell").all_text_contents() for row in found.all()[1:]]


def shares(page: Playground) -> list[list[float]]:
    """What the prediction was and is, class by class, as the page writes it."""
    found = rows(page, "The prediction before and now")
    return [[float(text.rstrip("%")) / 100 for text in row[:2]] for row in found]


def shown_values(page: Playground) -> list[float]:
    """The numbers of the sample that the page sent last."""
    sent = next(one for one in reversed(page.wire.sent) if one["type"] == "inspect")
    values: list[float] = sent["values"]
    return values


def output_of(page: Playground) -> float:
    """What the last layer gives in the newest frame."""
    tensor = page.wire.tensor("output", "activation")
    return float("nan") if tensor is None else float(np.frombuffer(tensor.data, np.float32)[0])


def expect_as_the_engine_says(page: Playground, session: Session, original: list[float]) -> None:
    """Tables and canvas show what the engine computes for both inputs."""
    changed = shown_values(page)
    probabilities = session.predict(np.array([original, changed]))[:, 0].astype(float)
    expected = [[1 - p for p in probabilities], list(probabilities)]
    page.wait_until(
        lambda: np.allclose(shares(page), expected, rtol=0, atol=PERCENT), "the prediction"
    )
    page.wait_until(
        lambda: output_of(page) == pytest.approx(probabilities[1], abs=1e-5), "the canvas"
    )
    found = compare_inputs(session, original, changed)
    told = [
        [float(row[0].replace("−", "-")) for row in rows(page, "How far each layer moved")],
        [shift.distance for shift in found.layers],
    ]
    assert told[0] == pytest.approx(told[1], rel=6e-3, abs=1e-6)


def test_an_input_is_nudged_and_taken_back(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(STEPS)
    step = page.pause()
    session = Session(presets.load("spiral"))
    session.run(steps=step)
    original: list[float] = session.prepared.raw_validation_inputs[0].tolist()
    page.button("Nudge its inputs").click()
    expect(nudging(page)).to_contain_text("validation sample 0")
    back = nudging(page).get_by_role("button", name="Back to the sample")
    expect(back).to_be_disabled()
    # The slider of the first feature goes to the other side, and on by keyboard.
    slider = nudging(page).get_by_role("slider").first
    slider.fill("40" if original[0] > 0 else "160")
    page.wait_until(lambda: is_answered(page), "the comparison")
    expect_as_the_engine_says(page, session, original)
    slider.press("ArrowRight")
    page.wait_until(lambda: is_answered(page), "the next comparison")
    expect_as_the_engine_says(page, session, original)
    # The other one gets a number; the first one stays as it is.
    first = shown_values(page)[0]
    nudging(page).get_by_role("textbox").nth(1).fill("-1.25")
    nudging(page).get_by_role("textbox").nth(1).press("Enter")
    page.wait_until(lambda: shown_values(page) == [first, -1.25], "both numbers")
    expect_as_the_engine_says(page, session, original)
    assert page.wire.newest("inspected")["part"] == "drawn"
    back.click()
    page.wait_until(lambda: page.wire.newest("inspected")["part"] == "validation", "the sample")
    page.wait_until(
        lambda: {row[2] for row in rows(page, "The prediction before and now")} == {"0.00"},
        "no difference",
    )
    untouched = float(session.predict(np.array([original]))[0, 0])
    page.wait_until(lambda: output_of(page) == pytest.approx(untouched, abs=1e-5), "the canvas")
    expect(back).to_be_disabled()
    page.expect_step(step)


def is_answered(page: Playground) -> bool:
    """Whether the newest comparison that was asked for is of the numbers shown, and has come."""
    sent = page.wire.sent
    asked = next(one for one in reversed(sent) if one["type"] == "compare_inputs")
    replies: list[dict[str, Any]] = [
        one for one in page.wire.received if one["type"] == "reply" and one["comparison"]
    ]
    newest = bool(replies) and replies[-1]["request"] == asked["request"]
    inspections = [one for one in sent if one["type"] == "inspect"]
    return newest and bool(inspections) and asked["changed"] == inspections[-1]["values"]


def test_both_sides_follow_while_the_network_learns(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(1)
    page.button("Nudge its inputs").click()
    nudging(page).get_by_role("slider").last.fill("20")
    told = page.inspector.get_by_text(re.compile(r"^Both computed with the parameters of step \d"))
    expect(told).to_be_visible()
    first = told.text_content()
    expect(told).not_to_have_text(first or "")
    replies = [one["comparison"] for one in page.wire.received if one["type"] == "reply"]
    steps = [found["step"] for found in replies if found]
    assert steps == sorted(steps) and steps[-1] > steps[0]
