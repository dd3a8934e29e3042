from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from engine import snapshot
from server.hosts.base import Stretch
from server.store.database import KEPT_CHECKPOINTS, LARGEST_INSIDE, Database
from server.store.folder import DataFolder, StoreError
from server.store.records import MAGIC, is_whole
from tests.server.stored import change, checkpoint, point, row


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    taken = DataFolder.take(tmp_path)
    yield taken
    taken.release()


@pytest.fixture
def database(folder: DataFolder) -> Iterator[Database]:
    opened = Database(folder)
    yield opened
    opened.close()


def edit(folder: DataFolder, statement: str, *values: object) -> None:
    """Change the file behind the store's back."""
    with closing(sqlite3.connect(folder.database)) as connection, connection:
        connection.execute(statement, values)


def files_of(folder: DataFolder) -> list[str]:
    return sorted(path.name for path in folder.checkpoints.rglob("*") if path.is_file())


def test_the_mark_of_a_checkpoint_is_the_engines() -> None:
    assert MAGIC == snapshot.MAGIC
    assert is_whole(checkpoint("a"))
    assert not is_whole(checkpoint("a")[:-1])
    assert not is_whole(b"X" + checkpoint("a")[1:])
    assert not is_whole(b"")


def test_what_was_written_is_found_by_the_next_process(folder: DataFolder) -> None:
    database = Database(folder)
    database.write(
        [
            change("one", b'{"a": 1}', checkpoint("w"), points=[point(0), point(5, None)]),
            change("two", is_playing=True, steps_per_second=12.5, token_hashes=("b", "a")),
        ]
    )
    database.close()
    again = Database(folder)
    first, second = again.rows()
    assert first == row("one", stored_bytes=len(checkpoint("w")))
    assert second == row("two", is_playing=True, steps_per_second=12.5, token_hashes=("b", "a"))
    loaded = again.load("one")
    assert loaded is not None
    assert (loaded.experiment, loaded.checkpoint) == (b'{"a": 1}', checkpoint("w"))
    assert loaded.curves[0].points == [point(0), point(5, None)]
    assert not loaded.is_damaged
    assert again.load("none") is None
    again.close()


def test_points_after_a_step_are_replaced(database: Database) -> None:
    database.write([change("one", points=[point(0), point(5), point(9)])])
    database.write([change("one", None, points=[point(7, 0.1)], after=5)])
    loaded = database.load("one")
    assert loaded is not None
    assert loaded.curves[0].points == [point(0), point(5), point(7, 0.1)]
    assert loaded.experiment == b"{}"


def test_newest_two_checkpoints_are_kept_small_ones_inside_and_large_ones_as_files(
    database: Database, folder: DataFolder
) -> None:
    small = [checkpoint(str(number)) for number in range(3)]
    for data in small:
        database.write([change("one", None if data is not small[0] else b"{}", data)])
    assert files_of(folder) == []
    large = [checkpoint(str(number), LARGEST_INSIDE + 1) for number in range(3)]
    for number, data in enumerate(large):
        sizes = database.write([change("one", None, data)])
        assert len(files_of(folder)) == min(number + 1, KEPT_CHECKPOINTS)
    assert sizes == {"one": len(large[0]) * KEPT_CHECKPOINTS}
    loaded = database.load("one")
    assert loaded is not None and loaded.checkpoint == large[-1]


def test_file_that_two_sessions_refer_to_stays_until_both_are_gone(
    database: Database, folder: DataFolder
) -> None:
    data = checkpoint("shared", LARGEST_INSIDE + 1)
    database.write([change("one", checkpoint=data), change("two", checkpoint=data)])
    assert len(files_of(folder)) == 1
    database.delete(["one"])
    loaded = database.load("two")
    assert loaded is not None and loaded.checkpoint == data
    database.delete(["two"])
    assert files_of(folder) == [] and database.rows() == []


def test_files_that_a_killed_process_left_are_removed_at_the_next_start(
    folder: DataFolder,
) -> None:
    database = Database(folder)
    database.write([change("one", checkpoint=checkpoint("kept", LARGEST_INSIDE + 1))])
    database.close()
    (kept,) = files_of(folder)
    for name in ("ab" + "0" * 62, "ab" + "1" * 62 + ".draft"):
        path = folder.checkpoints / "ab" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"orphan")
    Database(folder).close()
    assert files_of(folder) == [kept]


def test_damaged_checkpoint_costs_itself_only(database: Database, folder: DataFolder) -> None:
    database.write([change("one", checkpoint=checkpoint("old")), change("two")])
    database.write([change("one", None, checkpoint("new"))])
    edit(folder, "UPDATE checkpoints SET data = ? WHERE number = 2", checkpoint("new")[:-3])
    loaded = database.load("one")
    assert loaded is not None
    assert (loaded.checkpoint, loaded.base, loaded.is_damaged) == (checkpoint("old"), None, True)
    assert [one.id for one in database.rows()] == ["one", "two"]


def test_missing_or_damaged_file_costs_one_checkpoint(
    database: Database, folder: DataFolder
) -> None:
    old, new = (checkpoint(name, LARGEST_INSIDE + 1) for name in ("old", "new"))
    database.write([change("one", checkpoint=old)])
    (first,) = files_of(folder)
    database.write([change("one", None, new)])
    (newest,) = set(files_of(folder)) - {first}
    path = folder.checkpoints / newest[:2] / newest
    path.write_bytes(path.read_bytes()[: LARGEST_INSIDE // 2])
    loaded = database.load("one")
    assert loaded is not None and loaded.checkpoint == old and loaded.is_damaged
    path.unlink()
    loaded = database.load("one")
    assert loaded is not None and loaded.checkpoint == old
    # What is trained anew comes to the same bytes, and mends the file.
    database.write([change("one", None, checkpoint("between"))])
    database.write([change("one", None, new)])
    loaded = database.load("one")
    assert loaded is not None and loaded.checkpoint == new and not loaded.is_damaged


def test_checkpoint_of_an_older_experiment_serves_only_where_the_newest_is_damaged(
    database: Database, folder: DataFolder
) -> None:
    database.write([change("one", b"old", checkpoint("old"))])
    database.write([change("one", b"new", None, is_rebuilt=True)])
    loaded = database.load("one")
    assert loaded is not None
    assert (loaded.experiment, loaded.checkpoint, loaded.base) == (b"new", None, None)
    database.write([change("one", None, checkpoint("new"))])
    loaded = database.load("one")
    assert loaded is not None
    assert (loaded.experiment, loaded.checkpoint, loaded.base) == (b"new", checkpoint("new"), None)
    edit(folder, "UPDATE checkpoints SET data = x'00' WHERE experiment IS NULL")
    loaded = database.load("one")
    assert loaded is not None
    assert (loaded.experiment, loaded.checkpoint, loaded.base) == (
        b"new",
        checkpoint("old"),
        b"old",
    )


def test_full_disk_is_told_as_such_and_changes_nothing(
    database: Database, folder: DataFolder
) -> None:
    database.write([change("one", checkpoint=checkpoint("old"))])
    with database._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError) as caught:
        database.write(
            [change("one", None, checkpoint("new")), change("two", checkpoint=bytes(900_000))]
        )
    assert caught.value.is_full
    assert str(folder.path) in str(caught.value) and "\n" not in str(caught.value)
    assert [one.id for one in database.rows()] == ["one"]
    loaded = database.load("one")
    assert loaded is not None and loaded.checkpoint == checkpoint("old")


def test_full_disk_leaves_no_half_file_behind(
    database: Database, folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StoreError) as caught:
        database.write([change("one", checkpoint=checkpoint("w", LARGEST_INSIDE + 1))])
    assert caught.value.is_full
    assert files_of(folder) == [] and database.rows() == []


def test_tokens_are_stored_as_hashes_in_their_order(database: Database) -> None:
    database.write([change("one", token_hashes=("c", "a", "b"))])
    database.write([change("one", None, token_hashes=("a", "b", "d"))])
    assert database.rows()[0].token_hashes == ("a", "b", "d")


@pytest.mark.parametrize("size", [100, LARGEST_INSIDE + 1])
def test_the_newest_history_is_kept_and_a_damaged_one_is_none(
    folder: DataFolder, size: int
) -> None:
    database = Database(folder)
    first, second = (letter * size for letter in (b"a", b"b"))
    database.write([change("one", history=first)])
    database.write([change("one", None, history=second)])
    loaded = database.load("one")
    assert loaded is not None and loaded.history == second
    assert database.rows()[0].stored_bytes == size
    for file in [path for path in folder.checkpoints.rglob("*") if path.is_file()]:
        file.write_bytes(b"damaged")
        loaded = database.load("one")
        assert loaded is not None and loaded.history is None
    database.delete(["one"])
    assert not files_of(folder)
    database.close()


def test_curves_are_kept_by_branch_and_go_with_it(database: Database) -> None:
    curves = (Stretch(1, -1, [point(0), point(5)]), Stretch(2, -1, [point(0), point(3)]))
    database.write([replace(change("one"), curves=curves)])
    loaded = database.load("one")
    assert loaded is not None and tuple(loaded.curves) == curves
    database.write([replace(change("one", None), curves=(Stretch(2, 0, [point(4)]),))])
    loaded = database.load("one")
    assert loaded is not None and loaded.curves == [Stretch(2, -1, [point(0), point(4)])]
    database.write([replace(change("one", None), curves=None)])
    loaded = database.load("one")
    assert loaded is not None and len(loaded.curves) == 1
