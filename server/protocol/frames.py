"""The binary frames: little-endian; one header, then one record a tensor, then raw bytes.

The bytes of each tensor start on a multiple of `ALIGNMENT` from the start of the frame.

Guarded by tests/server/test_protocol.py.
"""

from __future__ import annotations

import struct

HEADER_FIELDS = {
    "version": "B",
    "kind": "B",
    "tensors": "H",
    "sequence": "I",
    "revision": "I",
    "flags": "I",
    "step": "Q",
    "epoch": "d",
    "metrics_step": "d",
    "batch_loss": "f",
    "training_loss": "f",
    "training_accuracy": "f",
    "validation_loss": "f",
    "validation_accuracy": "f",
    "steps_per_second": "f",
}
"""Name → `struct` code. `kind` is `FRAME` or `SAMPLES`, `tensors` counts the records that follow.
NaN stands for "not measured"."""

RECORD_FIELDS = {
    "key": "H",
    "dtype": "B",
    "dimensions": "B",
    "size0": "I",
    "size1": "I",
    "size2": "I",
    "size3": "I",
    "low": "f",
    "high": "f",
    "offset": "I",
    "length": "I",
}
"""Name → `struct` code. `dtype` is `FLOAT32` or `UINT8`; `offset` and `length` are bytes of the
frame. A `UINT8` element `q` means `low + (high - low) * q / 255`."""

HEADER = struct.Struct("<" + "".join(HEADER_FIELDS.values()))
RECORD = struct.Struct("<" + "".join(RECORD_FIELDS.values()))
ALIGNMENT = 8
"""Every tensor starts on a multiple of so many bytes."""

FRAME, SAMPLES = 1, 2
FLOAT32, UINT8 = 0, 1
RUNNING, DIVERGED = 1, 2
"""Bits of the header's flags."""
