"""From a data set to what an engine trains on: split, then every step fitted on the training part.

Guarded by tests/engine/test_data_preparation.py.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.catalog import kind_of
from engine.data.dataset import Dataset, Floats, Step
from engine.data.splitting import Rows, split_rows
from engine.errors import DataError
from engine.text import Text


@dataclass(frozen=True)
class FittedStep:
    """A step together with what it learned from the training part."""

    step: Step
    fitted: Any

    def apply(self, inputs: Floats) -> Floats:
        """The transformed inputs.

        Raises:
            DataError: if the result overflows.
        """
        outputs = np.ascontiguousarray(self.step.apply(inputs, self.fitted), dtype=np.float32)
        if not np.isfinite(outputs).all():
            raise _overflow(kind_of(type(self.step)))
        return outputs


@dataclass(frozen=True, eq=False)
class Prepared:
    """Both parts of a data set, ready to train on.

    All arrays are C-contiguous. Where a part is an unchanged run of the data set's own samples, its
    array is a view of them and may be read-only.

    Attributes:
        dataset: the original.
        training_rows, validation_rows: where each sample stands in the original, `(samples,)`.
        training_inputs, validation_inputs: float32 `(samples, *shape)`, after the steps.
        training_targets, validation_targets: as in `Dataset`, `(samples, …)`.
        raw_training_inputs, raw_validation_inputs: float32, before the steps, for plots.
        features: names of the features after the steps; empty for pictures.
        steps: the fitted steps.
    """

    dataset: Dataset
    training_rows: Rows
    validation_rows: Rows
    training_inputs: Floats
    training_targets: NDArray[Any]
    validation_inputs: Floats
    validation_targets: NDArray[Any]
    raw_training_inputs: Floats
    raw_validation_inputs: Floats
    features: tuple[Text, ...]
    steps: tuple[FittedStep, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample after the steps."""
        return self.training_inputs.shape[1:]

    def raw_sample(self, values: Collection[float]) -> Floats:
        """One sample `(1, *raw shape)` given by its raw numbers, row by row: a drawn digit.

        Raises:
            DataError: too many or too few numbers.
        """
        shape = self.dataset.inputs.shape[1:]
        if len(values) != prod(shape):
            raise DataError(
                "wrong_inputs",
                "values",
                Text(
                    f"A sample of these data has {prod(shape)} numbers, not {len(values)}.",
                    f"这组数据的一个样本有 {prod(shape)} 个数，而不是 {len(values)} 个。",
                ),
                Text("Send that many numbers, row by row.", "请按行依次发送这么多个数。"),
                value=len(values),
                allowed=prod(shape),
            )
        with np.errstate(over="ignore"):  # a number that float32 can't hold is refused as infinite
            return np.asarray(list(values), np.float32).reshape(1, *shape)

    def transform(self, inputs: Floats) -> Floats:
        """What the network sees of raw `inputs` `(samples, *raw shape)`: a grid, a drawn digit.

        Raises:
            DataError: if the samples have another shape than those of the data set, or a value is
                not finite.
        """
        expected = self.dataset.inputs.shape[1:]
        if inputs.shape[1:] != expected:
            raise DataError(
                "shape_mismatch",
                "inputs",
                Text(
                    f"A sample has the shape {inputs.shape[1:]}.",
                    f"样本的形状是 {inputs.shape[1:]}。",
                ),
                Text(f"Give samples of the shape {expected}.", f"请给出形状为 {expected} 的样本。"),
                value=str(inputs.shape[1:]),
                allowed=str(expected),
            )
        _refuse_unusable(inputs, self.dataset.features, "inputs")
        return _apply(self.steps, np.ascontiguousarray(inputs, dtype=np.float32))


def prepare(
    dataset: Dataset, steps: Sequence[Step], validation_share: float, seed: int
) -> Prepared:
    """Split a data set, fit each step on the training part and apply it to both.

    Args:
        dataset: all samples, nothing scaled yet.
        steps: in order; each is fitted on what the steps before it made of the training part.
        validation_share: share of the samples that never train, 0 … 0.9; a data set with a
            traditional training part keeps that instead.
        seed: the data seed; it shuffles the split.

    Raises:
        DataError: without samples, with a value that is not finite (naming row and feature), or
            with a step that cannot take these inputs.
    """
    _refuse_empty(dataset)
    _refuse_unusable(dataset.inputs, dataset.features, "data.source")
    if dataset.problem == "regression":
        _refuse_unusable(dataset.targets, (), "data.source", Text("target", "目标值"))
    training_rows, validation_rows = split_rows(dataset, validation_share, seed)
    raw_training_inputs = _take(dataset.inputs, training_rows)
    raw_validation_inputs = _take(dataset.inputs, validation_rows)
    fitted, training_inputs, features = _fit(steps, raw_training_inputs, dataset.features)
    return Prepared(
        dataset=dataset,
        training_rows=training_rows,
        validation_rows=validation_rows,
        training_inputs=training_inputs,
        training_targets=_take(dataset.targets, training_rows),
        validation_inputs=_apply(fitted, raw_validation_inputs),
        validation_targets=_take(dataset.targets, validation_rows),
        raw_training_inputs=raw_training_inputs,
        raw_validation_inputs=raw_validation_inputs,
        features=features,
        steps=fitted,
    )


def _fit(
    steps: Sequence[Step], inputs: Floats, features: tuple[Text, ...]
) -> tuple[tuple[FittedStep, ...], Floats, tuple[Text, ...]]:
    """The fitted steps, the training inputs after them and the names of their features."""
    fitted: list[FittedStep] = []
    for step in steps:
        fitted.append(FittedStep(step, step.fit(inputs)))
        inputs = fitted[-1].apply(inputs)
        features = step.names(features)
    return tuple(fitted), inputs, features


def _apply(steps: Sequence[FittedStep], inputs: Floats) -> Floats:
    for step in steps:
        inputs = step.apply(inputs)
    return inputs


def _take(array: NDArray[Any], rows: Rows) -> NDArray[Any]:
    """The given rows, contiguous; a view where they follow each other, as large sets' parts do."""
    if rows.size and np.array_equal(rows, np.arange(rows[0], rows[0] + rows.size)):
        return np.ascontiguousarray(array[rows[0] : rows[0] + rows.size])
    return np.ascontiguousarray(array[rows])


def _refuse_empty(dataset: Dataset) -> None:
    if len(dataset.inputs) == 0 or dataset.training == 0:
        raise DataError(
            "no_samples",
            "data.source",
            Text("There are no samples to learn from.", "没有可以学习的样本。"),
            Text("Add samples or choose another data set.", "请添加样本，或换一个数据集。"),
            value=0,
            allowed="at least 1 sample",
        )


def _refuse_unusable(
    values: NDArray[Any],
    features: tuple[Text, ...],
    where: str,
    what: Text = Text("feature", "特征"),  # noqa: B008  an immutable pair of strings
) -> None:
    """Refuse NaN and infinity, naming the first row and feature that has one; both count from 1."""
    if np.isfinite(values).all():
        return
    row, *place = (int(index) for index in np.argwhere(~np.isfinite(values))[0])
    value = values[(row, *place)]
    if len(place) == 1 and place[0] < len(features):
        name = features[place[0]]
    else:
        number = ", ".join(str(index + 1) for index in place) or "1"
        name = Text(f"{what.en} {number}", f"{what.zh} {number}")
    raise DataError(
        "not_finite",
        f"{where}.rows.{row + 1}",
        Text(
            f"Row {row + 1} has the value {value} at “{name.en}”.",
            f"第 {row + 1} 行的“{name.zh}”是 {value}。",
        ),
        Text("Correct the value or remove the row.", "请改正这个值，或删去这一行。"),
        value=value,
        allowed="a finite number",
    )


def _overflow(kind: str) -> DataError:
    return DataError(
        "overflow",
        f"data.preprocessing.{kind}",
        Text(
            "After this step some values are too large for the computer to hold.",
            "经过这一步，有些值大得计算机存不下。",
        ),
        Text("Scale the inputs before this step.", "请在这一步之前先缩放输入。"),
        allowed="finite numbers",
    )
