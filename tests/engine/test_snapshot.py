"""Moments as bytes: they come back exactly, and nothing damaged, foreign or forged gets in."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import presets
from engine.errors import NeurariumError
from engine.experiment import Experiment
from engine.kernels.abi import CURSOR, STATE_WORDS, STEP
from engine.layers.dense import Dense
from engine.optimizers import StochasticGradientDescent
from engine.presets.preset import chain
from engine.session import Session
from engine.snapshot import MAGIC, Snapshot


def trained(steps: int = 12) -> Session:
    session = Session(presets.load("spiral"))
    session.run(steps=steps)
    return session


SESSION = trained()
DATA = SESSION.snapshot().to_bytes()


def refused(data: bytes) -> NeurariumError:
    with pytest.raises(NeurariumError) as caught:
        Snapshot.from_bytes(data)
    assert caught.value.code == "snapshot_damaged"
    return caught.value


def forged(header: Any, arrays: bytes | None = None) -> bytes:
    """Bytes with a right checksum around any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    body = len(text).to_bytes(4, "little") + text
    body += SESSION.state.tobytes() + SESSION.arena.tobytes() if arrays is None else arrays
    return MAGIC + hashlib.sha256(body).digest() + body


def header(**changes: Any) -> dict[str, Any]:
    snapshot = SESSION.snapshot()
    plain = {
        "fingerprint": snapshot.fingerprint,
        "dtype": "float32",
        "elements": len(snapshot.arena),
    }
    return plain | changes


def test_a_snapshot_comes_back_exactly() -> None:
    snapshot = SESSION.snapshot()
    back = Snapshot.from_bytes(snapshot.to_bytes())
    assert back.fingerprint == snapshot.fingerprint
    assert back.step == snapshot.step == 12
    assert back.arena.tobytes() == SESSION.arena.tobytes()
    assert np.array_equal(back.state, SESSION.state)
    assert back.arena.flags.writeable
    assert snapshot.to_bytes() == DATA


def test_a_snapshot_is_a_copy() -> None:
    session = trained()
    snapshot = session.snapshot()
    data = snapshot.to_bytes()
    session.run(steps=5)
    assert snapshot.to_bytes() == data
    session.restore(snapshot)
    session.run(steps=5)
    assert snapshot.to_bytes() == data, "a restored moment can be restored again"


def test_a_forged_but_true_snapshot_is_read() -> None:
    """The forgery of these tests differs from a real snapshot in nothing that matters."""
    assert Snapshot.from_bytes(forged(header())).step == 12


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_a_flipped_bit_anywhere_is_noticed(place: int, flip: int) -> None:
    damaged = bytearray(DATA)
    damaged[place] ^= flip
    refused(bytes(damaged))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, len(DATA) - 1))
def test_a_truncated_snapshot_is_refused(length: int) -> None:
    refused(DATA[:length])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused(data: bytes) -> None:
    refused(data)
    refused(MAGIC + data)
    refused(MAGIC + hashlib.sha256(data).digest() + data)


@pytest.mark.parametrize(
    "wrong",
    [
        header(dtype="object"),
        header(dtype="int64"),
        header(dtype=["float32"]),
        header(elements=10**12),
        header(elements=-1),
        header(elements="many"),
        header(elements=None),
        header(elements=float("inf")),
        {},
        [],
        "text",
        5,
        None,
        b"\xff\xff",
        b"[" * 100_000,
        b'{"a":' * 50_000,
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_forged_header_is_refused(wrong: Any) -> None:
    refused(forged(wrong))


@pytest.mark.parametrize("arrays", [b"", b"\0" * 100, b"\0" * (STATE_WORDS * 8), b"\0" * 1001])
def test_forged_arrays_of_another_size_are_refused(arrays: bytes) -> None:
    refused(forged(header(), arrays))


def tampered(**words: int) -> Snapshot:
    """A snapshot whose bookkeeping points outside the data."""
    moment = SESSION.snapshot()
    for name, value in words.items():
        moment.state[{"cursor": CURSOR, "step": STEP}[name]] = value
    return moment


def test_bookkeeping_that_points_outside_the_data_is_refused() -> None:
    """A kernel trusts these numbers: through them, bytes could reach other memory."""
    session = trained()
    block = session.program.plan.blocks["order"]
    count = block.size
    wrong = [tampered(cursor=count + 1), tampered(cursor=2**63)]
    for value in (count, -1, 1e30, np.nan):
        moment = SESSION.snapshot()
        moment.arena[block.offset] = value
        wrong.append(moment)
    arena = session.arena.copy()
    for moment in wrong:
        with pytest.raises(NeurariumError) as caught:
            session.restore(moment)
        assert caught.value.code == "snapshot_damaged"
        assert np.array_equal(session.arena, arena)
    session.restore(tampered(cursor=count))
    assert session.run(steps=1) == 1


def test_a_snapshot_of_another_network_is_refused() -> None:
    experiment = presets.load("spiral")
    others: list[Experiment] = [
        presets.load("xor"),
        experiment.model_copy(update={"graph": chain(("answer", Dense(units=1)))}),
        experiment.model_copy(update={"batch_size": experiment.batch_size + 1}),
    ]
    for other in others:
        session = Session(other)
        arena = session.arena.copy()
        with pytest.raises(NeurariumError) as caught:
            session.restore(SESSION.snapshot())
        assert caught.value.code == "snapshot_mismatch"
        assert np.array_equal(session.arena, arena)


def test_going_back_in_time_keeps_the_learning_rate_and_seeds_of_the_experiment() -> None:
    """What stands in the experiment is what trains; a moment holds what was learned."""
    session = trained()
    moment = session.snapshot()
    changed = session.experiment.model_copy(
        update={
            "optimizer": StochasticGradientDescent(learning_rate=0.001),
            "seeds": session.experiment.seeds.model_copy(update={"batches": 9}),
        }
    )
    session.edit(changed)
    session.run(steps=30)
    session.restore(moment)
    assert session.step == 12
    assert np.float32(0.001) in session.arena[: len(session.program.plan.constants)]
    other = trained()
    other.edit(changed)
    before = session.parameters()
    assert all(np.array_equal(other.parameters()[key], before[key]) for key in before)
    session.run(steps=500)
    fresh = Session(changed)
    assert session.state[3] == fresh.state[3] == 9
