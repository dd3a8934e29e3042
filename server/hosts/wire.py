"""Messages between the web process and an engine host: a JSON header and raw bytes, never a pickle.

`length of the header (4 bytes, little-endian) | header | body`. Guarded by
tests/server/test_wire.py.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

_LENGTH = struct.Struct("<I")


class WireError(ValueError):
    """Bytes that are no message."""


def pack(header: Mapping[str, Any], body: bytes = b"") -> bytes:
    """One message."""
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    return b"".join((_LENGTH.pack(len(text)), text, body))


def unpack(message: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and body of a message.

    Raises:
        WireError: if the message is cut off or its header is no JSON object.
    """
    if len(message) < _LENGTH.size:
        raise WireError("the message is shorter than its length field")
    end = _LENGTH.size + _LENGTH.unpack_from(message)[0]
    if end > len(message):
        raise WireError("the message is shorter than its header")
    try:
        header = json.loads(message[_LENGTH.size : end])
    except ValueError as error:
        raise WireError("the header is not JSON") from error
    if not isinstance(header, dict):
        raise WireError("the header is no JSON object")
    return header, message[end:]
