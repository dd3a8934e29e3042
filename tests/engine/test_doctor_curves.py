"""Illnesses that show in the curves: what is a trend and what is noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from engine import presets
from engine.doctor import CurvePoint, Evidence, Finding, examine, gather_evidence
from engine.doctor.remedies import rounded
from engine.doctor.trends import change, hops, smoothed, validation_losses
from engine.session import Session


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """A healthy spiral, to which curves are added."""
    session = Session(presets.load("spiral"))
    session.run(steps=1500)
    return gather_evidence(session)


def with_curves(
    evidence: Evidence, training: Sequence[float], validation: Sequence[float] = ()
) -> list[Finding]:
    points = tuple(
        CurvePoint(100 * number, loss, validation[number] if validation else None)
        for number, loss in enumerate(training)
    )
    return list(examine(replace(evidence, points=points)))


def kinds(findings: list[Finding]) -> set[str]:
    return {finding.check for finding in findings}


FALLING = [0.7, 0.6, 0.5, 0.4, 0.3, 0.22, 0.15, 0.1, 0.07, 0.05]
RISING = [0.7, 0.6, 0.5, 0.45, 0.45, 0.5, 0.6, 0.8, 1.0, 1.2]


def test_a_falling_loss_is_no_illness(evidence: Evidence) -> None:
    assert with_curves(evidence, FALLING, FALLING) == []


@pytest.mark.parametrize(
    ("losses", "severity"),
    [
        ([0.7, 0.5, 0.3, 0.2, 0.2, 0.3, 0.35, 0.4], "warning"),
        ([0.7, 0.5, 0.3, 0.2, 0.2, 0.9, 1.5, 2.0], "serious"),
    ],
)
def test_a_loss_that_rises_again_means_large_steps(
    evidence: Evidence, losses: list[float], severity: str
) -> None:
    (finding,) = with_curves(evidence, losses)
    assert (finding.check, finding.severity) == ("learning_rate_too_large", severity)
    assert "0.2" in finding.message.en
    assert finding.remedy is not None
    assert finding.remedy.experiment.optimizer.model_dump()["learning_rate"] < 0.1


def test_one_outlier_is_no_trend(evidence: Evidence) -> None:
    assert with_curves(evidence, [*FALLING[:5], 0.9, *FALLING[5:]]) == []
    assert with_curves(evidence, [*FALLING, 0.5]) == []


def test_a_loss_that_jumps_back_and_forth_means_large_steps(evidence: Evidence) -> None:
    (finding,) = with_curves(evidence, [0.2, 0.5, 0.2, 0.4, 0.25, 0.5, 0.2, 0.45])
    assert (finding.check, finding.control) == (
        "learning_rate_too_large",
        "optimizer.learning_rate",
    )
    assert with_curves(evidence, [0.006, 0.009, 0.005, 0.008, 0.005, 0.009, 0.005]) == [], (
        "near zero it may"
    )


@pytest.mark.parametrize(("moved", "severity"), [(0.2, "warning"), (0.7, "serious")])
def test_updates_as_large_as_the_parameters_are_too_large(
    evidence: Evidence, moved: float, severity: str
) -> None:
    (finding,) = examine(replace(evidence, moved=moved))
    assert (finding.check, finding.severity) == ("learning_rate_too_large", severity)
    assert f"{moved:.0%}" in finding.message.en


def test_a_network_at_rest_is_not_called_slow(evidence: Evidence) -> None:
    still = replace(evidence, moved=1e-8)
    assert with_curves(still, [0.02] * 10) == [], "it has learned"
    assert "learning_rate_too_small" not in kinds(with_curves(still, [0.6] * 10)), (
        "it has gone a long way"
    )
    beginning = replace(still, travelled=0.001)
    assert "learning_rate_too_small" in kinds(with_curves(beginning, [0.6] * 10))


def test_learning_by_heart_needs_both_curves(evidence: Evidence) -> None:
    (finding,) = with_curves(evidence, FALLING, RISING)
    assert (finding.check, finding.severity) == ("over_fitting", "warning")
    assert "step 400" in finding.message.en or "step 300" in finding.message.en
    assert finding.control == "regularization.l2"
    assert "over_fitting" not in kinds(with_curves(evidence, RISING, RISING)), "both rise"
    assert with_curves(evidence, FALLING) == [], "nothing to compare with"


def test_a_stronger_penalty_is_proposed_where_there_is_one(evidence: Evidence) -> None:
    present = evidence.experiment.regularization.model_copy(update={"l2": 0.01})
    penalized = evidence.experiment.model_copy(update={"regularization": present})
    (finding,) = with_curves(replace(evidence, experiment=penalized), FALLING, RISING)
    assert finding.remedy is not None
    assert finding.remedy.experiment.regularization.l2 == 0.03


def test_under_fitting_waits_and_compares_with_a_constant_answer(evidence: Evidence) -> None:
    assert evidence.constant_loss == pytest.approx(np.log(2), rel=1e-3)
    flat = [0.66, 0.67, 0.66, 0.665, 0.66, 0.67, 0.66, 0.66]
    (finding,) = with_curves(evidence, flat)
    assert (finding.check, finding.severity) == ("under_fitting", "warning")
    assert "0.693" in finding.message.en
    assert finding.remedy is not None
    units = [node.layer.model_dump().get("units") for node in finding.remedy.experiment.graph.nodes]
    assert units == [None, 16, 16, 1, None]
    assert with_curves(replace(evidence, step=100), flat) == [], "too early"
    assert with_curves(evidence, [0.2 + 0.001 * loss for loss in flat]) == [], "low enough"


def test_hops_smoothing_and_change() -> None:
    assert hops(np.array([1.0, 2.0, 1.0, 2.0, 1.0]), 0.25) == 1.0
    assert hops(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 0.25) == 0.0
    assert hops(np.array([1.0, 1.1, 1.0, 1.1, 1.0]), 0.25) == 0.0
    assert smoothed(np.array([1.0, 9.0, 2.0, 3.0])).tolist() == [1.0, 2.0, 3.0, 3.0]
    assert change(np.array([2.0, 2.0, 1.0, 1.0])) == -0.5
    assert validation_losses([CurvePoint(1, 0.5)]).size == 0


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0.03 * 0.1, 0.003), (0.1 * 0.3, 0.03), (0.02, 0.03), (0.0008, 0.001), (25.0, 30.0), (6, 10)],
)
def test_rates_are_round_as_people_choose_them(number: float, expected: float) -> None:
    assert rounded(number) == expected
