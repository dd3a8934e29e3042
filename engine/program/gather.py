"""Fetching a batch: the way of samples from a shared read-only data set into an arena.

Guarded by tests/engine/test_gather.py.
"""

from __future__ import annotations

import numpy as np

from engine.kernels.abi import (
    BATCH_SEED,
    CURSOR,
    EPOCH,
    Pointer,
    op,
    pointer_to,
    shared,
    shared_pointer,
    vector,
)
from engine.kernels.random import random_key, shuffle
from engine.kernels.simd import copy_elements

FEW = 16
"""Features up to which a loop is faster than a copied stretch."""


@op(
    "inputs_by_sample",
    "targets",
    "order",
    "batch:size",
    "features:size",
    "line:size",
    "outputs:size",
    "samples:size",
    "input_address:size",
    "target_address:size",
    "shuffled:size",
)
def gather(arena: Pointer, row: Pointer, state: Pointer) -> None:
    """The next `batch` samples of an endless stream that shows every sample once a pass.

    Each pass has an order of its own, a function of the batch seed and the number of the pass. A
    batch may span two passes, so no sample is left out and none is repeated within a pass.
    """
    batch, features, line, outputs, samples = row[4], row[5], row[6], row[7], row[8]
    inputs = shared(arena, row[9], samples * features)
    truths = shared(arena, row[10], samples * outputs)
    shuffled = row[11]
    order = vector(arena, row[3], samples if shuffled else 1)
    by_sample = vector(arena, row[1], batch * line)
    targets = vector(arena, row[2], outputs * batch)
    cursor = np.int64(state[CURSOR])
    for b in range(batch):
        if cursor == samples:
            cursor = np.int64(0)
            state[EPOCH] += np.uint64(1)
        if cursor == 0 and shuffled:
            shuffle(order, samples, random_key(state[BATCH_SEED], state[EPOCH], 0))
        sample = np.int64(order[cursor]) if shuffled else cursor
        if features < FEW:
            for i in range(features):
                by_sample[b * line + i] = inputs[sample * features + i]
        else:
            source = shared_pointer(arena, row[9], sample * features)
            copy_elements(pointer_to(arena, row[1] + b * line), source, features)
        for o in range(outputs):
            targets[o * batch + b] = truths[sample * outputs + o]
        cursor += 1
    state[CURSOR] = cursor
