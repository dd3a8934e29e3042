"""Watched numbers are those of the session at the step that they are told with."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import TypeAdapter

from engine import presets
from engine.breakpoints import Watch, entries, read, run_until
from engine.breakpoints.conditions.at_step import AtStep
from engine.breakpoints.watches.gradient_norm import GradientNorm
from engine.breakpoints.watches.parameter_norm import ParameterNorm
from engine.breakpoints.watches.parameter_value import ParameterValue
from engine.breakpoints.watches.unit_activation import UnitActivation
from engine.breakpoints.watches.update_ratio import UpdateRatio
from engine.catalog import union_of
from engine.errors import NeurariumError
from engine.session import Session
from tests.engine.experiments import with_dropout
from tests.engine.test_catalog import assert_bilingual

WATCHES: tuple[Watch, ...] = (
    ParameterValue(layer="hidden", parameter="weights", index=(3, 1)),
    ParameterValue(layer="answer", parameter="bias", index=(0,)),
    ParameterNorm(layer="hidden", parameter="weights"),
    GradientNorm(layer="answer", parameter="weights"),
    UpdateRatio(layer="hidden", parameter="weights"),
    UnitActivation(layer="hidden", unit=2),
)


def expected(session: Session) -> tuple[float, ...]:
    """The same numbers from the session's own copies."""
    now = session.parameters()
    weights = now["hidden.weights"].astype(np.float64)
    ahead = session.fork()
    ahead.run(steps=1)
    change = ahead.parameters()["hidden.weights"] - weights
    outputs = session.program.view(session.arena, session.program.network.outputs["hidden"])
    return (
        float(weights[3, 1]),
        float(now["answer.bias"][0]),
        float(np.sqrt((weights**2).sum())),
        float(np.sqrt((session.gradients()["answer.weights"].astype(np.float64) ** 2).sum())),
        float(np.linalg.norm(change) / np.linalg.norm(weights)),
        float(outputs[2].mean()),
    )


def test_watches_tell_the_numbers_of_their_step() -> None:
    session = Session(with_dropout())
    seen: list[tuple[int, tuple[float, ...]]] = []
    run_until(session, 20_000, [], WATCHES, lambda step, values: seen.append((step, values)))
    assert seen[-1][0] == session.step == 20_000
    assert len(seen) > 1
    for step, values in (seen[0], seen[len(seen) // 2], seen[-1]):
        twin = Session(with_dropout())
        twin.run(steps=step)
        np.testing.assert_allclose(values, expected(twin), rtol=1e-5)


def test_watching_changes_nothing() -> None:
    watched, plain = Session(with_dropout()), Session(with_dropout())
    run_until(watched, 3_000, [AtStep(step=2_500)], WATCHES, lambda step, values: None)
    plain.run(steps=2_500)
    assert np.array_equal(watched.arena, plain.arena)
    assert np.array_equal(watched.state, plain.state)


def test_reading_inside_a_step_is_told_apart_and_changes_nothing() -> None:
    session = Session(with_dropout())
    session.advance(5)
    before, state = session.arena.copy(), session.state.copy()
    ratio, norm = read(session, (UpdateRatio(layer="hidden"), ParameterNorm(layer="hidden")))
    assert math.isnan(ratio)
    assert norm > 0
    session.finish_step()
    assert read(session, (UpdateRatio(layer="hidden"),))[0] > 0
    session.restore(Session(with_dropout()).snapshot())
    session.advance(5)
    assert np.array_equal(session.arena, before)
    assert np.array_equal(session.state, state)


@pytest.mark.parametrize("kind", sorted(Watch.registry))
def test_every_watch_explains_itself_and_its_form(kind: str) -> None:
    words = next(entry for entry in entries()["watch"] if entry["kind"] == kind)
    assert_bilingual(words["title"], sentence=False)
    assert_bilingual(words["help"], sentence=True)
    for field in words["fields"]:
        assert_bilingual(field["title"], sentence=False)
        assert_bilingual(field["help"], sentence=True)
    assert {watch.model_dump()["kind"] for watch in WATCHES} == set(Watch.registry)


@pytest.mark.parametrize("watch", WATCHES, ids=lambda watch: str(watch.label().en))
def test_every_watch_survives_the_way_through_json_and_has_a_label(watch: Watch) -> None:
    assert TypeAdapter(union_of(Watch)).validate_json(watch.model_dump_json()) == watch
    layer = watch.model_dump()["layer"]
    assert layer in watch.label().en
    assert layer in watch.label().zh


@pytest.mark.parametrize(
    ("watch", "code", "allowed"),
    [
        (ParameterNorm(layer="teapot"), "unknown_layer", "hidden1, hidden2, answer"),
        (UpdateRatio(layer=""), "unknown_layer", "hidden1, hidden2, answer"),
        (GradientNorm(layer="hidden1", parameter="b"), "unknown_parameter", "weights, bias"),
        (ParameterValue(layer="hidden1", index=(8, 0)), "wrong_parameter_index", "(8, 4)"),
        (ParameterValue(layer="hidden1", index=(1,)), "wrong_parameter_index", "(8, 4)"),
        (UnitActivation(layer="hidden1", unit=8), "unknown_unit", "0 … 7"),
        (
            UnitActivation(layer="nowhere"),
            "unknown_layer",
            "input, hidden1, hidden2, answer, output",
        ),
    ],
)
def test_what_does_not_exist_is_refused(watch: Watch, code: str, allowed: str) -> None:
    session = Session(presets.load("spiral"))
    with pytest.raises(NeurariumError) as caught:
        run_until(session, 5, [], [watch])
    assert (caught.value.code, caught.value.allowed) == (code, allowed)
    assert caught.value.message.zh
    assert session.step == 0
