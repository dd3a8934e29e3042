"""What every layer computes: forwards against its reference, backwards against its slopes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest

from engine.layers import Layer, Site
from tests.engine.harness import (
    Bench,
    Doubles,
    Trainer,
    assert_close,
    assert_same_slopes,
    assert_step_lowers_loss,
    random_samples,
    slopes,
    some_places,
)
from tests.engine.walk import BATCHES, DTYPES, accepted, members_of, network_around, variants


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
