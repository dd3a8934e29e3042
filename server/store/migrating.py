"""Brings a database to the newest version. Guarded by tests/server/test_store_folder.py."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import SQLAlchemyError

from server.store.connecting import open_engine
from server.store.folder import explain

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


def migration_config() -> Config:
    """Alembic's configuration; the migrations lie inside this package."""
    config = Config()
    config.set_main_option("script_location", MIGRATIONS.as_posix().replace("%", "%%"))
    return config


def upgrade(database: Path) -> None:
    """Run the migrations that a database lacks, all of them or none.

    Raises:
        StoreError: the file can't be written.
    """
    engine = open_engine(database)
    try:
        with engine.begin() as connection:
            config = migration_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except (OSError, SQLAlchemyError) as error:
        raise explain(error, database.parent) from error
    finally:
        engine.dispose()
