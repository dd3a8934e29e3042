"""One moment of a run: a copy of the arena and of the state block.

Guarded by tests/engine/test_snapshot.py.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import NeurariumError
from engine.kernels.abi import CURSOR, STATE_WORDS, STEP
from engine.kernels.tiers import detect
from engine.program.program import Program
from engine.text import Text

MAGIC = b"NEURARIUM1"
_DIGEST_BYTES = 32
_LENGTH_BYTES = 4


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A moment that a session can return to.

    Attributes:
        fingerprint: which program the arena belongs to.
        arena, state: copies.
    """

    fingerprint: str
    arena: NDArray[Any]
    state: NDArray[np.uint64]

    @property
    def step(self) -> int:
        """Finished steps at that moment."""
        return int(self.state[STEP])

    def to_bytes(self) -> bytes:
        """Magic, SHA-256 of the rest, length of the header, JSON header, raw arrays."""
        header = json.dumps(
            {
                "fingerprint": self.fingerprint,
                "dtype": self.arena.dtype.name,
                "elements": len(self.arena),
                "tier": detect().name,
            }
        ).encode()
        body = len(header).to_bytes(_LENGTH_BYTES, "little") + header
        body += self.state.astype("<u8").tobytes() + self.arena.tobytes()
        return MAGIC + hashlib.sha256(body).digest() + body

    @staticmethod
    def from_bytes(data: bytes) -> Snapshot:
        """The snapshot in `data`.

        Raises:
            NeurariumError: `snapshot_damaged`; nothing but arrays of the stated size is ever read.
        """
        start = len(MAGIC) + _DIGEST_BYTES
        body = data[start:]
        if data[: len(MAGIC)] != MAGIC or data[len(MAGIC) : start] != hashlib.sha256(body).digest():
            raise _damaged()
        try:
            length = int.from_bytes(body[:_LENGTH_BYTES], "little")
            header = json.loads(body[_LENGTH_BYTES : _LENGTH_BYTES + length])
            dtype = np.dtype({"float32": "float32", "float64": "float64"}[header["dtype"]])
            arrays = body[_LENGTH_BYTES + length :]
            state = np.frombuffer(arrays[: STATE_WORDS * 8], "<u8").astype(np.uint64)
            arena = np.frombuffer(arrays[STATE_WORDS * 8 :], dtype).copy()
            fingerprint = str(header["fingerprint"])
            expected = int(header["elements"])
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise _damaged() from error
        if len(arena) != expected or len(state) != STATE_WORDS:
            raise _damaged()
        return Snapshot(fingerprint, arena, state)


def check(snapshot: Snapshot, program: Program) -> None:
    """Refuse a snapshot that `program` can't go on from.

    Kernels trust the place in the data and the order of the samples, so both must lie inside.

    Raises:
        NeurariumError: `snapshot_mismatch` or `snapshot_damaged`.
    """
    if snapshot.fingerprint != program.fingerprint:
        raise _mismatch()
    order = program.view(snapshot.arena, program.plan.blocks["order"])
    inside = ((order >= 0) & (order < order.size)).all()
    if not inside or snapshot.state[CURSOR] > order.size:
        raise _damaged()


def _mismatch() -> NeurariumError:
    return NeurariumError(
        "snapshot_mismatch",
        "snapshot",
        Text("This snapshot belongs to another network.", "这个快照属于另一个网络。"),
        Text("Open the experiment that it was taken from first.", "请先打开它所属的实验。"),
    )


def _damaged() -> NeurariumError:
    return NeurariumError(
        "snapshot_damaged",
        "snapshot",
        Text("This isn't a snapshot, or it is damaged.", "这不是快照，或者已损坏。"),
        Text("Use a snapshot that was saved by this program.", "请使用由本程序保存的快照。"),
    )
