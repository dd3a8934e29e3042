"""What a data source yields and what a preprocessing step does.

Guarded by tests/engine/test_data.py.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from engine.catalog import Described
from engine.text import Text

Problem = Literal["classification", "regression"]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Dataset:
    """Samples with their answers, as a person would describe them; nothing is scaled or encoded.

    Attributes:
        inputs: float32 `(samples, *shape)`; a plane point is `(samples, 2)`, a digit
            `(samples, 28, 28)`.
        targets: classification: int class numbers `(samples,)`; regression: float32
            `(samples, outputs)`.
        problem: what the targets are.
        features: one name an input feature (empty for images).
        classes: one name a class (empty for regression).
        domain: `(low, high)` of every feature for plots of the input plane, `(features, 2)`; `None`
            where the inputs are neither a line nor a plane.
        training: number of leading samples that are the training part by tradition (MNIST: 8,000);
            `None` lets the experiment's `validation_share` decide.
    """

    inputs: Floats
    targets: NDArray[Any]
    problem: Problem
    features: tuple[Text, ...] = ()
    classes: tuple[Text, ...] = ()
    domain: Floats | None = None
    training: int | None = None

    def with_inputs(self, inputs: Floats) -> Dataset:
        """The same samples with other inputs."""
        return replace(self, inputs=inputs)


class Source(Described):
    """Where samples come from: a generator, a shipped file or the user's own points."""

    family: ClassVar[str] = "source"
    problem: ClassVar[Problem]
    shape: ClassVar[tuple[int, ...]]
    """Shape of one sample before preprocessing."""
    has_own_split: ClassVar[bool] = False
    """Whether the set comes with its validation part, so that neither share nor seed choose it."""

    @abstractmethod
    def load(self, seed: int) -> Dataset:
        """All samples, in an order that depends only on the fields and on `seed`."""

    @classmethod
    def traits(cls) -> dict[str, Any]:
        """Problem, shape and split, for the catalog."""
        return {
            "problem": cls.problem,
            "shape": list(cls.shape),
            "has_own_split": cls.has_own_split,
        }


class Step(Described):
    """One visible preprocessing step. It is fitted on the training part only."""

    family: ClassVar[str] = "preprocessing"

    @abstractmethod
    def fit(self, inputs: Floats) -> Any:
        """What the step learns from the training inputs `(samples, *shape)`; `None` if nothing."""

    @abstractmethod
    def apply(self, inputs: Floats, fitted: Any) -> Floats:
        """Transformed float32 inputs `(samples, *new_shape)`; `inputs` is left as it was."""

    @abstractmethod
    def names(self, features: tuple[Text, ...]) -> tuple[Text, ...]:
        """Names of the features after the step."""
