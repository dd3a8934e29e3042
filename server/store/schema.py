"""The tables. `migrations` makes them; a test compares both. Guarded by tests/server/test_store.py.

Room is left for more about a session: whatever comes refers to `sessions.number` and goes with it.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

METADATA = MetaData()


def _session_key(*, is_primary: bool = False) -> Column[int]:
    return Column(
        "session",
        Integer,
        ForeignKey("sessions.number", ondelete="CASCADE"),
        primary_key=is_primary,
        nullable=False,
        index=not is_primary,
    )


SESSIONS = Table(
    "sessions",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("visitor", String, nullable=False, index=True),
    Column("title", String, nullable=False),
    Column("is_named", Boolean, nullable=False),
    Column("created", Float, nullable=False),
    Column("used", Float, nullable=False),
    Column("step", Integer, nullable=False),
    Column("epoch", Float, nullable=False),
    Column("status", String, nullable=False),
    Column("is_playing", Boolean, nullable=False),
    Column("steps_per_second", Float),
    Column("revision", Integer, nullable=False),
    Column("run", Integer, nullable=False),
    Column("standing", String),
    # Last, as the longest: a list of sessions is read without it.
    Column("experiment", LargeBinary, nullable=False),
)
"""One row a session. `number` is its short name inside the database."""

TOKENS = Table(
    "tokens",
    METADATA,
    _session_key(is_primary=True),
    Column("hash", String, primary_key=True),
    Column("place", Integer, nullable=False),
)
"""SHA-256 of each token that may edit a session; the tokens themselves are never stored."""

CHECKPOINTS = Table(
    "checkpoints",
    METADATA,
    Column("number", Integer, primary_key=True),
    _session_key(),
    Column("digest", String, nullable=False, index=True),
    Column("size", Integer, nullable=False),
    Column("experiment", LargeBinary),
    Column("data", LargeBinary),
)
"""The newest two of each session. `experiment` is the one it belongs to, where that isn't the
session's present one any more; `data` is empty where the bytes lie in the file named `digest`."""

HISTORIES = Table(
    "histories",
    METADATA,
    _session_key(is_primary=True),
    Column("digest", String, nullable=False, index=True),
    Column("size", Integer, nullable=False),
    Column("data", LargeBinary),
)
"""Earlier moments and branches of each session, as the engine packed them; `data` is empty where
the bytes lie in the file named `digest`."""

POINTS = Table(
    "points",
    METADATA,
    _session_key(is_primary=True),
    Column("branch", Integer, primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("epoch", Float, nullable=False),
    Column("training_loss", Float),
    Column("training_accuracy", Float),
    Column("validation_loss", Float),
    Column("validation_accuracy", Float),
    sqlite_with_rowid=False,
)
"""Points of the curves, by branch."""
