"""A history comes back from bytes as it was, and nothing damaged or forged gets in."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.errors import NeurariumError
from engine.optimizers.adam import Adam
from engine.session import Session
from engine.text import Text
from engine.timeline import Timeline, pack_timeline, unpack_timeline
from engine.timeline.archive import MAGIC
from tests.engine.experiments import with_dropout

CAUSE = Text("another rate", "另一个学习率")
OTHER = with_dropout().model_copy(update={"optimizer": Adam(learning_rate=0.3)})


def lived() -> tuple[Session, Timeline]:
    """A session with two branches, one of them changed on its way."""
    session = Session(with_dropout())
    timeline = Timeline(session)
    for _ in range(6):
        session.run(steps=10)
        timeline.note(session.snapshot())
    session.edit(OTHER)
    timeline.changed(session, CAUSE)
    session.run(steps=20)
    timeline.visit(session, 25)
    timeline.fork(session, CAUSE)
    session.run(steps=15)
    timeline.note(session.snapshot())
    return session, timeline


SESSION, TIMELINE = lived()
DATA = pack_timeline(TIMELINE, 10_000_000)


def revived(data: bytes) -> tuple[Session, Timeline]:
    """A session that stands where the other one stood, with its history."""
    session = Session(SESSION.experiment)
    session.restore(SESSION.snapshot())
    return session, unpack_timeline(data, session, 10_000_000)


def test_branches_and_moments_come_back() -> None:
    session, timeline = revived(DATA)
    assert timeline.branch.number == TIMELINE.branch.number
    for number, branch in TIMELINE.branches.items():
        back = timeline.branches[number]
        assert (back.parent, back.fork, back.cause) == (branch.parent, branch.fork, branch.cause)
        assert [part.experiment for part in back.segments] == [
            part.experiment for part in branch.segments
        ]
    for step, number in ((75, 1), (33, 1), (40, 2), (7, 2)):
        timeline.visit(session, step, branch=number)
        TIMELINE.visit(SESSION, step, branch=number)
        assert np.array_equal(session.arena, SESSION.arena)
        assert np.array_equal(session.state, SESSION.state)
    TIMELINE.visit(SESSION, 40, branch=2)


def test_a_new_branch_gets_a_number_of_its_own() -> None:
    session, timeline = revived(DATA)
    timeline.fork(session, CAUSE)
    assert sorted(timeline.branches) == [1, 2, 3]


def test_with_little_room_every_branch_can_still_be_visited() -> None:
    data = pack_timeline(TIMELINE, 1)
    assert len(data) < len(DATA)
    session, timeline = revived(data)
    for number in (1, 2):
        timeline.visit(session, 10_000, branch=number)
        assert session.step == TIMELINE.branches[number].end
    assert sum(len(part.moments) for part in TIMELINE.branches[1].segments) > 1


def refused(data: bytes) -> None:
    session = Session(SESSION.experiment)
    session.restore(SESSION.snapshot())
    with pytest.raises(NeurariumError) as caught:
        unpack_timeline(data, session, 10_000_000)
    assert caught.value.code in ("timeline_damaged", "snapshot_damaged")


@settings(max_examples=50)
@given(some.integers(0, len(DATA) - 1), some.integers(1, 255))
def test_any_changed_byte_is_noticed(place: int, change: int) -> None:
    data = bytearray(DATA)
    data[place] ^= change
    refused(bytes(data))


@settings(max_examples=50)
@given(some.integers(0, len(DATA) - 1))
def test_a_cut_history_is_refused(length: int) -> None:
    refused(DATA[:length])


def forged(**changes: object) -> bytes:
    """With a right checksum over a wrong header."""
    body = DATA[len(MAGIC) + 32 :]
    length = int.from_bytes(body[:4], "little")
    header = json.loads(body[4 : 4 + length])
    branch = header["branches"][-1]
    for name, value in changes.items():
        (header if name in header else branch)[name] = value
    text = json.dumps(header).encode()
    forged_body = len(text).to_bytes(4, "little") + text + body[4 + length :]
    return MAGIC + hashlib.sha256(forged_body).digest() + forged_body


@pytest.mark.parametrize(
    "changes",
    [
        {"present": 7},
        {"parent": 2},
        {"parent": 9},
        {"fork": -1},
        {"end": "soon"},
        {"segments": []},
        {"surplus": 1},
        {"branches": []},
    ],
    ids=str,
)
def test_a_forged_header_is_refused(changes: dict[str, object]) -> None:
    refused(forged(**changes))


def test_a_history_that_is_older_than_the_last_change_leads_only_where_it_knows_the_way() -> None:
    """After a crash the checkpoint may know a change that the history doesn't."""
    session = Session(with_dropout())
    timeline = Timeline(session)
    session.run(steps=20)
    timeline.note(session.snapshot())
    at_20 = session.arena.copy()
    packed = pack_timeline(timeline, 10_000_000)
    session.run(steps=4)
    session.edit(OTHER)
    session.run(steps=6)
    again = Session(OTHER)
    again.restore(session.snapshot())
    at_30 = again.arena.copy()
    back = unpack_timeline(packed, again, 10_000_000)
    again.run(steps=10)
    at_40 = again.arena.copy()
    back.visit(again, 40)
    assert np.array_equal(again.arena, at_40)
    back.visit(again, 25)
    assert (again.step, again.experiment) == (30, OTHER), "nobody knows what step 25 was like"
    assert np.array_equal(again.arena, at_30)
    back.visit(again, 35)
    assert again.step == 35
    assert again.experiment == OTHER
    back.visit(again, 25, branch=1)
    assert (again.step, again.experiment) == (20, with_dropout())
    assert np.array_equal(again.arena, at_20)
    cause = back.branches[2].cause
    assert "0.3" in cause.en
    assert (back.branches[2].parent, back.branches[2].fork) == (1, 20)


def test_a_session_that_stands_before_its_branchs_fork_is_taken_back_as_it_is() -> None:
    session, timeline = lived()
    timeline.visit(session, 10)
    packed = pack_timeline(timeline, 10_000_000)
    again = Session(session.experiment)
    again.restore(session.snapshot())
    back = unpack_timeline(packed, again, 10_000_000)
    assert sorted(back.branches) == sorted(timeline.branches)
    assert back.branch.number == timeline.branch.number
