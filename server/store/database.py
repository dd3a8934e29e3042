"""The database, spoken to by one thread. Guarded by tests/server/test_store.py."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
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

KEEP_FORMER_EXPERIMENT = (
    update(CHECKPOINTS)
    .where((CHECKPOINTS.c.session == bindparam("which")) & CHECKPOINTS.c.experiment.is_(None))
    .values(
        experiment=select(SESSIONS.c.experiment)
        .where(SESSIONS.c.number == bindparam("which"))
        .scalar_subquery()
    )
)
"""Notes at a session's checkpoints which experiment they belong to: it is about to change."""
VOID_POINTS = delete(POINTS).where(
    (POINTS.c.session == bindparam("which"))
    & (POINTS.c.branch == bindparam("line"))
    & (POINTS.c.step > bindparam("after"))
)

WITH_FILES = (CHECKPOINTS, HISTORIES)
"""Tables whose longer bytes lie in files."""
_LIGHT = [column for column in SESSIONS.c if column.name not in ("experiment", "standing")]


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
                for table in WITH_FILES
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
            for table in WITH_FILES:
                totals = select(table.c.session, func.sum(table.c.size))
                for number, size in connection.execute(totals.group_by(table.c.session)):
                    sizes[number] = sizes.get(number, 0) + size
            found = connection.execute(select(*_LIGHT).order_by(SESSIONS.c.number)).mappings()
            return [_row(dict(one), tokens, sizes) for one in found]

    def write(self, changes: Sequence[Change]) -> Mapping[str, int]:
        """Write changes, all of them or none; returns the bytes of each session's checkpoints."""
        with self._transaction() as connection:
            numbers = _write_sessions(connection, changes)
            _write_tokens(connection, numbers, changes)
            sizes, freed = self._write_checkpoints(connection, numbers, changes)
            freed |= self._write_histories(connection, numbers, changes)
            _write_points(connection, numbers, changes)
            for number, size in _history_sizes(connection, numbers.values()).items():
                sizes[number] = sizes.get(number, 0) + size
        self._remove_unused(freed)
        return {change.row.id: sizes.get(numbers[change.row.id], 0) for change in changes}

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
            one.standing,
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
                for table in WITH_FILES
                for digest in connection.scalars(
                    select(table.c.digest).where(
                        table.c.session.in_(chosen) & table.c.data.is_(None)
                    )
                )
            ]
            connection.execute(delete(SESSIONS).where(SESSIONS.c.id.in_(sessions)))
        self._remove_unused(set(freed))

    # --- writing ----------------------------------------------------------------------------------

    def _write_checkpoints(
        self, connection: Connection, numbers: Mapping[str, int], changes: Sequence[Change]
    ) -> tuple[dict[int, int], set[str]]:
        """Add checkpoints and remove those that have to make room.

        Returns:
            The bytes that each session's take now, and the files of those that are gone.
        """
        given = {numbers[one.row.id]: one.checkpoint for one in changes if one.checkpoint}
        kept = _stored_checkpoints(connection, set(numbers.values()))
        new = []
        for number, data in given.items():
            digest = hashlib.sha256(data).hexdigest()
            if kept[number] and kept[number][0].is_of(digest):
                continue
            is_large = len(data) > LARGEST_INSIDE
            if is_large:
                self._files.put(data, digest)
            inside = None if is_large else data
            new.append({"session": number, "digest": digest, "size": len(data), "data": inside})
            kept[number].insert(0, _Stored(None, digest, len(data), is_large, True))
        if new:
            connection.execute(insert(CHECKPOINTS), new)
        old = [one for mine in kept.values() for one in mine[KEPT_CHECKPOINTS:]]
        if old:
            gone = CHECKPOINTS.c.number.in_([one.number for one in old])
            connection.execute(delete(CHECKPOINTS).where(gone))
        sizes = {
            number: sum(one.size for one in mine[:KEPT_CHECKPOINTS])
            for number, mine in kept.items()
        }
        return sizes, {one.digest for one in old if one.is_file}

    def _write_histories(
        self, connection: Connection, numbers: Mapping[str, int], changes: Sequence[Change]
    ) -> set[str]:
        """Put histories in the places of those before; returns the files of these."""
        given = {numbers[one.row.id]: one.history for one in changes if one.history}
        if not given:
            return set()
        mine = HISTORIES.c.session.in_(given)
        is_file = HISTORIES.c.data.is_(None)
        freed = set(connection.scalars(select(HISTORIES.c.digest).where(mine & is_file)).all())
        connection.execute(delete(HISTORIES).where(mine))
        new = []
        for number, data in given.items():
            digest = hashlib.sha256(data).hexdigest()
            is_large = len(data) > LARGEST_INSIDE
            if is_large:
                self._files.put(data, digest)
            inside = None if is_large else data
            new.append({"session": number, "digest": digest, "size": len(data), "data": inside})
        connection.execute(insert(HISTORIES), new)
        return freed

    def _remove_unused(self, digests: set[str]) -> None:
        """Remove those of the files `digests` that no checkpoint refers to any more."""
        if not digests:
            return
        with self._transaction() as connection:
            used = [
                digest
                for table in WITH_FILES
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


class _Stored(NamedTuple):
    """A checkpoint without its bytes; one that is just being written has no number yet."""

    number: int | None
    digest: str
    size: int
    is_file: bool
    is_current: bool
    """Whether it belongs to the session's present experiment."""

    def is_of(self, digest: str) -> bool:
        """Whether writing these bytes would say nothing new."""
        return self.is_current and self.digest == digest


def _stored_checkpoints(connection: Connection, sessions: set[int]) -> dict[int, list[_Stored]]:
    """The checkpoints of some sessions, each one's newest first."""
    kept: dict[int, list[_Stored]] = {number: [] for number in sessions}
    table = CHECKPOINTS.c
    for number, *values in connection.execute(
        select(
            table.session,
            table.number,
            table.digest,
            table.size,
            table.data.is_(None),
            table.experiment.is_(None),
        )
        .where(table.session.in_(sessions))
        .order_by(table.number.desc())
    ):
        kept[number].append(_Stored(*values))
    return kept


def _write_sessions(connection: Connection, changes: Sequence[Change]) -> dict[str, int]:
    """Insert or update the sessions' own rows; returns their numbers."""
    names = [change.row.id for change in changes]
    known = _numbers_of(connection, names)
    new = [change for change in changes if change.row.id not in known]
    if new:
        blank = {"experiment": b"", "standing": None}
        connection.execute(insert(SESSIONS), [blank | _values(change) for change in new])
    rebuilt = [{"which": known[one.row.id]} for one in changes if one.is_rebuilt and one not in new]
    if rebuilt:
        connection.execute(KEEP_FORMER_EXPERIMENT, rebuilt)
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for change in changes:
        if change not in new:
            values = _values(change)
            number = {"which": known[change.row.id]}
            groups.setdefault(tuple(values), []).append(values | number)
    for group in groups.values():
        chosen = SESSIONS.c.number == bindparam("which")
        connection.execute(update(SESSIONS).where(chosen), group)
    return _numbers_of(connection, names) if new else known


def _numbers_of(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    found = connection.execute(
        select(SESSIONS.c.id, SESSIONS.c.number).where(SESSIONS.c.id.in_(names))
    )
    return {name: number for name, number in found}  # noqa: C416  rows are no pairs to the checker


def _values(change: Change) -> dict[str, Any]:
    """The columns of a session's row that are to be written."""
    values = {column.name: getattr(change.row, column.name) for column in _LIGHT[1:]}
    if change.standing is not None:
        values["standing"] = change.standing
    if change.experiment is not None:
        values["experiment"] = change.experiment
    return values


def _write_tokens(
    connection: Connection, numbers: Mapping[str, int], changes: Sequence[Change]
) -> None:
    stored: dict[int, list[str]] = {}
    for number, token in connection.execute(
        select(TOKENS.c.session, TOKENS.c.hash)
        .where(TOKENS.c.session.in_(numbers.values()))
        .order_by(TOKENS.c.place)
    ):
        stored.setdefault(number, []).append(token)
    wanted = {numbers[one.row.id]: one.row.token_hashes for one in changes}
    other = {number: all_ for number, all_ in wanted.items() if [*all_] != stored.get(number, [])}
    if not other:
        return
    connection.execute(delete(TOKENS).where(TOKENS.c.session.in_(other)))
    rows = [
        {"session": number, "hash": one, "place": place}
        for number, hashes in other.items()
        for place, one in enumerate(hashes)
    ]
    if rows:
        connection.execute(insert(TOKENS), rows)


def _write_points(
    connection: Connection, numbers: Mapping[str, int], changes: Sequence[Change]
) -> None:
    """Write what is new of the curves, and remove those of branches that are gone."""
    void, rows = [], []
    for change in changes:
        number = numbers[change.row.id]
        if change.curves is None:
            continue
        branches = [one.branch for one in change.curves]
        gone = (POINTS.c.session == number) & POINTS.c.branch.not_in(branches)
        connection.execute(delete(POINTS).where(gone))
        for branch, after, points in change.curves:
            void.append({"which": number, "line": branch, "after": after})
            key = {"session": number, "branch": branch}
            rows += [key | point._asdict() for point in points]
    if void:
        connection.execute(VOID_POINTS, void)
    if rows:
        connection.execute(insert(POINTS), rows)


def _history_sizes(connection: Connection, sessions: Collection[int]) -> dict[int, int]:
    """Bytes of some sessions' histories."""
    found = connection.execute(
        select(HISTORIES.c.session, HISTORIES.c.size).where(HISTORIES.c.session.in_(sessions))
    )
    return {number: size for number, size in found}  # noqa: C416  rows are no pairs to the checker
