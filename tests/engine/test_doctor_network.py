"""Illnesses of units, weights and gradients: where they begin, and how serious they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.activations import Activation
from engine.activations.relu import ReLU
from engine.activations.tanh import Tanh
from engine.doctor import Finding, examine, gather_evidence
from engine.doctor.checks.dead_units import silences
from engine.doctor.checks.saturation import saturated_units
from engine.doctor.gradients import gradient_sizes
from engine.experiment import Experiment
from engine.graph import Clamp
from engine.initializers import He, Xavier, Zeros
from engine.insight.gradient_check import check_gradients
from engine.layers.activation import ActivationLayer
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.presets.preset import chain
from engine.session import Session
from tests.engine.patients import PATIENTS, deep, found_ill, killed, spiral, squared


def findings(session: Session, kind: str) -> list[Finding]:
    return [one for one in examine(gather_evidence(session)) if one.check == kind]


@pytest.mark.parametrize(
    ("dead", "severity"), [(1, "notice"), (3, "notice"), (4, "warning"), (8, "serious")]
)
def test_the_more_units_are_dead_the_worse(dead: int, severity: str) -> None:
    session = Session(spiral(0.03, deep(ReLU(), He(), 1)))
    killed(dead)(session)
    session.run(steps=5)
    (finding,) = findings(session, "dead_units")
    assert (finding.severity, finding.layer) == (severity, "hidden1")
    assert f"{dead} of 8 units" in finding.message.en


def test_only_functions_that_silence_can_kill() -> None:
    silent = {kind for kind, one in Activation.registry.items() if silences(one())}
    assert silent == {"relu"}
    session = Session(spiral(0.03, deep(Tanh(), Zeros(), 1)))
    assert not findings(session, "dead_units"), "all zero, but not for ever"


def test_a_silent_unit_behind_dropout_is_not_counted_twice() -> None:
    graph = chain(
        ("hidden1", Dense(units=8)),
        ("bend", ActivationLayer(activation=ReLU())),
        ("drop", Dropout(rate=0.5)),
        ("answer", Dense(units=1)),
    )
    session = Session(spiral(0.03, graph))
    killed(2)(session)
    session.run(steps=5)
    (finding,) = findings(session, "dead_units")
    assert finding.layer == "bend"


def test_a_unit_is_saturated_when_it_nearly_always_stands_at_a_bound() -> None:
    outputs = np.full((5, 100), 0.0)
    outputs[0] = 1.0
    outputs[1, :91] = -0.995
    outputs[2, :89] = -0.995
    outputs[3] = 0.98
    outputs[4, ::2], outputs[4, 1::2] = 0.999, -0.999
    assert saturated_units(outputs, (-1.0, 1.0)).tolist() == [True, True, False, False, True]


def test_gradient_sizes_are_root_mean_squares() -> None:
    session = Session(spiral(0.1))
    session.run(steps=3)
    sizes = gradient_sizes(gather_evidence(session))
    assert list(sizes) == ["hidden1", "hidden2", "answer"]
    gradient = session.gradients()["hidden2.weights"].astype(np.float64)
    assert sizes["hidden2"] == pytest.approx(np.sqrt((gradient**2).mean()))


def test_shallow_networks_have_no_gradients_that_vanish() -> None:
    session = Session(spiral(0.1, deep(Tanh(), Zeros(), 2)))
    session.run(steps=10)
    assert not findings(session, "vanishing_gradients"), "zero is another illness"


def test_units_that_begin_alike_are_not_ill_before_they_prove_it() -> None:
    alike = chain(
        ("hidden1", Dense(units=6, activation=Tanh(), weights=Zeros())),
        ("answer", Dense(units=1, weights=Xavier())),
    )
    session = Session(spiral(0.1, alike))
    assert not findings(session, "symmetric_weights")
    session.run(steps=1)
    assert not findings(session, "symmetric_weights"), "different units behind them tell them apart"


def test_the_answer_may_begin_with_zeros() -> None:
    """Each of its units has a target of its own."""
    graph = chain(
        ("hidden1", Dense(units=6, activation=Tanh())),
        ("answer", Dense(units=1, weights=Zeros())),
    )
    session = Session(spiral(0.1, graph))
    session.run(steps=2)
    assert not findings(session, "symmetric_weights")


def test_a_divergence_is_told_with_step_instruction_and_layer() -> None:
    (finding,) = found_ill(PATIENTS["runaway_numbers"])
    session = Session(PATIENTS["runaway_numbers"].ill)
    while not session.diverged:
        session.run(steps=40)
    divergence = session.divergence()
    assert divergence is not None
    assert (finding.severity, finding.layer) == ("serious", divergence.layer)
    assert finding.message == divergence.message
    assert finding.remedy is not None
    assert "0.03" in finding.remedy.label.en


def test_infinity_in_a_parameter_is_found_before_the_loss_shows_it() -> None:
    session = Session(squared(0.01))
    session.program.view(session.arena, session.program.network.parameters["hidden2.bias"])[3] = (
        np.inf
    )
    assert not session.diverged
    (finding,) = examine(gather_evidence(session))
    assert (finding.check, finding.layer) == ("runaway_numbers", "hidden2")
    assert "hidden2.bias" in finding.message.en


def test_data_are_judged_even_when_the_numbers_have_run_away() -> None:
    patient = PATIENTS["unscaled_inputs"]
    assert isinstance(patient.ill, Experiment)
    session = Session(patient.ill)
    session.program.view(session.arena, session.program.network.parameters["answer.bias"])[0] = (
        np.nan
    )
    kinds = {finding.check for finding in examine(gather_evidence(session))}
    assert kinds == {"runaway_numbers", "unscaled_inputs"}


def test_what_a_person_did_by_hand_is_no_illness() -> None:
    session = Session(spiral(0.03, deep(ReLU(), He(), 4)))
    graph = session.experiment.graph
    done: dict[str, Any] = {
        "hidden1": {"frozen": True},
        "hidden2": {"clamps": (Clamp(unit=0), Clamp(unit=3))},
    }
    nodes = tuple(node.model_copy(update=done.get(node.name, {})) for node in graph.nodes)
    session.edit(
        session.experiment.model_copy(update={"graph": graph.model_copy(update={"nodes": nodes})})
    )
    session.run(steps=50)
    assert "hidden1" not in gradient_sizes(gather_evidence(session))
    for kind in ("vanishing_gradients", "exploding_gradients"):
        assert not findings(session, kind)
    dead = [one for one in findings(session, "dead_units") if one.layer == "hidden2"]
    assert not any("unit 1," in one.message.en or "unit 1)" in one.message.en for one in dead)
    session.set_parameters({"hidden2.bias": np.full(8, -1e3, np.float32)})
    (finding,) = [one for one in findings(session, "dead_units") if one.layer == "hidden2"]
    assert "6 of 8 units" in finding.message.en


def test_the_gradients_of_an_operated_network_are_verified_but_for_frozen_ones() -> None:
    session = Session(spiral(0.03, deep(Tanh(), Xavier(), 3)))
    graph = session.experiment.graph
    done: dict[str, Any] = {
        "hidden2": {"frozen": True},
        "hidden1": {"clamps": (Clamp(unit=1, value=0.4),)},
    }
    nodes = tuple(node.model_copy(update=done.get(node.name, {})) for node in graph.nodes)
    session.edit(
        session.experiment.model_copy(update={"graph": graph.model_copy(update={"nodes": nodes})})
    )
    session.run(steps=20)
    checks = check_gradients(session)
    assert {check.layer for check in checks} == {"hidden1", "hidden3", "answer"}
    assert all(check.ok for check in checks)
