"""The data directory: who may use it, and whether what lies in it can be used.

It needs nothing but the standard library, so that the command line can look before anything is
loaded; SQLAlchemy and Alembic are only imported for a database that isn't of the newest version.
Guarded by tests/server/test_store_folder.py.
"""

from __future__ import annotations

import errno
import importlib
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

VERSIONS = ("0001", "0002")
"""Of the database, the oldest first; a test compares them with the migrations."""
MIGRATING = "server.store.migrating"
"""Found by name, late: a database of the newest version doesn't need it."""
KEY_BYTES = 32
LARGEST_CHECK = 200_000_000
"""Bytes of a database that is read through at the start, which takes 0.3 s a gigabyte; a larger one
is checked session by session, as they are opened."""
FULL_CODES = (errno.ENOSPC, errno.EDQUOT)


class StoreError(Exception):
    """Something can't be read or written; its text is one line for the terminal.

    Attributes:
        is_full: whether there is no room on the disk.
    """

    def __init__(self, line: str, *, is_full: bool = False) -> None:
        super().__init__(line)
        self.is_full = is_full


class DataFolder:
    """A data directory that belongs to this process until `release`.

    Attributes:
        database: the file of the database.
        checkpoints: the folder of large checkpoints.
        visitor_key: signs the cookies by which visitors are recognised.
    """

    def __init__(self, path: Path, lock: sqlite3.Connection, visitor_key: bytes) -> None:
        self.path, self.visitor_key = path, visitor_key
        self._lock = lock
        self.database = path / "neurarium.db"
        self.checkpoints = path / "checkpoints"

    @classmethod
    def take(cls, path: Path) -> DataFolder:
        """Lock a data directory and make it ready.

        Raises:
            StoreError: another server uses it, or something in it can't be used.
        """
        with _explained(path):
            path.mkdir(parents=True, exist_ok=True)
            lock = _lock(path)
            try:
                folder = cls(path, lock, _read_key(path / "visitors.key"))
                folder._prepare_database()
            except BaseException:
                lock.close()
                raise
        return folder

    def release(self) -> None:
        """Let another server have it."""
        self._lock.close()

    def _prepare_database(self) -> None:
        version = _version_of(self.database)
        if version == VERSIONS[-1]:
            return
        if version is not None and version not in VERSIONS:
            raise StoreError(
                f"the database {self.database} was made by a newer Neurarium (version {version}, "
                f"this one knows {VERSIONS[-1]}). It was left as it is; start the newer one, or "
                "choose another folder with --data-dir FOLDER."
            )
        importlib.import_module(MIGRATING).upgrade(self.database)


def _lock(path: Path) -> sqlite3.Connection:
    """SQLite's own exclusive lock, on a file of its own.

    It needs no package, means the same on every system, is given back by the system when the
    process is killed, and leaves the database itself free for a backup.
    """
    lock = sqlite3.connect(
        path / "server.lock", timeout=0, isolation_level=None, check_same_thread=False
    )
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StoreError(
                f"another Neurarium is using the data directory {path}. "
                "Stop it, or choose another folder with --data-dir FOLDER."
            ) from None
        raise
    except sqlite3.Error:
        lock.close()
        raise
    return lock


def _read_key(file: Path) -> bytes:
    """The key of the visitors' cookies, made on the first start; nobody else may read it."""
    try:
        key = file.read_bytes()
    except FileNotFoundError:
        return _make_key(file)
    if len(key) != KEY_BYTES:
        raise StoreError(
            f"the file {file} is damaged. Put it back from a backup, or remove it: "
            "then a new one is made, and browsers lose their lists of saved work."
        )
    file.chmod(0o600)
    return key


def _make_key(file: Path) -> bytes:
    key = secrets.token_bytes(KEY_BYTES)
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(key)
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)
    return key


def _version_of(database: Path) -> str | None:
    """The version of a database that is whole; `None` for one that is still to be made.

    It is opened for reading only: whatever is wrong with it, it stays as it was.
    """
    if not database.exists() or database.stat().st_size == 0:
        return None
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as opened:
        try:
            tables = opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if ("alembic_version",) not in tables.fetchall():
                raise _damaged(database, "it is no database of Neurarium")
            versions = opened.execute("SELECT version_num FROM alembic_version").fetchall()
            if len(versions) != 1:
                raise _damaged(database, "it has no version")
            if database.stat().st_size <= LARGEST_CHECK:
                (found,) = opened.execute("PRAGMA quick_check(1)").fetchone()
                if found != "ok":
                    raise _damaged(database, found.replace("\n", " "))
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise _damaged(database, str(error)) from None
            raise
    return str(versions[0][0])


def _damaged(database: Path, reason: str) -> StoreError:
    return StoreError(
        f"the database {database} can't be used: {reason}. It was left as it is; put a backup in "
        "its place, move it away to begin with an empty one, or choose another folder with "
        "--data-dir FOLDER."
    )


def explain(error: Exception, path: Path) -> StoreError:
    """What went wrong with a file of the data directory, in one line."""
    while error.__cause__ is not None and not isinstance(error, OSError | sqlite3.Error):
        error = error.__cause__  # type: ignore[assignment]
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    is_full = getattr(error, "errno", None) in FULL_CODES or code == sqlite3.SQLITE_FULL
    reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
    hint = "Free some space there" if is_full else "See to it that it can be read and written"
    return StoreError(
        f"can't use the data directory {path}: {reason}. "
        f"{hint}, or choose another folder with --data-dir FOLDER.",
        is_full=is_full,
    )


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise explain(error, path) from error
