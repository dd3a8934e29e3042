"""A history as bytes, so that it outlives its process.

Magic, SHA-256 of the rest, length of the header, JSON header, then the moments one after the other,
each with a checksum of its own. Guarded by tests/engine/test_timeline_archive.py.
"""

from __future__ import annotations

import hashlib
import json
from itertools import pairwise
from typing import Annotated

from pydantic import Field, ValidationError

from engine.catalog import Strict
from engine.errors import NeurariumError
from engine.experiment import Experiment
from engine.session import Session
from engine.snapshot import Snapshot
from engine.text import Text
from engine.timeline.branch import Branch, Segment, thin_out
from engine.timeline.timeline import Timeline

MAGIC = b"NEURARIUMT1"
_DIGEST_BYTES = 32
_LENGTH_BYTES = 4
MOST_BRANCHES = 1_000
LONGEST_CAUSE = 400

Count = Annotated[int, Field(ge=0)]


class _Segment(Strict):
    experiment: Experiment
    moments: Annotated[tuple[Count, ...], Field(min_length=1)]
    """Bytes of each one."""


class _Branch(Strict):
    number: Annotated[int, Field(ge=1)]
    parent: Annotated[int, Field(ge=1)] | None
    fork: Count
    cause: tuple[
        Annotated[str, Field(max_length=LONGEST_CAUSE)],
        Annotated[str, Field(max_length=LONGEST_CAUSE)],
    ]
    """In English and Chinese."""
    end: Count
    segments: Annotated[tuple[_Segment, ...], Field(min_length=1)]


class _Header(Strict):
    present: int
    branches: Annotated[tuple[_Branch, ...], Field(min_length=1, max_length=MOST_BRANCHES)]


def pack_timeline(timeline: Timeline, most: int) -> bytes:
    """The history of a session.

    Args:
        timeline: stays as it is.
        most: bytes of moments; beyond it those that would be missed least are left out.
    """
    branches = [branch.copy() for branch in timeline.branches.values()]
    thin_out(branches, most)
    parts: list[bytes] = []
    described = []
    for branch in branches:
        segments = []
        for segment in branch.segments:
            packed = [moment.to_bytes() for moment in segment.moments]
            parts += packed
            sizes = [len(part) for part in packed]
            segments.append(f'{{"experiment": {segment.document}, "moments": {sizes}}}')
        rest = {
            "number": branch.number,
            "parent": branch.parent,
            "fork": branch.fork,
            "cause": (branch.cause.en[:LONGEST_CAUSE], branch.cause.zh[:LONGEST_CAUSE]),
            "end": branch.end,
        }
        # Documents are many and never change: they are written down once, not at each packing.
        described.append(f'{json.dumps(rest)[:-1]}, "segments": [{", ".join(segments)}]}}')
    present = timeline.branch.number
    header = f'{{"present": {present}, "branches": [{", ".join(described)}]}}'.encode()
    body = b"".join([len(header).to_bytes(_LENGTH_BYTES, "little"), header, *parts])
    return MAGIC + hashlib.sha256(body).digest() + body


def unpack_timeline(data: bytes, session: Session, budget: int) -> Timeline:
    """The history in `data`, of which `session` stands on the branch that was the present one.

    Raises:
        NeurariumError: `timeline_damaged`; nothing but documents and arrays of the stated sizes is
        ever read.
    """
    start = len(MAGIC) + _DIGEST_BYTES
    body = data[start:]
    if data[: len(MAGIC)] != MAGIC or data[len(MAGIC) : start] != hashlib.sha256(body).digest():
        raise _damaged()
    length = int.from_bytes(body[:_LENGTH_BYTES], "little")
    try:
        header = _Header.model_validate_json(body[_LENGTH_BYTES : _LENGTH_BYTES + length])
    except ValidationError as error:
        raise _damaged() from error
    branches = _read_branches(header, body[_LENGTH_BYTES + length :])
    if header.present not in branches or any(
        branch.parent is not None and branch.parent >= branch.number for branch in branches.values()
    ):
        # Parents come first: a circle would never be left again.
        raise _damaged()
    timeline = Timeline(session, budget)
    timeline.adopt(branches, header.present, session)
    return timeline


def _read_branches(header: _Header, moments: bytes) -> dict[int, Branch]:
    branches = {}
    place = 0
    for described in header.branches:
        segments = []
        for part in described.segments:
            kept = []
            for size in part.moments:
                kept.append(Snapshot.from_bytes(moments[place : place + size]))
                place += size
            if any(after.step <= before.step for before, after in pairwise(kept)):
                raise _damaged()
            segments.append(Segment(part.experiment, kept))
        branches[described.number] = Branch(
            described.number,
            described.parent,
            described.fork,
            Text(*described.cause),
            segments,
            described.end,
        )
    return branches


def _damaged() -> NeurariumError:
    return NeurariumError(
        "timeline_damaged",
        "timeline",
        Text("This history of a run is damaged.", "这段运行历史已损坏。"),
        Text(
            "The run itself goes on; its earlier moments are lost.",
            "运行可以继续，但早先的时刻已丢失。",
        ),
    )
