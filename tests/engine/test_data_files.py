"""Shipped data: every file has a licence record that tells the truth about it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data import rebuild
from engine.data.shipped import FILES, RECORD_SUFFIX, LicenceRecord, licence_records

RECORDS = licence_records()


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: str(record.file))
def test_a_file_is_the_one_its_record_speaks_of(record: LicenceRecord) -> None:
    content = (FILES / record.file).read_bytes()
    assert hashlib.sha256(content).hexdigest() == record.sha256
    assert len(content) < 2_000_000
    for told in (record.source, record.package, record.version, record.licence):
        assert told
    assert record.attribution
    assert record.changes
    assert record.source_sha256


def test_every_file_has_a_record() -> None:
    known = {record.file for record in RECORDS} | {record.notice for record in RECORDS}
    known |= {record.file.rpartition(".")[0] + RECORD_SUFFIX for record in RECORDS}
    assert {path.name for path in FILES.iterdir()} == known - {""}
    assert len(RECORDS) >= 3


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: str(record.file))
def test_terms_that_ask_for_a_notice_have_one(record: LicenceRecord) -> None:
    if record.licence == "CC0-1.0":
        assert record.notice == ""
        return
    notice = (FILES / record.notice).read_text(encoding="utf-8")
    expected = {
        "CC-BY-SA-3.0": ("Yann LeCun", "Corinna Cortes", "Attribution-ShareAlike 3.0 Unported"),
        "BSD-3-Clause": ("BSD 3-Clause License", "The scikit-learn developers"),
    }
    for words in expected[record.licence]:
        assert words in notice


def test_the_records_are_those_that_the_script_writes() -> None:
    for recipe in rebuild.RECIPES:
        name = recipe.record["file"]
        content = (FILES / name).read_bytes()
        record = FILES / (name.rpartition(".")[0] + RECORD_SUFFIX)
        assert rebuild.write_record(recipe, content) == record.read_bytes()


def test_arrays_need_no_pickle_and_carry_no_time() -> None:
    with zipfile.ZipFile(FILES / "mnist.npz") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with np.load(FILES / "mnist.npz", allow_pickle=False) as arrays:
        assert arrays["pictures"].dtype == arrays["digits"].dtype == np.uint8


def test_an_archive_depends_on_its_arrays_alone() -> None:
    arrays: dict[str, NDArray[Any]] = {"first": np.arange(10), "second": np.eye(3)}
    content = rebuild.archive(arrays)
    assert content == rebuild.archive(arrays)
    with np.load(io.BytesIO(content)) as read:
        assert all(np.array_equal(read[name], array) for name, array in arrays.items())


def test_the_order_of_the_digits_does_not_depend_on_where_they_stood() -> None:
    with np.load(FILES / "mnist.npz", allow_pickle=False) as arrays:
        pictures, digits = arrays["pictures"], arrays["digits"]
    assert np.array_equal(rebuild.order_digits(pictures, digits), np.arange(10000))
    shuffled = np.random.default_rng(1).permutation(10000)
    order = rebuild.order_digits(pictures[shuffled], digits[shuffled])
    assert np.array_equal(shuffled[order], np.arange(10000))


def test_another_compression_of_the_same_arrays_changes_nothing() -> None:
    with np.load(FILES / "mnist.npz", allow_pickle=False) as arrays:
        same = {name: arrays[name] for name in arrays}
    shipped = (FILES / "mnist.npz").read_bytes()
    assert rebuild.keep_equal("mnist.npz", stored(same)) == shipped
    other = stored({**same, "digits": same["digits"][::-1]})
    assert rebuild.keep_equal("mnist.npz", other) == other


def stored(arrays: dict[str, NDArray[Any]]) -> bytes:
    """An archive without compression."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def test_a_changed_package_is_refused(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("download")

    def deliver(command: list[str]) -> None:
        with zipfile.ZipFile(folder / "iris.whl", "w") as wheel:
            for name in rebuild.IRIS.members:
                wheel.writestr(name, "something else")

    monkeypatch.setattr(rebuild, "_run", deliver)
    with pytest.raises(SystemExit, match=r"iris\.csv of scikit-learn==1\.9\.1 has the SHA-256"):
        rebuild.fetch(rebuild.IRIS, folder)
