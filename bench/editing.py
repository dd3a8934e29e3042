"""From a changed architecture to the first step of the new network, inside the engine."""

from __future__ import annotations

import time

from bench.report import Goal, Row
from bench.timing import Effort, percentile, without_collector
from engine import Experiment, Session, presets
from engine.layers.dense import Dense

LAYER = "hidden1"
WARM_UP = 20
EDITS_PER_REPEAT = 5

MEDIAN = Goal(
    "architecture edit to first step, warm, in the engine (spiral): median", "ms", 5.0, 1.0
)
WORST = Goal("architecture edit to first step, warm, in the engine (spiral): p95", "ms")
DIGITS = Goal("architecture edit to first step, warm, in the engine (MNIST): median", "ms")
GOALS = (MEDIAN, WORST, DIGITS)


def with_units(experiment: Experiment, layer: str, difference: int) -> Experiment:
    """The experiment with more (or fewer) units in a dense layer."""
    nodes = []
    for node in experiment.graph.nodes:
        if node.name == layer and isinstance(node.layer, Dense):
            wider = node.layer.model_copy(update={"units": node.layer.units + difference})
            node = node.model_copy(update={"layer": wider})
        nodes.append(node)
    graph = experiment.graph.model_copy(update={"nodes": tuple(nodes)})
    return experiment.model_copy(update={"graph": graph})


def time_edits(preset: str, count: int) -> list[float]:
    """Milliseconds of `count` edits, each with the step after it; a neuron comes, a neuron goes."""
    narrow = presets.load(preset)
    wide = with_units(narrow, LAYER, +1)
    session = Session(narrow)
    session.run(steps=100)
    times = []
    with without_collector():
        for number in range(WARM_UP + count):
            experiment = narrow if number % 2 else wide
            start = time.perf_counter()
            session.edit(experiment)
            session.run(steps=1)
            times.append((time.perf_counter() - start) * 1e3)
    return times[WARM_UP:]


def measure_editing(effort: Effort) -> list[Row]:
    """Median and 95th percentile over alternating edits."""
    count = effort.repeats * EDITS_PER_REPEAT
    plane, digits = time_edits("spiral", count), time_edits("mnist", count)
    return [
        MEDIAN.judge(percentile(plane, 0.5), note=f"{count} edits, {LAYER} with 9 and 8 units"),
        WORST.judge(percentile(plane, 0.95)),
        DIGITS.judge(percentile(digits, 0.5), note=f"p95 {percentile(digits, 0.95):.3g} ms"),
    ]
