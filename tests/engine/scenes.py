"""Moments of training that are explained, and every kind of number in them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.arithmetic.quantity import Quantity
from engine.evaluation import Forward
from engine.experiment import Experiment
from engine.explanation.anatomy import Anatomy
from engine.explanation.explain import explain
from engine.explanation.quantity import Explanation
from engine.explanation.scene import Scene
from engine.program.program import new_state
from engine.session import Precision, Session

TOLERANCE = {"float32": 1e-4, "float64": 1e-9}
"""Relative to the number, or to the largest part of a sum whose parts cancel out."""
SMALLEST = 1e-30
"""Denormal numbers are flushed to zero while training."""


def scene_of(session: Session, rows: int | None = None) -> Scene:
    """The session's next step, of which `rows` rows are done (all of them if left out)."""
    before, state = session.arena.copy(), session.state.copy()
    done = len(session.program.rows) if rows is None else rows
    session.run_rows(0, done)
    now = session.arena.copy()
    return Scene(session.experiment, session.material, session.program, before, now, state, done)


def trained(experiment: Experiment, dtype: Precision, steps: int = 3) -> Scene:
    """A whole step of training after some others."""
    session = Session(experiment, dtype)
    session.run(steps=steps)
    return scene_of(session)


def used(session: Session) -> Scene:
    """A forward-only program that has run for the first sample of the training part."""
    forward = Forward(session.experiment.task, session.material.plan, 1)
    start, end = session.program.network.published
    forward.published[:] = session.arena[start:end]
    forward.set_inputs(session.material.training.inputs[:1])
    forward.run()
    program = forward.program
    arena = forward.arena
    return Scene(
        session.experiment,
        session.material,
        program,
        arena,
        arena,
        new_state(),
        len(program.rows),
    )


def quantities(scene: Scene, each: int, seed: int = 1) -> Iterator[Quantity]:
    """At most `each` numbers of every kind and layer, chosen at random, from what is computed."""
    anatomy, generator = Anatomy(scene), np.random.default_rng(seed)
    blocks, network = scene.program.plan.blocks, scene.program.network
    trains = any(row.phase == "backward" for row in scene.program.rows)

    def some(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
        size = int(np.prod(shape))
        chosen = generator.choice(size, min(size, each), replace=False)
        return [tuple(int(axis) for axis in np.unravel_index(one, shape)) for one in chosen]

    for name, block in network.outputs.items():
        sums = anatomy.node(name).layer.sum_blocks() is not None
        goes_back = trains and f"{anatomy.root(name)}.grad_output" in blocks
        for place in some(block.shape):
            at = (place[:-1], place[-1])
            yield Quantity("output", name, "", *at)
            if sums:
                yield Quantity("sum", name, "", *at)
            if goes_back:
                yield Quantity("output_gradient", name, "", *at)
            if goes_back and sums:
                yield Quantity("sum_gradient", name, "", *at)
    for key, block in network.parameters.items():
        layer, _, parameter = key.partition(".")
        for index in some(block.shape):
            yield Quantity("parameter", layer, parameter, index)
            if trains:
                yield Quantity("parameter_gradient", layer, parameter, index)
    if trains:
        yield Quantity("loss")
        for (sample,) in some((anatomy.batch(),)):
            yield Quantity("loss", sample=sample)


def checked(scene: Scene, quantity: Quantity) -> Explanation:
    """The explanation of a number, which lines, terms and arena agree about."""
    explanation = explain(scene, quantity)
    assert explanation.quantity == quantity
    line, terms = explanation.lines[-1], explanation.terms
    parts = [abs(term.value) for term in terms]
    old = [abs(explanation.lines[0].value)] if quantity.kind == "parameter" else []
    scale = max(abs(explanation.value), *parts, *old, 0.0)
    near = TOLERANCE[scene.program.dtype.name] * scale + SMALLEST
    assert abs(line.value - explanation.value) <= near, (quantity, explanation)
    if terms:
        total = sum(term.value for term in terms)
        assert abs(total - line.value) <= 1e-12 * (sum(parts) + SMALLEST), quantity
    return explanation
