from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.errors import NeurariumError
from server.hosts.base import Stretch
from server.store.runs import FORMAT, Run, largest_run, pack_run, unpack_run
from tests.server.stored import checkpoint, point

LARGEST = 1_000_000
RUN = Run("Spirale 螺旋", b'{"title": "x"}', checkpoint("w"), (point(0), point(5, None)))
PACKED = pack_run(RUN)


def parts() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(PACKED)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archive_of(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


def signed(members: dict[str, bytes], **changes: Any) -> bytes:
    """An archive by somebody who knows how digests are made."""
    manifest = json.loads(members["run.json"])
    manifest["sha256"] = {
        name: hashlib.sha256(data).hexdigest()
        for name, data in members.items()
        if name != "run.json"
    }
    return archive_of({**members, "run.json": json.dumps({**manifest, **changes}).encode()})


def refusal(data: bytes, largest: int = LARGEST) -> str:
    with pytest.raises(NeurariumError) as caught:
        unpack_run(data, largest)
    return caught.value.code


def test_run_comes_back_as_it_was() -> None:
    assert unpack_run(PACKED, LARGEST) == RUN
    lines = (Stretch(1, -1, (point(0),)), Stretch(4, -1, RUN.points))
    branched = replace(RUN, history=b"as an engine packed it", lines=lines)
    assert unpack_run(pack_run(branched), LARGEST) == branched
    untrained = Run("", b"{}", None, ())
    assert unpack_run(pack_run(untrained), LARGEST) == untrained
    assert len(PACKED) < largest_run(LARGEST)


@pytest.mark.parametrize("length", [0, 1, 30, len(PACKED) // 2, len(PACKED) - 1])
def test_truncated_file_is_refused(length: int) -> None:
    assert refusal(PACKED[:length]) == "run_unreadable"


@given(some.integers(0, len(PACKED) - 1), some.integers(1, 255))
def test_file_with_one_other_byte_is_refused_or_says_the_same(place: int, flip: int) -> None:
    data = bytearray(PACKED)
    data[place] ^= flip
    try:
        run = unpack_run(bytes(data), LARGEST)
    except NeurariumError as error:
        assert error.code in ("run_unreadable", "run_other_version", "run_too_large")
    else:
        # Dates and the like are nobody's business; everything of the run is under a digest.
        assert (run.experiment, run.checkpoint, run.points) == (
            RUN.experiment,
            RUN.checkpoint,
            RUN.points,
        )


@given(some.binary(max_size=300))
def test_anything_else_is_refused(data: bytes) -> None:
    assert refusal(data) == "run_unreadable"


@pytest.mark.parametrize("name", ["experiment.json", "checkpoint.bin", "curves.json"])
def test_part_edited_by_hand_is_refused(name: str) -> None:
    members = parts()
    members[name] += b" "
    assert refusal(archive_of(members)) == "run_unreadable"
    del members[name]
    assert refusal(archive_of(members)) == "run_unreadable"


def test_checkpoint_that_no_engine_wrote_is_refused_even_with_the_right_digest() -> None:
    members = {**parts(), "checkpoint.bin": b"NEURARIUM1" + bytes(100)}
    assert refusal(signed(members)) == "run_unreadable"


@pytest.mark.parametrize("version", [0, FORMAT + 1, 10**9])
def test_other_version_is_named(version: int) -> None:
    with pytest.raises(NeurariumError) as caught:
        unpack_run(signed(parts(), format=version), LARGEST)
    assert caught.value.code == "run_other_version"
    assert (caught.value.value, caught.value.allowed) == (str(version), str(FORMAT))
    assert caught.value.message.zh


@pytest.mark.parametrize(
    "changes",
    [{"product": "other"}, {"title": "x" * 101}, {"extra": 1}, {"format": "1"}, {"title": None}],
)
def test_manifest_of_another_kind_is_refused(changes: dict[str, Any]) -> None:
    assert refusal(signed(parts(), **changes)) == "run_unreadable"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("step", [5, 0]),
        ("step", [0, 0]),
        ("step", [-1, 0]),
        ("step", [0, 2**60]),
        ("step", [0, 1.5]),
        ("step", list(range(5000))),
        ("training_loss", [1.0]),
        ("training_loss", ["1", None]),
        ("epoch", [0.0, None]),
        ("extra", []),
    ],
)
def test_curves_that_cannot_be_are_refused(name: str, value: list[Any]) -> None:
    members = parts()
    curves = {**json.loads(members["curves.json"]), name: value}
    members["curves.json"] = json.dumps(curves).encode()
    assert refusal(signed(members)) == "run_unreadable"


@pytest.mark.parametrize("word", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_refused(word: str) -> None:
    members = parts()
    members["curves.json"] = members["curves.json"].replace(b"0.5", word.encode(), 1)
    assert refusal(signed(members)) == "run_unreadable"


@pytest.mark.parametrize("name", ["experiment.json", "checkpoint.bin", "curves.json", "run.json"])
def test_bomb_is_not_unpacked(name: str) -> None:
    members = {**parts(), name: bytes(200_000_000)}
    bomb = signed(members) if name != "run.json" else archive_of(members)
    assert len(bomb) < LARGEST
    assert refusal(bomb) == "run_too_large"


def test_bomb_that_lies_about_its_size_is_not_unpacked() -> None:
    members = {**parts(), "curves.json": bytes(50_000_000)}
    bomb = bytearray(signed(members))
    # The central directory says how large each member is.
    place = bomb.rindex(b"curves.json") - 46
    assert bomb[place : place + 4] == b"PK\x01\x02"
    bomb[place + 24 : place + 28] = struct.pack("<I", 1000)
    assert refusal(bytes(bomb)) in ("run_unreadable", "run_too_large")


def test_unknown_repeated_and_encrypted_members_are_refused() -> None:
    assert refusal(signed({**parts(), "../evil": b"x"})) == "run_unreadable"
    with pytest.warns(UserWarning, match="Duplicate"):
        packed = io.BytesIO(PACKED)
        with zipfile.ZipFile(packed, "a") as archive:
            archive.writestr("curves.json", "{}")
    assert refusal(packed.getvalue()) == "run_unreadable"
    encrypted = bytearray(PACKED)
    place = encrypted.rindex(b"curves.json") - 46
    encrypted[place + 8] |= 1
    assert refusal(bytes(encrypted)) == "run_unreadable"


def test_checkpoint_above_the_servers_limit_is_refused() -> None:
    large = Run("", b"{}", checkpoint("w", 2_000_000), ())
    assert refusal(pack_run(large)) == "run_too_large"
    assert unpack_run(pack_run(large), 2_000_000) == large
