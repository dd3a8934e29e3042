from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from server.hosts.wire import WireError, pack, unpack

json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=4,
)


@given(some.dictionaries(some.text(max_size=9), json_values, max_size=3), some.binary())
def test_messages_round_trip(header: dict[str, Any], body: bytes) -> None:
    assert unpack(pack(header, body)) == (header, body)


@given(some.binary())
def test_foreign_bytes_are_refused(data: bytes) -> None:
    try:
        header, _ = unpack(data)
    except WireError:
        return
    assert isinstance(header, dict)


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\xff\xff\xff\xff{}", b"\x02\0\0\0[]", b"\x01\0\0\0{"]
)
def test_cut_messages_are_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        unpack(data)
