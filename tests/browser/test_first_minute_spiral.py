"""A new visitor's first minute with the spiral: watch it, stop it, change it, break it, mend it."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.playground import Playground, count_colours
from tests.browser.visits import Visits

SPIRAL = ("input", "hidden1", "hidden2", "answer", "output")
STEPS_PER_EPOCH = 25
PAST_CHANCE = 60
"""A step by which the spiral has been measured and drawn a few times."""


def test_a_network_is_already_learning(visit: Visits) -> None:
    page = visit("/")
    page.expect_layers(*SPIRAL)
    expect(page.page.get_by_role("status").filter(has_text="Connected")).to_be_attached()
    page.wait_for_step(PAST_CHANCE)
    for unit in page.units("hidden1").all():
        assert count_colours(unit) > 5
    surface = page.result.get_by_role("img", name=re.compile("^What the network predicts"))
    assert count_colours(surface.locator("canvas").first) > 20
    curves = page.result.get_by_role("img", name=re.compile(r"^Loss over training; now 0\.\d+ on"))
    page.wait_until(lambda: count_colours(curves.locator("canvas")) > 20, "curves")


def test_a_pause_stops_and_steps_count_exactly(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(1)
    step = page.pause()
    page.button("One step: one batch").click()
    page.expect_step(step + 1)
    page.choose("How far one step goes", "one epoch")
    page.button("One step: one epoch").click()
    end_of_epoch = ((step + 1) // STEPS_PER_EPOCH + 1) * STEPS_PER_EPOCH
    page.expect_step(end_of_epoch)
    page.button("One step: one epoch").click()
    page.expect_step(end_of_epoch + STEPS_PER_EPOCH)
    page.play()
    page.wait_for_step(end_of_epoch + STEPS_PER_EPOCH + 1)


def test_the_learning_rate_changes_while_it_learns(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(PAST_CHANCE)
    before = page.wire.experiment["optimizer"]["learning_rate"]
    page.slide("Learning rate", 100)
    page.wait_until(
        lambda: bool(page.wire.experiment["optimizer"]["learning_rate"] < before), "the new rate"
    )
    page.expect_training()
    steps = page.wire.steps
    assert steps == sorted(steps)


def test_a_neuron_more_keeps_what_the_others_learnt(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(PAST_CHANCE)
    step = page.pause()
    into, out_of = page.weights("hidden1"), page.weights("hidden2")
    page.button("Add a unit to hidden1").click()
    expect(page.units("hidden1")).to_have_count(9)
    new_unit = page.units("hidden1").last
    page.wait_until(lambda: count_colours(new_unit) > 5, "the picture of the new unit")
    assert page.weights("hidden1")[:8] == into
    assert [weights[:8] for weights in page.weights("hidden2")] == out_of
    page.expect_step(step)
    page.play()
    page.expect_training()


def test_layers_come_and_go_while_it_trains(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(PAST_CHANCE)
    page.button("Add a layer between hidden1 and hidden2").click()
    page.page.get_by_role("menu", name="Add a layer here").get_by_role(
        "menuitem", name=re.compile("^Dense")
    ).click()
    page.expect_layers(*SPIRAL, "dense1")
    page.expect_training()
    page.button(re.compile("^Undo")).click()
    page.expect_layers(*SPIRAL)
    page.expect_training()
    page.button(re.compile("^Redo")).click()
    page.expect_layers(*SPIRAL, "dense1")
    page.select("dense1")
    page.inspector.get_by_role("button", name="Remove", exact=True).click()
    page.expect_layers(*SPIRAL)
    page.expect_training()
    steps = page.wire.steps
    assert steps == sorted(steps)


def test_a_weight_is_set_by_hand(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(PAST_CHANCE)
    page.pause()
    first = page.layer("input").get_by_role("button", name="x₁", exact=True)
    page.click_link(first, page.units("hidden1").first)
    editor = page.page.get_by_role("dialog", name="Weight from input 1 to unit 1 of hidden1")
    editor.get_by_role("textbox", name="Value").fill("2.5")
    page.page.keyboard.press("Enter")
    page.page.keyboard.press("Escape")
    expect(editor).to_be_hidden()
    expect(page.inspector.get_by_role("textbox", name="Weight", exact=True)).to_have_value("2.5")
    assert page.weights("hidden1")[0][0] == 2.5
    field = page.inspector.get_by_role("textbox", name="Weight from x₂ to 1", exact=True)
    field.fill("-1.25")
    field.press("Enter")
    page.wait_until(lambda: first_weights(page) == [2.5, -1.25], "the weights in a frame")


def first_weights(page: Playground) -> list[float]:
    """The first two weights of `hidden1` in the newest frame."""
    tensor = page.wire.tensor("hidden1", "weights")
    return [] if tensor is None else [float(value) for value in tensor.data.cast("f")[:2]]


def test_a_reset_replays_the_same_run(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(PAST_CHANCE)
    page.choose("How far one step goes", "one epoch")
    page.pause()
    runs = [replay(page, epochs=3) for _ in range(2)]
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == len(runs[0])


def replay(page: Playground, epochs: int) -> list[tuple[str, ...]]:
    """Reset, and note the losses at the start and after each epoch."""
    page.button(re.compile("^Reset")).click()
    page.expect_step(0)
    noted = []
    for epoch in range(epochs + 1):
        wait_for_losses(page, epoch * STEPS_PER_EPOCH)
        noted.append(page.losses)
        if epoch < epochs:
            page.button("One step: one epoch").click()
    return noted


def wait_for_losses(page: Playground, step: int) -> None:
    """Return when the page stands at this step and writes the losses of this step."""
    page.expect_step(step)
    page.wait_until(lambda: page.wire.heads[-1].metrics_step == step, f"the losses of step {step}")
    head = page.wire.heads[-1]
    page.wait_until(
        lambda: page.losses == (f"{head.training_loss:.3f}", f"{head.validation_loss:.3f}"),
        "the losses on screen",
    )


def test_new_seeds_give_another_run(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(1)
    page.pause()
    page.button(re.compile("^Reset")).click()
    page.expect_step(0)
    seeds, weights = page.wire.experiment["seeds"], page.weights("hidden1")
    page.choose(re.compile("^Reseed"), "New initial weights")
    page.wait_until(lambda: bool(page.wire.experiment["seeds"] != seeds), "new seeds")
    renewed = page.wire.experiment["seeds"]
    assert {name for name in seeds if seeds[name] != renewed[name]} == {"weights"}
    page.wait_until(lambda: page.weights("hidden1") != weights, "other weights")
    page.expect_step(0)
    page.choose(re.compile("^Reseed"), "Everything new")
    page.wait_until(
        lambda: all(page.wire.experiment["seeds"][name] != renewed[name] for name in seeds),
        "new seeds for all",
    )


def test_a_wrong_answer_layer_is_explained_there_while_training_goes_on(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(PAST_CHANCE)
    for _ in range(2):
        page.button("Add a unit to answer").click()
    explanation = page.layer("answer").get_by_role("status")
    output = page.layer("output").get_by_role("status")
    expect(explanation.or_(output)).to_have_count(1)
    alert = page.network.get_by_role("alert")
    expect(alert).to_contain_text("the last network that worked goes on")
    expect(page.units("answer")).to_have_count(3)
    page.expect_training()
    alert.get_by_role("button", name="Undo").click()
    alert.get_by_role("button", name="Undo").click()
    expect(alert).to_have_count(0)
    expect(page.units("answer")).to_have_count(1)
    page.expect_training()


def test_a_cut_edge_is_explained_at_its_layer_and_mended(visit: Visits) -> None:
    page = visit("/")
    page.wait_for_step(PAST_CHANCE)
    page.select("output")
    page.inspector.get_by_role("button", name="Disconnect answer from output").click()
    expect(page.layer("output").get_by_role("status")).not_to_be_empty()
    page.expect_training()
    page.inspector.get_by_role("combobox", name="Connect from").select_option("answer")
    expect(page.layer("output").get_by_role("status")).to_have_count(0)
    expect(page.network.get_by_role("alert")).to_have_count(0)
    page.expect_training()
    steps = page.wire.steps
    assert steps == sorted(steps)
