"""A visitor begins a twin with another learning rate and sees how far both runs are apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from engine import Experiment, Session, presets
from tests.browser.playground import Playground, count_colours
from tests.browser.visits import Visits


def faster(experiment: Experiment, rate: float) -> Experiment:
    optimizer = experiment.optimizer.model_copy(update={"learning_rate": rate})
    return experiment.model_copy(update={"optimizer": optimizer})


def straight(experiment: Experiment, step: int, row: int = 0) -> Session:
    session = Session(experiment)
    session.run(steps=step)
    session.advance(row)
    return session


def twin(page: Playground) -> Locator:
    return page.page.get_by_role("region", name="Twin", exact=True)


def told(page: Playground) -> dict[str, Any] | None:
    """The newest news of the twin."""
    news = [message for message in page.wire.received if message["type"] == "twin"]
    found: dict[str, Any] | None = news[-1]["twin"] if news else None
    return found


def wait_for_both(page: Playground, step: int, row: int = 0) -> None:
    """Until both stand there, and the page says so."""

    def stand() -> bool:
        info = told(page)
        place = None if info is None else (info["stand"], info["step"], info["row"])
        return place == ("together", step, row)

    page.wait_until(stand, f"both at step {step}, instruction {row}")
    words = f"Both stand at step {step:,}" + (f", instruction {row}." if row else ".")
    expect(twin(page)).to_contain_text(words)


def shown(page: Playground, layer: str, parameter: str) -> float:
    """The distance that the table shows."""
    line = twin(page).locator(f"tr[data-layer={layer}][data-parameter={parameter}] [data-norm]")
    text = (line.text_content() or "").replace(",", "").replace("\N{MINUS SIGN}", "-")
    return float(text)


def check(page: Playground, mine: Session, its: Session) -> None:
    """What the page shows is what two straight runs are apart."""
    for layer in ("hidden1", "hidden2"):
        for parameter in ("weights", "bias"):
            key = f"{layer}.{parameter}"
            gap = its.parameters()[key].astype(np.float64) - mine.parameters()[key]
            expected = float(np.linalg.norm(gap.ravel()))
            assert shown(page, layer, parameter) == pytest.approx(expected, rel=1e-3), key


def test_a_twin_with_another_learning_rate_is_followed_and_compared(visit: Visits) -> None:
    page = visit("/?preset=spiral")
    page.pause()
    page.button("Reset: the same run again from step 0").click()
    page.expect_step(0)
    begin(page)
    rate = told_rate(page)
    experiment = presets.load("spiral")
    other = faster(experiment, rate)
    wait_for_both(page, 0)
    assert shown(page, "hidden1", "weights") == 0

    page.choose("How far one step goes", "ten batches")
    for number in range(1, 4):
        page.button("One step: ten batches").click()
        wait_for_both(page, 10 * number)
    check(page, straight(experiment, 30), straight(other, 30))

    page.choose("How far one step goes", "one instruction")
    for row in (1, 2):
        page.button("One step: one instruction").click()
        wait_for_both(page, 30, row)
    page.button("Step back: one instruction").click()
    wait_for_both(page, 30, 1)
    check(page, straight(experiment, 30, 1), straight(other, 30, 1))

    page.choose("How far one step goes", "one batch")
    page.button("Step back: one batch").click()
    wait_for_both(page, 30)
    page.button("Step back: one batch").click()
    wait_for_both(page, 29)
    mine, its = straight(experiment, 29), straight(other, 29)
    check(page, mine, its)
    look_at_losses(page, mine, its)
    look_at_a_layer(page, mine, its)

    twin(page).get_by_role("button", name="End the twin").click()
    expect(twin(page).get_by_role("button", name="Begin the twin")).to_be_visible()
    assert told(page) is None


def begin(page: Playground) -> None:
    page.page.get_by_role("tab", name="Twin").click()
    start = twin(page).get_by_role("button", name="Begin the twin")
    expect(start).to_be_disabled()
    rate = twin(page).get_by_role("slider", name="Learning rate")
    rate.focus()
    for _ in range(12):
        page.page.keyboard.press("ArrowLeft")
    start.click()


def told_rate(page: Playground) -> float:
    """The learning rate that the page asked for."""
    started = next(one for one in page.wire.sent if one["type"] == "start_twin")
    rate: float = started["experiment"]["optimizer"]["learning_rate"]
    assert rate < presets.load("spiral").optimizer.model_dump()["learning_rate"]
    expect(twin(page).get_by_role("heading", level=3)).to_contain_text("Learning rate 0.1 →")
    return rate


def look_at_losses(page: Playground, mine: Session, its: Session) -> None:
    cells = twin(page).locator("tr[data-measure='twin.loss.validation'] td").all_text_contents()
    expected = [one.evaluate("validation")["loss"] for one in (mine, its)]
    assert [float(text) for text in cells[:2]] == pytest.approx(expected, rel=1e-3)
    raw = mine.prepared.raw_validation_inputs
    differing = int(((mine.predict(raw) > 0.5) != (its.predict(raw) > 0.5)).sum())
    expect(twin(page)).to_contain_text(
        f"{differing} of {len(raw)} validation samples are judged differently."
    )


def look_at_a_layer(page: Playground, mine: Session, its: Session) -> None:
    page.page.get_by_role("button", name="Show layer hidden2 number by number").click()
    detail = twin(page).get_by_role("region", name="hidden2, number by number")
    pictures = detail.get_by_role("img", name="weights of hidden2")
    expect(pictures).to_have_count(3)
    assert all(count_colours(picture) > 8 for picture in pictures.all())
    detail.get_by_text("weights: The 12 largest differences as numbers").click()
    line = detail.get_by_role("table").first.get_by_role("row").nth(1)
    place = (line.get_by_role("rowheader").text_content() or "").split(", ")
    one, other, gap = (
        float(text.replace("\N{MINUS SIGN}", "-"))
        for text in line.get_by_role("cell").all_text_contents()
    )
    index = tuple(int(number) - 1 for number in place)
    weights = [session.parameters()["hidden2.weights"] for session in (mine, its)]
    apart = weights[1].astype(np.float64) - weights[0]
    assert index == np.unravel_index(int(np.abs(apart).argmax()), apart.shape)
    assert one == pytest.approx(weights[0][index], rel=1e-3)
    assert other == pytest.approx(weights[1][index], rel=1e-3)
    assert gap == pytest.approx(apart[index], rel=1e-3)
