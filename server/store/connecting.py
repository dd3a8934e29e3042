"""How SQLite is spoken to. Guarded by tests/server/test_store.py."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

BUSY_SECONDS = 5.0
"""How long to wait for somebody who reads the database meanwhile, such as a backup."""


def open_engine(database: Path) -> Engine:
    """An engine with one connection, for one thread.

    Write-ahead log, foreign keys, and every transaction on the disk before it counts: what was
    saved survives the machine's end too, not only the process's.
    """
    engine = create_engine(
        f"sqlite:///{database}",
        poolclass=StaticPool,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _configure(connection: sqlite3.Connection, _: object) -> None:
    # Transactions begin where SQLAlchemy says so, not where the driver guesses: also for DDL.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
