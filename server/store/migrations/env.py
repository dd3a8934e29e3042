"""Alembic's way in: it runs what is missing on the connection that it is given.

Guarded by tests/server/test_store_folder.py.
"""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
