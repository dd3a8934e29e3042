"""Binary frames: tensors and measurements on their way to the page.

The layout is written down in server/protocol. Encoding copies each tensor once; a part of a
frame is taken out without decoding a number, so that many watchers share one encoding. Guarded by
tests/server/test_stream.py.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import inf, prod
from typing import TYPE_CHECKING, Any, NamedTuple

from server.protocol import (
    ALIGNMENT,
    FLOAT32,
    FRAME,
    HEADER,
    PROTOCOL_VERSION,
    RECORD,
    RECORD_FIELDS,
    SAMPLES,
    UINT8,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOT_MEASURED = float("nan")
LARGEST_SINGLE = 3.4028234663852886e38
WIDE_FIELDS = 7
"""So many fields at the start of a head have more than 32 bits, or are whole numbers."""
MOST_DIMENSIONS = 4
RANGE_FIELD = list(RECORD_FIELDS).index("low")
DTYPES = {"float32": (FLOAT32, 4), "uint8": (UINT8, 1)}
"""Name → code on the wire, bytes of an element."""
ITEM_SIZES = {FLOAT32: 4, UINT8: 1}
RANGE = struct.Struct("<ff")
RANGE_OFFSET = struct.calcsize("<" + "".join(list(RECORD_FIELDS.values())[:RANGE_FIELD]))


class FrameError(ValueError):
    """Bytes that are no frame."""


class Head(NamedTuple):
    """The measurements at the start of a frame; NaN stands for "not measured"."""

    kind: int
    sequence: int
    revision: int
    flags: int = 0
    step: int = 0
    epoch: float = 0.0
    metrics_step: float = NOT_MEASURED
    batch_loss: float = NOT_MEASURED
    training_loss: float = NOT_MEASURED
    training_accuracy: float = NOT_MEASURED
    validation_loss: float = NOT_MEASURED
    validation_accuracy: float = NOT_MEASURED
    steps_per_second: float = NOT_MEASURED


class Tensor(NamedTuple):
    """One tensor to be sent: C-contiguous float32, or uint8 with the range that 0 … 255 cover."""

    key: int
    values: NDArray[Any]
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class ReceivedTensor:
    """One tensor of a decoded frame; `data` is a view of the frame's bytes."""

    dtype: str
    shape: tuple[int, ...]
    low: float
    high: float
    data: memoryview


class Form:
    """What stays the same in all frames with the same tensors.

    Args:
        tensors: key, dtype and shape of each, and where its bytes begin in the body.
        ranges: (low, high) of each.

    Raises:
        FrameError: for a tensor of another dtype, of too many dimensions, or in a wrong place.
    """

    def __init__(
        self,
        tensors: Sequence[tuple[int, str, tuple[int, ...], int]],
        ranges: Sequence[Sequence[float]],
    ) -> None:
        self._count = len(tensors)
        start = _aligned(HEADER.size + RECORD.size * len(tensors))
        self._records = bytearray(start - HEADER.size)
        for number, (key, dtype, shape, offset) in enumerate(tensors):
            code, item = DTYPES.get(dtype, (None, 0))
            if code is None or len(shape) > MOST_DIMENSIONS or offset % ALIGNMENT:
                raise FrameError(f"tensor {key}: {dtype} {shape} at {offset} can't be sent")
            sizes = (*shape, *(1,) * (MOST_DIMENSIONS - len(shape)))
            place, length = start + offset, prod(shape) * item
            record = (key, code, len(shape), *sizes, *ranges[number], place, length)
            RECORD.pack_into(self._records, RECORD.size * number, *record)

    def fill(
        self,
        head: Head,
        body: bytes | memoryview,
        changed: Sequence[tuple[int, float, float]] = (),
    ) -> bytes:
        """A frame's bytes.

        Args:
            head: measurements.
            body: all tensors' bytes.
            changed: number of a tensor in the form, with the range that it has from now on.
        """
        for number, low, high in changed:
            RANGE.pack_into(self._records, RECORD.size * number + RANGE_OFFSET, low, high)
        return b"".join((_pack_head(head, self._count), self._records, body))


def encode(head: Head, tensors: Sequence[Tensor]) -> bytes:
    """The frame's bytes.

    Args:
        head: measurements; its `kind` is `FRAME` or `SAMPLES`.
        tensors: at most 65,535, each of at most four dimensions.

    Raises:
        FrameError: for a tensor of another dtype or of too many dimensions.
    """
    parts: list[bytes | memoryview] = []
    places, offset = [], 0
    for key, values, _, _ in tensors:
        places.append((key, values.dtype.name, values.shape, offset))
        length = values.nbytes
        # An empty array has no buffer that could be joined.
        parts += (values.data if length else b"", bytes(-length % ALIGNMENT))
        offset += _aligned(length)
    ranges = [(low, high) for _, _, low, high in tensors]
    return Form(places, ranges).fill(head, b"".join(parts))


def read_head(frame: bytes | memoryview) -> Head:
    """The measurements of a frame.

    Raises:
        FrameError: if the bytes are too few or of another version.
    """
    return _read_start(frame)[0]


def select(frame: bytes, keys: Collection[int]) -> bytes:
    """The same frame with the tensors `keys` only (those that it has)."""
    _, count = _read_start(frame)
    end = HEADER.size + RECORD.size * count
    chosen = [
        record for record in RECORD.iter_unpack(frame[HEADER.size : end]) if record[0] in keys
    ]
    if len(chosen) == count:
        return frame
    view = memoryview(frame)
    offset = _aligned(HEADER.size + RECORD.size * len(chosen))
    records, parts = bytearray(), []
    for *description, old_offset, length in chosen:
        records += RECORD.pack(*description, offset, length)
        parts.append(view[old_offset : old_offset + _aligned(length)])
        offset += _aligned(length)
    header = bytearray(frame[: HEADER.size])
    struct.pack_into("<H", header, 2, len(chosen))
    padding = bytes(-(len(header) + len(records)) % ALIGNMENT)
    return b"".join((header, records, padding, *parts))


def decode(frame: bytes) -> tuple[Head, dict[int, ReceivedTensor]]:
    """A frame's measurements and its tensors by key.

    Raises:
        FrameError: if anything points outside of the frame or contradicts itself.
    """
    head, count = _read_start(frame)
    view, tensors = memoryview(frame), {}
    end = HEADER.size + RECORD.size * count
    if len(frame) < end:
        raise FrameError(f"{len(frame)} bytes can't hold {count} records")
    for key, code, dimensions, *rest in RECORD.iter_unpack(view[HEADER.size : end]):
        shape = tuple(rest[:MOST_DIMENSIONS])[:dimensions]
        low, high, offset, length = rest[MOST_DIMENSIONS:]
        if code not in ITEM_SIZES or dimensions > MOST_DIMENSIONS:
            raise FrameError(f"tensor {key} has the dtype {code} and {dimensions} dimensions")
        expected = ITEM_SIZES[code]
        for size in shape:
            expected *= size
        if length != expected or offset % ALIGNMENT or not end <= offset <= len(frame) - length:
            raise FrameError(f"tensor {key} lies at {offset} with {length} bytes of {len(frame)}")
        name = next(name for name, (known, _) in DTYPES.items() if known == code)
        tensors[key] = ReceivedTensor(name, shape, low, high, view[offset : offset + length])
    return head, tensors


def _pack_head(head: Head, count: int) -> bytes:
    try:
        return HEADER.pack(PROTOCOL_VERSION, head.kind, count, *head[1:])
    except OverflowError:
        # A loss that is finite with 64 bits may not be so with 32.
        start, rest = head[1:WIDE_FIELDS], head[WIDE_FIELDS:]
        cut = (NOT_MEASURED if LARGEST_SINGLE < abs(value) < inf else value for value in rest)
        return HEADER.pack(PROTOCOL_VERSION, head.kind, count, *start, *cut)


def _read_start(frame: bytes | memoryview) -> tuple[Head, int]:
    if len(frame) < HEADER.size:
        raise FrameError(f"{len(frame)} bytes are too few for a header")
    version, kind, count, *rest = HEADER.unpack_from(frame)
    if version != PROTOCOL_VERSION or kind not in (FRAME, SAMPLES):
        raise FrameError(f"version {version}, kind {kind}")
    return Head(kind, *rest), count


def _aligned(size: int) -> int:
    return size + -size % ALIGNMENT
