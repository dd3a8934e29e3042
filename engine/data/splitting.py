"""Which samples train the network and which only measure it.

Guarded by tests/engine/test_data_preparation.py.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.data.chance import generator
from engine.data.dataset import Dataset

Rows = NDArray[np.int64]


class Split(NamedTuple):
    """Row numbers of both parts; together they are all rows, each once."""

    training: Rows
    validation: Rows


def split_rows(dataset: Dataset, validation_share: float, seed: int) -> Split:
    """The rows of each part, in the order in which the parts hold them.

    A data set with a traditional training part keeps it, whatever share and seed. Otherwise the
    rows are shuffled by `seed`, and each class gives about the same share of its samples. At least
    one sample, and where it can be one of every class, is left for training.
    """
    count = len(dataset.inputs)
    if dataset.training is not None:
        rows = np.arange(count, dtype=np.int64)
        return Split(rows[: dataset.training], rows[dataset.training :])
    random = generator(seed, "split")
    wanted = math.floor(count * validation_share + 0.5)
    if dataset.problem == "classification":
        groups = np.asarray(dataset.targets, dtype=np.int64)
    else:
        groups = np.zeros(count, dtype=np.int64)
    chosen = choose_validation(groups, random.permutation(count), wanted)
    # Another order than the one that chose: in that one, no part would be evenly mixed.
    order = random.permutation(count)
    return Split(order[~chosen[order]], order[chosen[order]])


def choose_validation(groups: Rows, order: Rows, wanted: int) -> NDArray[np.bool_]:
    """`(samples,)`, true for validation: of each group its share, the first ones in `order`."""
    takes = validation_counts(np.bincount(groups), wanted)
    chosen = np.zeros(groups.size, dtype=np.bool_)
    for group, take in enumerate(takes):
        chosen[order[groups[order] == group][:take]] = True
    return chosen


def validation_counts(sizes: Rows, wanted: int) -> Rows:
    """How many samples each class gives to validation: `wanted` in all, in proportion to `sizes`.

    Shares are rounded by the method of largest remainders (Hamilton); a class keeps at least one
    sample for training, so the sum can be below `wanted`.
    """
    total = int(sizes.sum())
    # Whole numbers throughout: a remainder computed in floating point could tip either way.
    takes = sizes * wanted // total
    remainders = sizes * wanted % total
    missing = wanted - int(takes.sum())
    takes[np.argsort(-remainders, kind="stable")[:missing]] += 1
    return np.minimum(takes, np.maximum(sizes - 1, 0))
