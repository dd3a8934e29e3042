"""Training stops at the very first step at which a condition is met, and nothing else changes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter

from engine import presets
from engine.breakpoints import Condition, Lookout, Probe, entries, run_until
from engine.breakpoints.conditions.accuracy_reaches import AccuracyReaches
from engine.breakpoints.conditions.at_step import AtStep
from engine.breakpoints.conditions.gradient_leaves_band import GradientLeavesBand
from engine.breakpoints.conditions.loss_rises import LossRises
from engine.breakpoints.conditions.numbers_run_away import NumbersRunAway
from engine.breakpoints.conditions.unit_dies import UnitDies
from engine.catalog import FAMILIES, union_of
from engine.errors import NeurariumError
from engine.experiment import Data, Experiment
from engine.kernels.abi import FLAGS
from engine.program.executor import run
from engine.session import Session
from engine.text import Text
from tests.engine.experiments import with_dropout
from tests.engine.test_catalog import assert_bilingual
from tests.engine.test_divergence import CASES
from tests.engine.walk import variants

CHINESE = re.compile(r"[\u4e00-\u9fff]")
LONG = 30_000


def walk(session: Session, lookout: Lookout, steps: int) -> Text | None:
    """Walk the lookout's table until there is a reason to stop."""
    end = session.step + steps
    while session.step < end and not session.diverged:
        run(session.arena, lookout.table, session.state, end - session.step)
        if lookout.tripped and (reason := lookout.reason()) is not None:
            return reason
    return None


Reference = Callable[[Session], bool]
"""Called after every step of a session that is stepped by hand: whether the condition is met."""


def moons(rate: float = 0.1) -> Experiment:
    preset = presets.load("moons")
    optimizer = preset.optimizer.model_copy(update={"learning_rate": rate})
    return preset.model_copy(update={"optimizer": optimizer})


def rises(condition: LossRises) -> Reference:
    losses: list[float] = []
    means: list[float] = []

    def met(session: Session) -> bool:
        losses.append(session.loss)
        if len(losses) < condition.steps:
            return False
        means.append(float(np.mean(losses[-condition.steps :])))
        return means[-1] > condition.factor * min(means)

    return met


def leaves(condition: GradientLeavesBand) -> Reference:
    def met(session: Session) -> bool:
        squares = sum(
            float((gradient.astype(np.float64) ** 2).sum())
            for key, gradient in session.gradients().items()
            if condition.layer in ("", key.partition(".")[0])
        )
        return not condition.low <= np.sqrt(squares) <= condition.high

    return met


def dies(condition: UnitDies, layer: str) -> Reference:
    silent: list[NDArray[np.bool_]] = []

    def met(session: Session) -> bool:
        outputs = session.program.view(session.arena, session.program.network.outputs[layer])
        silent.append(np.asarray(~outputs.any(axis=1)))
        last = silent[-condition.steps :]
        return len(last) == condition.steps and bool(np.all(last, axis=0).any())

    return met


def lost(session: Session) -> bool:
    values = session.parameters().values()
    return session.diverged or not all(np.isfinite(one).all() for one in values)


def accurate(condition: AccuracyReaches) -> Reference:
    def met(session: Session) -> bool:
        if session.step % condition.every:
            return False
        return session.evaluate(condition.part)["accuracy"] >= condition.accuracy

    return met


RISES = LossRises(factor=1.6, steps=20)
ONE = LossRises(factor=9.0, steps=1)
BAND = GradientLeavesBand(layer="hidden2", low=0.0, high=1.2)
LOW = GradientLeavesBand(layer="", low=0.02, high=1e6)
PENALIZED = GradientLeavesBand(layer="answer", low=0.0, high=1.0)
DIES = UnitDies(layer="hidden1", steps=30)
GOOD = AccuracyReaches(accuracy=0.9, every=7)
TRAINED = AccuracyReaches(accuracy=0.8, every=100, part="training")

EXACT: dict[str, tuple[Experiment, Condition, Reference]] = {
    "the loss rises": (moons(0.5), RISES, rises(RISES)),
    "one loss is high": (presets.load("spiral"), ONE, rises(ONE)),
    "a gradient gets large": (presets.load("spiral"), BAND, leaves(BAND)),
    "all gradients get small": (presets.load("spiral"), LOW, leaves(LOW)),
    "a penalized gradient": (with_dropout(), PENALIZED, leaves(PENALIZED)),
    "a unit dies": (moons(5.0), DIES, dies(DIES, "hidden1")),
    "numbers run away": (CASES["penalties explode behind saturated units"], NumbersRunAway(), lost),
    "the loss runs away": (CASES["a network of rectifiers explodes"], NumbersRunAway(), lost),
    "the network is good": (presets.load("circle"), GOOD, accurate(GOOD)),
    "it has learned": (presets.load("spiral"), TRAINED, accurate(TRAINED)),
    "a step is reached": (presets.load("iris"), AtStep(step=123), lambda one: one.step == 123),
}


@pytest.mark.parametrize("name", EXACT)
def test_training_stops_at_the_first_step_at_which_the_condition_is_met(name: str) -> None:
    """Found by looking at every single step from Python; the moment is the same bit for bit."""
    experiment, condition, met = EXACT[name]
    slow = Session(experiment)
    while slow.step < LONG:
        slow.run(steps=1)
        if met(slow):
            break
    assert 1 < slow.step < LONG, "the condition is met somewhere on the way"
    session = Session(experiment)
    reason = run_until(session, LONG, [condition])
    assert session.step == slow.step
    assert np.array_equal(session.arena, slow.arena, equal_nan=True)
    assert np.array_equal(session.state, slow.state)
    assert reason is not None
    assert CHINESE.search(reason.zh)
    assert not CHINESE.search(reason.en)
    assert str(slow.step) in reason.zh
    assert str(slow.step) in reason.en.replace(",", "")


@pytest.mark.parametrize("name", EXACT)
def test_a_condition_that_is_not_met_changes_nothing(name: str) -> None:
    experiment, condition, _ = EXACT[name]
    session, plain = Session(experiment), Session(experiment)
    reached = run_until(session, LONG, [condition])
    assert reached is not None
    before = session.step - 1
    session.reset()
    assert run_until(session, before, [condition]) is None
    plain.run(steps=before)
    assert session.step == plain.step == before
    assert np.array_equal(session.arena, plain.arena)
    assert np.array_equal(session.state, plain.state)


def test_it_does_not_matter_how_a_run_is_cut() -> None:
    """Gauges remember from one run to the next."""
    whole = Session(moons(0.5))
    reason = run_until(whole, LONG, [RISES])
    pieces = Session(moons(0.5))
    lookout = Lookout(pieces, [RISES])
    found = None
    while found is None and pieces.step < LONG:
        found = walk(pieces, lookout, 37)
    assert (pieces.step, found) == (whole.step, reason)


def test_a_step_that_was_walked_otherwise_can_be_observed_afterwards() -> None:
    """As when somebody goes from instruction to instruction."""
    whole = Session(moons(0.5))
    reason = run_until(whole, LONG, [RISES])
    by_hand = Session(moons(0.5))
    lookout = Lookout(by_hand, [RISES])
    found = None
    while found is None and by_hand.step < LONG:
        by_hand.run(steps=1)
        lookout.observe()
        found = lookout.reason()
    assert (by_hand.step, found) == (whole.step, reason)
    assert not by_hand.diverged


def test_running_again_leaves_a_stop_behind() -> None:
    session = Session(presets.load("spiral"))
    lookout = Lookout(session, [GradientLeavesBand(high=1e-6), AtStep(step=3)])
    for step in (1, 2, 3):
        reason = walk(session, lookout, 100)
        assert reason is not None
        assert session.step == step
        assert ("is finished" in reason.en) == (step == 3), "both reasons are told"
        assert "gradient norm" in reason.en
    assert session.state[FLAGS] == 0


def test_a_moment_restored_or_another_network_lets_gauges_begin_anew() -> None:
    session = Session(moons(0.5))
    start = session.snapshot()
    lookout = Lookout(session, [LossRises(factor=1.6, steps=20)])
    walk(session, lookout, LONG)
    stopped = session.step
    session.restore(start)
    lookout.refresh()
    walk(session, lookout, LONG)
    assert session.step == stopped, "the losses of the other future are forgotten"
    session.edit(presets.load("xor"))
    lookout.refresh()
    before = session.step
    assert walk(session, lookout, 500) is None
    assert session.step == before + 500


def test_a_look_that_is_due_after_a_walk_back_is_taken() -> None:
    session = Session(presets.load("xor"))
    start = session.snapshot()
    lookout = Lookout(session, [AtStep(step=40)])
    assert walk(session, lookout, 100) is not None
    assert walk(session, lookout, 100) is None
    session.restore(start)
    lookout.refresh()
    assert walk(session, lookout, 100) is not None
    assert session.step == 40


def test_divergence_ends_a_run_without_a_reason_if_nobody_asked_for_it() -> None:
    session = Session(CASES["a linear network explodes"])
    assert run_until(session, LONG, [AtStep(step=LONG)]) is None
    assert session.diverged
    plain = Session(CASES["a linear network explodes"])
    plain.run(steps=LONG)
    assert session.step == plain.step
    divergence, expected = session.divergence(), plain.divergence()
    assert divergence is not None
    assert expected is not None
    assert (divergence.step, divergence.row) == (expected.step, expected.row)
    assert run_until(session, 10, [AtStep(step=1)]) is None, "it stands still"


def test_the_table_stops_whoever_walks_it() -> None:
    """As a scheduler's workers do, which know nothing of breakpoints."""
    session, walked = Session(presets.load("spiral")), Session(presets.load("spiral"))
    reason = run_until(session, LONG, [BAND])
    lookout = Lookout(walked, [BAND])
    assert run(walked.arena, lookout.table, walked.state, LONG) == session.step
    assert walked.diverged, "the flag is the one that stops a walk"
    assert lookout.reason() == reason
    assert not walked.diverged
    assert np.array_equal(walked.arena, session.arena)


def test_a_gauge_that_trips_is_no_divergence() -> None:
    session = Session(presets.load("spiral"))
    assert run_until(session, 10, [GradientLeavesBand(high=1e-9)]) is not None
    assert not session.diverged
    assert session.run(steps=10) == 10


@pytest.mark.parametrize("kind", sorted(Condition.registry))
def test_every_condition_explains_itself_and_its_form(kind: str) -> None:
    listed = entries()["condition"]
    words = next(entry for entry in listed if entry["kind"] == kind)
    assert_bilingual(words["title"], sentence=False)
    assert_bilingual(words["help"], sentence=True)
    for field in words["fields"]:
        assert_bilingual(field["title"], sentence=False)
        assert_bilingual(field["help"], sentence=True)
        if field["type"] in ("integer", "number"):
            assert field["minimum"] <= field["default"] <= field["maximum"]
    assert json.loads(json.dumps(words)) == words
    assert {"condition", "watch"}.isdisjoint(FAMILIES), "an experiment isn't made of them"


@pytest.mark.parametrize("kind", sorted(Condition.registry))
def test_every_condition_survives_the_way_through_json(kind: str) -> None:
    adapter = TypeAdapter(union_of(Condition))
    for variant in variants(Condition.registry[kind]):
        assert adapter.validate_json(variant.model_dump_json()) == variant
        session = Session(presets.load("moons"))
        run_until(session, 3, [variant])
        variant.is_met(Probe(session))


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        (GradientLeavesBand(layer="hidden9"), "hidden1, answer"),
        (GradientLeavesBand(layer="output"), "hidden1, answer"),
        (UnitDies(layer="answer"), "hidden1"),
        (UnitDies(layer="teapot"), "hidden1"),
    ],
)
def test_a_layer_that_does_not_exist_is_refused(condition: Condition, allowed: str) -> None:
    session = Session(presets.load("moons"))
    with pytest.raises(NeurariumError) as caught:
        run_until(session, 10, [condition])
    error = caught.value
    layer = condition.model_dump()["layer"]
    assert (error.code, error.value, error.allowed) == ("unknown_layer", layer, allowed)
    assert layer in error.message.en
    assert layer in error.message.zh
    assert session.step == 0


def test_accuracy_is_refused_where_there_is_none() -> None:
    with pytest.raises(NeurariumError) as caught:
        run_until(Session(presets.load("curve")), 10, [AccuracyReaches()])
    assert caught.value.code == "no_accuracy"
    data = Data(source=presets.load("moons").data.source, validation_share=0.0)
    without = moons().model_copy(update={"data": data})
    with pytest.raises(NeurariumError) as caught:
        run_until(Session(without), 10, [AccuracyReaches()])
    assert (caught.value.code, caught.value.allowed) == ("no_such_part", "training")
    assert run_until(Session(without), 10, [AccuracyReaches(part="training", every=10)]) is None


def test_a_probe_of_its_own_knows_the_present_step() -> None:
    session = Session(presets.load("spiral"))
    session.run(steps=20)
    probe = Probe(session)
    assert GradientLeavesBand(high=1e-6).is_met(probe) is not None
    assert GradientLeavesBand(high=1e6).is_met(probe) is None
    assert LossRises().is_met(probe) is None, "one step is no trend"
    assert NumbersRunAway().is_met(probe) is None
    assert AtStep(step=20).is_met(probe) is not None
    assert session.state[FLAGS] == 0


def test_reasons_are_told_with_their_numbers() -> None:
    session = Session(moons(5.0))
    reason = run_until(session, LONG, [DIES])
    assert reason is not None
    found = re.search(r"unit (\d+) of layer “hidden1”", reason.en)
    assert found is not None
    bias = session.parameters()["hidden1.bias"]
    outputs = session.program.view(session.arena, session.program.network.outputs["hidden1"])
    assert not outputs[int(found[1]) - 1].any()
    assert bias.size == 8
    session = Session(presets.load("spiral"))
    reason = run_until(session, LONG, [BAND])
    assert reason is not None
    squares = sum(
        (gradient.astype(np.float64) ** 2).sum()
        for key, gradient in session.gradients().items()
        if key.startswith("hidden2.")
    )
    told = re.search(r"is ([\d.]+), above", reason.en)
    assert told is not None
    assert float(told[1]) == pytest.approx(np.sqrt(squares), rel=1e-3)
    assert "above 1.2" in reason.en
