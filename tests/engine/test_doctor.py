"""Every check finds its illness, is silent about the healthy network, and proposes what helps.

The patients are in `patients.py`; a check without one fails here.
"""

from __future__ import annotations

import re
import time

import numpy as np
import pytest

from engine import presets
from engine.catalog import FAMILIES, entry
from engine.doctor import Check, Finding, examine, gather_evidence, parameters_now
from engine.doctor.check import SEVERITIES
from engine.doctor.data_facts import facts_of
from engine.doctor.evidence import MOST_SAMPLES
from engine.experiment import Experiment, read
from engine.limits import Limits
from engine.session import Session
from tests.engine.patients import PATIENTS, examined, found_ill, linear, measured, watched

CHINESE = re.compile(r"[\u4e00-\u9fff]")
WITHOUT_REMEDY = ("class_imbalance",)
"""Nobody but the owner of the data can help there."""


def of_kind(kind: str, findings: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in findings if finding.check == kind]


def worst(findings: list[Finding]) -> int:
    """0 for nothing, more for worse."""
    ranks = [len(SEVERITIES) - SEVERITIES.index(finding.severity) for finding in findings]
    return max(ranks, default=0)


def test_every_check_has_a_patient_and_says_what_it_is() -> None:
    assert set(PATIENTS) == set(Check.registry)
    for member in Check.registry.values():
        words = entry(member)
        for text in (words["title"], words["help"]):
            assert text["en"]
            assert CHINESE.search(text["zh"])
    assert "check" not in FAMILIES, "an experiment isn't made of checks"


@pytest.mark.parametrize("kind", PATIENTS)
def test_the_illness_is_found_and_told_in_numbers(kind: str) -> None:
    patient = PATIENTS[kind]
    findings = found_ill(patient)
    found = of_kind(kind, findings)
    assert found, [finding.message.en for finding in findings]
    assert patient.control in [finding.control for finding in found]
    if patient.layer is not None:
        assert patient.layer in [finding.layer for finding in found]
    for finding in findings:
        assert re.search(r"\d", finding.message.en)
        assert CHINESE.search(finding.message.zh)
        assert not CHINESE.search(finding.message.en)
        numbers = re.compile(r"\d[\d.e+-]*\d|\d")
        english = sorted(numbers.findall(finding.message.en.replace(",", "")))
        assert english == sorted(numbers.findall(finding.message.zh))


@pytest.mark.parametrize("kind", PATIENTS)
def test_the_healthy_network_is_not_accused_of_it(kind: str) -> None:
    patient = PATIENTS[kind]
    assert not of_kind(kind, examined(patient.healthy, patient))


@pytest.mark.parametrize("kind", PATIENTS)
def test_the_remedy_can_be_built_and_helps(kind: str) -> None:
    patient = PATIENTS[kind]
    ill = of_kind(kind, found_ill(patient))
    remedies = [finding.remedy for finding in ill if finding.remedy is not None]
    assert bool(remedies) == (kind not in WITHOUT_REMEDY)
    for remedy in remedies:
        assert remedy.experiment != patient.ill
        assert read(remedy.experiment.model_dump_json()) == remedy.experiment
        assert remedy.label.en
        assert CHINESE.search(remedy.label.zh)
        treated = of_kind(kind, examined(remedy.experiment, patient))
        assert worst(treated) < worst(ill)


@pytest.mark.parametrize("name", ["spiral", "circle", "iris"])
def test_presets_are_not_accused_of_anything_serious(name: str) -> None:
    """What may appear is what is true of them, and nothing else."""
    true = {
        # Two flowers of Fisher's table are the same to the millimetre; and 75 flowers are few.
        "iris": {("leakage", "notice"), ("over_fitting", "notice"), ("over_fitting", "warning")},
    }
    session = Session(presets.load(name))
    points, seen = [measured(session)], set()
    for _ in range(20):
        before = parameters_now(session)
        session.run(steps=100)
        points.append(measured(session))
        evidence = gather_evidence(session, points, before, 100)
        seen |= {(finding.check, finding.severity) for finding in examine(evidence)}
    assert seen <= true.get(name, set())


@pytest.mark.parametrize("name", presets.names())
def test_no_preset_is_accused_before_it_has_begun(name: str) -> None:
    session = Session(presets.load(name))
    findings = examine(gather_evidence(session, [measured(session)]))
    assert {finding.check for finding in findings} <= {"dead_units", "leakage"}
    assert worst(list(findings)) <= 1, "notices at most"


def test_findings_come_worst_first() -> None:
    severities = [finding.severity for finding in found_ill(PATIENTS["exploding_gradients"])]
    assert severities == sorted(severities, key=SEVERITIES.index)
    assert len(set(severities)) > 1


def test_a_remedy_above_the_limits_is_left_out() -> None:
    patient = PATIENTS["under_fitting"]
    evidence = watched(Session(linear(), limits=Limits(parameters=20)), patient.steps, 10)
    (finding,) = of_kind("under_fitting", examine(evidence))
    assert finding.remedy is None


def test_gathering_leaves_the_session_alone() -> None:
    session = Session(presets.load("spiral"))
    session.run(steps=50)
    arena, state = session.arena.copy(), session.state.copy()
    examine(gather_evidence(session, [measured(session)], parameters_now(session), 1))
    assert np.array_equal(session.arena, arena)
    assert np.array_equal(session.state, state)


def test_evidence_is_what_the_session_says() -> None:
    session = Session(presets.load("mnist"))
    session.run(steps=30)
    before = parameters_now(session)
    session.run(steps=4)
    evidence = gather_evidence(session, (), before, 4)
    for key, values in session.parameters().items():
        assert np.array_equal(evidence.parameters[key], values)
        assert np.array_equal(evidence.gradients[key], session.gradients()[key])
    now = np.concatenate([values.ravel() for values in session.parameters().values()])
    distance = np.linalg.norm(now - before) / np.linalg.norm(before)
    assert evidence.moved == pytest.approx(distance / 4, rel=1e-5)
    assert evidence.outputs["hidden1"].shape == (64, 250)
    assert evidence.outputs["hidden1"].shape[1] <= MOST_SAMPLES
    inputs = session.prepared.raw_training_inputs[:: -(-8000 // MOST_SAMPLES)]
    logits = evidence.outputs["output"] - evidence.outputs["output"].max(axis=0)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=0)
    np.testing.assert_allclose(probabilities.T, session.predict(inputs), atol=1e-5)


def test_the_forward_program_is_kept_until_the_network_changes() -> None:
    session = Session(presets.load("spiral"))
    first = gather_evidence(session).outputs["hidden1"]
    again = gather_evidence(session).outputs["hidden1"]
    assert np.shares_memory(first, again)
    session.edit(PATIENTS["under_fitting"].healthy)
    changed = gather_evidence(session).outputs["hidden1"]
    assert len(changed) == 4
    assert not np.shares_memory(first, changed)


def test_an_earlier_moment_of_another_network_proves_nothing() -> None:
    session = Session(presets.load("spiral"))
    before = parameters_now(session)
    session.edit(presets.load("circle"))
    session.run(steps=10)
    assert gather_evidence(session, (), before, 10).moved is None
    assert gather_evidence(session, (), parameters_now(session), 0).moved is None


@pytest.mark.parametrize("name", ["spiral", "mnist"])
def test_a_look_every_two_seconds_costs_less_than_three_percent(name: str) -> None:
    session = Session(presets.load(name))
    session.run(steps=200)
    points = [measured(session)] * 60
    before = parameters_now(session)
    facts_of(session.prepared)
    times = []
    for _ in range(8):
        session.run(steps=50)
        began = time.perf_counter()
        examine(gather_evidence(session, points, before, 50))
        times.append(time.perf_counter() - began)
    assert sorted(times)[3] < 0.03 * 2.0


def test_the_doctor_needs_no_curves() -> None:
    experiment: Experiment = presets.load("spiral")
    session = Session(experiment)
    session.run(steps=500)
    assert examine(gather_evidence(session)) == ()
