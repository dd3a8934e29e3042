"""The database, spoken to by one thread. Guarded by tests/server/test_store.py."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from server.hosts.base import Point, Stretch
from server.store.connecting import open_engine
from server.store.files import Files
from server.store.folder import DataFolder, explain
from server.store.records import Change, Loaded, Row, is_whole
from server.store.schema import CHECKPOINTS, HISTORIES, POINTS, SESSIONS, TOKENS

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
            digests = [
                digest
                for table in (CHECKPOINTS, HISTORIES)
                for digest in connection.scalars(
                    select(table.c.digest).where(table.c.data.is_(None)).distinct()
                )
            ]
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
            sizes: dict[int, int] = {}
            for table in (CHECKPOINTS, HISTORIES):
                totals = select(table.c.session, func.sum(table.c.size))
                for number, size in connection.execute(totals.group_by(table.c.session)):
                    sizes[number] = sizes.get(number, 0) + size
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
                if change.history is not None:
                    freed |= self._write_history(connection, number, change.history)
                if change.curves is not None:
                    _write_points(connection, number, change.curves)
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
            history = connection.execute(
                select(HISTORIES).where(HISTORIES.c.session == one.number)
            ).first()
            points = connection.execute(
                select(*list(POINTS.c)[1:])
                .where(POINTS.c.session == one.number)
                .order_by(POINTS.c.branch, POINTS.c.step)
            ).all()
        checkpoint, base, is_damaged = self._choose(checkpoints)
        return Loaded(
            one.experiment,
            checkpoint,
            base,
            self._read_history(history),
            one.inspected,
            [
                Stretch(branch, -1, [Point(*point[1:]) for point in line])
                for branch, line in groupby(points, key=lambda point: point.branch)
            ],
            is_damaged,
        )

    def delete(self, sessions: Sequence[str]) -> None:
        """Remove sessions with all that belongs to them."""
        chosen = select(SESSIONS.c.number).where(SESSIONS.c.id.in_(sessions))
        with self._transaction() as connection:
            freed = [
                digest
                for table in (CHECKPOINTS, HISTORIES)
                for digest in connection.scalars(
                    select(table.c.digest).where(table.c.session.in_(chosen))
                )
            ]
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

    def _write_history(self, connection: Connection, number: int, data: bytes) -> set[str]:
        """Put a history in the place of the one before; returns the digest of that."""
        digest = hashlib.sha256(data).hexdigest()
        is_large = len(data) > LARGEST_INSIDE
        if is_large:
            self._files.put(data, digest)
        mine = HISTORIES.c.session == number
        freed = set(connection.scalars(select(HISTORIES.c.digest).where(mine)).all())
        connection.execute(delete(HISTORIES).where(mine))
        connection.execute(
            insert(HISTORIES).values(
                session=number, digest=digest, size=len(data), data=None if is_large else data
            )
        )
        return freed

    def _remove_unused(self, digests: set[str]) -> None:
        """Remove those of the files `digests` that no checkpoint refers to any more."""
        if not digests:
            return
        with self._transaction() as connection:
            used = [
                digest
                for table in (CHECKPOINTS, HISTORIES)
                for digest in connection.scalars(
                    select(table.c.digest).where(table.c.digest.in_(digests))
                )
            ]
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

    def _read_history(self, row: Any) -> bytes | None:
        """The stored history, if its bytes are those that were written."""
        if row is None:
            return None
        data: bytes | None = row.data if row.data is not None else self._files.get(row.digest)
        if data is None or hashlib.sha256(data).hexdigest() != row.digest:
            return None
        return data

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
    """Bytes of a session's checkpoints and of its history."""
    return sum(
        connection.scalar(select(func.sum(table.c.size)).where(table.c.session == number)) or 0
        for table in (CHECKPOINTS, HISTORIES)
    )


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


def _write_points(connection: Connection, number: int, curves: Sequence[Stretch]) -> None:
    """Write what is new, and remove the curves of branches that are gone."""
    mine = POINTS.c.session == number
    branches = [one.branch for one in curves]
    connection.execute(delete(POINTS).where(mine & POINTS.c.branch.not_in(branches)))
    for branch, after, points in curves:
        old = mine & (POINTS.c.branch == branch) & (POINTS.c.step > after)
        connection.execute(delete(POINTS).where(old))
        if points:
            key = {"session": number, "branch": branch}
            connection.execute(insert(POINTS), [key | point._asdict() for point in points])
