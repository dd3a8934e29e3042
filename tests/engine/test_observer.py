"""What is seen is what is there: maps, values, predictions and measurements of one step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine import presets
from engine.activations.tanh import Tanh
from engine.errors import DataError
from engine.observer import Observation, Observer, Tensor
from engine.observer.observer import GALLERY, LINE_RESOLUTION, PLANE_RESOLUTION, grid
from engine.observer.specs import MOST_MAPS
from engine.presets.preset import dense_chain
from engine.scheduler import Scheduler
from engine.session import Part, Session
from tests.engine.harness import Array
from tests.engine.test_divergence import CASES
from tests.engine.waiting import wait_until

PRESETS = ("spiral", "skip", "curve", "surface", "iris", "mnist")


def trained(name: str, steps: int = 60) -> Session:
    session = Session(presets.load(name))
    session.run(steps=steps)
    return session


def key(observer: Observer, layer: str, quantity: str) -> int:
    return next(
        number
        for number, spec in enumerate(observer.tensors)
        if (spec.layer, spec.quantity) == (layer, quantity)
    )


def look(observer: Observer, layer: str, quantity: str) -> Tensor:
    (tensor,) = observer.observe([key(observer, layer, quantity)]).tensors
    return tensor


def values_of(tensor: Tensor) -> Array:
    return tensor.low + (tensor.high - tensor.low) * tensor.array.astype(np.float64) / 255


def everything(observer: Observer) -> Observation:
    return observer.observe(range(len(observer.tensors)))


def kept(seen: Observation) -> tuple[Tensor, ...]:
    """Copies of the arrays, which the next look overwrites."""
    return tuple(replace(tensor, array=tensor.array.copy()) for tensor in seen.tensors)


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    running = Scheduler(2)
    running.start()
    yield running
    running.stop()


@pytest.mark.parametrize("name", PRESETS)
def test_every_tensor_has_the_form_that_was_announced(name: str) -> None:
    observer = Observer(trained(name))
    seen = everything(observer)
    assert [tensor.key for tensor in seen.tensors] == list(range(len(observer.tensors)))
    for spec, tensor in zip(observer.tensors, seen.tensors, strict=True):
        assert tensor.array.shape == spec.shape
        assert tensor.array.dtype == spec.dtype
        assert tensor.array.flags.c_contiguous
        assert tensor.low < tensor.high
    names = [(spec.layer, spec.quantity) for spec in observer.tensors]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ["spiral", "skip", "surface"])
def test_a_map_shows_every_layer_over_the_plane_top_row_first(name: str) -> None:
    session = trained(name)
    observer = Observer(session)
    domain = observer.domain
    assert domain is not None
    assert observer.resolution == PLANE_RESOLUTION
    size = (domain[:, 1] - domain[:, 0]) / PLANE_RESOLUTION
    for row, column in ((0, 0), (0, 31), (31, 0), (7, 20)):
        x1 = domain[0, 0] + (column + 0.5) * size[0]
        x2 = domain[1, 1] - (row + 0.5) * size[1]
        point = np.array([[x1, x2]], np.float32)
        answer = look(observer, "output", "map")
        step = (answer.high - answer.low) / 255
        assert values_of(answer)[:, row, column] == pytest.approx(
            np.clip(session.predict(point)[0], answer.low, answer.high), abs=0.51 * step + 1e-6
        )
        inner = look(observer, "hidden1", "map")
        weights, bias = (session.parameters()[f"hidden1.{part}"] for part in ("weights", "bias"))
        expected = np.tanh(weights @ session.prepared.transform(point)[0] + bias)
        step = (inner.high - inner.low) / 255
        np.testing.assert_allclose(
            values_of(inner)[:, row, column], expected, atol=0.51 * step + 1e-6
        )


def test_a_map_of_one_input_runs_from_left_to_right() -> None:
    session = trained("curve")
    observer = Observer(session)
    domain = observer.domain
    assert domain is not None
    assert observer.resolution == LINE_RESOLUTION
    points = grid(domain, LINE_RESOLUTION)
    assert points.shape == (LINE_RESOLUTION, 1)
    assert np.all(np.diff(points[:, 0]) > 0)
    answer = look(observer, "output", "map")
    expected = session.predict(points)[:, 0]
    step = (answer.high - answer.low) / 255
    np.testing.assert_allclose(values_of(answer)[0], expected, atol=0.51 * step + 1e-6)


def test_scales_are_symmetric_and_probabilities_run_from_zero_to_one() -> None:
    observer = Observer(trained("spiral"))
    output = look(observer, "output", "map")
    assert (output.low, output.high) == (0, 1)
    bounded = look(observer, "hidden1", "map")
    assert (bounded.low, bounded.high) == (-1, 1), "tanh stays within one"
    free = look(observer, "answer", "map")
    assert free.low == -free.high
    assert {0, 255} & set(np.unique(free.array)), "the scale is used to its end"


def test_wide_layers_and_pictures_have_no_maps() -> None:
    experiment = presets.load("spiral")
    wide = dense_chain((MOST_MAPS + 1, MOST_MAPS), Tanh(), 1)
    observer = Observer(Session(experiment.model_copy(update={"graph": wide})))
    maps = {spec.layer for spec in observer.tensors if spec.quantity == "map"}
    assert "hidden1" not in maps
    assert {"input", "hidden2", "output"} <= maps
    digits = Observer(Session(presets.load("mnist")))
    assert digits.domain is None
    assert digits.resolution == 0
    assert not [spec for spec in digits.tensors if spec.quantity == "map"]


@pytest.mark.parametrize("name", PRESETS)
def test_parameters_and_gradients_are_those_of_the_session(name: str) -> None:
    session = trained(name)
    observer = Observer(session)
    parameters, gradients = session.parameters(), session.gradients()
    met = 0
    for number, spec in enumerate(observer.tensors):
        part = {"weight_gradient": "weights", "bias_gradient": "bias"}.get(spec.quantity, "")
        found = observer.observe([number]).tensors[0].array
        if spec.quantity in ("weights", "bias"):
            assert np.array_equal(found, parameters[f"{spec.layer}.{spec.quantity}"])
            met += 1
        elif part:
            assert np.array_equal(found, gradients[f"{spec.layer}.{part}"])
            met += 1
        elif spec.quantity == "link":
            arrays = (parameters[f"{spec.layer}.weights"], gradients[f"{spec.layer}.weights"])
            expected = [np.sqrt((array.astype(np.float64) ** 2).mean()) for array in arrays]
            np.testing.assert_allclose(found, expected, rtol=1e-4)
            met += 1
    assert met >= 5


@pytest.mark.parametrize("name", ["mnist", "iris", "curve"])
def test_the_gallery_shows_the_predictions_for_its_samples(name: str) -> None:
    session = trained(name)
    observer = Observer(session)
    assert len(observer.gallery) == min(GALLERY, len(session.prepared.validation_inputs))
    found = look(observer, "output", "prediction").array
    samples = session.prepared.raw_validation_inputs[list(observer.gallery)]
    np.testing.assert_allclose(found, session.predict(samples), atol=1e-6)


@pytest.mark.parametrize("name", ["spiral", "mnist", "curve"])
def test_activations_are_those_of_the_sample_that_is_looked_at(name: str) -> None:
    session = trained(name)
    observer = Observer(session)
    prepared = session.prepared
    seen = []
    parts: tuple[tuple[Part, int, Array, Array], ...] = (
        ("training", 3, prepared.raw_training_inputs, prepared.training_targets),
        ("validation", 5, prepared.raw_validation_inputs, prepared.validation_targets),
    )
    for part, sample, raw, targets in parts:
        inspection = observer.inspect(part, sample)
        assert (inspection.part, inspection.sample) == (part, sample)
        assert inspection.target == float(np.ravel(targets[sample])[0])
        answer = look(observer, "output", "activation").array
        expected = session.predict(raw[sample : sample + 1])[0]
        np.testing.assert_allclose(answer.ravel(), expected, atol=1e-6)
        inputs = look(observer, "input", "activation").array
        assert np.array_equal(inputs, prepared.transform(raw[sample : sample + 1])[0])
        seen.append(answer.tobytes())
        drawn = observer.inspect_values(raw[sample].ravel().tolist())
        assert (drawn.part, drawn.sample, drawn.target) == ("drawn", None, None)
        np.testing.assert_allclose(look(observer, "output", "activation").array, answer, atol=1e-6)
    assert len(set(seen)) == 2


def test_the_first_sample_is_looked_at_without_asking() -> None:
    session = trained("spiral")
    observer = Observer(session)
    assert (observer.inspection.part, observer.inspection.sample) == ("validation", 0)
    answer = look(observer, "output", "activation").array
    expected = session.predict(session.prepared.raw_validation_inputs[:1])
    np.testing.assert_allclose(answer, expected[0], atol=1e-6)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([1.0], "wrong_inputs"),
        ([1.0, 2.0, 3.0], "wrong_inputs"),
        ([], "wrong_inputs"),
        ([float("nan"), 1.0], "not_finite"),
        ([1.0, float("inf")], "not_finite"),
        ([1.0, 1e39], "not_finite"),
    ],
)
def test_samples_by_hand_that_do_not_fit_are_refused(values: list[float], code: str) -> None:
    observer = Observer(trained("spiral"))
    before = observer.inspection
    with pytest.raises(DataError) as caught:
        observer.inspect_values(values)
    assert caught.value.code == code
    assert observer.inspection is before


@pytest.mark.parametrize("sample", [-1, 250, 10**9])
def test_a_sample_that_does_not_exist_is_refused(sample: int) -> None:
    observer = Observer(trained("spiral"))
    before = observer.inspection
    with pytest.raises(DataError) as caught:
        observer.inspect("validation", sample)
    assert (caught.value.code, caught.value.where) == ("no_such_sample", "sample")
    assert caught.value.allowed == "0 … 249"
    assert observer.inspection is before


@pytest.mark.parametrize("name", ["spiral", "curve", "iris"])
def test_measurements_are_those_of_the_session(name: str) -> None:
    session = trained(name)
    found = Observer(session).evaluate()
    assert found["step"] == session.step
    for part in ("training", "validation"):
        expected = session.evaluate(part)
        assert found[part]["loss"] == pytest.approx(expected["loss"], rel=1e-6)
        assert found[part]["accuracy"] == expected.get("accuracy")


def test_data_without_a_validation_part_can_be_observed() -> None:
    document: dict[str, Any] = presets.load("spiral").model_dump()
    document["data"]["validation_share"] = 0
    experiment = type(presets.load("spiral")).model_validate(document)
    observer = Observer(Session(experiment))
    assert observer.gallery == ()
    assert observer.inspection.part == "training"
    assert observer.evaluate()["validation"] is None
    assert "prediction" not in {spec.quantity for spec in observer.tensors}
    everything(observer)


def test_unknown_keys_are_left_out() -> None:
    observer = Observer(trained("spiral"))
    seen = observer.observe([3, 10_000, 0])
    assert [tensor.key for tensor in seen.tensors] == [0, 3]


def test_observing_shows_the_present_step_of_a_session_that_stands_still() -> None:
    session = trained("spiral", 10)
    observer = Observer(session)
    for _ in range(3):
        seen = observer.observe([key(observer, "answer", "weights")])
        assert seen.step == session.step
        assert seen.epoch == session.epoch
        assert seen.batch_loss == session.loss
        assert np.array_equal(seen.tensors[0].array, session.parameters()["answer.weights"])
        session.run(steps=7)


def test_what_is_seen_of_a_running_session_belongs_to_one_step(scheduler: Scheduler) -> None:
    """Each look is compared with a run of its own to the same step."""
    experiment = presets.load("spiral")
    session = Session(experiment)
    place = scheduler.add(session)
    observer = Observer(session, place)
    place.play()
    moments: dict[int, tuple[Observation, tuple[Tensor, ...]]] = {}

    def look_around() -> bool:
        seen = everything(observer)
        moments[seen.step] = (seen, kept(seen))
        return len(moments) >= 6

    wait_until(look_around)
    place.pause()
    final = everything(observer)
    assert final.step == session.step == place.step
    moments[final.step] = (final, kept(final))
    plain = Session(experiment)
    for step, (seen, tensors) in sorted(moments.items(), key=lambda moment: moment[0]):
        plain.run(steps=step - plain.step)
        expected = everything(Observer(plain))
        assert (seen.epoch, seen.batch_loss) == (expected.epoch, expected.batch_loss)
        for one, other in zip(tensors, expected.tensors, strict=True):
            assert np.array_equal(one.array, other.array)
            assert (one.low, one.high) == (other.low, other.high)


def test_looking_changes_nothing(scheduler: Scheduler) -> None:
    experiment = presets.load("skip")
    session = Session(experiment)
    place = scheduler.add(session)
    observer = Observer(session, place)
    place.play(steps=3000)

    def look_until_done() -> bool:
        everything(observer)
        observer.evaluate()
        return not place.running

    wait_until(look_until_done)
    observer.close()
    plain = Session(experiment)
    plain.run(steps=3000)
    assert np.array_equal(session.arena, plain.arena)
    assert np.array_equal(session.state, plain.state)


def test_a_broken_network_can_be_looked_at() -> None:
    """NaN and infinity have a picture too, and nothing complains."""
    session = Session(CASES["a network of rectifiers explodes"])
    session.run(steps=5000)
    assert session.diverged
    observer = Observer(session)
    for tensor in everything(observer).tensors:
        assert np.isfinite([tensor.low, tensor.high]).all()
    observer.evaluate()
    session.metrics()
    session.predict(session.prepared.raw_training_inputs)


def test_classes_of_a_broken_network_can_be_looked_at() -> None:
    session = Session(presets.load("iris"))
    for wrong in (np.nan, np.inf, 1e38):
        for values in session.program.network.parameters.values():
            session.program.view(session.arena, values)[...] = wrong
        everything(Observer(session))
        Observer(session).evaluate()
        session.predict(session.prepared.raw_training_inputs)


def test_the_grid_is_made_of_cell_centres() -> None:
    line = grid(np.array([[0.0, 4.0]], np.float32), 4)
    assert line.tolist() == [[0.5], [1.5], [2.5], [3.5]]
    plane = grid(np.array([[0.0, 2.0], [-1.0, 1.0]], np.float32), 2)
    assert plane.tolist() == [[0.5, 0.5], [1.5, 0.5], [0.5, -0.5], [1.5, -0.5]]
