"""One session as the web process knows it, and what is new about it for the store.

Guarded by tests/server/test_sessions.py and tests/server/test_store_sessions.py.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from server.channel import Channel
from server.history import Curves
from server.hosts.base import Order, Placement, Point, Stretch
from server.protocol import (
    Command,
    EndTwin,
    Inspect,
    Play,
    SetBreakpoints,
    SetWatches,
    StartTwin,
    Status,
)
from server.store.records import Change, Loaded, Row, SessionStatus

TOKEN_BYTES = 18
MOST_TOKENS = 16
"""Tokens of one session that are valid at the same time; the oldest one gives way."""
LONGEST_TITLE = 100


class Draft(NamedTuple):
    """An experiment that the host has told, and that no checkpoint belongs to yet."""

    revision: int
    experiment: bytes


@dataclass(eq=False)
class Session:
    """One session.

    What it is made again from after a crash is always a pair that belongs together: `experiment`
    and `checkpoint`. An experiment that was edited takes its place with its first checkpoint.

    Attributes:
        id: names the session; whoever knows it may watch.
        visitor: who made it.
        experiment: JSON; empty while the session isn't loaded.
        token: of whoever made it just now; afterwards only hashes are known.
        token_hashes: of all tokens that may edit.
        title, is_named: what lists call it; named by hand, or after the experiment.
        epoch: of its placement; grows each time it is placed.
        is_placed, is_placing: whether a host holds it now, or is about to.
        is_loaded: whether its heavy parts are here, and not only in the store.
        standing: by type, the commands that hold on: what is looked at, where training stops.
        pace: the command to go on training with, `None` while paused.
        base: the experiment that `checkpoint` belongs to, where that is an older one.
        history: earlier moments and branches, as the host packed them.
        created, used: seconds since 1970.
        touch: tells that something is new for the store.
    """

    id: str
    visitor: str
    experiment: bytes
    token: str = ""
    token_hashes: tuple[str, ...] = ()
    title: str = ""
    is_named: bool = False
    channel: Channel = field(init=False)
    epoch: int = 0
    is_placed: bool = False
    is_placing: bool = False
    is_loaded: bool = True
    pace: Play | None = None
    standing: dict[str, Command] = field(default_factory=dict)
    checkpoint: bytes | None = None
    base: bytes | None = None
    history: bytes | None = None
    revision: int = 0
    step: int = 0
    training_epoch: float = 0.0
    status: str = "paused"
    created: float = field(default_factory=time.time)
    used: float = field(default_factory=time.time)
    unwatched_since: float = field(default_factory=time.monotonic)
    stored_bytes: int = 0
    touch: Callable[[Session], None] = field(default=lambda session: None)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _draft: Draft | None = None
    _news: set[str] = field(default_factory=lambda: {"experiment"})

    @classmethod
    def from_row(cls, row: Row) -> Session:
        """A stored session that isn't loaded yet; `channel` is left to be set."""
        session = cls(row.id, row.visitor, b"", token_hashes=row.token_hashes)
        session.title, session.is_named = row.title, row.is_named
        session.created, session.used = row.created, row.used
        session.unwatched_since = time.monotonic() - max(0.0, time.time() - row.used)
        session.step, session.training_epoch = row.step, row.epoch
        session.status, session.stored_bytes = row.status, row.stored_bytes
        if row.is_playing:
            session.pace = Play(request=0, steps_per_second=row.steps_per_second)
        session.is_loaded, session._news = False, set()
        return session

    # --- who may do what --------------------------------------------------------------------------

    @property
    def placement(self) -> Placement:
        """The session at its present host."""
        return Placement(self.id, self.epoch)

    @property
    def is_training(self) -> bool:
        """Whether it is at work, or will be as soon as there is a host again."""
        return self.pace is not None or (self.is_placed and self.status == "running")

    @property
    def present_status(self) -> SessionStatus:
        """What a list says that it does."""
        if self.is_training:
            return "running"
        return "diverged" if self.status == "diverged" else "paused"

    @property
    def size(self) -> int:
        """Of its checkpoints, on the disk or on the way there."""
        return max(self.stored_bytes, len(self.checkpoint or b"") + len(self.history or b""))

    def may_edit(self, token: str | None) -> bool:
        """Whether `token` is a capability to edit."""
        if token is None:
            return False
        offered = hash_of(token)
        return any(hmac.compare_digest(offered, known) for known in self.token_hashes)

    def issue_token(self) -> str:
        """One more token; only its hash is kept."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self.token_hashes = (*self.token_hashes, hash_of(token))[-MOST_TOKENS:]
        self.touch(self)
        return token

    def use(self) -> None:
        """Somebody does something with it."""
        self.used = time.time()
        self.touch(self)

    def rename(self, title: str) -> None:
        """Call it by a name of its own in lists; an empty one calls it after its experiment."""
        self.is_named = bool(title)
        self.title = title or title_of(self.experiment) or self.title
        self.touch(self)

    # --- what the host tells ----------------------------------------------------------------------

    def order(self) -> Order:
        """What makes the session again in its last saved state."""
        return Order(
            self.base or self.experiment,
            self.checkpoint,
            self.channel.revision + 1,
            self.history if self.checkpoint is not None else None,
        )

    def expect(self, order: Order) -> None:
        """The host is about to tell what it made of `order`."""
        self._draft, self.revision = None, order.revision

    def hear_experiment(self, revision: int, experiment: bytes) -> None:
        """The host has told an experiment."""
        if revision == self.revision or self.checkpoint is None:
            self._adopt(Draft(revision, experiment))
        else:
            self._draft = Draft(revision, experiment)

    def hear_status(self, status: Status) -> None:
        """The host has told what the session is doing."""
        self.step, self.training_epoch, self.status = status.step, status.epoch, status.status
        if status.status != "running":
            self.pace = None
        self.touch(self)

    def hear_point(self, point: Point) -> None:
        """The host has measured."""
        self.step, self.training_epoch = point.step, point.epoch
        self.touch(self)

    def hear_checkpoint(self, revision: int, checkpoint: bytes) -> None:
        """The host has sent a checkpoint of the network of layout `revision`."""
        if self._draft is not None and self._draft.revision == revision:
            self._adopt(self._draft)
        if revision == self.revision:
            self.checkpoint = checkpoint
            self._tell("checkpoint")

    def hear_history(self, history: bytes) -> None:
        """The host has sent the session's earlier moments and branches."""
        self.history = history
        self._tell("history")

    def do_without(self, checkpoint: bytes | None, revision: int) -> None:
        """There is no room for the newest checkpoint: keep the one before, of that layout."""
        self.checkpoint = checkpoint if revision == self.revision else None
        self._news.discard("checkpoint")

    def conclude(self) -> None:
        """A command has ended: an experiment that got no checkpoint of its own starts afresh."""
        if self._draft is not None:
            self.checkpoint = None
            self._adopt(self._draft)

    def keep(self, command: Command) -> None:
        """A command was carried out; those that hold on are given again wherever it is made."""
        if isinstance(command, Standing):
            self.standing[command.type] = command
            self._tell("standing")
        elif isinstance(command, EndTwin):
            self.forget(StartTwin)

    def forget(self, kind: type[Standing]) -> None:
        """Commands of this kind hold on no more."""
        if self.standing.pop(kind.model_fields["type"].default, None) is not None:
            self._tell("standing")

    def _adopt(self, draft: Draft) -> None:
        self._draft = None
        if draft.revision != self.revision:
            self._tell("rebuilt")
            self.revision = draft.revision
            self.checkpoint = None
        if draft.experiment != self.experiment:
            self.experiment = draft.experiment
            self._tell("experiment")
        if not self.is_named:
            self.title = title_of(draft.experiment)

    def _tell(self, news: str) -> None:
        self._news.add(news)
        self.touch(self)

    # --- for the store ----------------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """Whether a command is being carried out, whose consequences are saved together."""
        return self.lock.locked()

    def fill(self, loaded: Loaded) -> None:
        """Take the heavy parts from the store."""
        self.experiment, self.checkpoint, self.base = (
            loaded.experiment,
            loaded.checkpoint,
            loaded.base,
        )
        self.history = loaded.history
        self.channel.curves = Curves.restored(loaded.curves, self.channel.curves.run)
        if loaded.standing is not None:
            self.standing = read_standing(loaded.standing)
        self.is_loaded = True

    def take(
        self,
        checkpoint: bytes | None,
        points: Sequence[Point],
        history: bytes | None = None,
        lines: Sequence[Stretch] = (),
    ) -> None:
        """Take what another session has learned; all of it is new for the store.

        Args:
            checkpoint: where it stands.
            points: curves of the branch on which that is.
            history: earlier moments and branches; without a checkpoint they lead nowhere.
            lines: curves of all those branches.
        """
        self.checkpoint = checkpoint
        if checkpoint is not None:
            self._tell("checkpoint")
        if checkpoint is None or history is None:
            lines = (Stretch(1, -1, points),)
        else:
            self.hear_history(history)
        self.channel.curves = Curves.restored(lines, self.channel.curves.run)
        self.channel.curves.put_back(lines)

    def unload(self) -> None:
        """Leave the heavy parts to the store; all of them are written."""
        self.experiment, self.checkpoint, self.base, self.history = b"", None, None, None
        self.standing = {}
        self.channel.curves = Curves.restored((), self.channel.curves.run)
        self.is_loaded, self._news = False, set()

    def row(self) -> Row:
        """All that is known before it is loaded."""
        return Row(
            id=self.id,
            token_hashes=self.token_hashes,
            visitor=self.visitor,
            title=self.title,
            is_named=self.is_named,
            created=self.created,
            used=self.used,
            step=min(self.step, LAST_STEP),
            epoch=self.training_epoch,
            status=self.status,
            is_playing=self.pace is not None,
            steps_per_second=self.pace.steps_per_second if self.pace is not None else None,
            revision=self.channel.revision,
            run=self.channel.curves.run,
        )

    def collect(self) -> Change:
        """What is new since the last time; from now on it counts as written."""
        curves = self.channel.curves.changes() if self.is_loaded else None
        news, self._news = self._news, set()
        return Change(
            row=self.row(),
            experiment=self.experiment if "experiment" in news else None,
            is_rebuilt="rebuilt" in news,
            checkpoint=self.checkpoint if "checkpoint" in news else None,
            history=self.history if "history" in news else None,
            standing=write_standing(self.standing) if "standing" in news else None,
            # The curves of a session that isn't loaded are all in the store.
            curves=curves,
        )

    def put_back(self, change: Change) -> None:
        """It was not written after all."""
        for name in ("experiment", "checkpoint", "history", "standing"):
            if getattr(change, name) is not None:
                self._news.add(name)
        if change.is_rebuilt:
            self._news.add("rebuilt")
        if change.curves is not None:
            self.channel.curves.put_back(change.curves)

    def settle(self, stored_bytes: int) -> None:
        """It was written."""
        self.stored_bytes = stored_bytes


Standing = Inspect | SetBreakpoints | SetWatches | StartTwin
"""Commands that hold on: the newest of each type counts."""
STANDING: TypeAdapter[Standing] = TypeAdapter(Annotated[Standing, Field(discriminator="type")])
LAST_STEP = 2**53
"""No step comes after it."""


def hash_of(token: str) -> str:
    """What is kept of a token: it is random and long, so one round of a plain hash is enough."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def title_of(experiment: bytes) -> str:
    """What an experiment is called, on one line of sane length."""
    try:
        title = json.loads(experiment)["title"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return plain_title(str(title))


def plain_title(text: str) -> str:
    """A title without line breaks and control characters, cut to `LONGEST_TITLE`."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())[:LONGEST_TITLE]


def write_standing(commands: Mapping[str, Command]) -> str:
    """Commands that hold on, as a JSON list."""
    return f"[{','.join(command.model_dump_json() for command in commands.values())}]"


def read_standing(text: str) -> dict[str, Command]:
    """The stored commands, without those that an older version wrote otherwise."""
    found: dict[str, Command] = {}
    for document in json.loads(text):
        with suppress(ValidationError):
            command = STANDING.validate_python(document)
            found[command.type] = command
    return found
