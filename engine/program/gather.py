"""Fetching a batch: the way of samples from a shared read-only data set into an arena.

Guarded by tests/engine/test_gather.py.
"""

from __future__ import annotations

import numpy as np

from engine.kernels.abi import BATCH_SEED, CURSOR, EPOCH, Pointer, op, pointer_to, shared, vector
from engine.kernels.random import random_key, shuffle
from engine.kernels.simd import transpose


@op(
    "inputs",
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

    Each pass has an order of its own, a function of the batch seed and the number of the pass. A batch may
    span two passes, so no sample is left out and none is repeated within a pass.
    """
    batch, features, line, outputs, samples = row[5], row[6], row[7], row[8], row[9]
    inputs = shared(arena, row[10], samples * features)
    truths = shared(arena, row[11], samples * outputs)
    order = vector(arena, row[4], samples if row[12] else 1)
    by_sample = vector(arena, row[2], batch * line)
    targets = vector(arena, row[3], outputs * batch)
    cursor = np.int64(state[CURSOR])
    for b in range(batch):
        if cursor == samples:
            cursor = 0
            state[EPOCH] += np.uint64(1)
        if cursor == 0 and row[12]:
            shuffle(order, samples, random_key(state[BATCH_SEED], state[EPOCH], 0))
        sample = np.int64(order[cursor]) if row[12] else cursor
        for i in range(features):
            by_sample[b * line + i] = inputs[sample * features + i]
        for o in range(outputs):
            targets[o * batch + b] = truths[sample * outputs + o]
        cursor += 1
    state[CURSOR] = cursor
    transpose(pointer_to(arena, row[2]), line, pointer_to(arena, row[1]), batch, batch, features)
