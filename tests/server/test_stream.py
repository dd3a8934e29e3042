from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from numpy.typing import NDArray

from server.protocol import ALIGNMENT, FRAME, HEADER, RECORD, SAMPLES
from server.stream import (
    LARGEST_SINGLE,
    FrameError,
    Head,
    Tensor,
    decode,
    encode,
    read_head,
    select,
)

shapes = some.lists(some.integers(0, 5), max_size=4).map(tuple)


@some.composite
def tensors(draw: Any) -> list[Tensor]:
    chosen = []
    for key in draw(some.lists(some.integers(0, 65535), unique=True, max_size=6)):
        dtype: Any = draw(some.sampled_from([np.float32, np.uint8]))
        shape = draw(shapes)
        generator = np.random.default_rng(key)
        values = generator.integers(0, 255, shape).astype(dtype)
        low, high = draw(some.tuples(some.integers(-9, 9), some.integers(-9, 9)))
        chosen.append(Tensor(key, np.ascontiguousarray(values).reshape(shape), low, high))
    return chosen


heads = some.builds(
    Head,
    kind=some.sampled_from([FRAME, SAMPLES]),
    sequence=some.integers(0, 2**32 - 1),
    revision=some.integers(0, 2**32 - 1),
    flags=some.integers(0, 3),
    step=some.integers(0, 2**64 - 1),
    epoch=some.floats(0, 1e9),
    metrics_step=some.floats(0, 1e9),
)


def values_of(tensor: Any) -> NDArray[Any]:
    return np.frombuffer(tensor.data, tensor.dtype).reshape(tensor.shape)


@given(heads, tensors())
def test_what_is_encoded_comes_back(head: Head, sent: list[Tensor]) -> None:
    frame = encode(head, sent)
    got_head, got = decode(frame)
    assert got_head[:7] == head[:7]
    for found, value in zip(got_head[7:], head[7:], strict=True):
        is_beyond = LARGEST_SINGLE < abs(value) < math.inf
        is_same = found == pytest.approx(value, nan_ok=True)
        assert is_same or (is_beyond and math.isnan(found))
    assert set(got) == {tensor.key for tensor in sent}
    for tensor in sent:
        received = got[tensor.key]
        assert (received.low, received.high) == (tensor.low, tensor.high)
        assert received.dtype == tensor.values.dtype.name
        assert np.array_equal(values_of(received), tensor.values)


@given(heads, tensors(), some.sets(some.integers(0, 65535)))
def test_part_of_a_frame_equals_encoding_that_part(
    head: Head, sent: list[Tensor], others: set[int]
) -> None:
    keys = {tensor.key for tensor in sent[::2]} | others
    part = select(encode(head, sent), keys)
    assert part == encode(head, [tensor for tensor in sent if tensor.key in keys])


def test_whole_frame_is_shared_and_not_copied() -> None:
    frame = encode(Head(FRAME, 1, 1), [Tensor(3, np.zeros(4, np.float32))])
    assert select(frame, {3, 9}) is frame


@given(heads, tensors(), some.data())
def test_cut_or_changed_frames_are_refused_or_stay_inside(
    head: Head, sent: list[Tensor], data: Any
) -> None:
    frame = bytearray(encode(head, sent))
    place = data.draw(some.integers(0, len(frame) - 1))
    frame[place] ^= data.draw(some.integers(1, 255))
    end = data.draw(some.integers(0, len(frame)))
    for damaged in (bytes(frame), bytes(frame[:end])):
        try:
            _, got = decode(damaged)
        except FrameError:
            continue
        for tensor in got.values():
            assert values_of(tensor).nbytes == len(tensor.data)


def test_tensors_start_on_multiples_of_the_alignment() -> None:
    frame = encode(Head(FRAME, 1, 1), [Tensor(key, np.zeros(3, np.uint8)) for key in range(3)])
    records = frame[HEADER.size : HEADER.size + 3 * RECORD.size]
    assert [record[-2] % ALIGNMENT for record in RECORD.iter_unpack(records)] == [0, 0, 0]


@pytest.mark.parametrize("values", [np.zeros(2), np.zeros((1,) * 5, np.float32)])
def test_other_dtypes_and_shapes_cannot_be_sent(values: NDArray[Any]) -> None:
    with pytest.raises(FrameError, match="tensor 7"):
        encode(Head(FRAME, 1, 1), [Tensor(7, values)])


@pytest.mark.parametrize("data", [b"", b"\x01" * 63, b"\x09" * 64])
def test_bytes_that_are_no_frame_have_no_head(data: bytes) -> None:
    with pytest.raises(FrameError):
        read_head(data)
