"""The contract between the web process and a place where sessions train.

One host runs in a process of its own on this machine (`server.hosts.local`); the contract says
nothing about that, so that hosts on other machines fit in. Every call carries the session's
*placement*: a host that holds another epoch of the session refuses, so that a host believed dead
can't answer for it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol

from server.protocol import Command, LayerLayout


class Placement(NamedTuple):
    """A session at one host: `epoch` grows each time the session is placed anew."""

    session: str
    epoch: int


class Point(NamedTuple):
    """One point of the curves; `None` where a metric was not measured."""

    step: int
    epoch: float
    training_loss: float | None
    training_accuracy: float | None
    validation_loss: float | None
    validation_accuracy: float | None


class Stretch(NamedTuple):
    """Points of one branch's curves that replace all those after step `after`."""

    branch: int
    after: int
    points: Sequence[Point]


class Description(NamedTuple):
    """What the engine offers, as JSON that is passed on unread."""

    catalog: bytes
    presets: bytes
    """A list of `server.rest.PresetDetail`."""
    default_preset: str


class Order(NamedTuple):
    """What a new session is made from."""

    experiment: bytes
    """JSON; checked by the engine."""
    checkpoint: bytes | None = None
    revision: int = 1
    history: bytes | None = None
    """Of `HostListener.on_history`; one that can't be used costs earlier moments only."""


class HostListener(Protocol):
    """Who hears what happens at a host; called on the event loop."""

    def on_message(self, placement: Placement, kind: str, text: str) -> None:
        """A message of `server.protocol` for everyone who watches; `kind` is its `type`."""

    def on_frame(self, placement: Placement, frame: bytes) -> None:
        """An encoded frame, after `grant`."""

    def on_point(self, placement: Placement, point: Point) -> None:
        """New values of the curves."""

    def on_rewind(self, placement: Placement, step: int) -> None:
        """Points of the curves after `step` are void; with -1 all of them."""

    def on_checkpoint(self, placement: Placement, revision: int, checkpoint: bytes) -> None:
        """Bytes from which the session can be made again."""

    def on_history(self, placement: Placement, history: bytes) -> None:
        """Bytes from which the session's earlier moments and branches can be made again."""

    def on_lost(self) -> None:
        """The host is gone, with all its sessions."""

    def on_restored(self) -> None:
        """Another host has taken its place, with no session yet."""


class EngineHost(ABC):
    """A place where sessions train. Every method may raise `NeurariumError`, also `host_lost`."""

    @abstractmethod
    async def start(self, listener: HostListener) -> None:
        """Start; returns at once, `wait_until_ready` waits."""

    @abstractmethod
    async def stop(self) -> None:
        """End the host and all its sessions."""

    @abstractmethod
    async def wait_until_ready(self) -> None:
        """Return when the host answers."""

    @abstractmethod
    async def ping(self) -> None:
        """Return when the host has answered."""

    @abstractmethod
    async def describe(self) -> Description:
        """Catalog and presets of the engine."""

    @abstractmethod
    async def check(self, experiment: bytes) -> Sequence[LayerLayout]:
        """What the engine makes of an experiment, without running it."""

    @abstractmethod
    async def sample_source(self, kind: str, count: int) -> bytes:
        """Some samples of a data source with its default fields, as a frame of kind `SAMPLES`."""

    @abstractmethod
    async def create(self, placement: Placement, order: Order) -> None:
        """Make a session, paused. Its messages reach the listener before this returns."""

    @abstractmethod
    async def command(self, placement: Placement, command: Command) -> dict[str, Any]:
        """Carry out a command at a step boundary; its consequences reach the listener first.

        Returns:
            Fields of the `Reply` beside the outcome.
        """

    @abstractmethod
    async def save(self, placement: Placement) -> None:
        """Send a checkpoint of the present state to the listener."""

    @abstractmethod
    async def samples(
        self, placement: Placement, part: Literal["training", "validation"], offset: int, count: int
    ) -> bytes:
        """Samples of the session's data, as a frame of kind `SAMPLES`."""

    @abstractmethod
    async def close(self, placement: Placement) -> None:
        """Forget a session."""

    @abstractmethod
    def watch(
        self, placement: Placement, revision: int, tensors: Sequence[int], rate: float
    ) -> None:
        """Which tensors of layout `revision` are in view; `rate` 0 says that nobody watches."""

    @abstractmethod
    def grant(self, placement: Placement) -> None:
        """Allow one more frame: it comes as soon as there is news and the rate permits."""
