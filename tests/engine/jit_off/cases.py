"""Short training runs that together touch every kernel; see `test_jit_off.py`.

`python -m tests.engine.jit_off.cases FILE` runs them in this process, in which the JIT was switched
off by `NUMBA_DISABLE_JIT=1`, and writes the results and the missed lines of every kernel to `FILE`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import coverage
import numpy as np

from engine import presets
from engine.activations import Activation
from engine.breakpoints import Lookout
from engine.breakpoints.conditions.at_step import AtStep
from engine.breakpoints.conditions.gradient_leaves_band import GradientLeavesBand
from engine.breakpoints.conditions.loss_rises import LossRises
from engine.breakpoints.conditions.numbers_run_away import NumbersRunAway
from engine.breakpoints.conditions.unit_dies import UnitDies
from engine.data.sources import Spiral
from engine.experiment import Data, Experiment, Regularization
from engine.graph import Clamp
from engine.kernels.abi import COMPILED, FLAGS, OPS
from engine.layers import Layer
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.shapes import Flatten
from engine.losses import Loss
from engine.observer import Observer
from engine.optimizers import Optimizer
from engine.presets.preset import chain
from engine.program.builder import Samples
from engine.program.executor import run
from engine.session import Session
from tests.engine.harness import Trainer, random_samples
from tests.engine.walk import accepted, network_around, problems_for

ENGINE = Path(__file__).resolve().parents[3] / "engine"
STEPS = 5


def train_layer(member: type[Layer]) -> list[float]:
    """A network around one layer."""
    layer = member()
    graph = network_around(layer, accepted(layer)[0])
    return trained(Trainer(graph, random_samples((3,), 2, 7), batch=5))


def train_pictures() -> list[float]:
    """Samples so wide that they are fetched by the vector."""
    graph = chain(("flat", Flatten()), ("answer", Dense(units=2)))
    return trained(Trainer(graph, random_samples((9, 8), 2, 7), batch=5))


def train_held() -> list[float]:
    """A unit that is held by hand."""
    graph = chain(("hidden", Dense(units=3)), ("answer", Dense(units=2)))
    held = {"hidden": {"clamps": (Clamp(unit=1, value=0.5),)}}
    nodes = tuple(node.model_copy(update=held.get(node.name, {})) for node in graph.nodes)
    graph = graph.model_copy(update={"nodes": nodes})
    return trained(Trainer(graph, random_samples((3,), 2, 7), batch=5))


def train_activation(member: type[Activation]) -> list[float]:
    """Two layers with this activation."""
    graph = chain(
        ("hidden1", Dense(units=4, activation=member())),
        ("hidden2", Dense(units=3, activation=member())),
        ("answer", Dense(units=2)),
    )
    return trained(Trainer(graph, random_samples((3,), 2, 7), batch=5))


def train_loss(member: type[Loss]) -> list[float]:
    """Every problem that the loss is for, and how it takes NaN."""
    found = []
    for dataset in problems_for(member(), 7):
        targets = member().encode(dataset, dataset.targets)
        graph = chain(("answer", Dense(units=targets.shape[1])))
        trainer = Trainer(graph, Samples(dataset.inputs, targets), member(), batch=5)
        found.extend(trained(trainer))
        trainer.parameters[:] = np.nan
        trainer.measure()
        found.append(float(trainer.state[FLAGS]))
    return found


def train_optimizer(member: type[Optimizer]) -> list[float]:
    """A session with penalties and dropout, measured and used as well."""
    experiment = Experiment(
        data=Data(source=Spiral(samples=31)),
        graph=chain(
            ("hidden", Dense(units=5, activation=Activation.registry["tanh"]())),
            ("drop", Dropout(rate=0.3)),
            ("answer", Dense(units=1)),
        ),
        optimizer=member(),
        regularization=Regularization(l1=0.01, l2=0.02),
        batch_size=7,
    )
    session = Session(experiment, dtype="float64")
    session.run(steps=STEPS)
    metrics = session.metrics()
    answers = session.predict(np.array([[0.5, -2.0], [3.0, 1.0]]))
    found = [*metrics["train"].values(), *metrics["validation"].values(), *answers.ravel()]
    found.extend(value for array in session.parameters().values() for value in array.ravel())
    return [float(value) for value in found]


def observe(preset: str) -> list[float]:
    """Everything that can be seen of a network."""
    session = Session(presets.load(preset), dtype="float64")
    session.run(steps=STEPS)
    observer = Observer(session)
    tensors = observer.observe(range(len(observer.tensors))).tensors
    found = [tensor.low for tensor in tensors] + [tensor.high for tensor in tensors]
    return found + [float(value) for tensor in tensors for value in tensor.array.ravel()]


def watch() -> list[float]:
    """Every gauge, with bands that are left now and then."""
    session = Session(presets.load("moons"), dtype="float64")
    bands = (LossRises(factor=1.05, steps=3), GradientLeavesBand(low=0.2, high=0.6))
    lookout = Lookout(session, (*bands, UnitDies(steps=2), NumbersRunAway(), AtStep(step=2)))
    found: list[float] = []
    for _ in range(4 * STEPS):
        run(session.arena, lookout.table, session.state, 1)
        stopped = lookout.reason() is not None
        found.extend((float(stopped), *lookout.readings()))
    return found


def trained(trainer: Trainer) -> list[float]:
    """The parameters after a few steps."""
    trainer.draw(seed=2)
    assert trainer.train(STEPS) == STEPS
    return [float(value) for value in trainer.parameters]


def cases() -> dict[str, Callable[[], list[float]]]:
    """Every run by name: one for each member of the families that have kernels."""
    found: dict[str, Callable[[], list[float]]] = {
        "pictures": train_pictures,
        "held": train_held,
        "gauges": watch,
    }
    for preset in ("xor", "iris"):
        found[f"observed-{preset}"] = partial(observe, preset)
    for kind, layer in Layer.registry.items():
        if layer.input_ports and layer.output_ports:
            found[f"layer-{kind}"] = partial(train_layer, layer)
    for kind, activation in Activation.registry.items():
        found[f"activation-{kind}"] = partial(train_activation, activation)
    for kind, loss in Loss.registry.items():
        found[f"loss-{kind}"] = partial(train_loss, loss)
    for kind, optimizer in Optimizer.registry.items():
        found[f"optimizer-{kind}"] = partial(train_optimizer, optimizer)
    return found


def missed_lines(measured: coverage.CoverageData) -> dict[str, list[int]]:
    """For every op the lines of its body that were not executed."""
    found = {}
    for name, op in OPS.items():
        code = op.function.__code__
        lines = {line for _, _, line in code.co_lines() if line} - {code.co_firstlineno}
        found[name] = sorted(lines - set(measured.lines(code.co_filename) or ()))
    return found


def main(target: str) -> None:
    """Run everything under coverage and write what was found as JSON."""
    assert not COMPILED, "NUMBA_DISABLE_JIT=1 is missing"
    watch = coverage.Coverage(data_file=None, include=[str(ENGINE / "*")], config_file=False)
    watch.start()
    results = {name: run() for name, run in cases().items()}
    watch.stop()
    document = {"results": results, "missed": missed_lines(watch.get_data())}
    Path(target).write_text(json.dumps(document))


if __name__ == "__main__":
    main(sys.argv[1])
