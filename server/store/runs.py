"""A run as one file: experiment, checkpoint, history and curves, to be taken along and brought
back.

A zip archive that any program can open. Whatever comes back is taken for hostile: names, sizes,
digests and numbers are checked before anything of it is used. Guarded by
tests/server/test_store_runs.py.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from engine.errors import NeurariumError
from server.errors import refuse
from server.history import MOST_POINTS
from server.hosts.base import Point, Stretch
from server.protocol import LARGEST_NUMBER
from server.store.records import is_whole

FORMAT = 1
MANIFEST, EXPERIMENT, CHECKPOINT, CURVES, HISTORY, BRANCHES = (
    "run.json",
    "experiment.json",
    "checkpoint.bin",
    "curves.json",
    "history.bin",
    "branches.json",
)
LARGEST_MANIFEST = 10_000
LARGEST_EXPERIMENT = 1_000_000
LARGEST_CURVES = 2_000_000
LARGEST_BRANCHES = 20_000_000
"""Bytes of the parts, unpacked."""
MOST_BRANCHES = 1_000
OVERHEAD = 10_000
"""Bytes that the archive itself may take."""


@dataclass(frozen=True)
class Run:
    """What a file holds.

    Attributes:
        points: curves of the branch on which the checkpoint stands.
        history: earlier moments and branches, as a host packed them; only the engine can say
            whether they are whole.
        lines: curves of all branches, where there is a history.
    """

    title: str
    experiment: bytes
    checkpoint: bytes | None
    points: tuple[Point, ...]
    history: bytes | None = None
    lines: tuple[Stretch, ...] = ()


class _Strict(BaseModel):
    # Built with the first file that comes back, not at every start.
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True, defer_build=True)


class _Manifest(_Strict):
    """What `run.json` says."""

    product: Literal["neurarium"]
    format: int
    title: str = Field(max_length=100)
    sha256: dict[str, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]]


Number = Annotated[float, Field(ge=-1e300, le=1e300)] | None


class _Curves(_Strict):
    """What `curves.json` says: one list for each quantity."""

    step: list[Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]] = Field(max_length=MOST_POINTS)
    epoch: list[Annotated[float, Field(ge=0, le=1e15)]]
    training_loss: list[Number]
    training_accuracy: list[Number]
    validation_loss: list[Number]
    validation_accuracy: list[Number]

    @model_validator(mode="after")
    def _check_lists(self) -> _Curves:
        if any(len(column) != len(self.step) for column in self.columns()):
            raise ValueError("lists of different lengths")
        if any(first >= second for first, second in zip(self.step, self.step[1:], strict=False)):
            raise ValueError("steps that don't grow")
        return self

    def columns(self) -> list[list[float | None]]:
        """The lists in the order of a point's fields."""
        return [getattr(self, name) for name in Point._fields]

    def points(self) -> tuple[Point, ...]:
        """The same as points."""
        return tuple(Point(*values) for values in zip(*self.columns(), strict=True))


class _Line(_Strict):
    """One branch of what `branches.json` says."""

    branch: Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]
    curves: _Curves


class _Branches(_Strict):
    """What `branches.json` says."""

    branches: list[_Line] = Field(max_length=MOST_BRANCHES)


def pack_run(run: Run) -> bytes:
    """The file of a run."""
    parts = {EXPERIMENT: run.experiment, CURVES: json.dumps(_columns(run.points)).encode()}
    if run.checkpoint is not None:
        parts[CHECKPOINT] = run.checkpoint
    if run.history is not None:
        parts[HISTORY] = run.history
        lines = [{"branch": one.branch, "curves": _columns(one.points)} for one in run.lines]
        parts[BRANCHES] = json.dumps({"branches": lines}).encode()
    manifest = {
        "product": "neurarium",
        "format": FORMAT,
        "title": run.title,
        "sha256": {name: hashlib.sha256(part).hexdigest() for name, part in parts.items()},
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
        for name, part in parts.items():
            # Weights are as good as random: compressing them costs time and saves nothing.
            is_numbers = name in (CHECKPOINT, HISTORY)
            kind = zipfile.ZIP_STORED if is_numbers else zipfile.ZIP_DEFLATED
            archive.writestr(name, part, kind)
    return packed.getvalue()


def _columns(points: Sequence[Point]) -> dict[str, list[float | None]]:
    """Points as one list for each quantity."""
    return {name: [point[at] for point in points] for at, name in enumerate(Point._fields)}


def largest_run(max_checkpoint_bytes: int) -> int:
    """Bytes that a file may have."""
    limits = _limits(max_checkpoint_bytes)
    return sum(limits.values()) + OVERHEAD


def unpack_run(data: bytes, max_checkpoint_bytes: int) -> Run:
    """The run in a file from outside.

    Whether the checkpoint fits the experiment is the engine's to say.

    Raises:
        NeurariumError: `run_unreadable`, `run_other_version` or `run_too_large`.
    """
    try:
        parts = _read_parts(data, _limits(max_checkpoint_bytes))
        manifest = _read_manifest(parts.pop(MANIFEST, b""))
        digests = {name: hashlib.sha256(part).hexdigest() for name, part in parts.items()}
        if digests != manifest.sha256 or not {EXPERIMENT, CURVES} <= set(parts):
            raise _unreadable("sha256")
        curves = _Curves.model_validate_json(parts[CURVES])
        lines = _Branches.model_validate_json(parts.get(BRANCHES, b'{"branches": []}')).branches
    except (
        zipfile.BadZipFile,
        zlib.error,
        ValidationError,
        ValueError,
        LookupError,
        EOFError,
        NotImplementedError,
        RecursionError,
        RuntimeError,
        OSError,
    ) as error:
        raise _unreadable(str(error).partition("\n")[0]) from error
    checkpoint = parts.get(CHECKPOINT)
    if checkpoint is not None and not is_whole(checkpoint):
        raise _unreadable(CHECKPOINT)
    return Run(
        manifest.title,
        parts[EXPERIMENT],
        checkpoint,
        curves.points(),
        parts.get(HISTORY),
        tuple(Stretch(line.branch, -1, line.curves.points()) for line in lines),
    )


def _limits(max_checkpoint_bytes: int) -> Mapping[str, int]:
    return {
        MANIFEST: LARGEST_MANIFEST,
        EXPERIMENT: LARGEST_EXPERIMENT,
        CURVES: LARGEST_CURVES,
        # Magic, digest, header and state come on top of what the setting limits.
        CHECKPOINT: max_checkpoint_bytes + OVERHEAD,
        HISTORY: max_checkpoint_bytes,
        BRANCHES: LARGEST_BRANCHES,
    }


def _read_parts(data: bytes, limits: Mapping[str, int]) -> dict[str, bytes]:
    """The members of the archive; none is unpacked further than its limit."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        names = [member.filename for member in members]
        if len(set(names)) != len(names) or not set(names) <= set(limits):
            raise _unreadable(", ".join(names[:8]))
        return {member.filename: _read_part(archive, member, limits) for member in members}


def _read_part(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: Mapping[str, int]
) -> bytes:
    limit = limits[member.filename]
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _unreadable(member.filename)
    if member.file_size > limit:
        raise refuse("run_too_large", member.filename, value=member.file_size, allowed=limit)
    with archive.open(member) as opened:
        part = opened.read(limit + 1)
    if len(part) > limit:
        raise refuse("run_too_large", member.filename, value=f"> {limit}", allowed=limit)
    return part


def _read_manifest(text: bytes) -> _Manifest:
    manifest = _Manifest.model_validate_json(text)
    if manifest.format != FORMAT:
        raise refuse("run_other_version", "format", value=manifest.format, allowed=FORMAT)
    return manifest


def _unreadable(value: object) -> NeurariumError:
    return refuse("run_unreadable", "run", value=value)
