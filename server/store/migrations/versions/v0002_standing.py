"""What a session was told to do for good, in place of the sample alone."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Rename the column, and make a list of what it holds."""
    op.execute("ALTER TABLE sessions RENAME COLUMN inspected TO standing")
    op.execute("UPDATE sessions SET standing = '[' || standing || ']' WHERE standing IS NOT NULL")
