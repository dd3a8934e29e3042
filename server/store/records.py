"""What goes into the store and comes out of it. Guarded by tests/server/test_store.py."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from server.hosts.base import Stretch

MAGIC = b"NEURARIUM1"
"""A checkpoint begins with it; `engine.snapshot` says the same, and the web process can't import
that: it would load the compiler."""
DIGEST_BYTES = 32

SessionStatus = Literal["running", "paused", "diverged"]


@dataclass(frozen=True)
class Row:
    """What is known of a stored session before it is loaded.

    Attributes:
        id: names the session.
        token_hashes: SHA-256 of the tokens that may edit it, the oldest first.
        visitor: who made it.
        title, is_named: what lists call it; named by hand, or after the experiment.
        created, used: seconds since 1970.
        step, epoch, status: of training, when it was last heard of.
        is_playing, steps_per_second: whether and how it goes on training after a restart.
        revision: of the newest layout.
        run: of the curves.
        stored_bytes: of its checkpoints; counted by the store.
    """

    id: str
    token_hashes: tuple[str, ...]
    visitor: str
    title: str
    is_named: bool
    created: float
    used: float
    step: int
    epoch: float
    status: str
    is_playing: bool
    steps_per_second: float | None
    revision: int
    run: int
    stored_bytes: int = 0


@dataclass(frozen=True)
class Change:
    """What is new about one session since it was last written.

    Attributes:
        row: all of it.
        experiment: the newest one as JSON; `None` if it is the stored one.
        is_rebuilt: whether the checkpoints that are stored belong to the experiment before.
        checkpoint: a newer one.
        history: earlier moments and branches, if they are newer than what is stored.
        standing: the commands that hold on, as a JSON list; `None` if they are the stored ones.
        curves: what is new of every branch there is; `None` if all of it is stored.
    """

    row: Row
    experiment: bytes | None
    is_rebuilt: bool
    checkpoint: bytes | None
    history: bytes | None
    standing: str | None
    curves: Sequence[Stretch] | None


@dataclass(frozen=True)
class Loaded:
    """The heavy part of a session.

    Attributes:
        experiment: the newest one.
        checkpoint: the newest one that is whole.
        base: the experiment that `checkpoint` belongs to, where that is an older one.
        history: earlier moments and branches; `None` if there are none, or they are damaged.
        is_damaged: whether a newer checkpoint than `checkpoint` could not be used.
    """

    experiment: bytes
    checkpoint: bytes | None
    base: bytes | None
    history: bytes | None
    standing: str | None
    curves: Sequence[Stretch]
    is_damaged: bool


def is_whole(checkpoint: bytes) -> bool:
    """Whether these are the bytes that an engine once wrote: its mark, and the right digest."""
    start = len(MAGIC) + DIGEST_BYTES
    digest = hashlib.sha256(memoryview(checkpoint)[start:]).digest()
    return checkpoint[: len(MAGIC)] == MAGIC and checkpoint[len(MAGIC) : start] == digest
