"""One walk over everything that can be chosen: a new member is tested the day it is written.

Nothing here knows a member by name. Fields are varied by what they say of themselves, inputs are
tried in several shapes, and every kernel is held against the member's own NumPy reference and
against finite differences.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest

from engine import catalog
from engine.activations import Activation
from engine.catalog import FAMILIES, Described, entries, entry, fields_of, kind_of
from engine.data.dataset import Dataset
from engine.errors import NeurariumError
from engine.experiment import Experiment
from engine.kernels.abi import FLAGS, OPTIMIZER_START, STEP
from engine.layers import Layer, Site
from engine.layers.dense import Dense
from engine.losses import Loss
from engine.optimizers import Optimizer
from engine.presets import load
from engine.text import Text
from tests.engine.harness import (
    Array,
    Bench,
    Doubles,
    Trainer,
    assert_same_slopes,
    random_samples,
    slopes,
    some_places,
)
from tests.engine.walk import (
    PROBLEMS,
    accepted,
    members_of,
    network_around,
    problems_for,
    variants,
)

MEMBERS = [
    pytest.param(member, id=f"{name}-{kind}")
    for name, family in sorted(FAMILIES.items())
    for kind, member in sorted(family.registry.items())
]
DTYPES = ("float64", "float32")
BATCHES = (1, 7, 10, 33)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
TOLERANCE = {"float64": 1e-11, "float32": 5e-6}


# --- what every member says of itself -----------------------------------------------------------


def assert_bilingual(text: dict[str, str], sentence: bool) -> None:
    assert text.keys() == {"en", "zh"}
    assert text["en"].strip() == text["en"] != ""
    assert text["zh"].strip() == text["zh"] != ""
    assert not CHINESE.search(text["en"]), text
    # A name such as "Adam" or "x₁" is the same in both languages; a sentence never is.
    named = not sentence and plain(text["zh"]) == plain(text["en"])
    assert CHINESE.search(text["zh"]) or named, text


def plain(name: str) -> str:
    """Without the wide brackets and missing spaces that Chinese typesetting wants."""
    return unicodedata.normalize("NFKC", name).replace(" ", "")


@pytest.mark.parametrize("member", MEMBERS)
def test_every_member_explains_itself_in_both_languages(member: type[Described]) -> None:
    known = entry(member)
    assert_bilingual(known["title"], sentence=False)
    assert_bilingual(known["help"], sentence=True)
    assert known["formula"].count("{") == known["formula"].count("}")
    assert json.loads(json.dumps(known)) == known


@pytest.mark.parametrize("member", MEMBERS)
def test_every_field_explains_itself_and_is_bounded(member: type[Described]) -> None:
    for field in fields_of(member):
        assert_bilingual(field["title"], sentence=False)
        assert_bilingual(field["help"], sentence=True)
        if field["unit"] is not None:
            assert_bilingual(field["unit"], sentence=False)
        if field["type"] in ("integer", "number"):
            assert field["minimum"] <= field["default"] <= field["maximum"]
            assert field["default"] > field["minimum"] or not field["exclusive"]
        if field["type"] in ("choice", "choices"):
            assert set(field["values"]) == set(field["choices"])
            for words in field["choices"].values():
                assert_bilingual(words, sentence=False)
        if field["scale"] == "logarithmic":
            assert field["type"] in ("integer", "number")


@pytest.mark.parametrize("member", MEMBERS)
def test_every_number_is_refused_outside_its_bounds(member: type[Described]) -> None:
    for field in fields_of(member):
        if field["type"] not in ("integer", "number"):
            continue
        outside = [field["maximum"] + 1, field["minimum"] - 1, float("nan"), float("inf")]
        for value in outside:
            with pytest.raises(ValueError, match=field["name"]):
                member.model_validate({field["name"]: value})


@pytest.mark.parametrize("member", MEMBERS)
def test_every_member_survives_the_way_through_json(member: type[Described]) -> None:
    example = load("spiral").model_dump(mode="json")
    for variant in variants(member):
        part = variant.model_dump(mode="json")
        assert part["kind"] == kind_of(member)
        document = json.dumps(example | placed(member.family, part, example))
        experiment = Experiment.model_validate_json(document)
        assert Experiment.model_validate_json(experiment.model_dump_json()) == experiment
        assert variant in parts_of(experiment)


def placed(family: str, part: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """The fields of an experiment that hold this part."""
    if family == "layer":
        return {"graph": {"nodes": [{"name": "one", "layer": part}], "edges": []}}
    if family in ("activation", "initializer"):
        field = {"activation": "activation", "initializer": "weights"}[family]
        return placed("layer", {"kind": "dense", field: part}, example)
    if family == "source":
        return {"data": {"source": part}}
    if family == "preprocessing":
        return {"data": {"preprocessing": [part]}}
    return {family: part}


def parts_of(experiment: Experiment) -> list[Described]:
    first = experiment.graph.nodes[0].layer
    parts = [first, experiment.loss, experiment.optimizer, experiment.task, experiment.data.source]
    parts.extend(experiment.data.preprocessing)
    if isinstance(first, Dense):
        parts.extend((first.activation, first.weights))
    return parts


def test_the_catalog_lists_every_family_once_and_in_order() -> None:
    listed = entries()
    assert list(listed) == sorted(FAMILIES)
    for family, members in listed.items():
        kinds = [member["kind"] for member in members]
        assert kinds == sorted(set(kinds))
        assert kinds, f"the family {family} is empty"
    assert json.loads(json.dumps(listed)) == listed


def test_an_unknown_member_is_refused_with_the_ones_that_exist() -> None:
    with pytest.raises(NeurariumError) as caught:
        catalog.member(FAMILIES["layer"], "teapot")
    assert caught.value.code == "unknown_kind"
    assert caught.value.value == "teapot"
    assert all(kind in str(caught.value.allowed) for kind in ("dense", "dropout"))
    assert catalog.member(FAMILIES["layer"], "dense") is Dense


def test_text_fills_placeholders_in_both_languages() -> None:
    text = Text("{count} units", "{count} 个单元").format(count=3)
    assert text.as_json() == {"en": "3 units", "zh": "3 个单元"}


# --- layers ---------------------------------------------------------------------------------------


class Stand:
    """One layer on a bench, with random inputs, parameters and an upstream gradient."""

    def __init__(
        self,
        layer: Layer,
        shapes: Sequence[tuple[int, ...]],
        batch: int,
        dtype: str,
        training: bool,
    ) -> None:
        self.layer = layer
        self.generator = np.random.default_rng(batch)
        self.bench = Bench(dtype)
        self.inputs = tuple(
            self.bench.place(f"input{number}", self.normal((*shape, batch)))
            for number, shape in enumerate(shapes)
        )
        shape = (*layer.infer("layer", shapes), batch)
        no_rows = layer.is_view or not layer.input_ports
        self.output = (
            self.inputs[0].viewed("output", shape) if no_rows else self.bench.room("output", shape)
        )
        parameters = layer.parameters(shapes)
        self.site = Site(
            inputs=self.inputs,
            output=self.output,
            parameters={
                one.name: self.bench.place(f"layer.{one.name}", self.normal(one.shape))
                for one in parameters
            },
            gradients={
                one.name: self.bench.room(f"gradient:{one.name}", one.shape) for one in parameters
            },
            training=training,
        )
        with self.bench.emitter.during("forward", "layer"):
            layer.emit_forward(self.bench.emitter, self.site)
        self.forward_rows = len(self.bench.emitter.rows)

    def normal(self, shape: tuple[int, ...]) -> Doubles:
        return self.generator.normal(size=shape)

    def emit_backward(self) -> None:
        upstream = self.bench.place("grad_output", self.normal(self.output.shape))
        self.site.output_gradient = upstream
        self.site.input_gradients = tuple(
            self.bench.room(f"grad_{block.name}", block.shape) for block in self.inputs
        )
        with self.bench.emitter.during("backward", "layer"):
            self.layer.emit_backward(self.bench.emitter, self.site)

    def pairs(self) -> Iterator[tuple[Any, Any]]:
        """(what can be moved, where the layer puts the gradient by it)."""
        yield from zip(self.inputs, self.site.input_gradients, strict=True)
        for name, block in self.site.parameters.items():
            yield block, self.site.gradients[name]

    def measure(self) -> float:
        """The output weighed by the upstream gradient."""
        self.bench.run(0, self.forward_rows)
        weights = self.bench.read(self.bench.plan.blocks["grad_output"])
        return float((self.bench.read(self.output) * weights).sum())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("member", members_of(Layer))
def test_a_layer_computes_what_its_reference_says(member: type[Layer], dtype: str) -> None:
    met = 0
    for layer in variants(member):
        for shapes, batch in product(accepted(layer), BATCHES):
            stand = Stand(layer, shapes, batch, dtype, training=False)
            stand.bench.load()
            inputs = [stand.bench.read(block).astype(np.float64) for block in stand.inputs]
            parameters = {
                name: stand.bench.read(block).astype(np.float64)
                for name, block in stand.site.parameters.items()
            }
            stand.bench.run()
            assert_close(stand.bench.read(stand.output), layer.reference(inputs, parameters), dtype)
            met += 1
    assert met, "no shape fits this layer: add one that does"


def assert_close(computed: Array, expected: Array, dtype: str) -> None:
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(computed, expected, rtol=0, atol=TOLERANCE[dtype] * scale)


@pytest.mark.parametrize("member", members_of(Layer))
def test_a_layer_sends_back_the_slopes_of_what_it_computed(member: type[Layer]) -> None:
    """While training, with chance standing still: the layer's own forward rows are measured."""
    for layer in variants(member):
        if layer.is_view or not layer.input_ports:
            assert Stand(layer, accepted(layer)[0], 3, "float64", True).forward_rows == 0
            continue
        for shapes, batch in product(accepted(layer), (1, 7, 33)):
            stand = Stand(layer, shapes, batch, "float64", training=True)
            stand.emit_backward()
            stand.bench.load()
            stand.bench.run()
            for block, gradient in stand.pairs():
                values = stand.bench.read(block).reshape(-1)
                places = some_places(len(values), 12, stand.generator)
                computed = stand.bench.read(gradient).reshape(-1)[places].copy()
                assert_same_slopes(computed, slopes(stand.measure, values, places))


INSIDE = [
    pytest.param(member, id=kind)
    for kind, member in sorted(Layer.registry.items())
    if member.input_ports and member.output_ports
]


@pytest.mark.parametrize("member", INSIDE)
def test_a_layer_inside_a_network_passes_gradients_on(member: type[Layer]) -> None:
    for layer in variants(member):
        for shapes in accepted(layer)[:3]:
            trainer = Trainer(network_around(layer, shapes), random_samples((3,), 2, 5))
            trainer.draw(seed=4)
            trainer.measure()
            places = list(trainer.places())[::7]
            distance = trainer.program.network.gradient_region.offset
            distance -= trainer.program.network.parameter_region.offset
            computed = trainer.arena[[place + distance for place in places]]
            assert_same_slopes(computed, slopes(trainer.measure, trainer.arena, places))


@pytest.mark.parametrize("member", INSIDE)
def test_a_training_step_with_this_layer_lowers_the_loss(member: type[Layer]) -> None:
    for layer in variants(member):
        trainer = Trainer(
            network_around(layer, accepted(layer)[0]), random_samples((3,), 2, 20), dtype="float32"
        )
        trainer.draw(seed=5, spread=0.3)
        assert_step_lowers_loss(trainer)


def assert_step_lowers_loss(trainer: Trainer) -> None:
    before = trainer.measure()
    trainer.state[:3] = 0
    assert trainer.train(1) == 1
    trainer.state[STEP] = 0
    after = trainer.measure()
    assert after < before


# --- activations --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("member", members_of(Activation))
def test_an_activation_computes_what_its_reference_says(
    member: type[Activation], dtype: str
) -> None:
    for activation, units, batch in product(variants(member), (1, 3, 8, 17), BATCHES):
        generator = np.random.default_rng(units * batch)
        bench = Bench(dtype)
        z = bench.place("z", generator.normal(0, 3, (units, batch)))
        y, gradient = bench.room("y", z.shape), bench.room("gradient", z.shape)
        upstream = bench.place("upstream", generator.normal(size=z.shape))
        activation.emit_forward(bench.emitter, z, y)
        activation.emit_backward(bench.emitter, (z, y), (upstream, gradient))
        bench.load()
        values = bench.read(z).astype(np.float64)
        weights = bench.read(upstream).astype(np.float64)
        bench.run()
        expected = activation.reference(values)
        assert_close(bench.read(y), expected, dtype)
        assert_close(bench.read(gradient), activation.reference_gradient(values, weights), dtype)
        if activation.span is not None:
            low, high = activation.span
            assert low <= bench.read(y).min() <= bench.read(y).max() <= high
        if activation.is_identity():
            assert np.array_equal(expected, values)


@pytest.mark.parametrize("member", members_of(Activation))
def test_the_derivative_of_an_activation_is_its_slope(member: type[Activation]) -> None:
    for activation in variants(member):
        values = np.random.default_rng(8).normal(0, 2, (5, 7))
        weights = np.random.default_rng(9).normal(size=values.shape)

        def measure(
            activation: Activation = activation, values: Array = values, weights: Array = weights
        ) -> float:
            return float((activation.reference(values) * weights).sum())

        computed = activation.reference_gradient(values, weights).ravel()
        assert_same_slopes(computed, slopes(measure, values.reshape(-1), range(values.size)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("member", members_of(Activation))
def test_an_activation_hands_nan_on_and_bears_large_numbers(
    member: type[Activation], dtype: str
) -> None:
    for activation in variants(member):
        bench = Bench(dtype)
        z = bench.place("z", np.array([[np.nan, 1e4, -1e4, 0.0, 100.0, -100.0]] * 3))
        y = bench.room("y", z.shape)
        activation.emit_forward(bench.emitter, z, y)
        bench.load()
        bench.run()
        assert np.isnan(bench.read(y)[:, 0]).all(), "NaN must not be hidden"
        assert np.isfinite(bench.read(y)[:, 1:]).all()


# --- losses -------------------------------------------------------------------------------------


class Scale:
    """One loss on a bench, with random outputs and fitting targets."""

    def __init__(self, loss: Loss, dataset: Dataset, dtype: str, spread: float = 2.0) -> None:
        encoded = loss.encode(dataset, dataset.targets).T
        generator = np.random.default_rng(encoded.size)
        self.bench = Bench(dtype)
        self.outputs = self.bench.place("outputs", generator.normal(0, spread, encoded.shape))
        self.targets = self.bench.place("targets", encoded)
        self.gradient = self.bench.room("gradient", encoded.shape)
        self.report = self.bench.room("report", (1,))
        blocks = (self.outputs, self.targets, self.gradient)
        with self.bench.emitter.during("loss", "output"):
            loss.emit(self.bench.emitter, blocks, self.report)
        self.bench.load()

    def measure(self) -> float:
        self.bench.run()
        return float(self.bench.read(self.report)[0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("member", members_of(Loss))
def test_a_loss_computes_what_its_reference_says(member: type[Loss], dtype: str) -> None:
    for loss, batch in product(variants(member), BATCHES):
        for dataset in problems_for(loss, batch):
            scale = Scale(loss, dataset, dtype)
            outputs = scale.bench.read(scale.outputs).astype(np.float64)
            targets = scale.bench.read(scale.targets).astype(np.float64)
            mean = scale.measure()
            expected = loss.reference(outputs, targets)
            losses = scale.bench.plan.blocks["output.losses"]
            assert expected.shape == (batch,)
            assert_close(scale.bench.read(losses), expected, dtype)
            assert_close(np.array(mean), expected.mean(), dtype)
            slope = loss.reference_gradient(outputs, targets)
            assert_close(scale.bench.read(scale.gradient), slope, dtype)
            assert scale.bench.state[FLAGS] == 0


@pytest.mark.parametrize("member", members_of(Loss))
def test_the_gradient_of_a_loss_is_its_slope(member: type[Loss]) -> None:
    for loss, batch in product(variants(member), (1, 7, 33)):
        for dataset in problems_for(loss, batch):
            scale = Scale(loss, dataset, "float64")
            scale.measure()
            values = scale.bench.read(scale.outputs).reshape(-1)
            places = some_places(len(values), 30, np.random.default_rng(1))
            computed = scale.bench.read(scale.gradient).reshape(-1)[places].copy()
            assert_same_slopes(computed, slopes(scale.measure, values, places))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("member", members_of(Loss))
def test_a_loss_is_stable_for_large_outputs_and_reports_nan(member: type[Loss], dtype: str) -> None:
    for loss in variants(member):
        for dataset in problems_for(loss, 7):
            scale = Scale(loss, dataset, dtype, spread=1000.0)
            assert np.isfinite(scale.measure())
            assert np.isfinite(scale.bench.read(scale.gradient)).all()
            assert scale.bench.state[FLAGS] == 0
            for wrong in (np.nan, np.inf, -np.inf):
                broken = Scale(loss, dataset, dtype)
                broken.bench.read(broken.outputs)[0, 3] = wrong
                broken.measure()
                assert broken.bench.state[FLAGS] == 1, f"{wrong} went unnoticed"


@pytest.mark.parametrize("member", members_of(Loss))
def test_a_loss_knows_right_from_wrong(member: type[Loss]) -> None:
    for loss in variants(member):
        for dataset in problems_for(loss, 33):
            targets = loss.encode(dataset, dataset.targets).T
            if dataset.problem == "regression":
                assert np.array_equal(targets.T, dataset.targets)
                continue
            right = (targets - 0.25) * 8
            assert loss.correct(right, targets).all()
            assert not loss.correct((1 - targets - 0.75) * 8, targets).any()
            shown = loss.link(right)
            assert shown.shape == right.shape
            assert np.array_equal(shown > 0.5, targets > 0.5)


@pytest.mark.parametrize("member", members_of(Loss))
def test_a_loss_refuses_data_that_it_makes_no_sense_for(member: type[Loss]) -> None:
    loss = member()
    for dataset in problems_for(loss, 5):
        loss.check(dataset)
    for problem in PROBLEMS:
        if problem in loss.problems:
            continue
        other = Dataset(np.zeros((3, 2), np.float32), np.zeros((3, 1), np.float32), problem)
        with pytest.raises(NeurariumError) as caught:
            loss.check(other)
        assert caught.value.code == "loss_mismatch"
        assert caught.value.value == kind_of(member)
        assert kind_of(member) not in str(caught.value.allowed).split(", ")


# --- optimizers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("member", members_of(Optimizer))
def test_an_optimizer_computes_what_its_reference_says(member: type[Optimizer], dtype: str) -> None:
    """Over several steps, with a memory that began at step 3 and padding behind the parameters."""
    tolerance = {"float64": 1e-12, "float32": 2e-4}[dtype]
    for optimizer, size in product(variants(member), (1, 37)):
        generator = np.random.default_rng(size)
        bench = Bench(dtype)
        start = np.append(generator.normal(size=size), np.zeros(11))
        parameters = bench.place("parameters", start)
        gradients = bench.room("gradients", start.shape)
        slots = tuple(bench.room(slot, start.shape) for slot in optimizer.slots)
        optimizer.emit(bench.emitter, parameters, gradients, slots)
        bench.load()
        expected: Doubles = bench.read(parameters).astype(np.float64)
        memory = tuple(np.zeros(start.shape) for _ in slots)
        bench.state[OPTIMIZER_START] = 3
        for step in range(1, 8):
            bench.read(gradients)[:size] = generator.normal(size=size)
            slope = bench.read(gradients).astype(np.float64)
            expected, memory = optimizer.reference(expected, slope, memory, step)
            bench.state[STEP] = 3 + step - 1
            bench.run()
            scale = max(1.0, float(np.abs(expected).max()))
            np.testing.assert_allclose(
                bench.read(parameters), expected, rtol=0, atol=tolerance * scale
            )
            for block, values in zip(slots, memory, strict=True):
                np.testing.assert_allclose(
                    bench.read(block), values, rtol=tolerance, atol=tolerance
                )
            assert not bench.read(parameters)[size:].any(), "padding must stay zero"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("member", members_of(Optimizer))
def test_a_step_of_every_optimizer_lowers_the_loss(member: type[Optimizer], dtype: str) -> None:
    for optimizer in variants(member):
        careful = optimizer.model_copy(update={"learning_rate": 1e-3})
        graph = network_around(Dense(units=5), ((3,),))
        trainer = Trainer(graph, random_samples((3,), 2, 20), optimizer=careful, dtype=dtype)
        trainer.draw(seed=6, spread=0.4)
        assert_step_lowers_loss(trainer)
