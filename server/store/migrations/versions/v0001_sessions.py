"""Sessions, their tokens, checkpoints, histories and curves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "sessions",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("visitor", sa.String, nullable=False, index=True),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("is_named", sa.Boolean, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("used", sa.Float, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("epoch", sa.Float, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("is_playing", sa.Boolean, nullable=False),
        sa.Column("steps_per_second", sa.Float),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("inspected", sa.String),
        sa.Column("experiment", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "tokens",
        session_key(is_primary=True),
        sa.Column("hash", sa.String, primary_key=True),
        sa.Column("place", sa.Integer, nullable=False),
    )
    op.create_table(
        "checkpoints",
        sa.Column("number", sa.Integer, primary_key=True),
        session_key(),
        sa.Column("digest", sa.String, nullable=False, index=True),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("experiment", sa.LargeBinary),
        sa.Column("data", sa.LargeBinary),
    )
    op.create_table(
        "histories",
        session_key(is_primary=True),
        sa.Column("digest", sa.String, nullable=False, index=True),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary),
    )
    op.create_table(
        "points",
        session_key(is_primary=True),
        sa.Column("branch", sa.Integer, primary_key=True),
        sa.Column("step", sa.Integer, primary_key=True),
        sa.Column("epoch", sa.Float, nullable=False),
        sa.Column("training_loss", sa.Float),
        sa.Column("training_accuracy", sa.Float),
        sa.Column("validation_loss", sa.Float),
        sa.Column("validation_accuracy", sa.Float),
        sqlite_with_rowid=False,
    )


def session_key(*, is_primary: bool = False) -> sa.Column[int]:
    """The column that ties a row to its session, and takes it away with that."""
    return sa.Column(
        "session",
        sa.Integer,
        sa.ForeignKey("sessions.number", ondelete="CASCADE"),
        primary_key=is_primary,
        nullable=False,
        index=not is_primary,
    )
