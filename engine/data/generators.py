"""What the generated data sets share: the plane they live on, their common fields, their assembly.

Guarded by tests/engine/test_data_sources.py.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.catalog import described
from engine.data.chance import generator
from engine.data.dataset import Dataset, Floats, Problem, Source
from engine.text import Text

LIMIT = 6.0
"""The plane of the toys is [−LIMIT, LIMIT]², as wide as that of TensorFlow Playground."""

LINE_FEATURES = (Text("x", "x"),)
PLANE_FEATURES = (Text("x₁", "x₁"), Text("x₂", "x₂"))

Doubles = NDArray[np.float64]
Labels = NDArray[np.int64]


def samples_field() -> Any:
    """How many samples a generator draws."""
    return described(
        500,
        Text("Samples", "样本数"),
        Text(
            "How many samples to draw, training and validation together.",
            "总共生成多少个样本，训练集和验证集合在一起。",
        ),
        minimum=10,
        maximum=5000,
        unit=Text("samples", "个样本"),
        scale="logarithmic",
    )


def scatter_field(default: float) -> Any:
    """How far points stray over the plane."""
    return described(
        default,
        Text("Noise", "噪声"),
        Text(
            "How far points stray at random: the standard deviation along each axis. "
            "0 is a clean pattern; much noise mixes the classes.",
            "点随机偏离的程度，即沿每个坐标轴的标准差。"
            "0 表示图形干净；噪声大了，各类就会混在一起。",
        ),
        minimum=0.0,
        maximum=1.0,
        unit=Text("units of the axes", "坐标单位"),
    )


def error_field(default: float) -> Any:
    """How far measured values stray from the true function."""
    return described(
        default,
        Text("Noise", "噪声"),
        Text(
            "How far the measured values stray from the true curve: their standard deviation.",
            "测得的值偏离真实曲线的程度，即标准差。",
        ),
        minimum=0.0,
        maximum=1.0,
        unit=Text("units of the target", "目标值单位"),
    )


def class_names(count: int) -> tuple[Text, ...]:
    """Names of classes that have nothing but a number."""
    return tuple(Text(f"class {label}", f"类别 {label}") for label in range(count))


def plane_domain(features: int) -> Floats:
    """`(features, 2)`: the low and high end of every axis."""
    return np.tile(np.array([-LIMIT, LIMIT], dtype=np.float32), (features, 1))


def fold(points: Doubles) -> Doubles:
    """Points that strayed off the plane, mirrored back at its border; the others as they are."""
    span = 4 * LIMIT
    mirrored = LIMIT - np.abs(np.mod(points + LIMIT, span) - 2 * LIMIT)
    return np.where(np.abs(points) > LIMIT, mirrored, points)


def spread_evenly(labels: Labels, random: np.random.Generator) -> Doubles:
    """`(samples,)` places in [0, 1) along a path: in every class evenly, with a little chance."""
    places = np.empty(labels.size)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        places[rows] = (np.arange(rows.size) + random.random(rows.size)) / rows.size
    return places


class PlaneClasses(Source):
    """Base of the sets of points on the plane, each of a class; classes are equally frequent."""

    problem: ClassVar[Problem] = "classification"
    shape: ClassVar[tuple[int, ...]] = (2,)

    samples: int = samples_field()
    noise: float = scatter_field(0.1)

    @abstractmethod
    def draw(self, labels: Labels, random: np.random.Generator) -> Doubles:
        """Clean points `(samples, 2)` for classes `(samples,)`, before noise."""

    def count_classes(self) -> int:
        """How many classes there are; two unless a set says otherwise."""
        return 2

    def deviation(self) -> float:
        """Standard deviation along each axis that noise adds."""
        return self.noise

    def load(self, seed: int) -> Dataset:
        """Points `(samples, 2)` within the plane. Turning `noise` moves the same points."""
        random = generator(seed, "samples")
        labels = np.arange(self.samples, dtype=np.int64) % self.count_classes()
        points = self.draw(labels, random)
        strayed = points + self.deviation() * random.standard_normal(points.shape)
        return Dataset(
            inputs=fold(strayed).astype(np.float32),
            targets=labels,
            problem=self.problem,
            features=PLANE_FEATURES,
            classes=class_names(self.count_classes()),
            domain=plane_domain(2),
        )


class FunctionValues(Source):
    """Base of the sets of measured values of a function over the line or the plane."""

    problem: ClassVar[Problem] = "regression"

    samples: int = samples_field()
    noise: float = error_field(0.1)

    @abstractmethod
    def evaluate(self, inputs: Doubles) -> Doubles:
        """True values `(samples,)`, about −1 … 1, at `inputs` `(samples, features)`."""

    def load(self, seed: int) -> Dataset:
        """Inputs anywhere in the domain; targets `(samples, 1)`: the true values plus noise."""
        random = generator(seed, "samples")
        features = self.shape[0]
        inputs = random.uniform(-LIMIT, LIMIT, (self.samples, features))
        values = self.evaluate(inputs) + self.noise * random.standard_normal(self.samples)
        return Dataset(
            inputs=inputs.astype(np.float32),
            targets=values.astype(np.float32)[:, np.newaxis],
            problem=self.problem,
            features=LINE_FEATURES if features == 1 else PLANE_FEATURES,
            domain=plane_domain(features),
        )
