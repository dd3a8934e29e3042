"""Each data set holds what its name says, and can be learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data.dataset import Floats, Source
from engine.data.preparation import Prepared, prepare
from engine.data.preprocessing.standardize import Standardize
from engine.data.shipped import read_digits

PLANE = ("circle", "xor", "gaussians", "spiral", "moons", "rings", "checkerboard")
FUNCTIONS = ("sine", "steps", "polynomial", "plane", "multi_gaussian")


def make(kind: str, **fields: Any) -> Source:
    source: Source = Source.registry[kind](**fields)
    return source


def nearest(prepared: Prepared, neighbours: int = 1) -> NDArray[np.int64]:
    """For each validation sample, the closest training samples `(samples, neighbours)`."""
    known = prepared.training_inputs.reshape(len(prepared.training_inputs), -1)
    asked = prepared.validation_inputs.reshape(len(prepared.validation_inputs), -1)
    squared = (known**2).sum(axis=1) - 2 * asked @ known.T
    return np.argsort(squared, axis=1)[:, :neighbours]


def neighbour_accuracy(prepared: Prepared) -> float:
    guesses = prepared.training_targets[nearest(prepared)[:, 0]]
    return float(np.mean(guesses == prepared.validation_targets))


@pytest.mark.parametrize("kind", PLANE)
def test_a_neighbour_tells_the_class_at_the_default_noise(kind: str) -> None:
    prepared = prepare(make(kind).load(3), [], 0.5, 3)
    assert neighbour_accuracy(prepared) > 0.9


@pytest.mark.parametrize("kind", PLANE)
def test_much_noise_makes_it_harder(kind: str) -> None:
    clean = prepare(make(kind, noise=0.0).load(3), [], 0.5, 3)
    noisy = prepare(make(kind, noise=1.0).load(3), [], 0.5, 3)
    assert neighbour_accuracy(noisy) < neighbour_accuracy(clean) - 0.02


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_neighbours_tell_the_value_at_the_default_noise(kind: str) -> None:
    prepared = prepare(make(kind, samples=2000).load(3), [], 0.5, 3)
    guesses = prepared.training_targets[nearest(prepared, 5)].mean(axis=1)
    unexplained = np.var(prepared.validation_targets - guesses)
    assert unexplained < 0.25 * np.var(prepared.validation_targets)


@pytest.mark.parametrize("kind", PLANE)
@pytest.mark.parametrize("samples", [11, 500])
def test_classes_on_the_plane_are_equally_frequent(kind: str, samples: int) -> None:
    targets = make(kind, samples=samples).load(1).targets
    counts = np.bincount(targets)
    assert counts.sum() == samples
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("kind", [*PLANE, *FUNCTIONS])
def test_turning_the_noise_moves_the_same_samples(kind: str) -> None:
    little, more = make(kind, noise=0.1).load(5), make(kind, noise=0.11).load(5)
    assert np.abs(little.inputs - more.inputs).max() < 0.1
    assert np.abs(little.targets - more.targets).max() < 0.1


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_true_values_lie_about_between_minus_one_and_one(kind: str) -> None:
    targets = make(kind, noise=0.0, samples=5000).load(1).targets
    assert np.abs(targets).max() < 1.05
    assert targets.max() > 0.9
    assert targets.min() < -0.9


def clean(kind: str, **fields: Any) -> tuple[Floats, NDArray[Any]]:
    dataset = make(kind, noise=0.0, samples=2000, **fields).load(1)
    return dataset.inputs, dataset.targets


def test_circle_is_a_disc_in_a_ring() -> None:
    points, labels = clean("circle")
    assert np.array_equal(np.hypot(*points.T) < 3, labels == 1)


def test_xor_joins_opposite_quadrants() -> None:
    points, labels = clean("xor")
    assert np.array_equal(points[:, 0] * points[:, 1] > 0, labels == 1)
    assert len({tuple(signs) for signs in np.sign(points)}) == 4


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_gaussians_have_a_cloud_for_each_class(classes: int) -> None:
    points, labels = clean("gaussians", classes=classes)
    centres = np.array([points[labels == label].mean(axis=0) for label in range(classes)])
    assert np.allclose(np.hypot(*centres.T), 3.5, atol=0.15)
    distances = np.linalg.norm(points[:, np.newaxis] - centres, axis=2)
    assert np.mean(np.argmin(distances, axis=1) == labels) > 0.98


@pytest.mark.parametrize("turns", [0.5, 1.75, 3.0])
def test_spiral_arms_wind_as_often_as_asked(turns: float) -> None:
    points, labels = clean("spiral", turns=turns)
    radius = np.hypot(*points.T)
    # Along an arm the angle is proportional to the radius; half a turn parts the arms.
    expected = 2 * np.pi * turns * radius / 5 + np.pi * labels
    along = np.column_stack((np.sin(expected), np.cos(expected))) * radius[:, np.newaxis]
    assert np.allclose(points, along, atol=1e-4)
    assert radius.max() == pytest.approx(5, abs=0.02)


def test_moons_reach_into_each_other() -> None:
    points, labels = clean("moons")
    upper, lower = points[labels == 0], points[labels == 1]
    assert upper[:, 0].max() > lower[:, 0].min()
    assert upper[:, 1].min() < lower[:, 1].max()
    assert np.allclose(np.hypot(*(upper - [-1.5, -0.75]).T), 3, atol=1e-5)


@pytest.mark.parametrize("rings", [2, 5])
def test_rings_alternate(rings: int) -> None:
    points, labels = clean("rings", rings=rings)
    numbers = np.rint(np.hypot(*points.T) * rings / 5).astype(int) - 1
    assert set(numbers) == set(range(rings))
    assert np.array_equal(numbers % 2, labels)


@pytest.mark.parametrize("tiles", [2, 3, 6])
def test_checkerboard_tiles_alternate(tiles: int) -> None:
    points, labels = clean("checkerboard", tiles=tiles)
    cells = np.floor((points + 6) * tiles / 12).astype(int)
    assert len({tuple(cell) for cell in cells}) == tiles**2
    assert np.array_equal(cells.sum(axis=1) % 2, labels)


def test_the_functions_are_those_of_their_formulas() -> None:
    inputs, targets = clean("sine", frequency=2.0)
    assert np.allclose(targets, np.sin(2 * inputs), atol=1e-5)
    inputs, targets = clean("polynomial", degree=2)
    assert np.allclose(targets, 2 * (inputs / 6) ** 2 - 1, atol=1e-5)
    inputs, targets = clean("plane")
    assert np.allclose(targets[:, 0], inputs.sum(axis=1) / 12, atol=1e-6)
    inputs, targets = clean("steps", steps=2)
    assert np.array_equal(targets, np.where(inputs < -2, -1, np.where(inputs < 2, 0, 1)))


def test_the_six_bumps_alternate() -> None:
    inputs, targets = clean("multi_gaussian")
    for centre, height in (((-4, 2.5), 1), ((0, 2.5), -1), ((4, -2.5), -1), ((0, -2.5), 1)):
        near = np.linalg.norm(inputs - centre, axis=1) < 0.5
        assert np.allclose(targets[near], height, atol=0.15)


@pytest.mark.parametrize(("kind", "counts"), [("iris", [50, 50, 50]), ("penguins", [151, 68, 123])])
def test_the_tables_are_whole_and_learnable(kind: str, counts: list[int]) -> None:
    dataset = make(kind).load(1)
    assert np.bincount(dataset.targets).tolist() == counts
    assert neighbour_accuracy(prepare(dataset, [Standardize()], 0.3, 1)) > 0.9


def test_known_flowers_and_birds() -> None:
    iris, penguins = make("iris").load(1), make("penguins").load(1)
    assert iris.inputs[0].tolist() == pytest.approx([5.1, 3.5, 1.4, 0.2])
    # The two rows in which a widely copied version of the table differs from Fisher's paper.
    assert iris.inputs[34].tolist() == pytest.approx([4.9, 3.1, 1.5, 0.2])
    assert iris.inputs[37].tolist() == pytest.approx([4.9, 3.6, 1.4, 0.1])
    assert penguins.inputs[0].tolist() == pytest.approx([39.1, 18.7, 181, 3750])
    assert penguins.classes[penguins.targets[-1]].en == "gentoo"


def test_mnist_is_whole_balanced_and_learnable() -> None:
    dataset = make("mnist").load(1)
    assert dataset.inputs.shape == (10000, 28, 28)
    assert (dataset.inputs.min(), dataset.inputs.max()) == (0, 1)
    prepared = prepare(dataset, [], 0.5, 1)
    assert (len(prepared.training_inputs), len(prepared.validation_inputs)) == (8000, 2000)
    shares = np.bincount(prepared.validation_targets) / np.bincount(dataset.targets)
    assert np.allclose(shares, 0.2, atol=0.001)
    few = prepare(dataset_head(dataset.inputs, dataset.targets), [], 0.5, 1)
    assert neighbour_accuracy(few) > 0.85


def dataset_head(inputs: Floats, targets: NDArray[Any]) -> Any:
    """2,000 digits of the training part and 500 of the validation part."""
    rows = np.r_[0:2000, 8000:8500]
    mnist = make("mnist").load(1)
    return type(mnist)(inputs[rows], targets[rows], "classification", training=2000)


def test_mnist_parts_share_no_picture_and_are_mixed() -> None:
    pictures, digits = read_digits("mnist.npz")
    assert len({picture.tobytes() for picture in pictures}) == 10000
    for part in (digits[:8000], digits[8000:]):
        for piece in np.array_split(part, 10):
            assert np.bincount(piece, minlength=10).min() > 0.04 * piece.size


def test_files_are_read_once_and_cannot_be_written_to() -> None:
    first, second = make("mnist").load(1), make("mnist").load(2)
    assert first.inputs is second.inputs
    with pytest.raises(ValueError, match="read-only"):
        first.inputs[0] = 0
