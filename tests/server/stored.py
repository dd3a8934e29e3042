"""Checkpoints, rows and changes as the tests of the store use them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from server.hosts.base import Point, Stretch
from server.store.records import MAGIC, Change, Row


def checkpoint(content: str, size: int = 100) -> bytes:
    """Bytes that look like an engine's: the mark, the digest, and then anything."""
    body = content.encode().ljust(size, b".")
    return MAGIC + hashlib.sha256(body).digest() + body


def row(session: str, **values: object) -> Row:
    """A row with nothing special about it."""
    plain = Row(
        id=session,
        token_hashes=("a" * 64,),
        visitor="cookie me",
        title="Spiral",
        is_named=False,
        created=1.0,
        used=2.0,
        step=30,
        epoch=1.5,
        status="paused",
        is_playing=False,
        steps_per_second=None,
        revision=4,
        run=2,
    )
    return replace(plain, **values)  # type: ignore[arg-type]


def point(step: int, loss: float | None = 0.5) -> Point:
    """A point of the curves."""
    return Point(step, step / 10, loss, None, 0.25, None)


def change(
    session: str,
    experiment: bytes | None = b"{}",
    checkpoint: bytes | None = None,
    *,
    is_rebuilt: bool = False,
    points: Sequence[Point] = (),
    after: int = -1,
    history: bytes | None = None,
    **values: object,
) -> Change:
    """What is new about a session."""
    curves = (Stretch(1, after, points),)
    return Change(row(session, **values), experiment, is_rebuilt, checkpoint, history, None, curves)
