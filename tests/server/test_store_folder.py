from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from server.admission import Visitors
from server.bootstrap import ROOT
from server.store.connecting import open_engine
from server.store.database import Database
from server.store.folder import VERSIONS, DataFolder, StoreError
from server.store.migrating import migration_config
from server.store.schema import METADATA
from tests.running import running_server
from tests.server.stored import change


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A data directory with something in it, used by nobody."""
    folder = DataFolder.take(tmp_path)
    database = Database(folder)
    database.write([change(str(number), bytes(2_000)) for number in range(50)])
    database.close()
    folder.release()
    return tmp_path


def start(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "server", "--port", "0", "--no-browser", "--data-dir"]
    return subprocess.run(
        [*command, str(folder)], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=60
    )


def assert_one_line(run: subprocess.CompletedProcess[str], *parts: str) -> None:
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.count("\n") == 1 and run.stderr.startswith("neurarium: "), run.stderr
    for part in (*parts, "--data-dir"):
        assert part in run.stderr


def test_second_server_on_the_same_folder_ends_with_a_clear_line(tmp_path: Path) -> None:
    with running_server(tmp_path) as first:
        assert_one_line(start(tmp_path), str(tmp_path), "another Neurarium")
        assert first.process.poll() is None
    # A server that has ended leaves no lock behind, however it ended.
    with running_server(tmp_path) as third:
        third.process.kill()
        third.process.wait()
        DataFolder.take(tmp_path).release()


def write_nonsense(database: Path) -> None:
    database.write_bytes(b"no database at all\n" * 1000)


def overwrite_the_middle(database: Path) -> None:
    with database.open("r+b") as opened:
        opened.seek(database.stat().st_size // 2)
        opened.write(b"\xff" * 20_000)


def cut_off(database: Path) -> None:
    with database.open("r+b") as opened:
        opened.truncate(database.stat().st_size // 2)


def make_it_newer(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def put_another_in_its_place(database: Path) -> None:
    database.unlink()
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (write_nonsense, "not a database"),
        (overwrite_the_middle, "can't be used"),
        (cut_off, "can't be used"),
        (make_it_newer, "newer Neurarium (version 9999"),
        (put_another_in_its_place, "no database of Neurarium"),
    ],
)
def test_database_that_cannot_be_used_is_explained_and_left_as_it_was(
    used: Path, harm: Callable[[Path], None], reason: str
) -> None:
    database = used / "neurarium.db"
    harm(database)
    before = database.read_bytes()
    assert_one_line(start(used), str(database), reason)
    assert database.read_bytes() == before


def test_full_disk_at_the_start_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StoreError) as caught:
        DataFolder.take(tmp_path)
    assert caught.value.is_full
    assert str(tmp_path) in str(caught.value) and "Free some space" in str(caught.value)
    monkeypatch.undo()
    DataFolder.take(tmp_path).release()


def test_key_of_the_visitors_outlives_the_process_and_is_private(tmp_path: Path) -> None:
    first = DataFolder.take(tmp_path)
    cookie = Visitors(first.visitor_key).issue()
    first.release()
    file = tmp_path / "visitors.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    second = DataFolder.take(tmp_path)
    assert Visitors(second.visitor_key).recognise(cookie, "1.2.3.4").startswith("cookie ")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    second.release()
    file.write_bytes(b"short")
    with pytest.raises(StoreError, match=r"visitors\.key"):
        DataFolder.take(tmp_path)
    assert file.read_bytes() == b"short"


def test_database_of_the_newest_version_is_opened_without_alembic(used: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from server.store.folder import DataFolder; "
        f"DataFolder.take(Path({str(used)!r})).release(); "
        "assert not {'alembic', 'sqlalchemy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_migrations_make_the_tables_that_the_code_uses(used: Path) -> None:
    scripts = ScriptDirectory.from_config(migration_config())
    assert tuple(one.revision for one in scripts.walk_revisions())[::-1] == VERSIONS
    engine = open_engine(used / "neurarium.db")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()
