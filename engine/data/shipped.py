"""The small data files that ship with the product, and their licence records.

Files are read once; what they yield is read-only. Guarded by tests/engine/test_data_files.py.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from engine.catalog import Strict
from engine.data.dataset import Floats

FILES = Path(__file__).parent / "files"
RECORD_SUFFIX = ".license.json"


class Labelled(NamedTuple):
    """Samples and their class numbers, both read-only."""

    inputs: Floats
    targets: NDArray[np.int64]


class LicenceRecord(Strict):
    """Where a shipped data file comes from and on which terms.

    Attributes:
        file: its name in `files/`.
        title: what it holds.
        source: who made the data, and where it was published.
        package, registry, version: the package that `rebuild` takes it from.
        licence: SPDX name of the terms of the data.
        attribution: the words to show with the data.
        changes: what was changed on the way into the file.
        notice: file in `files/` with the licence text or notice; empty if the terms ask for none.
        sha256: of the file, in hexadecimal.
        source_sha256: of each file of the package that the samples come from.
    """

    file: str
    title: str
    source: str
    package: str
    registry: str
    version: str
    licence: str
    attribution: str
    changes: str
    notice: str = ""
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    source_sha256: dict[str, str]


def licence_records() -> tuple[LicenceRecord, ...]:
    """The records of all shipped files, by file name."""
    paths = sorted(FILES.glob(f"*{RECORD_SUFFIX}"))
    return tuple(LicenceRecord.model_validate_json(path.read_bytes()) for path in paths)


@cache
def read_table(
    name: str, columns: tuple[str, ...], label: str, classes: tuple[str, ...]
) -> Labelled:
    """Number columns `(rows, columns)` and the position of `label` in `classes` of a CSV file."""
    with (FILES / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    inputs = np.array([[row[column] for column in columns] for row in rows], dtype=np.float32)
    targets = np.array([classes.index(row[label]) for row in rows], dtype=np.int64)
    return _frozen(inputs, targets)


@cache
def read_digits(name: str) -> Labelled:
    """Pictures `(samples, height, width)` of ink between 0 and 1, and their digits."""
    with np.load(FILES / name, allow_pickle=False) as arrays:
        inputs = arrays["pictures"].astype(np.float32) / np.float32(255)
        targets = arrays["digits"].astype(np.int64)
    return _frozen(inputs, targets)


def _frozen(inputs: Floats, targets: NDArray[np.int64]) -> Labelled:
    inputs.flags.writeable = False
    targets.flags.writeable = False
    return Labelled(inputs, targets)
