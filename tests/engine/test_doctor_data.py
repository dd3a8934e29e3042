"""What the doctor says of the data: classes, scales, samples in both parts."""

from __future__ import annotations

import numpy as np
import pytest

from engine import presets
from engine.data.preprocessing import Features
from engine.data.sources import Spiral
from engine.doctor import examine, gather_evidence
from engine.doctor.data_facts import constant_loss, facts_of
from engine.experiment import Data, Experiment
from engine.losses import BinaryCrossEntropy
from engine.losses.categorical_cross_entropy import CategoricalCrossEntropy
from engine.losses.mean_squared_error import MeanSquaredError
from engine.program.builder import Samples
from engine.session import Session
from tests.engine.patients import classes, penguins


def found(experiment: Experiment) -> dict[str, str]:
    """Kinds and severities of what is found at the start."""
    findings = examine(gather_evidence(Session(experiment)))
    return {finding.check: finding.severity for finding in findings}


@pytest.mark.parametrize(
    ("sizes", "severity"),
    [((60, 40), None), ((80, 20), None), ((90, 12), "notice"), ((200, 6), "warning")],
)
def test_classes_may_differ_but_not_by_much(sizes: tuple[int, int], severity: str | None) -> None:
    experiment = classes((0, sizes[0]), (1, sizes[1]))
    assert found(experiment).get("class_imbalance") == severity


def test_facts_are_those_of_numpy() -> None:
    prepared = Session(penguins()).prepared
    facts = facts_of(prepared)
    np.testing.assert_allclose(facts.means, prepared.training_inputs.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(facts.spreads, prepared.training_inputs.std(axis=0), rtol=1e-4)
    assert facts.class_counts.tolist() == np.bincount(prepared.training_targets).tolist()
    assert facts_of(prepared) is facts, "gathered once"
    assert (facts.training, facts.validation) == (
        len(prepared.training_inputs),
        len(prepared.validation_inputs),
    )


def test_a_feature_that_spreads_far_wider_is_named() -> None:
    findings = examine(gather_evidence(Session(penguins())))
    (finding,) = [one for one in findings if one.check == "unscaled_inputs"]
    assert "body mass" in finding.message.en
    assert "体重" in finding.message.zh
    assert finding.remedy is not None
    kinds = [step.model_dump()["kind"] for step in finding.remedy.experiment.data.preprocessing]
    assert kinds == ["standardize"]


@pytest.mark.parametrize("name", presets.names())
def test_no_preset_has_unscaled_inputs(name: str) -> None:
    assert "unscaled_inputs" not in found(presets.load(name))


def test_squares_beside_sines_are_let_pass() -> None:
    """TensorFlow Playground's features, as people combine them."""
    features = Features(
        features=("x1", "x2", "x1_squared", "x2_squared", "x1_x2", "sin_x1", "sin_x2")
    )
    data = Data(source=Spiral(), preprocessing=(features,))
    experiment = presets.load("spiral").model_copy(update={"data": data})
    assert "unscaled_inputs" not in found(experiment)


def test_samples_in_both_parts_are_counted_exactly() -> None:
    prepared = Session(classes((0, 30), (1, 30), repeat=2)).prepared
    known = {sample.tobytes() for sample in prepared.training_inputs}
    count = sum(sample.tobytes() in known for sample in prepared.validation_inputs)
    assert facts_of(prepared).shared == count > 0
    assert facts_of(Session(presets.load("mnist")).prepared).shared == 0


def test_the_same_two_irises_are_a_notice() -> None:
    assert found(presets.load("iris")) == {"leakage": "notice"}


def test_the_loss_of_a_constant_answer_is_the_best_one() -> None:
    """Squared errors leave the variance, cross-entropies the entropy of the classes."""
    generator = np.random.default_rng(2)
    inputs = np.zeros((400, 1))
    values = generator.normal(3.0, 2.0, (400, 1))
    assert constant_loss(MeanSquaredError(), Samples(inputs, values)) == pytest.approx(
        MeanSquaredError().reference(np.full((1, 400), values.mean()), values.T).mean()
    )
    yes = (np.arange(400) < 100).astype(float).reshape(-1, 1)
    entropy = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    assert constant_loss(BinaryCrossEntropy(), Samples(inputs, yes)) == pytest.approx(entropy)
    hot = np.eye(4)[np.arange(400) % 4]
    assert constant_loss(CategoricalCrossEntropy(), Samples(inputs, hot)) == pytest.approx(
        np.log(4)
    )
