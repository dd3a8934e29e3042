"""Every number of a network, explained: lines, terms and the arena agree."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from engine import presets
from engine.activations.sigmoid import Sigmoid
from engine.activations.softmax import Softmax
from engine.arithmetic.sums import MOST_TERMS, MOST_WRITTEN
from engine.data.sources import Spiral
from engine.data.sources.curves import Sine
from engine.data.sources.tables import Iris
from engine.errors import NeurariumError
from engine.experiment import Data, Experiment, Regularization
from engine.explanation.explain import explain
from engine.explanation.quantity import Explanation, Quantity
from engine.explanation.scene import Scene
from engine.kernels.abi import OPTIMIZER_START
from engine.layers.activation import ActivationLayer
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.merge import Add, Concatenate
from engine.layers.ports import Input, Output
from engine.layers.shapes import Flatten, Reshape
from engine.losses.categorical_cross_entropy import CategoricalCrossEntropy
from engine.losses.mean_squared_error import MeanSquaredError
from engine.optimizers.adam import Adam
from engine.optimizers.momentum import Momentum
from engine.presets.preset import chain
from engine.session import Precision, Session
from tests.engine.experiments import EXPERIMENTS
from tests.engine.harness import graph_of
from tests.engine.scenes import checked, quantities, scene_of, trained, used
from tests.engine.test_catalog import CHINESE
from tests.engine.walk import DTYPES


def branches() -> Experiment:
    """One output with four consumers, two of them through views; both ways of joining."""
    layers = [
        ("input", Input()),
        ("first", Dense(units=6, activation=Sigmoid())),
        ("beside", Dense(units=6, activation=Softmax())),
        ("sum", Add()),
        ("view", Reshape(shape=(2, 3))),
        ("bent", ActivationLayer()),
        ("flat", Flatten()),
        ("joined", Concatenate()),
        ("answer", Dense(units=3)),
        ("output", Output()),
    ]
    edges = [
        ("input", "first"),
        ("first", "beside"),
        ("first", "sum"),
        ("beside", "sum"),
        ("first", "sum"),
        ("first", "view"),
        ("view", "bent"),
        ("bent", "flat"),
        ("sum", "joined"),
        ("flat", "joined"),
        ("first", "joined"),
        ("joined", "answer"),
        ("answer", "output"),
    ]
    return Experiment(
        data=Data(source=Iris()),
        graph=graph_of(layers, edges),
        loss=CategoricalCrossEntropy(),
        optimizer=Momentum(),
        regularization=Regularization(l1=0.01),
        batch_size=9,
    )


def regression() -> Experiment:
    return Experiment(
        data=Data(source=Sine(samples=50)),
        graph=chain(
            ("early", Dropout(rate=0.5)),
            ("hidden", Dense(units=5, activation=Softmax())),
            ("answer", Dense(units=1)),
        ),
        loss=MeanSquaredError(),
        regularization=Regularization(l2=0.1),
        batch_size=6,
    )


CASES: dict[str, Callable[[], Experiment]] = {
    **EXPERIMENTS,
    "branches": branches,
    "regression": regression,
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_lines_terms_and_arena_agree(name: str, dtype: Precision) -> None:
    scene = trained(CASES[name](), dtype)
    kinds = set()
    for quantity in quantities(scene, each=12):
        assert_readable(checked(scene, quantity))
        kinds.add(quantity.kind)
    assert len(kinds) == 7


def links_of(explanation: Explanation) -> list[Quantity]:
    lines = [link for line in explanation.lines for link in line.links]
    return [*lines, *(link for term in explanation.terms for link in term.links)]


def assert_readable(explanation: Explanation) -> None:
    texts = [explanation.title, explanation.text]
    texts += [line.name for line in explanation.lines]
    texts += [term.label for term in explanation.terms]
    for text in texts:
        assert text.en.strip() == text.en != ""
        assert text.zh.strip() == text.zh != ""
        assert not CHINESE.search(text.en)
    assert CHINESE.search(explanation.title.zh)
    assert CHINESE.search(explanation.text.zh)
    assert explanation.text.en.startswith(explanation.title.en)
    for tex in [
        *(part for line in explanation.lines for part in (line.symbol, line.formula, line.filled)),
        *(term.filled for term in explanation.terms),
    ]:
        assert tex
        assert tex.count("{") == tex.count("}")
        assert tex.count("(") == tex.count(")")
        assert not re.search(r"-0(?![.\d])", tex), tex
        assert not re.search(r"[-+]\s*-", tex), tex
        assert not re.search(r"\d[eE][-+\d]", tex), tex
        assert "nan" not in tex


@pytest.mark.parametrize("name", ["skip", "branches", "dropout", "regression"])
def test_links_lead_to_numbers_that_are_explained(name: str) -> None:
    scene = trained(CASES[name](), "float64")
    seen: set[Quantity] = set()
    circle = list(quantities(scene, each=2))
    for _ in range(4):
        found = []
        for quantity in circle:
            if quantity in seen:
                continue
            seen.add(quantity)
            explanation = checked(scene, quantity)
            found.extend(links_of(explanation))
        circle = list(dict.fromkeys(found))
    assert len(seen) > 100


def test_a_weighted_sum_is_explained_term_by_term() -> None:
    scene = trained(presets.load("skip"), "float64")
    explanation = explain(scene, Quantity("sum", "hidden2", index=(3,), sample=1))
    network, program = scene.program.network, scene.program
    weights = program.view(scene.before, network.parameters["hidden2.weights"])[3]
    bias = program.view(scene.before, network.parameters["hidden2.bias"])[3]
    inputs = program.view(scene.now, network.outputs["hidden1"])[:, 1]
    values = [term.value for term in explanation.terms]
    assert values == pytest.approx([*(weights * inputs), bias])
    assert explanation.title.en == "Weighted sum of unit 4 of hidden2, sample 2 of the batch"
    assert explanation.terms[1].label.en == "from unit 2 of hidden1"
    assert explanation.terms[1].links == (
        Quantity("parameter", "hidden2", "weights", (3, 1)),
        Quantity("output", "hidden1", index=(1,), sample=1),
    )
    assert explanation.terms[-1].label.en == "the bias"
    (line,) = explanation.lines
    assert (line.symbol, line.formula) == ("z", r"\sum_i w_i x_i + b")
    assert line.filled.count(r"\cdot") <= MOST_WRITTEN
    assert line.filled.endswith(r"+ \dots")
    row = program.rows[explanation.row]
    assert (row.layer, row.phase, row.op.name) == ("hidden2", "forward", "matrix_product")


def test_inputs_are_called_by_their_features() -> None:
    scene = trained(presets.load("skip"), "float32")
    explanation = explain(scene, Quantity("sum", "hidden1", index=(0,), sample=0))
    features = [feature.en for feature in scene.material.prepared.features]
    labels = [term.label.en for term in explanation.terms]
    assert labels == [*(f"from {feature}" for feature in features), "the bias"]
    value = explain(scene, Quantity("output", "input", index=(1,), sample=0))
    assert value.title.en == f"Value of {features[1]}, sample 1 of the batch"


def test_a_gradient_sums_over_all_consumers_of_an_output() -> None:
    scene = trained(presets.load("skip"), "float64")
    explanation = explain(scene, Quantity("output_gradient", "hidden1", index=(2,), sample=4))
    labels = [term.label.en for term in explanation.terms]
    through = [f"through unit {unit} of hidden2" for unit in range(1, 9)]
    assert sorted(labels) == sorted(["through unit 3 of sum", *through])
    assert "sum_gradient" in {link.kind for term in explanation.terms for link in term.links}


def test_a_view_shares_the_gradient_of_its_memory() -> None:
    scene = trained(branches(), "float64")
    whole = explain(scene, Quantity("output_gradient", "first", index=(4,), sample=2))
    view = explain(scene, Quantity("output_gradient", "view", index=(1, 1), sample=2))
    assert (view.value, view.terms, view.row) == (whole.value, whole.terms, whole.row)
    through = [term.label.en for term in whole.terms]
    assert through.count("through unit 5 of sum") == 2, "the edge is drawn twice"
    assert "through row 2, column 2 of bent" in through
    assert sum("of beside" in label for label in through) == 6


def test_a_weight_gradient_sums_over_the_batch_and_adds_the_penalties() -> None:
    scene = trained(EXPERIMENTS["dropout"](), "float64")
    weight = explain(scene, Quantity("parameter_gradient", "hidden", "weights", (1, 0)))
    labels = [term.label.en for term in weight.terms]
    samples = [f"sample {number} of the batch" for number in range(1, 8)]
    assert labels == [*samples, "L2 penalty", "L1 penalty"]
    old = scene.program.view(scene.before, scene.program.network.parameters["hidden.weights"])[1, 0]
    assert weight.terms[-2].value == pytest.approx(0.002 * old)
    assert weight.terms[-1].value == pytest.approx(0.001 * np.sign(old))
    bias = explain(scene, Quantity("parameter_gradient", "hidden", "bias", (1,)))
    assert [term.label.en for term in bias.terms] == samples, "biases have no penalty"


def test_a_loss_is_the_mean_of_its_samples() -> None:
    scene = trained(branches(), "float64")
    mean = explain(scene, Quantity("loss"))
    assert len(mean.terms) == 9
    one = explain(scene, mean.terms[4].links[0])
    assert one.quantity == Quantity("loss", sample=4)
    assert one.value / 9 == pytest.approx(mean.terms[4].value)
    assert sum(term.value != 0 for term in one.terms) == 1, "one class is right"


def test_adam_is_explained_step_by_step() -> None:
    session = Session(EXPERIMENTS["dropout"](), "float64")
    session.run(steps=5)
    session.state[OPTIMIZER_START] = 2
    scene = scene_of(session)
    quantity = Quantity("parameter", "hidden", "weights", (2, 1))
    explanation = checked(scene, quantity)
    assert [line.symbol for line in explanation.lines] == [
        "w", "m'", "v'", r"\hat m", r"\hat v", r"\Delta", "w'",
    ]  # fmt: skip
    old, mean, square, unbiased_mean, unbiased_square, change, new = explanation.lines
    gradient = explain(scene, mean.links[0]).value
    assert mean.links[0].kind == "parameter_gradient"
    assert isinstance(session.experiment.optimizer, Adam)
    assert unbiased_mean.value == pytest.approx(mean.value / (1 - 0.9**4))
    assert unbiased_square.value == pytest.approx(square.value / (1 - 0.999**4))
    assert f"0.9^{{{4}}}" in unbiased_mean.filled
    assert gradient != 0
    assert new.value == pytest.approx(old.value - change.value, abs=1e-15)
    assert explanation.value == session.parameters()["hidden.weights"][2, 1] != old.value
    assert session.program.rows[explanation.row].op.name == "adam_update"


def test_parameters_are_those_that_the_step_used() -> None:
    scene = trained(presets.load("spiral"), "float64")
    quantity = Quantity("parameter", "hidden1", "weights", (0, 0))
    explanation = explain(scene, quantity)
    before, now = (
        scene.program.view(arena, scene.program.network.parameters["hidden1.weights"])[0, 0]
        for arena in (scene.before, scene.now)
    )
    assert before != now
    assert (explanation.lines[0].value, explanation.value) == (before, now)
    term = explain(scene, Quantity("sum", "hidden1", index=(0,), sample=0)).terms[0]
    inputs = scene.program.view(scene.now, scene.program.network.outputs["input"])
    assert term.value == pytest.approx(before * inputs[0, 0], rel=1e-12)


@pytest.mark.parametrize("name", ["skip", "dropout", "branches"])
def test_every_row_adds_the_numbers_that_it_computes(name: str) -> None:
    """Stepping row by row: what is explained is right, the rest says which row is missing."""
    session = Session(CASES[name](), "float64")
    session.run(steps=2)
    start = session.snapshot()
    whole = scene_of(session)
    wanted = list(quantities(whole, each=2))
    rows = len(session.program.rows)
    for done in range(rows + 1):
        session.restore(start)
        scene = scene_of(session, done)
        for quantity in wanted:
            row = explain(whole, quantity).row
            if quantity.kind == "parameter" and row >= done:
                explanation = checked(scene, quantity)
                assert len(explanation.lines) == 1, "it has no new value yet"
            elif row < done:
                checked(scene, quantity)
            else:
                with pytest.raises(NeurariumError) as caught:
                    explain(scene, quantity)
                assert caught.value.code == "not_computed_yet"
                assert f"instruction {row + 1} " in caught.value.message.en
                assert f"第 {row + 1} 条" in caught.value.hint.zh


@pytest.mark.parametrize("name", CASES)
def test_numbers_of_a_network_in_use_are_explained(name: str) -> None:
    session = Session(CASES[name](), "float64")
    session.run(steps=3)
    scene = used(session)
    kinds = set()
    for quantity in quantities(scene, each=5):
        explanation = checked(scene, quantity)
        assert_readable(explanation)
        assert "sample" not in explanation.title.en, "there is only one"
        for link in links_of(explanation)[:3]:
            checked(scene, link)
        kinds.add(quantity.kind)
    assert kinds == {"output", "sum", "parameter"}


def test_dropout_is_the_identity_in_use_and_a_mask_in_training() -> None:
    session = Session(EXPERIMENTS["dropout"](), "float64")
    quantity = Quantity("output", "drop", index=(0,), sample=0)
    assert [line.symbol for line in explain(used(session), quantity).lines] == ["y"]
    scene = scene_of(session)
    factors = set()
    for unit in range(9):
        lines = explain(scene, Quantity("output", "drop", index=(unit,), sample=0)).lines
        assert [line.symbol for line in lines] == ["m", "y"]
        factors.add(round(lines[0].value, 9))
    assert factors == {0.0, round(1 / 0.7, 9)}


def test_broken_numbers_are_explained_too() -> None:
    session = Session(branches(), "float32")
    session.arena[session.program.network.parameters["first.weights"].offset] = np.nan
    scene = scene_of(session)
    for quantity in quantities(scene, each=3):
        explanation = explain(scene, quantity)
        assert np.isnan(explanation.value) == np.isnan(explanation.lines[-1].value), quantity
    huge = Session(regression(), "float32")
    for block in huge.program.network.parameters.values():
        huge.program.view(huge.arena, block)[...] = 1e30
    scene = scene_of(huge)
    for quantity in quantities(scene, each=3):
        explain(scene, quantity)


def wide() -> Scene:
    return trained(presets.load("mnist"), "float32", steps=1)


def test_a_wide_sum_lists_its_largest_terms_and_says_how_many_are_left() -> None:
    explanation = checked(wide(), Quantity("sum", "hidden1", index=(3,), sample=2))
    assert len(explanation.terms) == MOST_TERMS + 1
    assert explanation.terms[-1].label.en == f"{785 - MOST_TERMS} smaller terms together"
    assert "It is the sum of 785 terms; the largest: from row" in explanation.text.en
    assert "smaller terms" not in explanation.text.en
    assert re.fullmatch(r"from row \d+, column \d+ of input", explanation.terms[0].label.en)


@pytest.mark.parametrize("dtype", DTYPES)
def test_where_a_function_is_flat_the_slope_is_that_of_the_rounded_value(dtype: Precision) -> None:
    """A trained network's units are close to their limits, where 1 − a² keeps few digits."""
    scene = trained(presets.load("spiral"), dtype, steps=3000)
    flat = 0
    for quantity in quantities(scene, each=80):
        if quantity.kind == "sum_gradient":
            explanation = checked(scene, quantity)
            flat += explanation.lines[0].value < 1e-4
    assert flat > 0


def test_a_spiral_of_one_sample_a_batch() -> None:
    experiment = Experiment(
        data=Data(source=Spiral(samples=30)), graph=chain(("answer", Dense(units=1))), batch_size=1
    )
    scene = trained(experiment, "float64")
    for quantity in quantities(scene, each=5):
        checked(scene, quantity)
