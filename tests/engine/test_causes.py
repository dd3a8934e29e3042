"""A branch is named after what was changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine import presets
from engine.activations.relu import ReLU
from engine.experiment import Experiment, Regularization, Seeds
from engine.graph import Clamp
from engine.layers.dense import Dense
from engine.losses.mean_squared_error import MeanSquaredError
from engine.optimizers.adam import Adam
from engine.optimizers.momentum import Momentum
from engine.presets.preset import chain
from engine.timeline.causes import describe_change
from tests.engine.experiments import with_dropout

Change = Callable[[Experiment], Experiment]


def update(**values: object) -> Change:
    return lambda experiment: experiment.model_copy(update=values)


def layers(*parts: tuple[str, Dense]) -> Change:
    return update(graph=chain(*parts))


HIDDEN = ("hidden", Dense(units=4))
ANSWER = ("answer", Dense(units=1))


@pytest.mark.parametrize(
    ("change", "english", "chinese"),
    [
        (
            update(optimizer=Adam(learning_rate=0.1)),
            "Learning rate 0.01 → 0.1",
            "学习率 0.01 → 0.1",
        ),
        (update(optimizer=Momentum()), "Optimizer: Momentum", "优化器：动量"),
        (update(batch_size=20), "Batch size 7 → 20", "批大小 7 → 20"),
        (update(loss=MeanSquaredError()), "Loss: Mean squared error", "损失：均方误差"),
        (update(regularization=Regularization(l1=0.001)), "L2 0.002 → 0", "L2 正则 0.002 → 0"),
        (update(seeds=Seeds(data=5)), "Other seeds", "更换随机种子"),
        (update(title="another name"), "a copy", "副本"),
        (
            update(optimizer=Adam(learning_rate=1.0), batch_size=1, seeds=Seeds(data=2)),
            "Learning rate 0.01 → 1, Batch size 7 → 1, 1 more",
            "学习率 0.01 → 1、批大小 7 → 1等 3 处",
        ),
    ],
)
def test_a_change_is_named_by_what_the_form_calls_it(
    change: Change, english: str, chinese: str
) -> None:
    text = describe_change(with_dropout(), change(with_dropout()))
    assert (text.en, text.zh) == (english, chinese)


def operated(**values: object) -> Change:
    """Something done to the first hidden layer by hand."""

    def change(experiment: Experiment) -> Experiment:
        nodes = tuple(
            node.model_copy(update=values) if node.name == "hidden" else node
            for node in experiment.graph.nodes
        )
        graph = experiment.graph.model_copy(update={"nodes": nodes})
        return experiment.model_copy(update={"graph": graph})

    return change


@pytest.mark.parametrize(
    ("change", "english"),
    [
        (operated(frozen=True), "hidden frozen"),
        (operated(clamps=(Clamp(unit=2, value=0.5),)), "hidden: unit 3 held at 0.5"),
        (layers(HIDDEN, ("more", Dense(units=2)), ANSWER), "more added"),
        (layers(ANSWER), "hidden removed"),
        (layers(("hidden", Dense(units=9)), ANSWER), "hidden: Units 4 → 9"),
        (layers(("hidden", Dense(units=4, activation=ReLU())), ANSWER), "hidden: Activation: ReLU"),
    ],
)
def test_a_change_of_the_network_names_the_layer(change: Change, english: str) -> None:
    before = layers(HIDDEN, ANSWER)(presets.load("spiral"))
    assert describe_change(before, change(before)).en == english


def test_what_is_given_free_again_is_named_too() -> None:
    before = layers(HIDDEN, ANSWER)(presets.load("spiral"))
    held = operated(frozen=True, clamps=(Clamp(unit=2, value=0.5),))(before)
    assert describe_change(held, before).en == "hidden thawed, hidden: unit 3 released"
