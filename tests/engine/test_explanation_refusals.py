"""Numbers that can't be explained: what is said instead."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import NeurariumError
from engine.explanation.explain import explain
from engine.explanation.quantity import Quantity
from engine.explanation.scene import Scene
from engine.session import Session
from tests.engine.scenes import scene_of, trained, used
from tests.engine.test_catalog import assert_bilingual
from tests.engine.test_explanation import CASES


@pytest.fixture(scope="module")
def scene() -> Scene:
    return trained(CASES["skip"](), "float64")


def refused(scene: Scene, code: str, quantity: Quantity) -> NeurariumError:
    with pytest.raises(NeurariumError) as caught:
        explain(scene, quantity)
    error = caught.value
    assert error.code == code
    assert error.where
    assert error.value is not None
    assert error.allowed
    assert_bilingual(error.message.as_json(), sentence=True)
    assert_bilingual(error.hint.as_json(), sentence=True)
    return error


def test_an_unknown_kind_layer_or_parameter(scene: Scene) -> None:
    wrong: Any = "teapot"
    error = refused(scene, "unknown_quantity", Quantity(wrong, "hidden1", index=(0,), sample=0))
    assert "sum_gradient" in str(error.allowed)
    error = refused(scene, "unknown_layer", Quantity("output", "hidden9", index=(0,), sample=0))
    assert error.value == "hidden9"
    assert "hidden2" in str(error.allowed)
    for kind in ("parameter", "parameter_gradient"):
        error = refused(scene, "unknown_parameter", Quantity(kind, "hidden1", "kernel", (0,)))
        assert (error.value, error.allowed) == ("kernel", "weights, bias")
    error = refused(scene, "unknown_parameter", Quantity("parameter", "sum", "weights", (0, 0)))
    assert error.allowed == "none"
    refused(scene, "unknown_layer", Quantity("parameter", "hidden9", "weights", (0, 0)))


@pytest.mark.parametrize("index", [(), (8,), (-1,), (0, 0)])
def test_an_index_outside(scene: Scene, index: tuple[int, ...]) -> None:
    error = refused(scene, "wrong_index", Quantity("sum", "hidden1", index=index, sample=0))
    assert error.allowed == "[0…7]"
    error = refused(scene, "wrong_index", Quantity("parameter", "hidden1", "bias", index))
    assert error.where == "quantity.index"


@pytest.mark.parametrize("sample", [None, -1, 10])
def test_a_sample_outside_the_batch(scene: Scene, sample: int | None) -> None:
    error = refused(scene, "wrong_sample", Quantity("output", "hidden1", index=(0,), sample=sample))
    assert error.allowed == "0…9"
    if sample is not None:
        refused(scene, "wrong_sample", Quantity("loss", sample=sample))


def test_a_parameter_belongs_to_no_sample(scene: Scene) -> None:
    error = refused(scene, "wrong_sample", Quantity("parameter", "hidden1", "bias", (0,), 3))
    assert error.allowed == "none"


def test_a_layer_that_adds_nothing_up_has_no_sums(scene: Scene) -> None:
    for kind in ("sum", "sum_gradient"):
        error = refused(scene, "no_weighted_sum", Quantity(kind, "sum", index=(0,), sample=0))
        assert error.allowed == "hidden1, hidden2, answer"


def test_a_gradient_that_nobody_computes(scene: Scene) -> None:
    error = refused(
        scene, "gradient_not_needed", Quantity("output_gradient", "input", index=(0,), sample=0)
    )
    assert "nothing before it learns" in error.message.en
    assert error.value == "input"
    early = trained(CASES["regression"](), "float64")
    quantity = Quantity("output_gradient", "early", index=(0,), sample=0)
    refused(early, "gradient_not_needed", quantity)


def test_a_network_in_use_has_no_gradients_and_no_loss() -> None:
    scene = used(Session(CASES["skip"](), "float64"))
    for quantity in (
        Quantity("loss"),
        Quantity("loss", sample=0),
        Quantity("output_gradient", "hidden1", index=(0,), sample=0),
        Quantity("sum_gradient", "hidden1", index=(0,), sample=0),
        Quantity("parameter_gradient", "hidden1", "bias", (0,)),
    ):
        error = refused(scene, "not_in_program", quantity)
        assert "parameter" in str(error.allowed)
    refused(scene, "wrong_sample", Quantity("output", "hidden1", index=(0,), sample=1))


def test_a_number_of_a_later_row_says_how_far_to_step() -> None:
    session = Session(CASES["skip"](), "float64")
    session.run(steps=1)
    scene = scene_of(session, rows=3)
    explain(scene, Quantity("sum", "hidden1", index=(0,), sample=0))
    error = refused(scene, "not_computed_yet", Quantity("output", "hidden1", index=(0,), sample=0))
    assert error.where == "hidden1"
    assert "hidden1: tanh" in error.message.en
    assert "instruction 4 " in error.hint.en
    assert (error.value, error.allowed) == ("3 done", "≥ 4 done")
