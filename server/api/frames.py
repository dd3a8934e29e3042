"""Answers in the binary format of the stream."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

BINARY: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A frame of kind SAMPLES: tensor 0 raw inputs (samples, …), "
        "tensor 1 targets (samples,) or (samples, outputs), tensor 2 sample numbers (samples,).",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""How routes that answer with a frame are described."""


class FrameResponse(Response):
    """A frame."""

    media_type = "application/octet-stream"
