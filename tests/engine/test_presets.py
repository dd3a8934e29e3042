"""Every preset reaches what it promises, and can be shown before it is run."""

from __future__ import annotations

import re

import pytest

from engine import presets
from engine.errors import NeurariumError
from engine.session import Session

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_reaches_its_promise(name: str) -> None:
    preset = presets.entry(name)
    session = Session(preset.experiment)
    start = session.evaluate("validation")["loss"]
    session.run(epochs=preset.promise.epochs)
    metrics = session.evaluate("validation")
    assert metrics["loss"] < 0.6 * start, "it is training that keeps the promise"
    reached = metrics[preset.promise.metric]
    if preset.promise.metric == "loss":
        assert reached <= preset.promise.bound
    else:
        assert reached >= preset.promise.bound


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_explains_itself(name: str) -> None:
    preset = presets.entry(name)
    assert preset.name == name
    assert preset.promise.metric in ("loss", "accuracy")
    for text in (preset.title, preset.help):
        assert text.en
        assert CHINESE.search(text.zh)
    assert preset.steps_per_second is None or preset.steps_per_second > 0


def test_the_menu_is_in_its_own_order_and_begins_with_the_first_visit() -> None:
    names = presets.names()
    places = [presets.entry(name).place for name in names]
    assert places == sorted(set(places))
    assert names[0] == presets.DEFAULT
    assert {"spiral", "mnist", "xor", "circle", "iris", "penguins"} <= set(names)


def test_an_unknown_preset_is_refused_with_those_that_exist() -> None:
    with pytest.raises(NeurariumError) as caught:
        presets.load("teapot")
    assert (caught.value.code, caught.value.value) == ("unknown_preset", "teapot")
    assert all(name in str(caught.value.allowed) for name in presets.names())
