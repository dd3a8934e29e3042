"""The database, spoken to by one thread. Guarded by tests/server/test_store.py."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from server.hosts.base import Point
from server.store.connecting import open_engine
from server.store.files import Files
from server.store.folder import DataFolder, explain
from server.store.records import Change, Loaded, Row, is_whole
from server.store.schema import CHECKPOINTS, POINTS, SESSIONS, TOKENS

LARGEST_INSIDE = 1_000_000
"""Bytes of a checkpoint that is kept inside the database; a larger one gets a file."""
KEPT_CHECKPOINTS = 2
"""Of each session: if the newest one is damaged, the one before serves."""

_LIGHT = [column for column in SESSIONS.c if column.name not in ("experiment", "inspected")]


class Database:
    """Sessions on the disk.

    Args:
        folder: of a database of the newest version.

    Raises:
        StoreError: here and in every method, if the disk is full or a file can't be used.
    """

    def __init__(self, folder: DataFolder) -> None:
        self._path = folder.path
        self._engine = open_engine(folder.database)
        self._files = Files(folder.checkpoints)
        with self._transaction() as connection:
            digests = connection.scalars(
                select(CHECKPOINTS.c.digest).where(CHECKPOINTS.c.data.is_(None)).distinct()
            ).all()
            self._files.sweep(frozenset(digests))

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    def rows(self) -> Sequence[Row]:
        """All sessions without their heavy parts, the oldest first."""
        with self._transaction() as connection:
            tokens: dict[int, list[str]] = {}
            for number, token in connection.execute(
                select(TOKENS.c.session, TOKENS.c.hash).order_by(TOKENS.c.place)
            ):
                tokens.setdefault(number, []).append(token)
            totals = select(CHECKPOINTS.c.session, func.sum(CHECKPOINTS.c.size))
            sizes: dict[int, int] = {}
            for number, size in connection.execute(totals.group_by(CHECKPOINTS.c.session)):
                sizes[number] = size
            found = connection.execute(select(*_LIGHT).order_by(SESSIONS.c.number)).mappings()
            return [_row(dict(one), tokens, sizes) for one in found]

    def write(self, changes: Sequence[Change]) -> Mapping[str, int]:
        """Write changes, all of them or none; returns the bytes of each session's checkpoints."""
        sizes, freed = {}, set[str]()
        with self._transaction() as connection:
            for change in changes:
                number = self._write_session(connection, change)
                if change.checkpoint is not None:
                    freed |= self._write_checkpoint(connection, number, change.checkpoint)
                _write_points(connection, number, change)
                sizes[change.row.id] = _size(connection, number)
        self._remove_unused(freed)
        return sizes

    def load(self, session: str) -> Loaded | None:
        """The heavy part of a session, with the newest checkpoint that is whole."""
        with self._transaction() as connection:
            one = connection.execute(select(SESSIONS).where(SESSIONS.c.id == session)).first()
            if one is None:
                return None
            checkpoints = connection.execute(
                select(CHECKPOINTS)
                .where(CHECKPOINTS.c.session == one.number)
                .order_by(CHECKPOINTS.c.number.desc())
            ).all()
            points = connection.execute(
                select(*list(POINTS.c)[1:])
                .where(POINTS.c.session == one.number)
                .order_by(POINTS.c.step)
            ).all()
        checkpoint, base, is_damaged = self._choose(checkpoints)
        return Loaded(
            one.experiment,
            checkpoint,
            base,
            one.inspected,
            [Point(*point) for point in points],
            is_damaged,
        )

    def delete(self, sessions: Sequence[str]) -> None:
        """Remove sessions with all that belongs to them."""
        chosen = select(SESSIONS.c.number).where(SESSIONS.c.id.in_(sessions))
        with self._transaction() as connection:
            freed = connection.scalars(
                select(CHECKPOINTS.c.digest).where(CHECKPOINTS.c.session.in_(chosen))
            ).all()
            connection.execute(delete(SESSIONS).where(SESSIONS.c.id.in_(sessions)))
        self._remove_unused(set(freed))

    # --- writing ----------------------------------------------------------------------------------

    def _write_session(self, connection: Connection, change: Change) -> int:
        """Insert or update the session's own row and its tokens; returns its number."""
        row = change.row
        values = {column.name: getattr(row, column.name) for column in _LIGHT[1:]}
        if change.inspected is not None:
            values["inspected"] = change.inspected
        if change.experiment is not None:
            values["experiment"] = change.experiment
        found = connection.scalar(select(SESSIONS.c.number).where(SESSIONS.c.id == row.id))
        if found is None:
            made = insert(SESSIONS).values(values).returning(SESSIONS.c.number)
            number = int(connection.execute(made).scalar_one())
        else:
            number = int(found)
            if change.is_rebuilt:
                _keep_former_experiment(connection, number)
            connection.execute(update(SESSIONS).where(SESSIONS.c.number == number).values(values))
        _write_tokens(connection, number, row.token_hashes)
        return number

    def _write_checkpoint(self, connection: Connection, number: int, data: bytes) -> set[str]:
        """Add a checkpoint; returns the digests of those that had to make room for it."""
        digest = hashlib.sha256(data).hexdigest()
        mine = CHECKPOINTS.c.session == number
        newest = connection.execute(
            select(CHECKPOINTS.c.digest, CHECKPOINTS.c.experiment.is_(None))
            .where(mine)
            .order_by(CHECKPOINTS.c.number.desc())
        ).first()
        if newest is not None and tuple(newest) == (digest, True):
            return set()
        is_large = len(data) > LARGEST_INSIDE
        if is_large:
            self._files.put(data, digest)
        connection.execute(
            insert(CHECKPOINTS).values(
                session=number, digest=digest, size=len(data), data=None if is_large else data
            )
        )
        kept = (
            select(CHECKPOINTS.c.number)
            .where(mine)
            .order_by(CHECKPOINTS.c.number.desc())
            .limit(KEPT_CHECKPOINTS)
        )
        old = mine & CHECKPOINTS.c.number.not_in(kept)
        freed = set(connection.scalars(select(CHECKPOINTS.c.digest).where(old)).all())
        connection.execute(delete(CHECKPOINTS).where(old))
        return freed

    def _remove_unused(self, digests: set[str]) -> None:
        """Remove those of the files `digests` that no checkpoint refers to any more."""
        if not digests:
            return
        with self._transaction() as connection:
            used = connection.scalars(
                select(CHECKPOINTS.c.digest).where(CHECKPOINTS.c.digest.in_(digests))
            ).all()
        for digest in digests.difference(used):
            self._files.remove(digest)

    # --- reading ----------------------------------------------------------------------------------

    def _choose(self, checkpoints: Sequence[Any]) -> tuple[bytes | None, bytes | None, bool]:
        """The newest whole checkpoint, the older experiment it needs, and whether one was damaged.

        A checkpoint of an older experiment only serves where the newest one has lost its own.
        """
        is_damaged = False
        for one in checkpoints:
            if one.experiment is not None and not is_damaged:
                break
            data = one.data if one.data is not None else self._files.get(one.digest)
            if data is not None and is_whole(data):
                return data, one.experiment, is_damaged
            is_damaged = True
        return None, None, is_damaged

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except (OSError, SQLAlchemyError) as error:
            raise explain(error, self._path) from error


def _row(values: dict[str, Any], tokens: dict[int, list[str]], sizes: dict[int, int]) -> Row:
    number = values.pop("number")
    return Row(
        **values, token_hashes=tuple(tokens.get(number, ())), stored_bytes=sizes.get(number, 0)
    )


def _size(connection: Connection, number: int) -> int:
    size = select(func.sum(CHECKPOINTS.c.size)).where(CHECKPOINTS.c.session == number)
    return connection.scalar(size) or 0


def _keep_former_experiment(connection: Connection, number: int) -> None:
    """Note at the checkpoints so far which experiment they belong to: it is about to change."""
    former = select(SESSIONS.c.experiment).where(SESSIONS.c.number == number).scalar_subquery()
    connection.execute(
        update(CHECKPOINTS)
        .where((CHECKPOINTS.c.session == number) & CHECKPOINTS.c.experiment.is_(None))
        .values(experiment=former)
    )


def _write_tokens(connection: Connection, number: int, hashes: Sequence[str]) -> None:
    stored = connection.scalars(
        select(TOKENS.c.hash).where(TOKENS.c.session == number).order_by(TOKENS.c.place)
    ).all()
    if tuple(stored) == tuple(hashes):
        return
    connection.execute(delete(TOKENS).where(TOKENS.c.session == number))
    rows = [{"session": number, "hash": one, "place": at} for at, one in enumerate(hashes)]
    if rows:
        connection.execute(insert(TOKENS), rows)


def _write_points(connection: Connection, number: int, change: Change) -> None:
    connection.execute(
        delete(POINTS).where((POINTS.c.session == number) & (POINTS.c.step > change.points_after))
    )
    if change.points:
        rows = [{"session": number, **point._asdict()} for point in change.points]
        connection.execute(insert(POINTS), rows)
